"""Templates (合同模板): a stored draft whose roles and fields are filled from JSON or from the rows of a table."""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Any, BinaryIO, Final

from api.acts import envelope_drafting, envelope_sending
from api.acts.envelope_access import Who, require_initiator, visible
from api.acts.envelope_drafting import PartyPlan, Plan
from api.acts.envelope_settling import reread
from api.acts.envelope_tables import read_table
from api.acts.office import Office
from api.db.envelope_records import DocumentRecord, EnvelopeRecord, TemplateRecord, Whole
from api.db.work import SqlUnitOfWork
from api.errors import ForbiddenError, NotFoundError, ServiceError
from seals.envelope_states import EnvelopeState
from seals.envelopes import OnOutage, PartyKind, PartyRole
from seals.errors import EnvelopeError, EnvelopeStateError, SealError

TITLE: Final = "title"
AMOUNT: Final = "amount"
MAX_TITLE: Final = 200
MAX_AMOUNT: Final = 22  # characters
CENTS: Final = 2  # digits behind the point


class ColumnError(EnvelopeError):
    """A value of a row does not fit; names the column."""

    def __init__(self, column: str, text: str) -> None:
        """Keep the column beside the sentence."""
        super().__init__(text)
        self.column = column


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A row that became an envelope."""

    row: int  # as the table counts: the heading is row 1
    envelope: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A row that did not, and why."""

    row: int
    column: str  # empty where it is the row as a whole
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What became of a table, row by row."""

    made: tuple[Made, ...]
    refused: tuple[Refused, ...]


def keep(office: Office, who: Who, envelope_id: str, *, name: str) -> TemplateRecord:
    """Make a template of a draft: the initiator stays, the other parties become roles.

    Raises:
        NotFoundError, ForbiddenError: the draft is not the caller's.
        EnvelopeStateError: it is no draft any more.
    """
    with office.work() as work:
        whole = visible(work, who, envelope_id)
        require_initiator(whole, who)
        if whole.record.state is not EnvelopeState.DRAFT:
            raise EnvelopeStateError("a template is made of a draft")
        if not whole.documents or not whole.parties:
            raise EnvelopeError("a template needs documents and parties")
        made = TemplateRecord(
            id=secrets.token_hex(16), uscc=whole.record.uscc, name=name, body=_body(whole), actor=who.name,
            made_at=office.now(),
        )  # fmt: skip
        work.envelopes.add_template(made)
        work.ledger.note(at=made.made_at, actor=who.name, act="template.made", subject=made.id, name=name)
        work.commit()
    return made


def _body(whole: Whole) -> dict[str, Any]:
    record = whole.record
    parties = [
        {
            "id": one.id, "kind": one.kind.value, "role": one.role.value, "step": one.step, "required": one.required,
            "uscc": one.uscc if one.uscc == record.uscc else None,
        }
        for one in whole.parties
    ]  # fmt: skip
    return {
        "title": record.title,
        "matter": record.matter,
        "amount": None if record.amount is None else str(record.amount),
        "currency": record.currency,
        "level": record.level,
        "on_outage": record.on_outage.value,
        "at_least": record.at_least,
        "parties": parties,
        "documents": [
            {
                "name": one.name, "pages": one.pages, "object": one.source_object, "sha256": one.source_sha256.hex(),
                "size": one.source_size, "fields": list(one.fields),
            }
            for one in whole.documents
        ],
        "columns": [TITLE, AMOUNT, *_role_columns(parties), *_fill_columns(whole)],
    }  # fmt: skip


def _role_columns(parties: Sequence[Mapping[str, Any]]) -> list[str]:
    columns: list[str] = []
    for one in parties:
        if one["kind"] == PartyKind.PERSON.value:
            columns += [f"{one['id']}.name", f"{one['id']}.contact"]
        elif one["uscc"] is None:
            columns.append(f"{one['id']}.uscc")
    return columns


def _fill_columns(whole: Whole) -> list[str]:
    return list(
        dict.fromkeys(
            f"{slot.get('name') or slot['party']}.{fill['name']}"
            for one in whole.documents
            for slot in one.fields
            for fill in slot.get("fills") or ()
        )
    )


def template(work: SqlUnitOfWork, who: Who, template_id: str) -> TemplateRecord:
    """Return a template of the caller's.

    Raises:
        NotFoundError: there is none.
        ForbiddenError: the caller's role only reads.
    """
    found = work.envelopes.template(template_id)
    if found is None or found.withdrawn_at is not None or found.uscc not in who.enterprises:
        raise NotFoundError(f"there is no template {template_id}")
    if not who.may_draft_for(found.uscc):
        raise ForbiddenError("this role reads only")
    return found


def withdraw(office: Office, who: Who, template_id: str) -> None:
    """Take a template out of use; envelopes made of it stay.

    Raises:
        NotFoundError, ForbiddenError: see `template`.
    """
    with office.work() as work:
        found = template(work, who, template_id)
        work.envelopes.set_template(found.id, withdrawn_at=office.now())
        work.ledger.note(at=office.now(), actor=who.name, act="template.withdrawn", subject=found.id)
        work.commit()


def instantiate(
    office: Office, who: Who, template_id: str, values: Mapping[str, str], *, send: bool, envelope_id: str | None = None
) -> Whole:
    """Make an envelope of a template, and send it if asked to. Doing so again under the same identity changes nothing.

    Raises:
        NotFoundError, ForbiddenError: see `template`.
        ColumnError: a value is missing, unknown or does not fit; names the column.
        EnvelopeError, SealUnusableError, DocumentRefusedError: it cannot be sent.
    """
    envelope_id = envelope_id or secrets.token_hex(16)
    with office.work() as work:
        found = template(work, who, template_id)
        known = work.envelopes.record(envelope_id)
        if known is None:
            _check_columns(found, values)
            _write(office, work, who, found, values, envelope_id)
            work.commit()
    if known is None or known.state is EnvelopeState.DRAFT:
        _set_plan(office, who, found, values, envelope_id)
        if send:
            return envelope_sending.send(office, who, envelope_id).whole
    with office.reading() as work:
        return reread(work, envelope_id)


def _check_columns(found: TemplateRecord, values: Mapping[str, str]) -> None:
    columns = found.body["columns"]
    for name in values:
        if name not in columns:
            raise ColumnError(name, f"the template has no column {name}")
    for name in _role_columns(found.body["parties"]):
        if not values.get(name, "").strip():
            raise ColumnError(name, f"{name} is missing")
    if not 0 < len(values.get(TITLE) or found.body["title"]) <= MAX_TITLE:
        raise ColumnError(TITLE, f"a title has 1 to {MAX_TITLE} characters")
    _amount(found, values)


def _amount(found: TemplateRecord, values: Mapping[str, str]) -> Decimal | None:
    text = values.get(AMOUNT) or found.body["amount"]
    if text is None:
        return None
    try:
        amount = Decimal(text)
    except InvalidOperation as exc:
        raise ColumnError(AMOUNT, f"{text} is not an amount") from exc
    # an exponent above 0 is no spelling of money: 1E+999999999 written out would fill the memory
    if (
        not amount.is_finite()
        or amount < 0
        or len(text) > MAX_AMOUNT
        or not -CENTS <= int(amount.as_tuple().exponent) <= 0
    ):
        raise ColumnError(AMOUNT, f"{text} is not an amount of money")
    return amount


def _write(
    office: Office, work: SqlUnitOfWork, who: Who, found: TemplateRecord, values: Mapping[str, str], envelope_id: str
) -> None:
    now = office.now()
    title = values.get(TITLE) or found.body["title"]
    work.envelopes.add(
        EnvelopeRecord(id=envelope_id, uscc=found.uscc, actor=who.name, person=who.person, title=title, made_at=now)
    )
    work.envelopes.note(
        envelope_id, at=now, actor=who.name, act="envelope.drafted", title=title, uscc=found.uscc, template=found.id
    )
    for place, one in enumerate(found.body["documents"], start=1):
        record = DocumentRecord(
            id=hashlib.sha256(f"{envelope_id}/{place}".encode()).hexdigest()[:32], envelope=envelope_id,
            position=place, name=one["name"], pages=one["pages"], source_object=one["object"],
            source_sha256=bytes.fromhex(one["sha256"]), source_size=one["size"],
        )  # fmt: skip
        work.envelopes.add_document(record)
        work.envelopes.note(
            envelope_id, at=now, actor=who.name, act="document.added", document=record.id, name=record.name,
            pages=record.pages, size=record.source_size, sha256=one["sha256"],
        )  # fmt: skip


def _set_plan(office: Office, who: Who, found: TemplateRecord, values: Mapping[str, str], envelope_id: str) -> None:
    with office.reading() as work:
        whole = reread(work, envelope_id)
        for name, value in values.items():
            role, _, what = name.rpartition(".")
            if what == "uscc" and role and work.enterprises.get(value.strip()) is None:
                raise ColumnError(name, f"there is no enterprise {value.strip()}")
    body = found.body
    plan = Plan(
        title=whole.record.title,
        parties=[_party(one, values) for one in body["parties"]],
        slots={
            document.id: [_filled(slot, values) for slot in one["fields"]]
            for document, one in zip(whole.documents, body["documents"], strict=True)
        },
        matter=body["matter"],
        amount=_amount(found, values),
        currency=body["currency"],
        level=body["level"],
        on_outage=OnOutage(body["on_outage"]),
        at_least=body["at_least"],
    )
    envelope_drafting.set_plan(office, who, envelope_id, plan)


def _party(one: Mapping[str, Any], values: Mapping[str, str]) -> PartyPlan:
    def of(what: str) -> str:
        return values.get(f"{one['id']}.{what}", "").strip()

    plan = PartyPlan(
        id=one["id"], kind=PartyKind(one["kind"]), role=PartyRole(one["role"]), step=one["step"],
        required=one["required"], uscc=one["uscc"],
    )  # fmt: skip
    if plan.kind is PartyKind.PERSON:
        return replace(plan, name=of("name"), contact=of("contact"))
    return plan if plan.uscc is not None else replace(plan, uscc=of("uscc"))


def _filled(slot: Mapping[str, Any], values: Mapping[str, str]) -> dict[str, Any]:
    """The slot with the row's values as the sender's own."""
    name = slot.get("name") or slot["party"]
    fills = []
    for fill in slot.get("fills") or ():
        value = values.get(f"{name}.{fill['name']}", "") or fill.get("value")
        if value is not None and len(value) > fill["max_chars"]:
            raise ColumnError(f"{name}.{fill['name']}", f"longer than {fill['max_chars']} characters")
        fills.append({**fill, "value": value})
    return {**slot, "fills": fills}


def send_rows(office: Office, who: Who, template_id: str, table: BinaryIO, *, kind: str, key: str) -> Sheet:
    """Send one envelope for each row; a row that cannot be sent is reported and keeps no other row back.

    `key` makes it repeatable: rows that were sent under the same key are not sent again.

    Raises:
        NotFoundError, ForbiddenError: see `template`.
        BadInputError: the table cannot be read.
    """
    with office.reading() as work:
        template(work, who, template_id)
    made: list[Made] = []
    refused: list[Refused] = []
    for row in read_table(table, kind=kind):
        identity = hashlib.sha256(f"{template_id}/{key}/{row.number}".encode()).hexdigest()[:32]
        try:
            _check_not_refused(office, identity)
            whole = instantiate(office, who, template_id, row.values, send=True, envelope_id=identity)
        except ColumnError as exc:
            refused.append(Refused(row=row.number, column=exc.column, reason=str(exc)))
            _discard(office, who, identity, exc.column, str(exc))
        except (SealError, ServiceError) as exc:
            refused.append(Refused(row=row.number, column="", reason=str(exc)))
            _discard(office, who, identity, "", str(exc))
        else:
            made.append(Made(row=row.number, envelope=whole.id))
    return Sheet(made=tuple(made), refused=tuple(refused))


def _check_not_refused(office: Office, envelope_id: str) -> None:
    """A row that was refused under this key stays so: the same table means the same."""
    with office.reading() as work:
        record = work.envelopes.record(envelope_id)
        if record is not None and record.state is EnvelopeState.WITHDRAWN and record.sent_at is None:
            last = work.envelopes.steps(envelope_id)[-1]
            raise ColumnError(str(last.detail.get("column", "")), record.reason or "refused before")


def _discard(office: Office, who: Who, envelope_id: str, column: str, reason: str) -> None:
    """Withdraw the draft of a row that could not be sent; nobody but the sender ever saw it."""
    with office.work() as work:
        whole = work.envelopes.lock(envelope_id)
        if whole is None or whole.record.state is not EnvelopeState.DRAFT:
            return
        now = office.now()
        work.envelopes.set(envelope_id, state=EnvelopeState.WITHDRAWN, reason=reason[:500], ended_at=now)
        work.envelopes.note(
            envelope_id, at=now, actor=who.name, act="envelope.withdrawn", column=column, reason=reason[:500]
        )
        work.commit()
