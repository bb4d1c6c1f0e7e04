"""CMS SignedData as found in PDF signatures and time-stamp tokens (RFC 5652, ETSI EN 319 122-1), read strictly."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from asn1crypto import cms, core
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.generic_cms import get_signing_cert_attr, validate_sig_integrity

from verify.certificates import KEPT, PARSE_ERRORS, Certificate
from verify.errors import VerifyError
from verify.report import Finding
from verify.words import finding

WEAK_DIGESTS: Final = frozenset({"sha1"})
BROKEN_DIGESTS: Final = frozenset({"md2", "md4", "md5"})
GOOD_DIGESTS: Final = frozenset(
    {"sha224", "sha256", "sha384", "sha512", "sha3_224", "sha3_256", "sha3_384", "sha3_512"}
)
MIN_RSA_BITS: Final = 2048  # ETSI TS 119 312 §6
BROKEN_RSA_BITS: Final = 1024
MIN_CURVE_BITS: Final = 224


class MalformedSignatureError(VerifyError):
    """The container breaks its format. Becomes a finding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedData:
    """A SignedData of one signer, parsed."""

    raw: Any
    signer_info: Any
    content_type: str
    content: bytes | None
    certificates: tuple[bytes, ...]  # DER, as embedded
    digest: str  # hashlib name of the signer's digest

    @classmethod
    def load(cls, der: bytes) -> "SignedData":
        """Parse a ContentInfo, padded with zeros or not.

        Raises:
            MalformedSignatureError: not a SignedData of exactly one signer.
        """
        try:
            info = cms.ContentInfo.load(der)
            if info["content_type"].native != "signed_data":
                raise MalformedSignatureError("not a CMS SignedData")
            return cls.of(info["content"])
        except PARSE_ERRORS as exc:
            raise MalformedSignatureError(f"it cannot be parsed: {exc}") from exc

    @classmethod
    def of(cls, raw: Any) -> "SignedData":
        """Take a parsed SignedData apart.

        Raises:
            MalformedSignatureError: it has not exactly one signer, or an unknown digest.
        """
        try:
            signers = list(raw["signer_infos"])
            if len(signers) != 1:
                raise MalformedSignatureError(f"{len(signers)} signers instead of one")
            digest = signers[0]["digest_algorithm"]["algorithm"].native
            _require_frame(raw, signers[0], digest)
            content = raw["encap_content_info"]["content"]
            return cls(
                raw=raw,
                signer_info=signers[0],
                content_type=raw["encap_content_info"]["content_type"].native,
                content=None if isinstance(content, core.Void) else bytes(content),
                certificates=tuple(_certificates(raw)),
                digest=digest,
            )
        except PARSE_ERRORS as exc:
            raise MalformedSignatureError(f"it cannot be parsed: {exc}") from exc

    def signer(self) -> Certificate | None:
        """The embedded certificate that the signer is said to have, or None.

        Raises:
            MalformedCertificateError: it is there and cannot be read.
        """
        ident = self.signer_info["sid"]
        for der in self.certificates:
            one = _peek(der)
            if one is not None and _is_named(ident, one):
                return Certificate.load(der)
        return None

    @property
    def has_attributes(self) -> bool:
        return not isinstance(self.signer_info["signed_attrs"], core.Void)

    def require_order(self) -> None:
        """RFC 5652 §5.3: signedAttrs are DER; in another order they are another message to another verifier.

        Raises:
            MalformedSignatureError: they are in another order.
        """
        encoded = [one.dump() for one in self.signer_info["signed_attrs"]] if self.has_attributes else []
        if encoded != sorted(encoded):
            raise MalformedSignatureError("its signed attributes are not in DER order")

    def objection(self, signer: Certificate, digest: bytes) -> Finding | None:
        """What is wrong with the signature over a content of this digest, or None."""
        try:
            intact, fits = validate_sig_integrity(
                self.signer_info, signer.parsed, expected_content_type=self.content_type, actual_digest=digest
            )
        except (SignatureValidationError, *PARSE_ERRORS) as exc:
            return finding("signature.unreadable", what=exc)
        if not fits:
            return finding("signature.forged")
        return None if intact else finding("signature.altered")

    def strength(self, signer: Certificate, *, over: str | None = None) -> Finding:
        """How strong digest, signature algorithm and key are; `over` is the digest of what was signed, if another."""
        key = signer.parsed.public_key
        names = {self.digest, over or self.digest, _signature_digest(self.signer_info) or self.digest}
        kind, bits = key.algorithm, key.bit_size
        what = f"{' and '.join(sorted(names))}, {kind} {bits}"
        short = kind.startswith("rsa") and bits < BROKEN_RSA_BITS
        if names & BROKEN_DIGESTS or short:
            return finding("algorithm.broken", what=what)
        small = (kind.startswith("rsa") and bits < MIN_RSA_BITS) or (kind == "ec" and bits < MIN_CURVE_BITS)
        if not names <= GOOD_DIGESTS or small or kind == "dsa":
            return finding("algorithm.weak", what=what)
        return finding("algorithm.strong", what=what)

    @property
    def names_certificate(self) -> bool:
        """Whether signed attributes bind the certificate (signing-certificate-v2), as every AdES must."""
        try:
            return get_signing_cert_attr(self.signer_info["signed_attrs"]) is not None
        except (SignatureValidationError, *PARSE_ERRORS):
            return False

    @property
    def claimed_time(self) -> datetime | None:
        for value in self.attribute("signed_attrs", "signing_time"):
            moment = value.native
            return moment if isinstance(moment, datetime) and moment.tzinfo is not None else None
        return None

    def tokens(self) -> Iterator[Any]:
        """The signature time-stamps, as parsed SignedData (RFC 3161 Appendix A)."""
        for value in self.attribute("unsigned_attrs", "signature_time_stamp_token"):
            yield value["content"]

    def evidence(self) -> tuple[list[bytes], list[bytes]]:
        """CRLs and OCSP answers that travel with the signature."""
        crls, ocsps = _revocation(self.raw)
        for value in self.attribute("signed_attrs", "adobe_revocation_info_archival"):
            crls += [one.dump() for one in value["crl"] or ()]
            ocsps += [one.dump() for one in value["ocsp"] or ()]
        return crls, ocsps

    def attribute(self, where: str, name: str) -> Iterator[Any]:
        """The values of an attribute; none if it, or its whole set, is absent or unreadable."""
        try:
            for one in self.signer_info[where] or ():
                if one["type"].native == name:
                    yield from one["values"]
        except PARSE_ERRORS:
            return


def token_imprint(token: SignedData) -> tuple[str, bytes, datetime]:
    """Digest algorithm, message imprint and time of a time-stamp token.

    Raises:
        MalformedSignatureError: it is none.
    """
    try:
        if token.content_type != "tst_info":
            raise MalformedSignatureError("not a time-stamp token")
        info = token.raw["encap_content_info"]["content"].parsed
        imprint = info["message_imprint"]
        moment: datetime = info["gen_time"].native
        return imprint["hash_algorithm"]["algorithm"].native, imprint["hashed_message"].native, moment
    except PARSE_ERRORS as exc:
        raise MalformedSignatureError(f"not a time-stamp token: {exc}") from exc


def digest_of(name: str, data: bytes) -> bytes:
    """Digest with one of the algorithms that may stand in a signature.

    Raises:
        MalformedSignatureError: it is not one of them.
    """
    require_digest(name)
    return hashlib.new(name, data, usedforsecurity=False).digest()


def require_digest(name: str) -> None:
    """Let pass what `hashlib` can compute.

    Raises:
        MalformedSignatureError: the algorithm is unknown.
    """
    if name not in GOOD_DIGESTS | WEAK_DIGESTS | {"md5"}:
        raise MalformedSignatureError(f"unknown digest algorithm {name}")


def _require_frame(raw: Any, signer: Any, digest: str) -> None:
    """The parts that no signature protects say what RFC 5652 §5.1 and §5.3 want them to say."""
    versions = {"v1", "v3", "v4", "v5"}
    if raw["version"].native not in versions or signer["version"].native not in {"v1", "v3"}:
        raise MalformedSignatureError("its version is not one of RFC 5652")
    algorithms = [*raw["digest_algorithms"], signer["digest_algorithm"]]
    _ = [one["parameters"].native for one in algorithms]  # absent or NULL (RFC 5754 §2): another type does not parse
    if digest not in {one["algorithm"].native for one in raw["digest_algorithms"]}:
        raise MalformedSignatureError("its digest algorithm is not among those announced")


def _certificates(raw: Any) -> Iterator[bytes]:
    found: Iterable[Any] = () if isinstance(raw["certificates"], core.Void) else raw["certificates"]
    for one in found:
        if one.name == "certificate":
            yield one.chosen.dump()


def _revocation(raw: Any) -> tuple[list[bytes], list[bytes]]:
    """What stands in SignedData.crls (RFC 5652 §10.2.1, RFC 5940 §2.1), as far as it can be read."""
    crls: list[bytes] = []
    ocsps: list[bytes] = []
    try:
        for one in raw["crls"] or ():
            if one.name == "crl":
                crls.append(one.chosen.dump())
            elif one.chosen["other_rev_info_format"].native == "ocsp_response":
                ocsps.append(one.chosen["other_rev_info"].dump())
    except PARSE_ERRORS:
        pass  # what cannot be read proves nothing; the rest may
    return crls, ocsps


@lru_cache(maxsize=KEPT)
def _peek(der: bytes) -> Any:
    try:
        parsed = Certificate(der).parsed
        _ = parsed.issuer.hashable, parsed.serial_number, parsed.key_identifier
    except PARSE_ERRORS:
        return None
    return parsed


def _is_named(ident: Any, certificate: Any) -> bool:
    if ident.name == "subject_key_identifier":
        return bool(ident.native == certificate.key_identifier)
    named = ident.chosen
    return bool(
        named["serial_number"].native == certificate.serial_number
        and named["issuer"].hashable == certificate.issuer.hashable
    )


def _signature_digest(signer_info: Any) -> str | None:
    try:
        name: str = signer_info["signature_algorithm"].hash_algo
    except PARSE_ERRORS:
        return None
    return name
