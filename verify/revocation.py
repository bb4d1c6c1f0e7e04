"""Whether a certificate stood at a moment, by the OCSP answers and CRLs at hand. Nothing is fetched.

A piece of evidence counts when it is signed by the issuer (or by a responder or CRL issuer that the issuer appointed) and
fresh for the moment asked: thisUpdate <= moment < nextUpdate, or issued after the moment and before the certificate's
end. Sealing software asks for the OCSP answer before it asks for the time-stamp: the first case covers that second.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from verify.certificates import PARSE_ERRORS, Certificate, signature_fits
from verify.errors import MalformedCertificateError
from verify.evidence import Answer, Evidence, RevocationList, Scope, locations, no_unknown_critical
from verify.wording import Both

CLOCK_SKEW: Final = timedelta(minutes=5)  # evidence may be this far ahead of the checker's clock
MAX_AGE_WITHOUT_NEXT_UPDATE: Final = timedelta(days=1)  # RFC 6960 §4.2.2.1: newer information is always available

NO_EVIDENCE: Final = Both("no OCSP answer or revocation list about it is at hand", "没有关于它的 OCSP 应答或吊销列表")
UNFIT: Final = Both(
    "the OCSP answers and revocation lists at hand do not answer for it at that time",
    "现有 OCSP 应答和吊销列表不能说明它在该时间的状态",
)


class Standing(StrEnum):
    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation:
    """One of three results, with where it was learnt. `revoked_at` may stand beside GOOD: revoked after the moment."""

    standing: Standing
    source: str | None = None  # "OCSP" or "CRL"
    issued: datetime | None = None  # thisUpdate of the evidence
    revoked_at: datetime | None = None
    reason: str | None = None
    why: Both = NO_EVIDENCE  # said when unknown
    in_file: bool = False  # the evidence was found in the file that is checked

    @property
    def words(self) -> Both:
        """Such as "good at 2026-01-01T00:00:00+00:00 by OCSP"."""
        if self.revoked_at is not None:
            because = f" ({self.reason})" if self.reason else ""
            moment = self.revoked_at.isoformat()
            return Both(
                f"revoked at {moment}{because} by {self.source}", f"{moment} 被吊销{because}，依据 {self.source}"
            )
        if self.standing is Standing.UNKNOWN or self.issued is None:
            return self.why
        moment = self.issued.isoformat()
        return Both(f"good at {moment} by {self.source}", f"{moment} 时有效，依据 {self.source}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What one piece of evidence says about one certificate; its signature was checked."""

    source: str
    this_update: datetime
    next_update: datetime | None
    revoked_at: datetime | None = None
    reason: str | None = None
    good: bool = True
    keeps_expired: datetime | None = None  # certificates that ended after this are still answered for
    in_file: bool = False

    def fresh_for(self, moment: datetime, end: datetime) -> bool:
        """Whether it says something about `moment`. `end` is the certificate's notAfter."""
        if self.this_update > moment:
            return self.this_update <= end or (self.keeps_expired is not None and self.keeps_expired <= end)
        limit = self.next_update or self.this_update + MAX_AGE_WITHOUT_NEXT_UPDATE
        return moment < limit


WholeAlgorithm = Callable[[Sequence[RevocationList]], Statement]


def judge(statements: Iterable[Statement], *, at: datetime, now: datetime, end: datetime) -> Revocation:
    """Put the statements together: a revocation up to `at` outweighs everything, then the freshest good answer."""
    usable = [one for one in statements if one.this_update <= now + CLOCK_SKEW]
    revoked = [one for one in usable if one.revoked_at is not None]
    for one in sorted(revoked, key=lambda one: (one.revoked_at or at, one.source)):
        before = one.revoked_at is not None and one.revoked_at <= at
        return Revocation(
            standing=Standing.REVOKED if before else Standing.GOOD,
            source=one.source,
            issued=one.this_update,
            revoked_at=one.revoked_at,
            reason=one.reason,
            in_file=one.in_file,
        )
    fresh = [one for one in usable if one.good and one.fresh_for(at, end)]
    if not fresh:
        return Revocation(standing=Standing.UNKNOWN, why=UNFIT if usable else NO_EVIDENCE)
    best = max(fresh, key=lambda one: (one.in_file, one.source == "OCSP", one.this_update))
    return Revocation(standing=Standing.GOOD, source=best.source, issued=best.this_update, in_file=best.in_file)


def by_ocsp(
    certificate: Certificate,
    issuer: Certificate,
    evidence: Evidence,
    *,
    responder_stands: Callable[[Certificate], bool],
) -> list[Statement]:
    """What the OCSP answers say. `responder_stands` judges a delegate that carries no id-pkix-ocsp-nocheck."""
    serial = certificate.parsed.serial_number
    found = []
    for answer in evidence.answers:
        for single in answer.singles.get(serial, ()):
            said = _ocsp_statement(single, in_file=answer.in_file) if _is_about(single, issuer) else None
            if said is not None and _answer_signed(answer, issuer, said.this_update, responder_stands):
                found.append(said)
    return found


def _is_about(single: Any, issuer: Certificate) -> bool:
    """Whether the CertID names this issuer (RFC 6960 §4.1.1)."""
    try:
        ident = single["cert_id"]
        digest = ident["hash_algorithm"]["algorithm"].native
        if digest not in {"sha1", "sha256", "sha384", "sha512"}:
            return False
        name = _hash(digest, issuer.parsed.subject.dump())
        key = _hash(digest, bytes(issuer.parsed.public_key["public_key"]))
        return bool(ident["issuer_name_hash"].native == name and ident["issuer_key_hash"].native == key)
    except PARSE_ERRORS:
        return False


def _answer_signed(
    answer: Answer, issuer: Certificate, given: datetime, responder_stands: Callable[[Certificate], bool]
) -> bool:
    return _answer_signed_by(answer, issuer) or any(
        _is_delegate(one, issuer, given)
        and _answer_signed_by(answer, one)
        and (one.parsed.ocsp_no_check_value is not None or responder_stands(one))
        for one in answer.certificates
    )


def _is_delegate(one: Certificate, issuer: Certificate, given: datetime) -> bool:
    """RFC 6960 §4.2.2.2: issued directly by the CA, and for OCSP signing."""
    return (
        "ocsp_signing" in (one.extended_key_usage or ())
        and one.not_before <= given <= one.not_after
        and one.names_issuer(issuer)
        and one.signed_by(issuer)
    )


def _answer_signed_by(answer: Answer, signer: Certificate) -> bool:
    basic = answer.basic
    try:
        signature, message = basic["signature"].native, basic["tbs_response_data"].dump()
        return signature_fits(signature, message, signer.parsed.public_key, basic["signature_algorithm"])
    except PARSE_ERRORS:
        return False


def _ocsp_statement(single: Any, *, in_file: bool) -> Statement | None:
    try:
        if not no_unknown_critical(single["single_extensions"]):
            return None
        status = single["cert_status"]
        revoked = status.chosen if status.name == "revoked" else None
        return Statement(
            source="OCSP",
            this_update=single["this_update"].native,
            next_update=single["next_update"].native,
            revoked_at=None if revoked is None else revoked["revocation_time"].native,
            reason=None if revoked is None else revoked["revocation_reason"].native,
            good=status.name == "good",
            keeps_expired=None if single.archive_cutoff_value is None else single.archive_cutoff_value.native,
            in_file=in_file,
        )
    except PARSE_ERRORS:
        return None


def by_lists(
    certificate: Certificate, issuer: Certificate, evidence: Evidence, *, whole_algorithm: WholeAlgorithm
) -> list[Statement]:
    """What the CRLs say. Plain lists are read here; deltas, indirect lists and such go through `whole_algorithm`."""
    name = certificate.issuer_key
    own = [one for one in evidence.lists if one.issuer == name]
    plain = [
        (one.scope, one.native, one.in_file)
        for one in own
        if one.scope is not None and one.native is not None and _list_signed(one.native, issuer)
    ]
    if len(plain) < len(own) or _has_odd_points(certificate):
        return [whole_algorithm(evidence.lists)]
    found = [_list_statement(certificate, scope, crl, in_file=in_file) for scope, crl, in_file in plain]
    return [one for one in found if one is not None]


def _has_odd_points(certificate: Certificate) -> bool:
    """Whether the certificate's revocation is published by somebody else, in parts, or under a relative name."""
    points = certificate.parsed.crl_distribution_points_value or ()
    return any(
        point["crl_issuer"].native
        or point["reasons"].native
        or point["distribution_point"].name == "name_relative_to_crl_issuer"
        for point in points
    )


def _list_signed(crl: x509.CertificateRevocationList, issuer: Certificate) -> bool:
    if issuer.key_usage is not None and "crl_sign" not in issuer.key_usage:
        return False
    try:
        key: Any = serialization.load_der_public_key(issuer.parsed.public_key.dump())
        return crl.is_signature_valid(key)
    except PARSE_ERRORS:
        return False


def _list_statement(
    certificate: Certificate, scope: Scope, crl: x509.CertificateRevocationList, *, in_file: bool
) -> Statement | None:
    try:
        if not _covers(scope, certificate):
            return Statement(source="CRL", this_update=crl.last_update_utc, next_update=None, good=False)
        entry = crl.get_revoked_certificate_by_serial_number(certificate.parsed.serial_number)
        revoked_at, reason = (None, None) if entry is None else _entry(entry)
        return Statement(
            source="CRL",
            this_update=crl.last_update_utc,
            next_update=crl.next_update_utc,
            revoked_at=revoked_at,
            reason=reason,
            keeps_expired=scope.keeps_expired,
            in_file=in_file,
        )
    except PARSE_ERRORS:
        return None


def _entry(entry: x509.RevokedCertificate) -> tuple[datetime, str | None]:
    reason = None
    for extension in entry.extensions:
        if isinstance(extension.value, x509.CRLReason):
            reason = extension.value.reason.value
    return entry.revocation_date_utc, reason


def _covers(scope: Scope, certificate: Certificate) -> bool:
    if (scope.user_only and certificate.is_authority) or (scope.authority_only and not certificate.is_authority):
        return False
    return not scope.points or bool(scope.points & _points_of(certificate))


def _points_of(certificate: Certificate) -> frozenset[str]:
    try:
        points = certificate.native.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except (x509.ExtensionNotFound, MalformedCertificateError, *PARSE_ERRORS):
        return frozenset()
    return locations(name for point in points for name in point.full_name or ())


def names_source(certificate: Certificate) -> bool:
    """Whether the certificate says where its revocation would be published."""
    parsed = certificate.parsed
    return bool(parsed.crl_distribution_points or parsed.ocsp_urls)


def _hash(name: str, data: bytes) -> bytes:
    return hashlib.new(name, data).digest()
