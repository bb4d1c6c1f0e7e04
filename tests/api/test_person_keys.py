"""Signatures by persons: a key for one signature, its certificate, and the record of the act."""

import secrets
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import select, update

from api.acts import control
from api.acts.people import person as person_named
from api.acts.person_keys import PersonOrder, one_time_key, open_person_use
from api.acts.recovery import resolve
from api.db.people_tables import person_uses, persons
from api.db.person_uses import PersonUse
from api.db.tables import keys, processes
from ca.certificate_states import Status
from ca.profiles import PERSON
from hsm.errors import KeyNotFoundError
from seals.errors import RightError, RightReason, SealStateError
from seals.intent import DocumentIntent, Intent, IntentKind
from seals.register import UseState
from tests.support.office import Hall, open_hall
from tests.support.people import Enrolled, enrol
from tests.support.pki_judges import at, pkilint, said

DOCUMENT = sha256(b"a contract").digest()
ATTRIBUTES = b"what the key signs"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    with open_hall(tmp_path_factory.mktemp("person-keys"), verify_per_minute=100_000) as opened:
        yield opened


@pytest.fixture
def person(service: Hall) -> Enrolled:
    return enrol(service, service.register()["uscc"])


def agree(person: Enrolled, **changes: Any) -> str:
    """Agree to sign DOCUMENT without a seal; return the assertion."""
    values: dict[str, Any] = {
        "kind": IntentKind.SEAL,
        "subject": "a test",
        "documents": (DocumentIntent(sha256=DOCUMENT, seals=()),),
        "purpose": "采购合同",
        "nonce": secrets.token_bytes(32),
    }
    opened = control.begin(person.hall.office, person.person, Intent(**(values | changes)))
    return control.confirm(person.hall.office, person.person, person.agree(opened.options)).id


def order(person: Enrolled, assertion: str | None = None, **changes: Any) -> PersonOrder:
    made = PersonOrder(
        person=person.person,
        assertion=assertion or agree(person),
        purpose="采购合同",
        level="hash",
        document_sha256=DOCUMENT,
    )
    return replace(made, **changes)


def sign(person: Enrolled, wanted: PersonOrder) -> tuple[PersonUse, Any]:
    office = person.hall.office
    with open_person_use(office, wanted) as use:
        use.authorise_bytes(sha256(ATTRIBUTES).digest())
        signature = use.key.signer.sign(ATTRIBUTES, use.key.algorithm)
        with office.work() as work:
            done = use.done(work, sealed_sha256=sha256(signature).digest(), name=None, at=office.now())
            work.commit()
    public = use.key.certificate.public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey)
    public.verify(signature, ATTRIBUTES, ec.ECDSA(SHA256()))
    return done, use.key


def refused(person: Enrolled, wanted: PersonOrder) -> RightReason:
    with pytest.raises(RightError) as caught:
        sign(person, wanted)
    return caught.value.reason


def uses_of(person: Enrolled) -> list[PersonUse]:
    with person.hall.office.reading() as work:
        connection = person.hall.office.engine.connect()
        with connection:
            found = connection.execute(select(person_uses.c.id).where(person_uses.c.person == person.person)).scalars()
            return [use for one in found if (use := work.people.uses.get(one)) is not None]


def test_a_signature_is_on_record_with_what_proves_it(person: Enrolled) -> None:
    wanted = order(person)
    done, key = sign(person, wanted)
    assert (done.state, done.assertion, done.document_sha256) == (UseState.DONE, wanted.assertion, DOCUMENT)
    assert (done.serial, done.intent_sha256) == (key.certificate.serial_number, sha256(ATTRIBUTES).digest())
    with person.hall.office.reading() as work:
        record = work.certificates.get(key.certificate.serial_number)
        acts = [one.act for one in work.ledger.events_of(person.person, after=0, limit=200)]
    assert record is not None
    assert (record.state, record.standing.status) == ("delivered", Status.GOOD)
    assert "person.sign" in acts


def test_the_certificate_names_the_person_for_one_day_at_most(person: Enrolled) -> None:
    _, key = sign(person, order(person))
    certificate = key.certificate
    said_of = [(one.oid._name, one.value) for one in certificate.subject]
    assert said_of == [
        ("countryName", "CN"), ("surname", person.name), ("commonName", person.name), ("serialNumber", person.person),
    ]  # fmt: skip
    assert certificate.not_valid_after_utc - certificate.not_valid_before_utc < timedelta(days=1)
    assert PERSON.max_validity == timedelta(days=1)


def test_nobody_can_use_the_key_again(person: Enrolled) -> None:
    office = person.hall.office
    with one_time_key(office, person_named(office, person.person)) as key:
        spki = key.signer.public_key
    with office.engine.connect() as connection:
        rows = [row for row in connection.execute(select(keys)) if row.label.startswith("person-")]
    assert rows
    assert all(row.wrapped is None for row in rows)
    assert spki is not None
    with office.reading() as work:
        ref = work.keys.get(rows[-1].id)
    assert ref is not None
    with pytest.raises(KeyNotFoundError), office.lease(ref):
        pass


def test_an_agreement_is_good_for_one_signature_on_each_of_its_documents(person: Enrolled) -> None:
    other = sha256(b"another").digest()
    both = (DocumentIntent(sha256=DOCUMENT, seals=()), DocumentIntent(sha256=other, seals=()))
    assertion = agree(person, documents=both)
    sign(person, order(person, assertion))
    assert refused(person, order(person, assertion)) is RightReason.ASSERTION_MISMATCH
    sign(person, order(person, assertion, document_sha256=other))


def test_an_agreement_to_something_else_is_none(person: Enrolled) -> None:
    sealed = agree(person, documents=(DocumentIntent(sha256=DOCUMENT, seals=("33010600000099",)),))
    assert refused(person, order(person, sealed)) is RightReason.ASSERTION_MISMATCH
    approved = agree(person, kind=IntentKind.APPROVE)
    assert refused(person, order(person, approved)) is RightReason.ASSERTION_MISMATCH
    assert refused(person, order(person, document_sha256=sha256(b"x").digest())) is RightReason.ASSERTION_MISMATCH
    assert refused(person, order(person, "0" * 32)) is RightReason.NO_ASSERTION


def test_another_persons_agreement_is_none(person: Enrolled) -> None:
    other = enrol(person.hall, person.hall.register()["uscc"])
    assert refused(person, order(person, agree(other))) is RightReason.NO_ASSERTION


def test_what_goes_wrong_is_on_record_its_certificate_ends_and_it_can_be_tried_again(person: Enrolled) -> None:
    wanted, office = order(person), person.hall.office

    def fail() -> None:
        with open_person_use(office, wanted) as use:
            use.authorise_bytes(sha256(ATTRIBUTES).digest())
            raise RuntimeError("the disk is full")

    with pytest.raises(RuntimeError):
        fail()
    [failed] = uses_of(person)
    assert (failed.state, failed.detail) == (UseState.REFUSED, "RuntimeError")
    assert failed.serial is not None
    with office.reading() as work:
        record = work.certificates.get(failed.serial)
    assert record is not None
    assert record.standing.status is Status.REVOKED
    assert sign(person, wanted)[0].state is UseState.DONE


def test_a_signature_that_was_not_authorised_cannot_be_done(person: Enrolled) -> None:
    office = person.hall.office
    with pytest.raises(SealStateError), open_person_use(office, order(person)) as use, office.work() as work:
        use.done(work, sealed_sha256=DOCUMENT, name=None, at=office.now())


def test_a_second_attempt_at_one_signature_is_told_from_a_second_signature(person: Enrolled) -> None:
    outcomes = []

    def authorise() -> None:
        with open_person_use(person.hall.office, order(person)) as use:
            for again in (False, True, False):
                use.authorise_bytes(DOCUMENT, again=again)
                outcomes.append(again)

    with pytest.raises(SealStateError):
        authorise()
    assert outcomes == [False, True]


def test_a_closed_account_signs_nothing_not_even_at_the_last_moment(person: Enrolled) -> None:
    wanted, office = order(person), person.hall.office

    def close() -> None:
        with office.engine.begin() as connection:
            connection.execute(update(persons).where(persons.c.id == person.person).values(state="closed"))

    def close_midway() -> None:
        with open_person_use(office, wanted) as use:
            close()
            use.authorise_bytes(DOCUMENT)

    with pytest.raises(RightError):
        close_midway()
    assert refused(person, wanted) is RightReason.NO_RIGHT
    answer = person.hall.client.get("/api/v1/me", headers=person.headers())
    assert answer.status_code == 403


def test_a_signature_that_a_dead_process_left_open_is_refused_and_its_certificate_revoked(
    hall: Hall, tmp_path: Path
) -> None:
    person = enrol(hall, hall.register()["uscc"])
    context = open_person_use(hall.office, order(person))
    use = context.__enter__()
    use.authorise_bytes(DOCUMENT)
    with hall.office.engine.begin() as connection:  # as if it had run elsewhere and fallen silent
        connection.execute(update(processes).values(host="elsewhere", seen_at=hall.clock() - timedelta(days=1)))
    found = resolve(hall.office.engine, tmp_path / "none", now=hall.clock())
    assert found.signatures == 1
    [left] = uses_of(person)
    assert left.state is UseState.REFUSED
    assert left.serial is not None
    with hall.office.reading() as work:
        record = work.certificates.get(left.serial)
    assert record is not None
    assert record.standing.status is Status.REVOKED
    assert not context.__exit__(RuntimeError, RuntimeError("late"), None)
    assert uses_of(person) == [left]


@pytest.mark.judge
def test_openssl_and_pkilint_accept_the_certificate(person: Enrolled, tmp_path: Path) -> None:
    _, key = sign(person, order(person))
    authority = person.hall.office.authority
    (tmp_path / "root.pem").write_bytes(authority.certificate("root").public_bytes(Encoding.PEM))
    (tmp_path / "ca.pem").write_bytes(authority.certificate("seal").public_bytes(Encoding.PEM))
    leaf = tmp_path / "person.pem"
    leaf.write_bytes(key.certificate.public_bytes(Encoding.PEM))
    verdict = said(
        "openssl", "verify", "-x509_strict", "-attime", at(person.hall.clock()), "-CAfile", tmp_path / "root.pem",
        "-untrusted", tmp_path / "ca.pem", leaf,
    )  # fmt: skip
    assert verdict.strip() == f"{leaf}: OK"
    assert pkilint("lint_pkix_cert", leaf) == ""
    found = pkilint("lint_etsi_cert", leaf, "-t", "NCP-NATURAL-PERSON-CERTIFICATE")
    codes = {line.split()[0] for line in found.splitlines() if "(" in line and " @ " not in line}
    assert codes <= {"etsi.internal_domain_name"}  # a service on 127.0.0.1, which ETSI's linter rightly notices
