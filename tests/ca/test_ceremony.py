"""The key ceremony: a strict file, everything announced before it is signed, all or nothing."""

import json
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509

from ca.ceremony import Authority, CeremonyPlan, JournalEntry, perform, standard_mapping
from ca.ceremony_plan import ROLES
from ca.errors import CeremonyError, ProfileError
from ca.transcript import HARDWARE, NO_HSM
from hsm.errors import DeviceError, KeyExistsError
from hsm.signer import KeyRef, KeySpec
from tests.support.keys import MemoryStore
from tests.support.pki import AUTHORITY, NOW, Numbers, make_pki, mapping, shared_pki

DOCS = Path(__file__).parents[2] / "docs" / "ops"


def run(
    store: MemoryStore, file: dict[str, Any] | None = None, journal: Callable[[JournalEntry], None] | None = None
) -> Authority:
    return perform(
        CeremonyPlan.of(file or mapping()),
        stores={"memory": store},
        now=NOW,
        random=Numbers(),
        journal=journal or (lambda _: None),
    )


def put(file: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """Set, or with `...` delete, a value by its dotted path."""
    *way, last = path.split(".")
    inner = file
    for part in way:
        inner = inner.setdefault(part, {})
    if value is ...:
        del inner[last]
    else:
        inner[last] = value
    return file


def test_all_entities_are_made_and_each_is_issued_by_its_ca() -> None:
    authority = shared_pki().authority
    assert set(authority.entities) == set(ROLES)
    for name, role in ROLES.items():
        certificate = authority.certificate(name)
        certificate.verify_directly_issued_by(authority.certificate(role.issuer))
        assert authority.entity(name).profile == role.profile
        assert authority.chain_of(certificate)[-1:] == ((authority.certificate("root"),) if name != "root" else ())


def test_first_crls_are_number_one_empty_and_signed_by_their_ca() -> None:
    authority = shared_pki().authority
    assert set(authority.crls) == {"root", "licence", "seal", "service"}
    for name, der in authority.crls.items():
        crl = x509.load_der_x509_crl(der)
        assert crl.is_signature_valid(authority.issuer(name).public_key)
        assert crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == 1
        assert list(crl) == []
    root_crl = x509.load_der_x509_crl(authority.root_crl)
    assert root_crl.next_update_utc == NOW + timedelta(days=180)


def test_every_signature_is_announced_with_its_bytes_before_the_key_is_used() -> None:
    store = MemoryStore()
    seen: list[tuple[str, int]] = []

    def journal(entry: JournalEntry) -> None:
        assert entry.sha256 == sha256(entry.data).digest()
        seen.append((entry.event, sum(store.signed.values())))

    authority = run(store, journal=journal)
    intents = [count for event, count in seen if event == "intent"]
    results = [count for event, count in seen if event == "signed"]
    assert intents == list(range(len(ROLES) + 4))
    assert results == [count + 1 for count in intents]
    assert sum(event == "key" for event, _ in seen) == len(ROLES)
    assert sum(store.signed.values()) == len(intents)
    assert authority.entities


def test_the_journal_holds_exactly_what_was_signed() -> None:
    pki = make_pki()
    intents = [entry for entry in pki.journal if entry.event == "intent" and entry.what == "certificate"]
    results = [entry for entry in pki.journal if entry.event == "signed" and entry.what == "certificate"]
    for intent, result in zip(intents, results, strict=True):
        assert x509.load_der_x509_certificate(result.data).tbs_certificate_bytes == intent.data
        assert intent.label == result.label == f"vermilion-{ROLES[intent.entity].issuer}-g1"


def test_a_second_run_touches_nothing() -> None:
    store = MemoryStore()
    first = run(store)
    keys, signed = dict(store.resident), dict(store.signed)
    with pytest.raises(KeyExistsError, match="vermilion-root-g1"):
        run(store)
    assert (store.resident, store.signed) == (keys, signed)
    second = run(store, put(mapping(), "generation", 2))
    assert len(store.resident) == 2 * len(ROLES)
    assert second.certificate("root").subject != first.certificate("root").subject


def test_one_existing_label_is_found_before_any_key_is_made() -> None:
    store = MemoryStore()
    store.generate(KeySpec.EC_P256, label="vermilion-authority-seal-g1", resident=True)
    with pytest.raises(KeyExistsError, match="authority-seal"):
        run(store)
    assert list(store.resident) == ["vermilion-authority-seal-g1"]


class BreakingStore(MemoryStore):
    """Fails at its nth key."""

    def generate(self, spec: KeySpec, *, label: str, resident: bool) -> KeyRef:
        if len(self.resident) == 6:
            raise DeviceError("token removed")
        return MemoryStore.generate(self, spec, label=label, resident=resident)


def test_a_failure_leaves_no_key_behind() -> None:
    store, entries = BreakingStore(), list[JournalEntry]()
    with pytest.raises(DeviceError, match="token removed"):
        run(store, journal=entries.append)
    assert store.resident == {}
    assert sum(entry.event == "abandoned" for entry in entries) == 6


def test_a_journal_that_fails_stops_the_ceremony_before_the_key_is_used() -> None:
    store = MemoryStore()

    def journal(entry: JournalEntry) -> None:
        if entry.event == "intent":
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        run(store, journal=journal)
    assert (store.resident, store.signed) == ({}, {})


def test_the_root_may_live_in_a_store_of_its_own() -> None:
    offline, online = MemoryStore(name="offline", hardware=True), MemoryStore()
    file = put(mapping(), "entities.root.store", "offline")
    authority = perform(
        CeremonyPlan.of(file),
        stores={"offline": offline, "memory": online},
        now=NOW,
        random=Numbers(),
        journal=lambda _: None,
    )
    assert list(offline.resident) == ["vermilion-root-g1"]
    assert "vermilion-root-g1" not in online.resident
    assert f"offline: {HARDWARE}" in authority.transcript
    assert f"memory: {NO_HSM}" in authority.transcript
    with pytest.raises(CeremonyError, match=r"entities\.root\.store"):
        run(MemoryStore(), file)


def test_the_transcript_names_every_key_certificate_and_crl_by_its_hash() -> None:
    authority = shared_pki().authority
    text = authority.transcript
    for entity in authority.entities.values():
        assert sha256(entity.ref.spki).hexdigest() in text
        assert f"{entity.certificate.serial_number:x}" in text
        assert entity.ref.label in text
    for der in authority.crls.values():
        assert sha256(der).hexdigest() in text
    assert AUTHORITY in text
    assert NOW.isoformat() in text
    assert "Witnessed by" in text


def test_an_authority_survives_json() -> None:
    file = put(put(mapping(), "policies.seal", ["1.2.3"]), "qc_statements.seal.eseal", value=True)
    authority = make_pki(file).authority
    again = Authority.from_mapping(json.loads(json.dumps(authority.to_mapping())))
    assert again == authority
    assert again.profile("seal").policies == (x509.ObjectIdentifier("1.2.3"),)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("format", 2),
        ("name", ...),
        ("entities.root.certificate", "junk"),
        ("entities.root.algorithm", "junk"),
        ("entities.root.key.spki", "!"),
        ("entities.root.key", "junk"),
        ("entities", []),
        ("crls.root", "!"),
        ("policies.seal", ["junk"]),
    ],
)
def test_a_damaged_authority_is_refused(path: str, value: Any) -> None:
    whole = json.loads(json.dumps(shared_pki().authority.to_mapping()))
    with pytest.raises(CeremonyError, match="the authority's file"):
        Authority.from_mapping(put(whole, path, value))


def test_a_certificate_that_is_not_of_its_key_is_refused() -> None:
    whole = json.loads(json.dumps(shared_pki().authority.to_mapping()))
    whole["entities"]["seal"]["certificate"] = whole["entities"]["licence"]["certificate"]
    with pytest.raises(CeremonyError, match="'seal' is not of its key"):
        Authority.from_mapping(whole)


def test_addresses_derive_from_the_base_url() -> None:
    authority = shared_pki().authority
    base = authority.base_url
    assert authority.ca_url("seal") == f"{base}/pki/ca/seal.cer"
    assert authority.crl_url("seal") == f"{base}/pki/crl/seal.crl"
    assert (authority.ocsp_url, authority.tsa_url) == (f"{base}/pki/ocsp", f"{base}/pki/tsa")


def test_what_the_authority_does_not_have_is_refused_by_name() -> None:
    authority = shared_pki().authority
    for ask in (authority.entity, authority.issuer, authority.profile, authority.responder, authority.key):
        with pytest.raises(ProfileError, match="nobody"):
            ask("nobody")
    with pytest.raises(ProfileError, match="none of our CAs"):
        authority.chain_of(make_pki(put(mapping(), "name", "另一个市场监督管理局")).authority.certificate("tsa"))


def test_a_renewed_responder_and_crl_replace_the_old() -> None:
    pki = shared_pki()
    authority = pki.authority
    renewed = authority.with_entity(authority.entity("ocsp-seal")).with_crl("root", pki.crl("root"))
    assert renewed.root_crl != authority.root_crl
    assert renewed.entities == authority.entities


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("version", 2),
        ("version", "1"),
        ("version", True),
        ("name", ...),
        ("name", 7),
        ("name", ""),
        ("name", "局" * 65),
        ("name_latin", "市"),
        ("name_latin", "A" * 65),
        ("uscc", "113301060000000196"),
        ("region", 330106),
        ("region", "33010"),
        ("base_url", "https://a.example"),
        ("base_url", "http://a.example/"),
        ("base_url", "http://a.example/path"),
        ("base_url", "http://user@a.example"),
        ("base_url", "http://a.example:port"),
        ("base_url", "http://a b"),
        ("base_url", "http://999.1.1.1"),
        ("base_url", "http://[::1"),
        ("base_url", "http://"),
        ("base_url", "ftp://a.example"),
        ("instance", 0),
        ("instance", 256),
        ("generation", 0),
        ("generation", 100),
        ("seal_code", "33010600000"),
        ("seal_code", "44010600000001"),
        ("crl_days", 0),
        ("crl_days", 32),
        ("arl_days", 398),
        ("store", "Store"),
        ("unknown", 1),
        ("entities", ...),
        ("entities", [1]),
        ("entities.tsa", ...),
        ("entities.other", {}),
        ("entities.tsa.key", "ec-p521"),
        ("entities.tsa.key", "ed25519"),
        ("entities.credential.key", "rsa-3072"),
        ("entities.tsa.days", 0),
        ("entities.tsa.days", 3654),
        ("entities.seal.days", 5480),
        ("entities.seal.algorithm", "ed25519"),
        ("entities.seal.algorithm", "md5"),
        ("entities.seal.unknown", 1),
        ("entities.root.days", 3652),
        ("policies.other", ["1.2.3"]),
        ("policies.seal", []),
        ("policies.root", ["1.2.3"]),
        ("policies.seal", ["junk"]),
        ("policies.seal", "1.2.3"),
        ("qc_statements.seal", {}),
        ("qc_statements.seal", {"unknown": True}),
        ("qc_statements.seal", {"eseal": 1}),
        ("qc_statements.seal", {"disclosures": {"en": "http://a.example"}}),
        ("qc_statements.seal", {"disclosures": {"english": "https://a.example"}}),
        ("qc_statements.other", {"eseal": True}),
    ],
)
def test_a_file_with_a_bad_value_is_refused_by_the_name_of_its_key(path: str, value: Any) -> None:
    key = path.rsplit(".", 1)[-1] if not path.startswith(("policies", "qc_statements")) else path.split(".", 1)[0]
    with pytest.raises(CeremonyError) as caught:
        CeremonyPlan.of(put(mapping(), path, value))
    message = str(caught.value)
    assert key in message or path.split(".")[1] in message or path == "entities.root.days"
    assert ":" in message


@pytest.mark.parametrize("junk", [[], "text", None, {1: 2}])
def test_what_is_no_mapping_is_refused(junk: Any) -> None:
    with pytest.raises(CeremonyError, match="must be a mapping"):
        CeremonyPlan.of(junk)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("base_url", "http://127.0.0.1:8000"),
        ("base_url", "http://[::1]:8000"),
        ("base_url", "http://localhost"),
        ("base_url", "http://pki.example.org"),
        ("name", "局" * 64),
        ("instance", 255),
        ("generation", 99),
        ("crl_days", 31),
        ("arl_days", 397),
        ("entities.tsa.days", 3653),
        ("entities.seal.algorithm", "ecdsa-sha512"),
        ("policies.seal", ["1.2.3", "0.4.0.2042.1.2"]),
    ],
)
def test_a_file_at_its_limits_is_performed(path: str, value: Any) -> None:
    assert run(MemoryStore(), put(mapping(), path, value)).entities


def test_the_documented_example_is_the_standard_file() -> None:
    documented = yaml.safe_load((DOCS / "ceremony.example.yaml").read_text(encoding="utf-8"))
    standard = standard_mapping(
        name="示范市市场监督管理局",
        name_latin="Demo City Administration for Market Regulation",
        uscc="113301060000000195",
        region="330106",
        base_url="http://127.0.0.1:8000",
        store="software",
    )
    assert documented.pop("policies") == {
        name: [oid.dotted_string for oid in shared_pki().authority.profile(name).policies]
        for name in ("seal", "authority-seal", "licence", "timestamp", "ocsp-responder", "credential")
    }
    assert documented == standard
