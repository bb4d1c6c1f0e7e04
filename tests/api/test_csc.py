"""The remote signing interface: both versions, every method, and everything that must not be signed."""

from base64 import b64decode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from api.acts.access import hash_of
from hsm.errors import DeviceError, KeyBusyError
from hsm.signer import SignatureAlgorithm
from tests.support.keys import MemorySigner
from tests.support.office import open_hall
from tests.support.remote import Csc, Desk, app, desk_of, require_refused, sad_of, sign, some


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with open_hall(tmp_path_factory.mktemp("csc"), verify_per_minute=100_000) as hall:
        yield desk_of(hall)


def certificate_of(desk: Desk) -> x509.Certificate:
    told = desk.csc("credentials/info", credentialID=desk.code).json()
    return x509.load_der_x509_certificate(b64decode(told["cert"]["certificates"][0]))


def require_good(desk: Desk, hash_: str, signature: str) -> None:
    key = certificate_of(desk).public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    key.verify(b64decode(signature), b64decode(hash_), ec.ECDSA(Prehashed(hashes.SHA256())))


def test_a_person_signs_a_hash_that_a_passkey_agreed_to(desk: Desk) -> None:
    asked = some()
    answer = sign(desk, sad_of(desk, asked), asked)
    assert answer.status_code == 200, answer.text
    require_good(desk, asked[0], answer.json()["signatures"][0])


def test_a_machine_signs_by_its_mandate_alone(desk: Desk) -> None:
    asked = some(2)
    given = desk.machine("credentials/authorize", credentialID=desk.code, hash=asked, numSignatures=2)
    assert given.status_code == 200, given.text
    answer = sign(desk, given.json()["SAD"], asked, csc=desk.machine)
    assert answer.status_code == 200, answer.text
    for one, signature in zip(asked, answer.json()["signatures"], strict=True):
        require_good(desk, one, signature)


def test_the_same_hash_authorised_twice_is_signed_twice_and_not_a_third_time(desk: Desk) -> None:
    asked = some() * 2
    sad = sad_of(desk, asked)
    for _ in asked:
        assert sign(desk, sad, asked[:1]).status_code == 200
    require_refused(sign(desk, sad, asked[:1]), "invalid_request", "not authorized")


def test_a_hash_is_signed_once(desk: Desk) -> None:
    asked = some()
    sad = sad_of(desk, asked)
    assert sign(desk, sad, asked).status_code == 200
    require_refused(sign(desk, sad, asked), "invalid_request", "not authorized")


def test_another_hash_than_the_authorised_is_not_signed(desk: Desk) -> None:
    sad = sad_of(desk, some())
    require_refused(sign(desk, sad, some()), "invalid_request", "not authorized")


def test_more_hashes_than_authorised_sign_none_of_them(desk: Desk) -> None:
    asked = some(2)
    sad = sad_of(desk, asked)
    require_refused(sign(desk, sad, [*asked, *some()]), "invalid_request", "not authorized")
    assert sign(desk, sad, asked).status_code == 200, "nothing was taken by the request that was refused"


def test_sad_that_nobody_gave_opens_nothing(desk: Desk) -> None:
    require_refused(sign(desk, "sad_guessed", some()), "invalid_request", "SAD")


def test_sad_is_bound_to_the_bearer_it_was_given_to(desk: Desk) -> None:
    asked = some()
    sad = sad_of(desk, asked)
    same_person = Csc(desk.hall, desk.platform.bearer(desk.boss))
    for other in (desk.machine, same_person, Csc(desk.hall, app(desk.hall).bearer(desk.boss))):
        require_refused(sign(desk, sad, asked, csc=other), "invalid_request", "SAD")
    assert sign(desk, sad, asked).status_code == 200


def test_sad_of_one_credential_does_not_open_another(desk: Desk) -> None:
    asked = some()
    sad = sad_of(desk, asked)
    codes = desk.csc("credentials/list").json()["credentialIDs"]
    other = next(one for one in codes if one != desk.code)
    require_refused(sign(desk, sad, asked, credentialID=other), "invalid_request", "SAD")


def test_sad_is_good_for_five_minutes(desk: Desk) -> None:
    asked = some(2)
    sad = sad_of(desk, asked)
    began = desk.hall.clock.now
    try:
        desk.hall.clock.move(timedelta(seconds=299))
        assert sign(desk, sad, asked[:1]).status_code == 200
        desk.hall.clock.move(timedelta(seconds=1))
        require_refused(sign(desk, sad, asked[1:]), "invalid_request", "SAD expired")
    finally:
        desk.hall.clock.now = began


def test_two_threads_with_one_sad_sign_each_hash_once(desk: Desk) -> None:
    asked = some(4)
    sad = sad_of(desk, asked)
    with ThreadPoolExecutor(2) as threads:
        tries = [one for one in asked for _ in range(2)]
        answers = list(threads.map(lambda one: sign(desk, sad, [one]), tries))
    good = [one for one, answer in zip(tries, answers, strict=True) if answer.status_code == 200]
    assert sorted(good) == sorted(asked)
    assert {answer.status_code for answer in answers} == {200, 400}


def test_every_signature_is_a_recorded_use_with_what_proves_it(desk: Desk) -> None:
    asked = some()
    sign(desk, sad_of(desk, asked), asked)
    with desk.hall.office.reading() as work:
        uses = work.uses.of_seal(desk.code, after=None, limit=500)
        use = next(one for one in uses if one.document_sha256 == b64decode(asked[0]))
        kept = work.people.assertion(use.grounds.assertion or "")
    assert (use.state, use.level, use.grounds.person) == ("done", "hash", desk.boss.person)
    assert use.intent_sha256 == b64decode(asked[0])
    assert kept is not None
    assert b64decode(asked[0]).hex() in kept.intent


def test_a_suspended_seal_signs_nothing_and_the_hash_is_not_lost(desk: Desk) -> None:
    asked = some()
    sad = sad_of(desk, asked)
    desk.hall.decide("seals", desk.code, "suspend")
    try:
        require_refused(sign(desk, sad, asked), "access_denied", "suspended", 403)
        told = desk.csc("credentials/info", credentialID=desk.code, certInfo=True).json()
        assert (told["key"]["status"], told["cert"]["status"]) == ("disabled", "suspended")
        assert desk.v2()("credentials/list", onlyValid=True).json()["credentialIDs"]
        assert desk.code not in desk.v2()("credentials/list", onlyValid=True).json()["credentialIDs"]
    finally:
        desk.hall.decide("seals", desk.code, "reinstate")
    assert sign(desk, sad, asked).status_code == 200


def test_a_busy_key_releases_the_hash_and_a_broken_one_burns_it(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for error, after in ((KeyBusyError("busy"), 200), (DeviceError("gone"), 400)):
        asked = some()
        sad = sad_of(desk, asked)

        def fail(*_: object, error: Exception = error) -> bytes:
            raise error

        with monkeypatch.context() as patched:
            patched.setattr(MemorySigner, "sign_digest", fail)
            answer = sign(desk, sad, asked)
        require_refused(answer, "temporarily_unavailable", "", 503)
        assert "retry-after" in answer.headers
        assert sign(desk, sad, asked).status_code == after


def test_when_one_of_a_batch_fails_those_behind_it_stay_authorised(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = some(3)
    sad = sad_of(desk, asked)
    real = MemorySigner.sign_digest

    def fail_second(self: MemorySigner, digest: bytes, algorithm: SignatureAlgorithm) -> bytes:
        if digest == b64decode(asked[1]):
            raise DeviceError("gone")
        return real(self, digest, algorithm)

    with monkeypatch.context() as patched:
        patched.setattr(MemorySigner, "sign_digest", fail_second)
        assert sign(desk, sad, asked).status_code == 503
    assert sign(desk, sad, asked[2:]).status_code == 200
    for burnt in asked[:2]:
        assert sign(desk, sad, [burnt]).status_code == 400


def test_what_a_dead_process_left_is_burnt_if_the_key_may_have_been_used(desk: Desk) -> None:
    asked = some(3)
    sad = sad_of(desk, asked)
    office = desk.hall.office
    with office.work() as work:
        found = work.remote.by_sad(hash_of(sad))
        assert found is not None
        for number in (1, 2, 3):
            assert work.remote.reserve(found.id, number, process="gone", at=office.now())
        uses = work.uses.of_seal(desk.code, after=None, limit=500)
        touched = next(one for one in uses if one.intent_sha256 is not None)
        work.remote.name_use(found.id, 1, touched.id)
        work.remote.name_use(found.id, 2, "0" * 32)  # one that was not
        assert work.remote.resolve_of(["gone"]) == 3
        work.commit()
    answers = [sign(desk, sad, [one]).status_code for one in asked]
    assert answers == [400, 200, 200]


def test_extending_gives_fresh_sad_for_what_is_left_and_ends_the_old(desk: Desk) -> None:
    asked = some(3)
    old = sad_of(desk, asked)
    assert sign(desk, old, asked[:1]).status_code == 200
    began = desk.hall.clock.now
    try:
        desk.hall.clock.move(timedelta(minutes=4))
        told = desk.csc("credentials/extendTransaction", credentialID=desk.code, SAD=old, hash=asked[1:]).json()
        assert told["expiresIn"] == 300
        require_refused(sign(desk, old, asked[1:2]), "invalid_request", "SAD")
        desk.hall.clock.move(timedelta(minutes=4))
        assert sign(desk, told["SAD"], asked[1:]).status_code == 200
        left = desk.csc("credentials/extendTransaction", credentialID=desk.code, SAD=told["SAD"])
        require_refused(left, "invalid_request", "nothing is left")
    finally:
        desk.hall.clock.now = began


def test_extending_never_adds_a_hash(desk: Desk) -> None:
    asked = some()
    sad = sad_of(desk, asked)
    for wish in (some(), asked * 2):
        answer = desk.csc("credentials/extendTransaction", credentialID=desk.code, SAD=sad, hash=wish)
        require_refused(answer, "invalid_request", "not authorized")


def test_an_authorisation_ends_after_an_hour_however_often_it_is_extended(desk: Desk) -> None:
    asked = some()
    sad = sad_of(desk, asked)
    began = desk.hall.clock.now
    try:
        for _ in range(14):
            desk.hall.clock.move(timedelta(minutes=4, seconds=15))
            answer = desk.csc("credentials/extendTransaction", credentialID=desk.code, SAD=sad)
            sad = answer.json()["SAD"]
        assert answer.json()["expiresIn"] == 30  # 59:30 after the beginning
    finally:
        desk.hall.clock.now = began
