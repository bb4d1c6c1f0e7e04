"""A PKI in a few lines of data: the ceremony with keys in memory, and certificates of enterprises."""

import hashlib
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives.serialization import Encoding

from ca import lint
from ca.ceremony import Authority, CeremonyPlan, JournalEntry, perform, standard_mapping
from ca.certificate_states import Standing
from ca.crl import Entry, crl_draft, sign_crl_intent
from ca.issuance import Info, Plan, draft, plan, sign_intent
from ca.serials import serial_number
from ca.subjects import LegalPerson, common_name
from hsm.algorithms import load_public_key
from hsm.signer import KeyRef, KeySpec
from tests.support.keys import MemoryStore
from verify.extensions import LicenceInfo, SealInfo

NOW: Final = datetime(2026, 6, 1, 8, tzinfo=UTC)
AUTHORITY: Final = "示范市市场监督管理局"
AUTHORITY_USCC: Final = "113301060000000195"
BASE_URL: Final = "http://pki.vermilion-demo.org"
ENTERPRISE: Final = "示范市青石桥文化创意有限公司"
USCC: Final = "91330106MA2CFLDG4R"
SEAL_CODE: Final = "33010600000002"


@dataclass(slots=True)
class Numbers:
    """Stands for a source of random bytes: the same in every run, never the same twice."""

    count: Iterator[int] = field(default_factory=itertools.count)

    def __call__(self, size: int) -> bytes:
        return hashlib.shake_256(b"test %d" % next(self.count)).digest(size)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pki:
    """An authority with its keys in memory."""

    authority: Authority
    store: MemoryStore
    journal: list[JournalEntry]
    random: Numbers

    def serial(self) -> int:
        return serial_number(instance=1, random=self.random(17))

    def sign(self, planned: Plan) -> x509.Certificate:
        """Draft, lint, sign."""
        if planned.issuer is None:
            raise AssertionError("a root is made by the ceremony")
        tbs = draft(planned, lint=lint.check).tbs
        with self.store.lease(self.authority.key(planned.issuer.name)) as signer:
            der = sign_intent(
                tbs, signer=signer, algorithm=planned.algorithm, issuer_public_key=planned.issuer.public_key
            )
        return x509.load_der_x509_certificate(der)

    def plan(
        self, profile: str = "seal", *, issuer: str | None = None, ref: KeyRef | None = None, **other: Any
    ) -> Plan:
        """Return the plan of a certificate for ENTERPRISE; `other` replaces arguments of `ca.issuance.plan`."""
        ref = ref or self.store.generate(KeySpec.EC_P256, label="leaf", resident=False)
        own = self.authority.profile(profile)
        name = issuer or next(iter(sorted(own.issuers)))
        arguments: dict[str, Any] = {
            "issuer": self.authority.issuer(name),
            "subject": LegalPerson(
                organization=ENTERPRISE, uscc=USCC, common_name=common_name(ENTERPRISE, "合同专用章")
            ).name(),
            "public_key": load_public_key(ref.spki),
            "serial": self.serial(),
            "not_before": NOW,
            "valid_for": min(timedelta(days=365), own.max_validity),
            "info": info_of(profile),
        }
        return plan(own, **(arguments | other))

    def issue(
        self, profile: str = "seal", *, spec: KeySpec = KeySpec.EC_P256, **other: Any
    ) -> tuple[x509.Certificate, KeyRef]:
        """Return a certificate for ENTERPRISE and the reference of its key in `store`."""
        ref = self.store.generate(spec, label="leaf", resident=False)
        return self.sign(self.plan(profile, ref=ref, **other)), ref

    def crl(
        self, name: str, standings: Mapping[int, Standing] | None = None, *, number: int = 2, **other: Any
    ) -> bytes:
        """Return a DER CRL of one of the CAs."""
        issuer = self.authority.issuer(name)
        entries = [Entry.of(serial, standing) for serial, standing in (standings or {}).items()]
        arguments: dict[str, Any] = {"now": NOW, "fresh_for": timedelta(days=7)} | other
        tbs = crl_draft(issuer, entries, number=number, **arguments).tbs
        with self.store.lease(self.authority.key(name)) as signer:
            return sign_crl_intent(tbs, signer=signer, algorithm=issuer.algorithm, issuer_public_key=issuer.public_key)

    def write(self, folder: Path, certificate: x509.Certificate | None = None, name: str = "leaf") -> Path:
        """Write root.pem, chain.pem (issuing CAs) and, if given, the certificate, for programs that judge."""
        (folder / "root.pem").write_bytes(pem(self.authority.certificate("root")))
        (folder / "chain.pem").write_bytes(
            b"".join(pem(self.authority.certificate(ca)) for ca in ("licence", "seal", "service"))
        )
        path = folder / f"{name}.pem"
        if certificate is not None:
            path.write_bytes(pem(certificate))
        return path


def pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.PEM)


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def info_of(profile: str) -> Info | None:
    if profile in {"seal", "authority-seal"}:
        return SealInfo(kind="contract", code=asn1.PrintableString(SEAL_CODE))
    if profile == "licence":
        return LicenceInfo(uscc=asn1.PrintableString(USCC), version=1)
    return None


def mapping(
    *, ca: KeySpec = KeySpec.EC_P384, leaf: KeySpec = KeySpec.EC_P256, base_url: str = BASE_URL
) -> dict[str, Any]:
    """Return a ceremony file with these kinds of keys; the credential signer is always P-256, the TSA never Ed25519."""
    made = standard_mapping(
        name=AUTHORITY,
        name_latin="Demo City Administration for Market Regulation",
        uscc=AUTHORITY_USCC,
        region="330106",
        base_url=base_url,
        store="memory",
    )
    for name, entity in made["entities"].items():
        if name in {"root", "licence", "seal", "service"}:
            entity["key"] = ca.value
        elif name != "credential" and not (name == "tsa" and leaf is KeySpec.ED25519):
            entity["key"] = leaf.value
    return made


def make_pki(file: Mapping[str, Any] | None = None, *, now: datetime = NOW) -> Pki:
    """Return a fresh PKI."""
    store, journal, random = MemoryStore(), list[JournalEntry](), Numbers()
    authority = perform(
        CeremonyPlan.of(file or mapping()), stores={"memory": store}, now=now, random=random, journal=journal.append
    )
    return Pki(authority=authority, store=store, journal=journal, random=random)


@cache
def shared_pki(ca: KeySpec = KeySpec.EC_P384, leaf: KeySpec = KeySpec.EC_P256) -> Pki:
    """Return the PKI that tests share; they must not take anything away from it."""
    return make_pki(mapping(ca=ca, leaf=leaf))
