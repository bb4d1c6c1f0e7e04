"""The authority after its ceremony: its certificates, the references of its keys, and where things are published."""

import base64
import binascii
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ca.errors import CeremonyError, ProfileError
from ca.issuer import Issuer
from ca.ocsp import Responder
from ca.profiles import Profile, configured
from hsm.signer import KeyRef, KeySpec, SignatureAlgorithm

FORMAT: Final = 1  # of the mapping that `to_mapping` makes
ROOT: Final = "root"
ISSUING: Final = ("licence", "seal", "service")
TSA: Final = "tsa"
CREDENTIAL: Final = "credential"
AUTHORITY_SEAL: Final = "authority-seal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """One key of the authority with its certificate."""

    name: str
    profile: str
    issuer: str  # entity that issued it; itself for the root
    certificate: x509.Certificate
    ref: KeyRef
    algorithm: SignatureAlgorithm

    def as_mapping(self) -> dict[str, Any]:
        return {
            "profile": self.profile,
            "issuer": self.issuer,
            "certificate": self.certificate.public_bytes(Encoding.PEM).decode(),
            "algorithm": self.algorithm.value,
            "key": {
                "store": self.ref.store,
                "spec": self.ref.spec.value,
                "label": self.ref.label,
                "spki": base64.b64encode(self.ref.spki).decode(),
            },
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """Who runs the instance. Everything in it is public."""

    name: str
    name_latin: str
    uscc: str
    region: str
    base_url: str
    entities: Mapping[str, Entity]
    policies: Mapping[str, tuple[x509.ObjectIdentifier, ...]] = field(default_factory=dict)
    qc_statements: Mapping[str, bytes] = field(default_factory=dict)
    crls: Mapping[str, bytes] = field(default_factory=dict)  # those of the ceremony, DER, by issuer
    transcript: str = ""

    def entity(self, name: str) -> Entity:
        """Return one of the authority's keys and certificates.

        Raises:
            ProfileError: the authority has none of this name.
        """
        if name not in self.entities:
            raise ProfileError(f"the authority has no {name!r}")
        return self.entities[name]

    def certificate(self, name: str) -> x509.Certificate:
        return self.entity(name).certificate

    def key(self, name: str) -> KeyRef:
        return self.entity(name).ref

    def ca_url(self, name: str) -> str:
        return f"{self.base_url}/pki/ca/{name}.cer"

    def crl_url(self, name: str) -> str:
        return f"{self.base_url}/pki/crl/{name}.crl"

    @property
    def ocsp_url(self) -> str:
        return f"{self.base_url}/pki/ocsp"

    @property
    def tsa_url(self) -> str:
        return f"{self.base_url}/pki/tsa"

    def issuer(self, name: str) -> Issuer:
        """Return a CA ready for `plan` and `crl_draft`.

        Raises:
            ProfileError: no such CA.
        """
        return _issuer(self.entity(name), self.ca_url(name), self.crl_url(name), self.ocsp_url)

    def responder(self, entity: str) -> Responder:
        """Return who answers OCSP questions: the entity `ocsp-<issuer>`.

        Raises:
            ProfileError: no such entity.
        """
        found = self.entity(entity)
        return Responder(certificate=found.certificate, algorithm=found.algorithm)

    @property
    def timestamp_policies(self) -> tuple[x509.ObjectIdentifier, ...]:
        """The policies that time-stamps may be asked for; the first is the default."""
        return self.profile("timestamp").policies

    @property
    def root_crl(self) -> bytes:
        """The list of revoked CAs, DER: the root is offline, so it comes from a ceremony."""
        return self.crls[ROOT]

    def with_crl(self, name: str, der: bytes) -> "Authority":
        """Return the authority with a CRL replaced, such as the root's after a later ceremony."""
        return replace(self, crls={**self.crls, name: der})

    def issuers(self) -> dict[str, x509.Certificate]:
        """Return the CAs that OCSP answers for."""
        return {name: self.certificate(name) for name in ISSUING}

    def profile(self, name: str) -> Profile:
        """Return a profile with the authority's own policy OIDs and QcStatements.

        Raises:
            ProfileError: no such profile.
        """
        profiles = _profiles(tuple(sorted(self.policies.items())), tuple(sorted(self.qc_statements.items())))
        if name not in profiles:
            raise ProfileError(f"no profile is called {name!r}")
        return profiles[name]

    def chain_of(self, certificate: x509.Certificate) -> tuple[x509.Certificate, ...]:
        """Return the CAs above a certificate of ours, nearest first, the root last.

        Raises:
            ProfileError: none of our CAs issued it.
        """
        return tuple(self._above(certificate))

    def _above(self, certificate: x509.Certificate) -> Iterator[x509.Certificate]:
        root = self.certificate(ROOT)
        if certificate == root:
            return
        for name in (*ISSUING, ROOT):
            above = self.certificate(name)
            if certificate != above and certificate.issuer == above.subject:
                yield above
                yield from self._above(above)
                return
        raise ProfileError("none of our CAs issued this certificate")

    def with_entity(self, entity: Entity) -> "Authority":
        """Return the authority with one key and certificate added or renewed, such as an OCSP responder's."""
        return replace(self, entities={**self.entities, entity.name: entity})

    def to_mapping(self) -> dict[str, Any]:
        """Return everything as JSON can hold it. None of it is secret."""
        return {
            "format": FORMAT,
            "name": self.name,
            "name_latin": self.name_latin,
            "uscc": self.uscc,
            "region": self.region,
            "base_url": self.base_url,
            "entities": {name: entity.as_mapping() for name, entity in self.entities.items()},
            "policies": {name: [oid.dotted_string for oid in oids] for name, oids in self.policies.items()},
            "qc_statements": {name: base64.b64encode(der).decode() for name, der in self.qc_statements.items()},
            "crls": {name: base64.b64encode(der).decode() for name, der in self.crls.items()},
            "transcript": self.transcript,
        }

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> "Authority":
        """Read what `to_mapping` made.

        Raises:
            CeremonyError: of another format, incomplete, or a certificate does not fit its key reference.
        """
        try:
            if mapping["format"] != FORMAT:
                raise CeremonyError(f"the authority's file is of format {mapping['format']!r}, not {FORMAT}")
            return cls(
                name=str(mapping["name"]),
                name_latin=str(mapping["name_latin"]),
                uscc=str(mapping["uscc"]),
                region=str(mapping["region"]),
                base_url=str(mapping["base_url"]),
                entities={str(name): _entity(str(name), one) for name, one in mapping["entities"].items()},
                policies={
                    str(name): tuple(x509.ObjectIdentifier(oid) for oid in oids)
                    for name, oids in mapping["policies"].items()
                },
                qc_statements=_bytes_by_name(mapping["qc_statements"]),
                crls=_bytes_by_name(mapping["crls"]),
                transcript=str(mapping["transcript"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError, binascii.Error) as exc:
            raise CeremonyError(f"the authority's file is not readable: {exc}") from exc


@lru_cache(maxsize=64)
def _issuer(entity: Entity, ca_url: str, crl_url: str, ocsp_url: str) -> Issuer:
    return Issuer.of(
        entity.name,
        entity.certificate,
        ca_url=ca_url,
        crl_url=crl_url,
        ocsp_url=ocsp_url,
        algorithm=entity.algorithm,
    )


@lru_cache(maxsize=16)
def _profiles(
    policies: tuple[tuple[str, tuple[x509.ObjectIdentifier, ...]], ...], qc_statements: tuple[tuple[str, bytes], ...]
) -> dict[str, Profile]:
    return configured(policies=dict(policies), qc_statements=dict(qc_statements))


def _bytes_by_name(mapping: Mapping[str, str]) -> dict[str, bytes]:
    return {str(name): base64.b64decode(text, validate=True) for name, text in mapping.items()}


def _entity(name: str, mapping: Mapping[str, Any]) -> Entity:
    key = mapping["key"]
    entity = Entity(
        name=name,
        profile=str(mapping["profile"]),
        issuer=str(mapping["issuer"]),
        certificate=x509.load_pem_x509_certificate(str(mapping["certificate"]).encode()),
        algorithm=SignatureAlgorithm(mapping["algorithm"]),
        ref=KeyRef(
            store=str(key["store"]),
            spec=KeySpec(key["spec"]),
            label=str(key["label"]),
            spki=base64.b64decode(key["spki"], validate=True),
        ),
    )
    if spki_of_certificate(entity.certificate) != entity.ref.spki:
        raise CeremonyError(f"the certificate of {name!r} is not of its key")
    return entity


def spki_of_certificate(certificate: x509.Certificate) -> bytes:
    """Return the DER SubjectPublicKeyInfo."""
    return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
