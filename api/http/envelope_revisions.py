"""Parties that sign with clients of their own, over HTTP."""

from typing import Annotated

from fastapi import APIRouter, File, Form, Response, UploadFile

from api.acts import envelope_revisions, envelope_run
from api.http.deps import OfficeDep, OnceDep, Remember, fingerprint_of
from api.http.envelope_caller import WhoDep
from api.http.envelopes_schemas import EnvelopeOut, PrepareIn
from api.http.media import Pdf
from api.scratch import sha256_of

router = APIRouter(tags=["envelopes"])


@router.post(
    "/envelopes/{envelope_id}/documents/{document_id}/prepared",
    response_class=Pdf,
    responses={409: {"description": "It is not this slot's turn, or no seal fits"}},
)
def prepare(envelope_id: str, document_id: str, body: PrepareIn, office: OfficeDep, who: WhoDep) -> Pdf:
    """The newest revision, filled for one slot, for the party's own client to sign the field `Vermilion-Field`."""
    made = envelope_revisions.prepare(
        office, who, envelope_id, document_id, body.slot, seal_code=body.seal, values=body.values
    )
    headers = {
        "Vermilion-Revision": str(made.revision),
        "Vermilion-Field": made.field,
        "Content-Length": str(office.objects.size(made.object)),
    }
    return Pdf(office.objects.stream(made.object), headers=headers)


@router.post("/envelopes/{envelope_id}/documents/{document_id}/revisions", response_model=EnvelopeOut)
def accept(
    envelope_id: str,
    document_id: str,
    office: OfficeDep,
    who: WhoDep,
    once: OnceDep,
    document: Annotated[UploadFile, File(description="the prepared PDF with one signature more")],
    slot: Annotated[str, Form(max_length=60)],
) -> Response:
    """Hand in what the party's client signed; it becomes the newest revision if it holds nothing else."""

    def act(remember: Remember) -> EnvelopeOut:
        whole = envelope_revisions.accept(office, who, envelope_id, document_id, slot, document.file)
        answer = EnvelopeOut.of(envelope_run.pursue(office, envelope_id) or whole)
        with office.work() as work:
            remember(work, answer)
            work.commit()
        return answer

    asked = fingerprint_of("envelope-revision", envelope_id, document_id, slot, sha256_of(document.file).hex())
    return once.run(who.token.id, asked, act, status=200)
