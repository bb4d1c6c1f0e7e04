"""What lint rules look at: the fields of a draft, split once from its bytes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, TypeAlias

from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives.serialization import Encoding

from ca.der import DerError, children, unwrap
from ca.issuer import Issuer
from ca.keys import checked_key
from ca.profiles import Profile
from hsm.signer import PublicKey

V3_FIELDS: Final = 8  # version, serial, signature, issuer, validity, subject, key, extensions: RFC 5280 §4.1
_TRUE: Final = b"\x01\x01\xff"
_EXTENSION_WITH_CRITICAL: Final = 3  # OID, critical, value


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of the subject as it stands in the bytes."""

    oid: bytes  # DER
    tag: int
    value: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """A draft, split into its fields."""

    certificate: x509.Certificate
    profile: Profile
    issuer: Issuer | None  # None: self-signed
    key: PublicKey
    outer_algorithm: bytes
    serial: bytes  # content of the INTEGER
    algorithm: bytes
    issuer_name: bytes
    validity: Sequence[bytes]
    rdns: Sequence[Sequence[Attribute]]
    spki: bytes
    extensions: Mapping[bytes, bytes]  # whole element by the DER of its OID

    def value(self, oid: x509.ObjectIdentifier) -> Any:
        """Return an extension as the library reads it, or None. Slow: for rules that are judged once per issuer."""
        try:
            return self.certificate.extensions.get_extension_for_oid(oid).value
        except x509.ExtensionNotFound:
            return None

    def raw_value(self, oid: bytes) -> bytes | None:
        """Return the DER inside an extension, or None."""
        element = self.extensions.get(oid)
        return None if element is None else unwrap(children(element)[-1])[1]

    def is_critical(self, oid: bytes) -> bool:
        parts = children(self.extensions[oid])
        return len(parts) == _EXTENSION_WITH_CRITICAL and parts[1] == _TRUE


Rule: TypeAlias = tuple[str, str, Callable[[Facts], str | None]]  # name, clause, what is wrong or None


def split(certificate: x509.Certificate, profile: Profile, issuer: Issuer | None) -> Facts:
    """Split a draft.

    Raises:
        DerError: not the eight fields of version 3, or something inside is not readable.
        DuplicateError: an extension stands twice.
        ProfileError: a key that we do not use.
    """
    tbs, outer_algorithm, _ = children(certificate.public_bytes(Encoding.DER))
    fields = children(tbs)
    if len(fields) != V3_FIELDS:
        raise DerError("a version 3 certificate has eight fields")
    elements = children(children(fields[7])[0])
    extensions = {children(element)[0]: element for element in elements}
    if len(extensions) != len(elements):
        raise DuplicateError("an extension stands twice")
    return Facts(
        certificate=certificate,
        profile=profile,
        issuer=issuer,
        key=checked_key(certificate.public_key()),
        outer_algorithm=outer_algorithm,
        serial=unwrap(fields[1])[1],
        algorithm=fields[2],
        issuer_name=fields[3],
        validity=children(fields[4]),
        rdns=[[_attribute(one) for one in children(rdn)] for rdn in children(fields[5])],
        spki=fields[6],
        extensions=extensions,
    )


class DuplicateError(Exception):
    """An extension stands twice. Stays inside the lint."""


@cache
def oid_der(oid: x509.ObjectIdentifier) -> bytes:
    """Return the DER of an object identifier."""
    return asn1.encode_der(oid)


def _attribute(element: bytes) -> Attribute:
    oid, value = children(element)
    return Attribute(oid, *unwrap(value))
