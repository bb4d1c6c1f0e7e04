"""What a court asks about a concluded contract: who, what, when, how proven, by which key (电子签名法 §13).

Facts only, and no key, database or clock: `api` maps its records to these, seals/evidence_json.py writes and reads them
back, seals/evidence_report.py sets them for reading. Texts are as recorded; codes (`kind`, `role`, …) are worded by the
report in both languages, and one that it does not know is shown as it is.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from verify.report import Verdict

VERSION = 1


class PartyKind(StrEnum):
    """Who can be a party."""

    ENTERPRISE = "enterprise"
    PERSON = "person"


class Means(StrEnum):
    """How it is known who somebody is."""

    LICENCE = "licence"  # an electronic business licence in force; reference = number, detail = version
    MEMBERSHIP = "membership"  # enrolled for the enterprise; reference = role
    INVITATION = "invitation"  # enrolled with a one-time code; reference = who invited
    SERVICE_HALL = "service-hall"  # enrolled at the counter of the authority; reference = clerk
    PASSKEY = "passkey"  # registered credential; reference = credential id
    CERTIFICATE = "certificate"  # reference = serial number
    OTHER = "other"


class GroundsKind(StrEnum):
    """By which right a seal was used."""

    REPRESENTATIVE = "representative"  # legal representative, by law
    MANDATE = "mandate"  # a person under a mandate
    REQUEST = "request"  # an approved seal-use request
    AUTOMATIC = "automatic"  # a machine under a mandate that says so
    REMOTE = "remote"  # over the remote signing interface (CSC)
    PERSON = "person"  # a person signs in the own name


class Relation(StrEnum):
    """How another contract belongs to this one."""

    RESCINDS = "rescinds"
    RESCINDED_BY = "rescinded-by"
    FRAMEWORK = "framework"
    CALL_OFF = "call-off"
    ATTACHMENT = "attachment"


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentFact:
    """One document of the contract, as frozen before the first seal and as concluded."""

    name: str
    frozen_sha256: bytes
    concluded_sha256: bytes
    size: int  # bytes, as concluded
    pages: int
    revisions: int  # of the concluded PDF


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityFact:
    """One piece of how a party or person was identified."""

    means: Means
    reference: str  # see Means
    detail: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyFact:
    """A party to the contract."""

    kind: PartyKind
    name: str
    code: str  # USCC, or identity of the person
    role: str  # sign, approve, copy
    capacity: str = ""  # such as 甲方
    representative: str = ""  # legal representative by the licence
    identified: tuple[IdentityFact, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateFact:
    """The certificate of the key that signed."""

    subject: str
    issuer: str
    serial: str  # hexadecimal
    not_before: datetime
    not_after: datetime
    sha256: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class StampFact:
    """The time-stamp over a signature."""

    time: datetime
    authority: str  # subject of its certificate
    serial: str  # of the token, hexadecimal


@dataclass(frozen=True, slots=True, kw_only=True)
class MandateFact:
    """A mandate under which a seal was used: who gave what to whom, within which limits."""

    id: str
    grantors: tuple[str, ...]  # "name (USCC)"
    grantee: str
    text: str  # what it allows, in words
    limits: tuple[str, ...] = ()  # amount, pages, uses, seals, matters; one each
    not_before: datetime | None = None
    not_after: datetime | None = None
    accepted_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalFact:
    """One decision on a seal-use request, in the order given."""

    request: str
    person: str  # name
    person_id: str
    decision: str  # approved, refused
    at: datetime
    assertion: str | None = None  # id of the AssertionFact
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroundsFact:
    """The right by which a seal was used."""

    kind: GroundsKind
    actor: str  # the name in the log
    person: str | None = None  # identity of the person
    machine: str | None = None
    assertion: str | None = None  # id of the AssertionFact
    mandate: MandateFact | None = None
    request: str | None = None
    approvals: tuple[ApprovalFact, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureFact:
    """One seal or signature on one document."""

    document: int  # place among `documents`, from 1
    party: int  # place among `parties`, from 1
    field: str
    seal_code: str | None = None  # None: a person's signature without a seal
    seal_kind: str | None = None
    level: str = ""  # PAdES level
    algorithm: str = ""  # such as ecdsa-sha256
    certificate: CertificateFact | None = None
    stamp: StampFact | None = None  # None: no time-stamp; the policy says why
    signed_at: datetime | None = None  # by the clock of the service
    document_sha256: bytes | None = None  # of the base revision that was agreed to
    use: str = ""  # identity of the seal use
    intent_sha256: bytes | None = None  # of the exact bytes that the key signed, recorded before it did
    sealed_sha256: bytes | None = None  # of the file with this signature in it
    grounds: GroundsFact | None = None
    verdict: Verdict = Verdict.INDETERMINATE  # of the check made when this file was made
    findings: tuple[str, ...] = ()  # in words, of what did not pass


@dataclass(frozen=True, slots=True, kw_only=True)
class AssertionFact:
    """A passkey assertion (WebAuthn) over an intent: sole control when signing."""

    id: str
    person: str  # name
    person_id: str
    credential: str  # its id, base64url
    intent: str  # canonical JSON whose SHA-256 is the challenge
    challenge: bytes
    user_verified: bool
    origin: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFact:
    """One step of the envelope's log; each holds the hash of the one before."""

    number: int  # from 1
    at: datetime
    actor: str
    act: str
    detail: str = ""
    hash: bytes = b""
    previous: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceFact:
    """Another contract that this one refers to, or that refers to this one."""

    relation: Relation
    id: str
    title: str = ""
    sha256: bytes | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyFact:
    """A rule that decided something, such as what to do while no time-stamp can be had."""

    name: str  # such as timestamp
    rule: str  # such as wait, degrade
    outcome: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentFact:
    """Where it was signed and kept (法院电子数据规定 §11: environment, storage, integrity, extraction)."""

    service: str  # name and version
    key_store: str
    hardware: bool  # False: software keys, which is said in the report
    storage: str
    clock: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceFile:
    """Everything about one contract."""

    number: str  # of this report
    envelope: str
    title: str
    state: str  # completed, rescinded, …
    authority: str
    authority_latin: str = ""
    created_at: datetime
    concluded_at: datetime | None = None
    produced_at: datetime
    reference_numbers: tuple[str, ...] = ()
    documents: tuple[DocumentFact, ...]
    parties: tuple[PartyFact, ...]
    signatures: tuple[SignatureFact, ...]
    assertions: tuple[AssertionFact, ...] = ()
    steps: tuple[StepFact, ...] = ()
    references: tuple[ReferenceFact, ...] = ()
    policies: tuple[PolicyFact, ...] = ()
    environment: EnvironmentFact
