"""What a party chooses to put on the documents, and the intent that a person agrees to for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from api.acts.envelope_sending import allowed, usable_seals
from api.acts.office import Office
from api.db.envelope_records import PartyRecord, SlotRecord, Whole
from api.db.work import SqlUnitOfWork
from api.errors import SealUnusableError
from seals.envelopes import PartyKind, PartyRole
from seals.errors import EnvelopeError
from seals.intent import DocumentIntent, Intent, IntentKind, details_digest
from seals.layout import FillKind
from seals.register import Seal

MAX_PURPOSE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which seal goes into one slot, and what is filled in there."""

    document: str
    slot: str
    seal: str | None = None  # none: the only one that fits
    values: Mapping[str, str]


def choose(
    office: Office, work: SqlUnitOfWork, whole: Whole, party: PartyRecord, choices: tuple[Choice, ...]
) -> dict[str, dict[str, Any]]:
    """Return seal and values of each of the party's slots, by "document/slot".

    Raises:
        EnvelopeError: a choice is for no slot of the party's, a value is missing or not the party's to give.
        SealUnusableError: no seal fits, more than one does, or the one that was chosen does not.
    """
    given = {f"{one.document}/{one.slot}": one for one in choices}
    slots = {f"{one.document}/{one.id}": one for one in ours(whole, party)}
    if unknown := sorted(set(given) - set(slots)):
        raise EnvelopeError(f"party {party.id} has nothing to seal at {', '.join(unknown)}")
    seals = usable_seals(office, work, party.uscc) if party.uscc is not None else []
    chosen: dict[str, dict[str, Any]] = {}
    for key, slot in slots.items():
        chosen[key] = _chosen(whole, party, slot, seals, given.get(key))
    return chosen


def choose_slot(
    office: Office, work: SqlUnitOfWork, whole: Whole, party: PartyRecord, slot: SlotRecord, choice: Choice
) -> dict[str, Any]:
    """As `choose`, for one slot.

    Raises:
        EnvelopeError, SealUnusableError: see `choose`.
    """
    seals = usable_seals(office, work, party.uscc) if party.uscc is not None else []
    return _chosen(whole, party, slot, seals, choice)


def _chosen(
    whole: Whole, party: PartyRecord, slot: SlotRecord, seals: list[Seal], choice: Choice | None
) -> dict[str, Any]:
    return {
        "seal": _seal(party, slot, seals, choice.seal if choice else None),
        "values": _values(whole, slot, choice.values if choice else {}),
    }


def ours(whole: Whole, party: PartyRecord) -> list[SlotRecord]:
    """The party's slots that are not done and that this service seals."""
    return [one for one in whole.slots_of(party.id) if one.state != "done" and not has_own_client(whole, one)]


def has_own_client(whole: Whole, slot: SlotRecord) -> bool:
    """Whether the party signs this slot with a client of its own."""
    return bool(_stored(whole, slot).get("own_client"))


def _seal(party: PartyRecord, slot: SlotRecord, seals: list[Seal], wanted: str | None) -> str | None:
    if party.kind is PartyKind.PERSON:
        if wanted is not None:
            raise EnvelopeError("a person signs without a seal")
        return None
    fitting = allowed(seals, slot.kinds)
    if wanted is not None:
        if wanted not in {one.code for one in fitting}:
            raise SealUnusableError(f"seal {wanted} is not an active seal of {party.name} that may go into {slot.id}")
        return wanted
    if len(fitting) != 1:
        found = ", ".join(f"{one.code} ({one.kind})" for one in fitting) or "none"
        raise SealUnusableError(f"choose a seal for {slot.id}; {party.name} has {found}")
    return fitting[0].code


def _values(whole: Whole, slot: SlotRecord, given: Mapping[str, str]) -> dict[str, str]:
    document = whole.document(slot.document)
    fields = [] if document is None else document.layout["fields"]
    fills = {one["fill"]["name"]: one["fill"] for one in fields if one["slot"] == slot.id and one["fill"] is not None}
    presets = presets_of(whole, slot)
    if unknown := sorted(set(given) - set(fills)):
        raise EnvelopeError(f"slot {slot.id} has no field {', '.join(unknown)}")
    if taken := sorted(name for name in given if name in presets and given[name] != presets[name]):
        raise EnvelopeError(f"{', '.join(taken)} was filled in by the sender and stays as it is")
    values = {**given, **presets}
    for name, fill in fills.items():
        if fill["required"] and not values.get(name):
            raise EnvelopeError(f"the field {name} of slot {slot.id} has to be filled in")
        if fill["kind"] == FillKind.STATEMENT.value and values.get(name, fill["statement"]) != fill["statement"]:
            raise EnvelopeError(f"the statement {name} has to be re-typed word for word")
    return values


def presets_of(whole: Whole, slot: SlotRecord) -> dict[str, str]:
    """What the initiator filled in."""
    fills = _stored(whole, slot).get("fills") or ()
    return {fill["name"]: fill["value"] for fill in fills if fill.get("value") is not None}


def _stored(whole: Whole, slot: SlotRecord) -> Mapping[str, Any]:
    document = whole.document(slot.document)
    stored = () if document is None else document.fields
    return next((one for one in stored if (one.get("name") or one["party"]) == slot.id), {})


def intent_of(whole: Whole, party: PartyRecord, chosen: Mapping[str, Mapping[str, Any]], *, nonce: bytes) -> Intent:
    """What is agreed to: every document that the party seals or approves, by its frozen hash, with the seals and values."""
    documents = []
    for one in whole.documents:
        keys = [f"{one.id}/{slot.id}" for slot in whole.slots_of(party.id) if slot.document == one.id]
        if party.role is PartyRole.SIGN and not any(key in chosen for key in keys):
            continue
        codes = [chosen[key]["seal"] for key in keys if key in chosen]
        seals = tuple(code for code in codes if code is not None)  # once for each use: more are not agreed to
        documents.append(DocumentIntent(name=one.name, sha256=one.frozen_sha256 or b"", seals=seals))
    record = whole.record
    facts = {
        "party": party.id,
        "values": {key: dict(one["values"]) for key, one in chosen.items()},
        "matter": record.matter,  # by these the limits of a mandate are judged: whoever lends a seal agrees to them, too
        "amount": None if record.amount is None else str(record.amount),
        "currency": record.currency,
    }
    return Intent(
        kind=IntentKind.SEAL if party.role is PartyRole.SIGN else IntentKind.APPROVE,
        subject=whole.id,
        documents=tuple(documents),
        purpose=whole.record.title[:MAX_PURPOSE],
        nonce=nonce,
        details_sha256=details_digest(facts),
    )
