"""Certificate paths: found by a bounded search of our own, then judged by RFC 5280 §6 and by revocation.

The search follows names and key identifiers and checks each signature before it goes on, so that hundreds of certificates
with one subject cost a few signature checks. Only whole candidate paths reach certvalidator. Nothing is fetched.
"""

from collections.abc import Coroutine, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.authority import CertTrustAnchor
from pyhanko_certvalidator.errors import (
    CRLNoMatchesError,
    CRLValidationError,
    CRLValidationIndeterminateError,
    DisallowedAlgorithmError,
    RevokedError,
    ValidationError,
)
from pyhanko_certvalidator.path import ValidationPath
from pyhanko_certvalidator.policy_decl import (
    CertRevTrustPolicy,
    RevocationCheckingPolicy,
    RevocationCheckingRule,
)
from pyhanko_certvalidator.revinfo.validate_crl import verify_crl
from pyhanko_certvalidator.validate import async_validate_path

from verify.certificates import PARSE_ERRORS, Certificate
from verify.evidence import Evidence, RevocationList, lists_for_whole_algorithm, load_all
from verify.path_rules import ChainLimits, PolicyInputs, broken_rule
from verify.purposes import ANY, Purpose
from verify.report import Finding, Verdict, worst
from verify.revocation import (
    NO_EVIDENCE,
    Revocation,
    Standing,
    Statement,
    by_lists,
    by_ocsp,
    judge,
    names_source,
)
from verify.trust import Trust
from verify.words import finding

FAR: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class PathResult:
    """What was seen of a certificate at a moment."""

    findings: tuple[Finding, ...]
    path: tuple[Certificate, ...]  # signer first, root last; the signer alone if no root was reached
    revocations: tuple[Revocation, ...] = ()  # of the path without its root

    @property
    def verdict(self) -> Verdict:
        return worst(self.findings)


@dataclass(slots=True)
class _Search:
    """The work that one search may still do."""

    checks_left: int
    steps_left: int
    forged: bool = False
    exhausted: bool = False


class PathChecker:
    """Judges certificates against one set of anchors and material; made once per file and kept for all of it."""

    def __init__(
        self,
        trust: Trust,
        *,
        extra: Iterable[bytes] = (),
        evidence: Evidence | None = None,
        limits: ChainLimits | None = None,
    ) -> None:
        """`extra` are DER certificates from anywhere. What cannot be read, or is beyond the limits, is left out."""
        self._limits = limits or ChainLimits()
        self._anchors = load_all(anchor.public_bytes(Encoding.DER) for anchor in trust.anchors)
        own = [one.public_bytes(Encoding.DER) for one in trust.certificates]
        wanted = list(dict.fromkeys([*own, *extra]))
        self._pool = load_all(wanted[: self._limits.max_certificates])
        self.left_out = max(0, len(wanted) - self._limits.max_certificates)
        given = Evidence.of(crls=trust.crls, ocsps=trust.ocsp_responses)
        self._evidence = (evidence or Evidence()) + given
        self._loaded = {one.der: one for one in (*self._anchors, *self._pool)}
        self._by_subject: dict[str, list[Certificate]] = {}
        for one in dict.fromkeys((*self._anchors, *self._pool)):
            self._by_subject.setdefault(one.subject_key, []).append(one)
        self._known: dict[tuple[bytes, bytes], bool] = {}
        self._seen: dict[tuple[object, ...], PathResult] = {}
        self._standings: dict[tuple[object, ...], Revocation] = {}

    def load(self, der: bytes) -> Certificate:
        """The certificate, parsed once for all the questions about it.

        Raises:
            MalformedCertificateError: it is none.
        """
        if der not in self._loaded:
            self._loaded[der] = Certificate.load(der)
        return self._loaded[der]

    def altered(self, embedded: Iterable[bytes]) -> bool:
        """Whether one of these DER certificates was damaged on its way.

        It is none, or it names an issuer known here that did not sign it, or it is a false copy of one known here. Of a
        stranger that breaks a rule nothing is said.
        """
        return any(self._is_altered(Certificate(der)) for der in list(embedded)[: self._limits.max_certificates])

    def _is_altered(self, one: Certificate) -> bool:
        if one in self._anchors:
            return False
        try:
            namesakes = [other for other in self._by_subject.get(one.issuer_key, ()) if one.names_issuer(other)]
            if any(self._signed(one, other) for other in namesakes):
                return False
            known = {other.parsed.serial_number for other in (*self._anchors, *self._pool) if other != one}
            return bool(namesakes) or one.parsed.serial_number in known
        except PARSE_ERRORS:
            return True

    def _signed(self, child: Certificate, issuer: Certificate) -> bool:
        if (child.der, issuer.der) not in self._known:
            self._known[child.der, issuer.der] = child.signed_by(issuer)
        return self._known[child.der, issuer.der]

    def check(
        self,
        certificate: Certificate,
        *,
        at: datetime,
        now: datetime,
        proven: bool = False,
        purpose: Purpose = ANY,
        policy: PolicyInputs | None = None,
        revoked_as_of: datetime | None = None,
    ) -> PathResult:
        """Judge the certificate at the moment `at`.

        `proven` says that a time-stamp vouches for `at`; otherwise `at` is now. `revoked_as_of` is the moment for the
        question of revocation where that is another one.
        """
        key = (certificate.der, at, now, proven, purpose, policy, revoked_as_of)
        if key not in self._seen:
            self._seen[key] = self._judge(
                certificate, at, now, proven, purpose, policy or PolicyInputs(), revoked_as_of or at
            )
        return self._seen[key]

    def _judge(
        self,
        certificate: Certificate,
        at: datetime,
        now: datetime,
        proven: bool,  # noqa: FBT001 -- the public method takes it by keyword
        purpose: Purpose,
        policy: PolicyInputs,
        revoked_as_of: datetime,
    ) -> PathResult:
        usage = purpose.finding_for(certificate)
        search = _Search(checks_left=self._limits.max_signature_checks, steps_left=self._limits.max_steps)
        first: tuple[tuple[Certificate, ...], Finding] | None = None
        for number, path in enumerate(self._paths(certificate, search)):
            if number == self._limits.max_paths:
                break
            wrong = self._objection(path, at, proven=proven, policy=policy)
            if wrong is None:
                return self._stands(path, usage, at=revoked_as_of, now=now, proven=proven)
            first = first or (path, wrong)
        if first is not None:
            return PathResult(findings=(usage, first[1]), path=first[0])
        return PathResult(findings=(usage, self._no_path(certificate, search)), path=(certificate,))

    def _no_path(self, certificate: Certificate, search: _Search) -> Finding:
        if search.forged:
            return finding("path.forged", subject=certificate.subject)
        if search.exhausted or self.left_out:
            return finding("path.too-complex", what=f"{self.left_out + len(self._pool)} certificates")
        return finding("path.unknown-issuer", subject=certificate.subject)

    # -- the search

    def _paths(self, leaf: Certificate, search: _Search) -> Iterator[tuple[Certificate, ...]]:
        """Whole candidate paths, every signature in them checked."""
        if leaf in self._anchors:
            yield (leaf,)
            return
        waiting: list[tuple[Certificate, ...]] = [(leaf,)]
        while waiting:
            if search.steps_left == 0:
                search.exhausted = True
                return
            search.steps_left -= 1
            path = waiting.pop()
            further: list[tuple[Certificate, ...]] = []
            for issuer in self._issuers(path, search):
                if issuer in self._anchors:
                    yield (*path, issuer)
                elif len(path) + 1 < self._limits.max_depth:
                    further.append((*path, issuer))
                else:
                    search.exhausted = True
            waiting += reversed(further)

    def _issuers(self, path: tuple[Certificate, ...], search: _Search) -> Iterator[Certificate]:
        child = path[-1]
        for one in self._by_subject.get(child.issuer_key, ()):
            if one in path or not child.names_issuer(one):
                continue
            if (child.der, one.der) not in self._known:
                if search.checks_left == 0:
                    search.exhausted = True
                    return
                search.checks_left -= 1
            if self._signed(child, one):
                yield one
            elif one in self._anchors and child.parsed.authority_key_identifier == one.parsed.key_identifier:
                search.forged = True

    # -- judging one path

    def _objection(
        self, path: tuple[Certificate, ...], at: datetime, *, proven: bool, policy: PolicyInputs
    ) -> Finding | None:
        """What is wrong with the path apart from revocation, or None."""
        for one in path:
            if at < one.not_before:
                return finding("path.not-yet-valid", subject=one.subject, moment=one.not_before.isoformat())
            if at > one.not_after:
                ident = "path.expired" if proven else "path.expired-unproven"
                return finding(ident, subject=one.subject, moment=one.not_after.isoformat())
        what: Finding | str | None = broken_rule(path, self._limits)
        if what is None and len(path) > 1:
            what = self._by_rfc_5280(path, at, policy)
        if isinstance(what, Finding) or what is None:
            return what
        return finding("path.invalid", subject=path[0].subject, what=what)

    def _by_rfc_5280(self, path: tuple[Certificate, ...], at: datetime, policy: PolicyInputs) -> Finding | str | None:
        rule = RevocationCheckingRule.NO_CHECK
        context = self._context(path, at, RevocationCheckingPolicy(rule, rule))
        try:
            _run(async_validate_path(context, _for_validator(path), parameters=policy.for_validator()))
        except DisallowedAlgorithmError as exc:
            return finding("path.weak", what=exc)
        except (ValidationError, *PARSE_ERRORS) as exc:
            return str(exc)
        return None

    def _context(
        self,
        path: tuple[Certificate, ...],
        at: datetime,
        checking: RevocationCheckingPolicy,
        *,
        lists: Sequence[RevocationList] = (),
        others: Sequence[Certificate] = (),
    ) -> ValidationContext:
        return ValidationContext(
            trust_roots=[_anchor(path[-1])],
            other_certs=[one.parsed for one in others],
            crls=lists_for_whole_algorithm(lists),
            moment=at,
            allow_fetching=False,
            revinfo_policy=CertRevTrustPolicy(checking),
            time_tolerance=timedelta(0),
        )

    # -- revocation

    def _stands(
        self, path: tuple[Certificate, ...], usage: Finding, *, at: datetime, now: datetime, proven: bool
    ) -> PathResult:
        trusted = finding("path.trusted", subject=path[0].subject, root=path[-1].distinguished)
        revocations = tuple(self._standing(path[depth:], at, now) for depth in range(len(path) - 1))
        spoken = [_spoken(one, found, proven=proven) for one, found in zip(path, revocations, strict=False)]
        return PathResult(findings=(usage, trusted, *spoken), path=path, revocations=revocations)

    def _standing(self, path: tuple[Certificate, ...], at: datetime, now: datetime) -> Revocation:
        key = (*(one.der for one in path[:2]), at, now)
        if key not in self._standings:
            self._standings[key] = Revocation(standing=Standing.UNKNOWN)  # a responder cannot vouch for itself
            self._standings[key] = self._standing_afresh(path, at, now)
        return self._standings[key]

    def _standing_afresh(self, path: tuple[Certificate, ...], at: datetime, now: datetime) -> Revocation:
        certificate, issuer = path[:2]

        def whole_algorithm(lists: Sequence[RevocationList]) -> Statement:
            return self._by_rfc_5280_lists(path, at, lists)

        def responder_stands(responder: Certificate) -> bool:
            return self._standing((responder, *path[1:]), at, now).standing is Standing.GOOD

        statements = by_lists(certificate, issuer, self._evidence, whole_algorithm=whole_algorithm)
        statements += by_ocsp(certificate, issuer, self._evidence, responder_stands=responder_stands)
        return judge(statements, at=at, now=now, end=certificate.not_after)

    def _by_rfc_5280_lists(
        self, path: tuple[Certificate, ...], at: datetime, lists: Sequence[RevocationList]
    ) -> Statement:
        """RFC 5280 §6.3 in full, freshness included. Anything but a clear answer is not good."""
        rule = RevocationCheckingRule.CRL_REQUIRED
        context = self._context(
            path, at, RevocationCheckingPolicy(rule, rule), lists=lists, others=self._list_issuers()
        )
        dates = [one.native.last_update_utc for one in lists if one.native is not None]
        issued = max((date for date in dates if date <= at), default=at)
        try:
            _run(verify_crl(path[0].parsed, _for_validator(path), context))
        except RevokedError as exc:
            reason: str = exc.reason.native
            return Statement(
                source="CRL", this_update=issued, next_update=FAR, revoked_at=exc.revocation_dt, reason=reason
            )
        except (ValidationError, CRLNoMatchesError, CRLValidationError, CRLValidationIndeterminateError, *PARSE_ERRORS):
            return Statement(source="CRL", this_update=issued, next_update=FAR, good=False)
        return Statement(source="CRL", this_update=issued, next_update=FAR)

    def _list_issuers(self) -> list[Certificate]:
        """Certificates that may sign CRLs; where too many share a name, none of them."""
        able = [one for one in self._pool if one.key_usage is not None and "crl_sign" in one.key_usage]
        names = [one.subject_key for one in able]
        most = self._limits.max_list_issuers
        return [one for one, name in zip(able, names, strict=True) if names.count(name) <= most]


def validate_path(
    certificate: bytes,
    *,
    trust: Trust,
    extra: Iterable[bytes] = (),
    crls: Iterable[bytes] = (),
    ocsps: Iterable[bytes] = (),
    at: datetime,
    now: datetime,
    proven: bool = False,
    purpose: Purpose = ANY,
    policy: PolicyInputs | None = None,
    limits: ChainLimits | None = None,
) -> PathResult:
    """Judge one DER certificate at the moment `at`; see `PathChecker.check`.

    Raises:
        MalformedCertificateError: the bytes are not a certificate.
    """
    evidence = Evidence.of(crls=crls, ocsps=ocsps)
    checker = PathChecker(trust, extra=extra, evidence=evidence, limits=limits)
    return checker.check(Certificate.load(certificate), at=at, now=now, proven=proven, purpose=purpose, policy=policy)


def _spoken(certificate: Certificate, found: Revocation, *, proven: bool) -> Finding:
    subject, words = certificate.subject, found.words
    if found.standing is Standing.REVOKED:
        return finding("revocation.revoked" if proven else "revocation.revoked-unproven", subject=subject, status=words)
    if found.standing is Standing.GOOD:
        return finding(
            "revocation.good" if found.revoked_at is None else "revocation.later", subject=subject, status=words
        )
    excused = certificate.is_authority or certificate.parsed.ocsp_no_check_value is not None
    if excused and found.why is NO_EVIDENCE and not names_source(certificate):
        return finding("revocation.not-published", subject=subject)
    return finding("revocation.unknown", subject=subject, status=words)


def _anchor(root: Certificate) -> CertTrustAnchor:
    return CertTrustAnchor(root.parsed, derive_default_quals_from_cert=True)


def _for_validator(path: tuple[Certificate, ...]) -> ValidationPath:
    return ValidationPath(_anchor(path[-1]), [one.parsed for one in reversed(path[1:-1])], path[0].parsed)


def _run(work: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine that never waits: nothing is fetched, so there is no event loop to start."""
    try:
        work.send(None)
    except StopIteration as done:
        return done.value
    finally:
        work.close()
    raise NotImplementedError("certvalidator waited for something although fetching is off")
