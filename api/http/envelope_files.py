"""The files of an envelope over HTTP: documents, pages as pictures, report, archive, attachments."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from api.acts import envelope_answers
from api.acts.envelope_access import visible
from api.acts.envelope_preview import page_png
from api.db.envelope_records import DocumentRecord, Whole
from api.errors import NotFoundError
from api.http.deps import OfficeDep
from api.http.envelope_caller import WhoDep
from api.http.envelopes_schemas import AttachmentList, AttachmentOut
from api.http.media import Bytes, Pdf, Png, Zip

router = APIRouter(tags=["envelopes"])


def _document(whole: Whole, document_id: str) -> DocumentRecord:
    found = whole.document(document_id)
    if found is None:
        raise NotFoundError(f"the envelope has no document {document_id}")
    return found


def _headers(office: OfficeDep, name: str, shown: str) -> dict[str, str]:
    return {
        "Content-Disposition": f'attachment; filename="{shown}"',
        "Content-Length": str(office.objects.size(name)),
    }


@router.get("/envelopes/{envelope_id}/documents/{document_id}/file", response_class=Pdf)
def document(
    envelope_id: str,
    document_id: str,
    office: OfficeDep,
    who: WhoDep,
    state: Annotated[Literal["current", "frozen", "source"], Query()] = "current",
) -> Pdf:
    """A document as it stands, as it was frozen, or as it came."""
    one = _document(envelope_answers.viewed(office, who, envelope_id, document_id), document_id)
    names = {"current": one.current_object, "frozen": one.frozen_object, "source": one.source_object}
    name = names[state] or one.source_object
    headers = _headers(office, name, f"{state}-{one.id[:8]}.pdf")
    if state == "current" and one.current_sha256 is not None:
        headers["Vermilion-Revision"] = str(one.revision)
    return Pdf(office.objects.stream(name), headers=headers)


@router.get("/envelopes/{envelope_id}/documents/{document_id}/pages/{number}", response_class=Png)
def page(
    envelope_id: str,
    document_id: str,
    number: int,
    office: OfficeDep,
    who: WhoDep,
    width: Annotated[int, Query(ge=100, le=2000, description="in pixels")] = 1000,
) -> Png:
    """One page of a document, as it stands, as a picture; `Vermilion-Page-Size` says its width and height in mm."""
    one = _document(envelope_answers.viewed(office, who, envelope_id, document_id), document_id)
    made = page_png(office, one, number, width=width)
    return Png(made.png, headers={"Vermilion-Page-Size": f"{made.width_mm:.2f} {made.height_mm:.2f}"})


@router.get("/envelopes/{envelope_id}/report", response_class=Pdf)
def report(envelope_id: str, office: OfficeDep, who: WhoDep) -> Pdf:
    """The evidence report of a completed envelope."""
    with office.reading() as work:
        name = visible(work, who, envelope_id).record.report
    if name is None:
        raise NotFoundError("there is no report yet; it is made when the envelope is completed")
    return Pdf(office.objects.stream(name), headers=_headers(office, name, f"report-{envelope_id[:8]}.pdf"))


@router.get("/envelopes/{envelope_id}/archive", response_class=Zip)
def archive(envelope_id: str, office: OfficeDep, who: WhoDep) -> Zip:
    """Everything of a completed envelope in one sealed container (ASiC-E)."""
    with office.reading() as work:
        name = visible(work, who, envelope_id).record.archive
    if name is None:
        raise NotFoundError("there is no archive yet; it is made when the envelope is completed")
    return Zip(office.objects.stream(name), headers=_headers(office, name, f"envelope-{envelope_id[:8]}.asice"))


@router.get("/envelopes/{envelope_id}/attachments")
def attachments(envelope_id: str, office: OfficeDep, who: WhoDep) -> AttachmentList:
    """The files that go with the envelope."""
    with office.reading() as work:
        visible(work, who, envelope_id)
        found = work.envelopes.attachments(envelope_id)
    return AttachmentList(items=[AttachmentOut.of(one) for one in found])


@router.get("/envelopes/{envelope_id}/attachments/{attachment_id}/file", response_class=Bytes)
def attachment(envelope_id: str, attachment_id: str, office: OfficeDep, who: WhoDep) -> Response:
    """One of them."""
    with office.reading() as work:
        visible(work, who, envelope_id)
        found = next((one for one in work.envelopes.attachments(envelope_id) if one.id == attachment_id), None)
    if found is None:
        raise NotFoundError(f"the envelope has no attachment {attachment_id}")
    return Bytes(
        office.objects.stream(found.object), headers=_headers(office, found.object, f"attachment-{found.id[:8]}")
    )
