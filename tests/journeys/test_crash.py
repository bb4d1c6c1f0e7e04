"""kill -9 between any two steps of an establishment and of a sealing; then start again and look at what is left."""

import json
import re
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from httpx import Client
from sqlalchemy import select

from api.acts.access import add_token
from api.acts.ceremony import hold
from api.acts.establish import establish
from api.acts.office import Office
from api.acts.registry import register
from api.bootstrap import running_office, utc_now
from api.db.tables import certificates, crls, replies, seal_uses, timestamps
from api.demo import samples
from api.http.app import create_app
from hsm.keyfile import KdfCost
from hsm.signer import KeyStore
from hsm.software import SoftwareStore
from tests.support.crash import Act, settings_of
from tests.support.office import client_of, plan
from tests.support.rights import lend_to_machine
from tests.support.sealing import make_pdf
from tests.support.softhsm import MODULE, USER_PIN, SoftHsm, softhsm

CA_KEYS: Final = {"vermilion-licence-g1": "licence", "vermilion-seal-g1": "seal"}
PASSPHRASE: Final = "a passphrase of the tests"
SPY: Final = Path("/usr/lib/x86_64-linux-gnu/pkcs11-spy.so")
__all__ = ["softhsm"]  # a fixture, found by its name


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority with two enterprises: one to be established, one established whose seal is to be used."""
    folder = tmp_path_factory.mktemp("base")
    (folder / "keys").mkdir()
    (folder / "keys" / "passphrase").write_text(PASSPHRASE)
    cheap = KdfCost(memory_kib=8 * 1024, passes=1, lanes=1)
    return fill(folder, SoftwareStore.create(folder / "keys" / "software.keys", PASSPHRASE.encode(), cost=cheap))


def fill(folder: Path, store: KeyStore) -> Path:
    """Hold the ceremony in the store, register two enterprises and establish one of them."""
    hold(plan(store=store.name), folder / "authority", stores={store.name: store}, now=utc_now())
    store.close()
    machines = {}
    with running_office(settings_of(folder)) as office:
        for scope in ("issue", "seal", "read"):
            token, secret = add_token(office, name=scope, scopes=frozenset({scope}), valid_for=timedelta(days=1))
            machines[scope] = token.machine
            (folder / f"{scope}.token").write_text(secret)
        one, two = (
            register(office, samples.enterprise(which), actor="t") for which in (samples.BUYER, samples.SUPPLIER)
        )
        made = establish(office, two.uscc, actor="t")
        lend_to_machine(office, two.uscc, machines["seal"])
        code = next(seal.code for seal in made.seals if seal.kind.value == "contract")
    (folder / "contract.pdf").write_bytes(make_pdf())
    Act(path="/api/v1/licences", scope="issue", body={"uscc": one.uscc}).write(folder, "establish")
    Act(path=f"/api/v1/seals/{code}/uses", scope="seal", body={"level": "B-LT"}, document="contract.pdf").write(
        folder, "seal"
    )
    return folder


def killed(base: Path, out: Path, name: str, *, every: int = 1) -> list[Path]:
    """The folders that were left by a kill after each step of the act, in the order of the steps."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.crash", str(base), str(out), name, str(every)],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 0, done.stderr
    return sorted(out.iterdir(), key=lambda folder: int(folder.name))


def test_an_establishment_killed_at_any_step_leaves_nothing_unrecorded_and_can_be_repeated(
    base: Path, tmp_path: Path
) -> None:
    folders = killed(base, tmp_path, "establish")
    assert len(folders) > 20
    outcomes: Counter[str] = Counter()
    for folder in folders:
        with running_office(settings_of(folder)) as office:
            nothing_is_open(office)
            every_signature_has_its_intent(office, folder)
            client = client_of(create_app(office))
            abandoned = void_certificates(office)
            for row in abandoned:
                is_published_as_void(client, office, row)
            act = Act.read(folder, "establish")
            licensed_before = in_force(office, act.body["uscc"])
            answer = act.ask(client, folder)
            assert answer.status_code == 201, (folder.name, answer.text)
            replayed = answer.headers.get("idempotency-replayed") == "true"
            assert replayed is (licensed_before is not None), folder.name
            assert in_force(office, act.body["uscc"]) == answer.json()["licence"]["number"]
            assert len(answer.json()["seals"]) == 5
            outcomes["kept" if replayed else "void" if abandoned else "nothing"] += 1
    # before the reservation, between it and the last commit, after the last commit
    assert outcomes["nothing"] >= 8
    assert outcomes["void"] >= 10
    assert outcomes["kept"] >= 1


def test_a_sealing_killed_at_any_step_leaves_its_use_refused_and_can_be_repeated(base: Path, tmp_path: Path) -> None:
    folders = killed(base, tmp_path, "seal")
    assert len(folders) > 8
    outcomes: Counter[str] = Counter()
    for folder in folders:
        with running_office(settings_of(folder)) as office:
            nothing_is_open(office)
            every_signature_has_its_intent(office, folder)
            act = Act.read(folder, "seal")
            before = uses(office)
            outcomes.update(row.state for row in before)
            for row in before:
                assert (row.state, row.object is None) in {("refused", True), ("done", False)}
                assert row.decided_at is not None
            answer = act.ask(client_of(create_app(office)), folder)
            assert answer.status_code == 201, (folder.name, answer.text)
            replayed = answer.headers.get("idempotency-replayed") == "true"
            assert replayed is any(row.state == "done" for row in before), folder.name
            assert [row.state for row in uses(office)].count("done") == 1
    assert set(outcomes) == {"refused", "done"}


@pytest.mark.softhsm
@pytest.mark.judge
def test_every_signature_that_a_token_made_is_on_record_after_a_kill(
    softhsm: SoftHsm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The judge is OpenSC's spy between us and the token: it writes down each call before we see its result."""
    if not SPY.exists():
        pytest.skip("pkcs11-spy of OpenSC is not installed")
    token, folder = softhsm.token(), tmp_path / "base"
    (folder / "keys").mkdir(parents=True)
    (folder / "keys" / "passphrase").write_text(USER_PIN)
    address = folder / "keys" / "address"
    address.write_text(token.uri)
    fill(folder, token.store())
    address.write_text(token.uri.replace(str(MODULE), str(SPY)))  # for those that are killed
    monkeypatch.setenv("PKCS11SPY", str(MODULE))
    folders = killed(folder, tmp_path / "out", "establish", every=7)
    assert len(folders) > 3
    for one in folders:
        signed = one / "signatures"
        noted = len(signed.read_text().splitlines()) if signed.exists() else 0
        assert signatures_seen(one / "spy.log") == noted, one.name
        (one / "keys" / "address").write_text(token.uri)
        with running_office(settings_of(one)) as office:
            nothing_is_open(office)
            every_signature_has_its_intent(office, one)


def signatures_seen(log: Path) -> int:
    """How many signatures left the token: C_Sign with a buffer, ended well."""
    text = log.read_text(errors="replace") if log.exists() else ""
    calls = re.split(r"^\d+: ", text, flags=re.MULTILINE)
    return sum(call.startswith("C_Sign\n") and "CKR_OK" in call and "[out] pSignature" in call for call in calls)


def nothing_is_open(office: Office) -> None:
    """No row waits for a process that is gone."""
    with office.engine.connect() as connection:
        for table, column, open_states in (
            (certificates, certificates.c.state, {"reserved", "intent", "signed"}),
            (seal_uses, seal_uses.c.state, {"asked", "authorised"}),
            (crls, crls.c.state, {"intent"}),
            (timestamps, timestamps.c.state, {"intent"}),
            (replies, replies.c.status, {None}),
        ):
            states = set(connection.execute(select(column).select_from(table)).scalars())
            assert not states & open_states, table.name


def every_signature_has_its_intent(office: Office, folder: Path) -> None:
    """What the oracle saw signed is on record, byte for byte, from before it was signed."""
    oracle = folder / "signatures"
    signatures = [json.loads(line) for line in oracle.read_text().splitlines()] if oracle.exists() else []
    intended = {row.intent_sha256.hex() for row in uses(office) if row.intent_sha256 is not None}
    with office.engine.connect() as connection:
        known = {
            digest_of(name, tbs)
            for table in (certificates, crls)
            for (tbs,) in connection.execute(select(table.c.tbs).where(table.c.tbs.is_not(None)))
            for name in ("sha256", "sha384", "sha512")
        }
        stamped = connection.execute(select(timestamps.c.serial)).all()
    for one in signatures:
        digests = {value for name, value in one.items() if name != "label"}
        if one["label"] in CA_KEYS:
            assert digests & known, f"{one['label']} signed something that is not on record ({folder.name})"
        if one["label"].startswith("seal-"):
            assert digests & intended, f"{one['label']} signed a document that is not on record ({folder.name})"
    assert len(stamped) >= sum(one["label"] == "vermilion-tsa-g1" for one in signatures)


def digest_of(name: str, data: bytes) -> str:
    hasher = hashes.Hash({"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}[name])
    hasher.update(data)
    return hasher.finalize().hex()


def void_certificates(office: Office) -> list[Any]:
    with office.engine.connect() as connection:
        return list(connection.execute(select(certificates).where(certificates.c.state == "void")))


def uses(office: Office) -> list[Any]:
    with office.engine.connect() as connection:
        return list(connection.execute(select(seal_uses)))


def in_force(office: Office, uscc: str) -> str | None:
    with office.reading() as work:
        found = work.licences.in_force(uscc)
    return None if found is None else found.licence.number


def is_published_as_void(client: Client, office: Office, row: Any) -> None:
    """Revoked on CRL and by OCSP if its key may have signed it; otherwise no word of it is ever said."""
    serial = int(row.serial, 16)
    listed = {one.serial_number for one in x509.load_der_x509_crl(client.get(f"/pki/crl/{row.issuer}.crl").content)}
    issuer = office.authority.certificate(row.issuer)
    name = hashes.Hash(hashes.SHA256())
    name.update(issuer.subject.public_bytes())
    key = hashes.Hash(hashes.SHA256())
    key.update(key_bits(issuer))
    asked = ocsp.OCSPRequestBuilder().add_certificate_by_hash(name.finalize(), key.finalize(), serial, hashes.SHA256())
    reply = client.post("/pki/ocsp", content=asked.build().public_bytes(Encoding.DER))
    status = ocsp.load_der_ocsp_response(reply.content).certificate_status
    if row.tbs is None:
        assert (row.status, serial in listed, status) == ("good", False, ocsp.OCSPCertStatus.UNKNOWN)
    else:
        assert (row.status, serial in listed, status) == ("revoked", True, ocsp.OCSPCertStatus.REVOKED)


def key_bits(certificate: x509.Certificate) -> bytes:
    """The subjectPublicKey without tag and unused bits, as OCSP hashes it (RFC 6960 §4.1.1)."""
    public: Any = certificate.public_key()
    numbers = public.public_numbers()
    size = (public.key_size + 7) // 8
    point: bytes = b"\x04" + numbers.x.to_bytes(size) + numbers.y.to_bytes(size)
    return point
