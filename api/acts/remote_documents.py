"""Sealing whole documents, or the digests of documents, over the remote signing interface (CSC 2.0.0.2 §11.11)."""

from base64 import b64decode
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from io import BytesIO
from typing import Final

from cryptography.hazmat.primitives.serialization import Encoding

from api.acts.evidence import OfficeEvidence
from api.acts.office import Office
from api.acts.remote_algorithms import digest_name, signature_algorithm
from api.acts.remote_rights import Caller
from api.acts.remote_signing import Turn, in_turn, require_fit, reserve, use_order
from api.acts.timestamping import OfficeTimeStamper
from api.acts.uses import OpenUse, open_use
from api.db.remote import Authorisation, AuthorisedHash
from api.errors import OAuthError
from hsm.signer import SignatureAlgorithm
from seals import timestamps
from seals.pdf_input import Limits
from seals.placement import Invisible
from seals.signing import Level, SealIntent, seal_pdf
from verify import cms
from verify.algorithms import SIGNATURE_ALGORITHMS

PADES: Final = "P"
CADES: Final = "C"
CERTIFICATION: Final = "Certification"  # CSC 2.0.0.2, signed_envelope_property of PAdES
REVISION: Final = "Revision"
DOCMDP_FORMS: Final = 2  # filling forms and signing stay allowed, ISO 32000-2 §12.8.2.2
DIGEST_LEVELS: Final = frozenset({Level.B_B, Level.B_T})  # higher ones need the document


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentOrder:
    """One document to be sealed (`content`), or the digest of one that stays with the client."""

    content: bytes | None
    digest: bytes | None
    hash_oid: str | None
    sign_oid: str
    parameters: bytes | None
    form: str  # P or C
    level: Level
    certify: bool = False

    @property
    def authorised(self) -> bytes:
        """The hash that has to be authorised: SHA-256 of a document, or the digest itself."""
        if self.content is not None:
            return sha256(self.content).digest()
        return self.digest or b""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedDocument:
    """A sealed document, or a detached signature."""

    content: bytes
    whole: bool


def sign_documents(
    office: Office, caller: Caller, *, credential: str, sad: str, orders: list[DocumentOrder]
) -> list[SignedDocument]:
    """Seal in order; each document takes one authorised hash.

    Raises:
        OAuthError: the SAD is not good for these documents, or a format or level is not to be had.
        SealError, HsmError: a document was refused, or the key could not be used.
    """
    for order in orders:
        _check(order)
    digests = {digest_name(order.hash_oid, (order.authorised,)) for order in orders}
    if len(digests) != 1:
        raise OAuthError("invalid_request", "all documents of one request have the same hash algorithm")
    digest = digests.pop()
    algorithms = [signature_algorithm(order.sign_oid, digest, order.parameters) for order in orders]
    hashes = [order.authorised for order in orders]
    found, rows = reserve(office, caller, sad=sad, credential=credential, hashes=hashes, digest=digest)
    todo = dict(zip((row.number for row in rows), zip(orders, algorithms, strict=True), strict=True))

    def sign(row: AuthorisedHash) -> SignedDocument:
        order, algorithm = todo[row.number]
        return _sign(office, caller, found, row, order, algorithm, digest)

    return in_turn(office, rows, sign)


def _check(order: DocumentOrder) -> None:
    if order.form not in {PADES, CADES}:
        raise OAuthError("invalid_request", "Invalid parameter signature_format: P and C are made here")
    if (order.digest is not None or order.form == CADES) and order.level not in DIGEST_LEVELS:
        raise OAuthError("invalid_request", "Invalid parameter conformance_level: a digest gets AdES-B-B or AdES-B-T")


def _sign(
    office: Office,
    caller: Caller,
    found: Authorisation,
    row: AuthorisedHash,
    order: DocumentOrder,
    algorithm: SignatureAlgorithm,
    digest: str,
) -> SignedDocument:
    turn = Turn(office, row)
    pdf = order.content is not None and order.form == PADES
    try:
        with open_use(office, use_order(found, row, caller, level=order.level.value)) as using:
            made = (
                _pdf(office, using, turn, order, algorithm)
                if pdf
                else _detached(office, using, turn, order, algorithm, digest)
            )
            with office.work() as work:
                using.done(
                    work, sealed_sha256=sha256(made).digest(), name=None, at=office.now(), authorisation=found.id
                )
                work.remote.consume(row.authorisation, row.number)
                work.commit()
    except BaseException as exc:
        turn.end(exc)
        raise
    return SignedDocument(content=made, whole=pdf)


def _pdf(office: Office, using: OpenUse, turn: Turn, order: DocumentOrder, algorithm: SignatureAlgorithm) -> bytes:
    require_fit(using, algorithm)

    def authorise(intent: SealIntent) -> None:
        if turn.touched:
            using.authorise(intent)  # a second attempt, with more room for the signature
        else:
            turn.authorise(using, partial(using.authorise, intent))

    target = BytesIO()
    seal_pdf(
        BytesIO(order.content or b""),
        target,
        key=replace(using.key, algorithm=algorithm),
        placement=Invisible(),
        picture=None,
        level=order.level,
        timestamper=OfficeTimeStamper(office),
        revocation=OfficeEvidence(office),
        now=office.now(),
        certify=DOCMDP_FORMS if order.certify else None,
        limits=Limits(max_bytes=office.settings.max_document_bytes),
        authorise=authorise,
    )
    return target.getvalue()


def _detached(
    office: Office, using: OpenUse, turn: Turn, order: DocumentOrder, algorithm: SignatureAlgorithm, digest: str
) -> bytes:
    """CMS over a digest: CAdES (ETSI EN 319 122-1 §6), or what goes into a PDF (PAdES: no signing time in it)."""
    key, stamper = using.key, OfficeTimeStamper(office)
    require_fit(using, algorithm)

    def sign(attributes: bytes) -> bytes:
        turn.authorise(using, partial(using.authorise_bytes, sha256(attributes).digest()))
        return key.signer.sign(attributes, algorithm)

    def stamped(signature: bytes) -> list[bytes]:
        if not order.level.stamped:
            return []
        token = timestamps.stamp(stamper, timestamps.digest(signature, digest), digest)
        return [cms.attribute(cms.SIGNATURE_TIMESTAMP, token.der)]

    issuers = (one for one in key.chain if one.issuer != one.subject)
    return cms.signed_data(
        content_type=cms.ID_DATA,
        content=None,
        message_digest=order.authorised,
        digest_name=digest,
        signer_certificate=key.certificate,
        certificates=[one.public_bytes(Encoding.DER) for one in (key.certificate, *issuers)],
        signature_algorithm=SIGNATURE_ALGORITHMS[algorithm],
        sign=sign,
        signing_time=office.now() if order.form == CADES else None,
        unsigned_attributes=stamped,
    )


def level_of(text: str) -> Level:
    """`AdES-B-T` and the like; the specification spells them `Ades-…` in places.

    Raises:
        OAuthError: no such level.
    """
    kind, _, level = text.partition("-")
    if kind.lower() != "ades" or level not in {one.value for one in Level}:
        raise OAuthError("invalid_request", "Invalid parameter conformance_level")
    return Level(level)


def document_of(text: str) -> bytes:
    """Raises:
    OAuthError: not base64.
    """
    try:
        return b64decode(text, validate=True)
    except ValueError as exc:
        raise OAuthError("invalid_request", "Invalid Base64 document string parameter") from exc
