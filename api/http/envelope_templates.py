"""Templates of envelopes over HTTP: keep one, fill one, or send one for each row of a table."""

from typing import Annotated

from fastapi import APIRouter, File, Response, UploadFile
from pydantic import BaseModel, StringConstraints

from api.acts import envelope_templates
from api.errors import BadInputError
from api.http.deps import OfficeDep, OnceDep, Remember, fingerprint_of
from api.http.envelope_caller import WhoDep
from api.http.envelopes_schemas import EnvelopeOut, TemplateIn, TemplateList, TemplateOut
from api.http.schemas import Strict
from api.scratch import sha256_of

router = APIRouter(tags=["envelopes"])
Cell = Annotated[str, StringConstraints(max_length=2000)]


class FillTemplateIn(Strict):
    """Values by column, and whether the envelope is sent at once."""

    values: dict[Annotated[str, StringConstraints(max_length=128)], Cell]
    send: bool = True


class MadeOut(BaseModel):
    """A row that became an envelope."""

    row: int
    envelope: str


class RefusedOut(BaseModel):
    """A row that did not, the column at fault, and why."""

    row: int
    column: str
    reason: str


class SheetOut(BaseModel):
    """What became of a table, row by row."""

    made: list[MadeOut]
    refused: list[RefusedOut]


@router.post("/envelopes/{envelope_id}/template", status_code=201)
def keep(envelope_id: str, body: TemplateIn, office: OfficeDep, who: WhoDep) -> TemplateOut:
    """Make a template of a draft."""
    return TemplateOut.of(envelope_templates.keep(office, who, envelope_id, name=body.name))


@router.get("/envelope-templates")
def templates(office: OfficeDep, who: WhoDep) -> TemplateList:
    """The templates of the caller's enterprises."""
    with office.reading() as work:
        found = work.envelopes.templates_of(who.enterprises)
    return TemplateList(items=[TemplateOut.of(one) for one in found])


@router.get("/envelope-templates/{template_id}")
def one(template_id: str, office: OfficeDep, who: WhoDep) -> TemplateOut:
    """One template and the columns that it takes."""
    with office.reading() as work:
        return TemplateOut.of(envelope_templates.template(work, who, template_id))


@router.delete("/envelope-templates/{template_id}", status_code=204)
def withdraw(template_id: str, office: OfficeDep, who: WhoDep) -> None:
    """Take a template out of use."""
    envelope_templates.withdraw(office, who, template_id)


@router.post("/envelope-templates/{template_id}/envelopes", status_code=201, response_model=EnvelopeOut)
def fill(template_id: str, body: FillTemplateIn, office: OfficeDep, who: WhoDep, once: OnceDep) -> Response:
    """Make one envelope of a template."""

    def act(remember: Remember) -> EnvelopeOut:
        made = EnvelopeOut.of(envelope_templates.instantiate(office, who, template_id, body.values, send=body.send))
        with office.work() as work:
            remember(work, made)
            work.commit()
        return made

    return once.run(who.token.id, fingerprint_of("template", template_id, body.model_dump()), act)


@router.post("/envelope-templates/{template_id}/rows", response_model=SheetOut)
def rows(
    template_id: str,
    office: OfficeDep,
    who: WhoDep,
    once: OnceDep,
    table: Annotated[UploadFile, File(description="XLSX or CSV in UTF-8; the first row names the columns")],
) -> Response:
    """Send one envelope for each row. The Idempotency-Key is needed: rows sent under it are never sent twice."""
    if once.key is None:
        raise BadInputError("bulk sending needs an Idempotency-Key")
    kind = "xlsx" if (table.filename or "").lower().endswith(".xlsx") else "csv"
    key = f"{who.token.id}/{once.key}"

    def act(remember: Remember) -> SheetOut:
        sheet = envelope_templates.send_rows(office, who, template_id, table.file, kind=kind, key=key)
        answer = SheetOut(
            made=[MadeOut(row=one.row, envelope=one.envelope) for one in sheet.made],
            refused=[RefusedOut(row=one.row, column=one.column, reason=one.reason) for one in sheet.refused],
        )
        with office.work() as work:
            remember(work, answer)
            work.commit()
        return answer

    return once.run(
        who.token.id, fingerprint_of("template-rows", template_id, sha256_of(table.file).hex()), act, status=200
    )
