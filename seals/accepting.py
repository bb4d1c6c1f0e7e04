"""Whether a file is still the one that was frozen, and whether an update by somebody else did what it may and no more."""

import os
from collections.abc import Iterable
from typing import Any, BinaryIO

from asn1crypto import cms
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis.policy_api import SuspiciousModification
from pyhanko.sign.fields import enumerate_sig_fields

from seals.digesting import digest_of
from seals.errors import DocumentRefusedError, PlacementError, Reason
from seals.objects import entry
from seals.pdf_input import Limits
from seals.slots import FieldKind, Frozen, SignedSlot
from verify.errors import MalformedCertificateError
from verify.pdf_rules import WatchedForm, compare
from verify.pdf_signature import Field, read_field
from verify.pdf_structure import PDF_ERRORS, Opened, PdfLimits, UnreadablePdfError, covers_whole, digests, open_pdf
from verify.signed_data import SignedData


def check_frozen(source: BinaryIO, frozen: Frozen) -> None:
    """Make sure that the document begins with the base revision.

    Raises:
        DocumentRefusedError: `changed-since-freeze`.
    """
    if source.seek(0, os.SEEK_END) < frozen.size or digest_of(source, frozen.size) != frozen.sha256:
        raise DocumentRefusedError(Reason.CHANGED_SINCE_FREEZE, "the document is not the one that was laid out")


def accept_revision(
    before: BinaryIO,
    after: BinaryIO,
    *,
    slot: str,
    frozen: Frozen,
    limits: Limits = Limits(),  # noqa: B008 - a frozen value
) -> SignedSlot:
    """Return the facts of the one update that `after` has over `before`: the signature of this slot and nothing else.

    The file's own description (title, dates, producer) may be written anew, as most programs do. Whether the signer's
    certificate is the right one, and believed, is for the caller to decide.

    Raises:
        PlacementError: the document has no such slot.
        DocumentRefusedError: `changed-since-freeze`, or `not-only-signed` with what else it is.
    """
    check_frozen(before, frozen)
    name = _signature_field(frozen, slot)
    size = before.seek(0, os.SEEK_END)
    whole = after.seek(0, os.SEEK_END)
    if whole > limits.max_bytes:
        raise DocumentRefusedError(Reason.TOO_LARGE, f"{whole} bytes; at most {limits.max_bytes} are accepted")
    if whole <= size or digest_of(after, size) != digest_of(before, size):
        raise _refusal("it does not begin with the document that was given out")
    pdf_limits = PdfLimits(max_bytes=limits.max_bytes)
    try:
        opened = open_pdf(after, pdf_limits)
        signed = _only_signed(open_pdf(before, pdf_limits), opened, name, pdf_limits)
        return _facts(opened, signed, slot, whole)
    except UnreadablePdfError as exc:
        raise _refusal(f"it cannot be read ({exc.ident})") from exc
    except SuspiciousModification as exc:
        raise _refusal("it changes more than the signature") from exc
    except PDF_ERRORS as exc:
        raise _refusal(f"it is damaged ({type(exc).__name__})") from exc


def _signature_field(frozen: Frozen, slot: str) -> str:
    for field in frozen.of(slot):
        if field.kind is FieldKind.SIGNATURE:
            return field.name
    raise PlacementError(f"the document has no slot “{slot}”")


def _only_signed(before: Opened, after: Opened, name: str, limits: PdfLimits) -> Field:
    """Return the one new signature; nothing else may be new."""
    reader = after.reader
    added = reader.total_revisions - before.reader.total_revisions
    if added != 1:
        raise _refusal(f"it holds {added} updates instead of one")
    new = set(_filled(reader)) - set(_filled(before.reader))
    if new != {name} or _all_fields(reader) != _all_fields(before.reader):
        raise _refusal(f"it signs {', '.join(sorted(new)) or 'nothing'} instead of {name}")
    last = reader.total_revisions - 1
    old, latest = reader.get_historical_resolver(last - 1), reader.get_historical_resolver(last)
    first = not set(_filled(before.reader))
    touched = compare(WatchedForm(), old, latest, certifying=first).changed_form_fields
    if touched - {name}:
        raise _refusal(f"it fills other fields: {', '.join(sorted(touched - {name}))}")
    _, _, raw = next(iter(enumerate_sig_fields(reader, with_name=name)))
    _check_permissions(reader, raw, first=first)
    return read_field(name, raw.get_object(), after, limits)


def _check_permissions(reader: PdfFileReader, raw: Any, *, first: bool) -> None:
    """The catalog may come to name this signature as the document's certification, and no other."""
    named = entry(reader.root, "/Perms")
    signature = raw.get_object().raw_get("/V").reference
    if first and named is not None and (set(named) != {"/DocMDP"} or named.raw_get("/DocMDP").reference != signature):
        raise _refusal("it gives permissions that are not those of its certification")


def _filled(reader: PdfFileReader) -> Iterable[str]:
    return (name for name, _, _ in enumerate_sig_fields(reader, filled_status=True))


def _all_fields(reader: PdfFileReader) -> set[str]:
    return {name for name, _, _ in enumerate_sig_fields(reader)}


def _facts(opened: Opened, field: Field, slot: str, size: int) -> SignedSlot:
    signed, covered = field.signed, field.signed_range
    for problem in field.problems:
        raise _refusal(problem.text)
    if signed is None or covered is None or field.stamp or opened.tail or not covers_whole(opened, covered):
        raise _refusal("its signature does not cover the whole file")
    digest = digests(opened.document, [(covered, field.digest)])[covered, field.digest]
    certificate = _signer(signed, digest)
    return SignedSlot(
        slot=slot,
        field=field.name,
        sha256=digest_of(opened.document, size),
        size=size,
        digest_name=field.digest,
        digest=digest,
        signature=cms.ContentInfo.load(_contents(field)).dump(),  # without the padding
        certificate=certificate,
        certifies=None if field.docmdp is None else int(field.docmdp.value),
    )


def _contents(field: Field) -> bytes:
    contents: bytes = field.reference.get_object().raw_get("/Contents").original_bytes
    return contents


def _signer(signed: SignedData, digest: bytes) -> bytes:
    """Return the certificate that the signature fits."""
    try:
        signer = signed.signer()
    except MalformedCertificateError as exc:
        raise _refusal("its certificate is malformed") from exc
    if signer is None:
        raise _refusal("its signature does not hold its signer's certificate")
    if objection := signed.objection(signer, digest):
        raise _refusal(objection.text)
    return signer.der


def _refusal(what: str) -> DocumentRefusedError:
    return DocumentRefusedError(Reason.NOT_ONLY_SIGNED, f"the signed document cannot be accepted: {what}")
