"""Seals, their keys and their uses in SQL."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, insert, or_, select, update

from api.db.tables import keys, seal_uses, seals
from hsm.signer import KeyRef, KeySpec
from seals.errors import SealStateError
from seals.model import SealKind
from seals.register import Grounds, Seal, SealUse, StoredKey, UseState


class SqlKeys:
    """References to keys; the wrapped bytes are useless without the store's master key."""

    def __init__(self, connection: Connection) -> None:
        """Work inside the caller's transaction."""
        self._connection = connection

    def add(self, rows: Sequence[StoredKey]) -> None:
        self._connection.execute(
            insert(keys),
            [
                {
                    "id": row.id,
                    "store": row.ref.store,
                    "spec": row.ref.spec.value,
                    "label": row.ref.label,
                    "spki": row.ref.spki,
                    "wrapped": row.ref.wrapped,
                    "made_at": row.made_at,
                }
                for row in rows
            ],
        )

    def get(self, key_id: str) -> KeyRef | None:
        row = self._connection.execute(select(keys).where(keys.c.id == key_id)).one_or_none()
        if row is None:
            return None
        return KeyRef(store=row.store, spec=KeySpec(row.spec), label=row.label, spki=row.spki, wrapped=row.wrapped)


class SqlSeals:
    """Implements `seals.register.Seals`."""

    def __init__(self, connection: Connection) -> None:
        """Work inside the caller's transaction."""
        self._connection = connection

    def add(self, rows: Sequence[Seal]) -> None:
        self._connection.execute(
            insert(seals),
            [
                {
                    "code": row.code,
                    "uscc": row.uscc,
                    "licence": row.licence,
                    "kind": row.kind.value,
                    "name": row.name,
                    "state": row.state,
                    "with_licence": row.with_licence,
                    "serial": f"{row.serial:x}",
                    "key_id": row.key_id,
                    "face": row.face,
                    "made_at": row.made_at,
                    "state_at": row.state_at,
                }
                for row in rows
            ],
        )

    def get(self, code: str) -> Seal | None:
        row = self._connection.execute(select(seals).where(seals.c.code == code)).one_or_none()
        return None if row is None else _seal(row)

    def lock(self, code: str) -> Seal | None:
        """As `get`, and nobody changes the seal before this transaction ends."""
        row = self._connection.execute(select(seals).where(seals.c.code == code).with_for_update()).one_or_none()
        return None if row is None else _seal(row)

    def of_licence(self, number: str) -> list[Seal]:
        found = self._connection.execute(select(seals).where(seals.c.licence == number).order_by(seals.c.code))
        return [_seal(row) for row in found]

    def of_enterprise(self, uscc: str) -> list[Seal]:
        found = self._connection.execute(select(seals).where(seals.c.uscc == uscc).order_by(seals.c.code))
        return [_seal(row) for row in found]

    def page(self, *, after: str, limit: int) -> list[Seal]:
        chosen = select(seals).where(seals.c.code > after).order_by(seals.c.code).limit(limit)
        return [_seal(row) for row in self._connection.execute(chosen)]

    def rebind(self, code: str, licence: str) -> None:
        """A seal that survives a change of the licence belongs to the new version from then on."""
        self._connection.execute(update(seals).where(seals.c.code == code).values(licence=licence))

    def set_state(self, code: str, state: str, *, before: str, with_licence: bool, at: datetime) -> None:
        done = self._connection.execute(
            update(seals)
            .where(seals.c.code == code, seals.c.state == before)
            .values(state=state, with_licence=with_licence, state_at=at)
        )
        if done.rowcount != 1:
            raise SealStateError(f"seal {code} is no longer {before}; somebody changed it just now")


class SqlSealUses:
    """Implements `seals.register.SealUses`."""

    def __init__(self, connection: Connection) -> None:
        """Work inside the caller's transaction."""
        self._connection = connection

    def ask(self, use: SealUse) -> None:
        self.enter([use])

    def enter(self, uses: Sequence[SealUse]) -> None:
        """Put uses on record as they are: asked for, or asked for and authorised in one transaction."""
        if uses:
            self._connection.execute(insert(seal_uses), [_values(use) for use in uses])

    def authorised_of(self, use_ids: Sequence[str]) -> set[str]:
        """Those of them that are still authorised; nobody refuses them before this transaction ends."""
        found = self._connection.execute(
            select(seal_uses.c.id)
            .where(seal_uses.c.id.in_(use_ids), seal_uses.c.state == UseState.AUTHORISED.value)
            .with_for_update()
        )
        return set(found.scalars())

    def done_many(self, outcomes: Sequence[tuple[str, bytes, str | None]], *, at: datetime) -> None:
        """Use, SHA-256 of the sealed file and its name; each has to be one of `authorised_of` in this transaction."""
        if outcomes:
            self._connection.execute(
                update(seal_uses)
                .where(seal_uses.c.id == bindparam("of_id"), seal_uses.c.state == UseState.AUTHORISED.value)
                .values(
                    state=UseState.DONE.value, decided_at=at,
                    sealed_sha256=bindparam("of_sha256"), object=bindparam("of_name"),
                ),
                [{"of_id": use, "of_sha256": digest, "of_name": name} for use, digest, name in outcomes],
            )  # fmt: skip

    def authorise(self, use_id: str, *, intent_sha256: bytes, again: bool = False) -> None:
        """Record the bytes that the seal will sign; `again` when a first signature did not fit its place in the file."""
        before = UseState.AUTHORISED if again else UseState.ASKED
        self._step(use_id, before, state=UseState.AUTHORISED.value, intent_sha256=intent_sha256)

    def done(self, use_id: str, *, sealed_sha256: bytes, name: str | None, at: datetime) -> None:
        self._step(
            use_id,
            UseState.AUTHORISED,
            state=UseState.DONE.value,
            sealed_sha256=sealed_sha256,
            object=name,
            decided_at=at,
        )

    def refuse(self, use_id: str, *, detail: str, at: datetime) -> None:
        self._connection.execute(
            update(seal_uses)
            .where(seal_uses.c.id == use_id, seal_uses.c.state != UseState.DONE.value)
            .values(state=UseState.REFUSED.value, detail=detail[:512], decided_at=at)
        )

    def get(self, use_id: str) -> SealUse | None:
        row = self._connection.execute(select(seal_uses).where(seal_uses.c.id == use_id)).one_or_none()
        return None if row is None else _use(row)

    def by_intent(self, code: str, intent_sha256: bytes) -> SealUse | None:
        """The use in which a seal signed exactly these bytes."""
        chosen = select(seal_uses).where(
            seal_uses.c.seal == code,
            seal_uses.c.intent_sha256 == intent_sha256,
            seal_uses.c.state == UseState.DONE.value,
        )
        row = self._connection.execute(chosen.limit(1)).one_or_none()
        return None if row is None else _use(row)

    def of_seal(self, code: str, *, after: SealUse | None, limit: int) -> list[SealUse]:
        """The newest first; `after`, the last one of a page, continues it. Uses of the same moment go by identity."""
        when, who = seal_uses.c.asked_at, seal_uses.c.id
        chosen = select(seal_uses).where(seal_uses.c.seal == code)
        if after is not None:
            chosen = chosen.where(or_(when < after.asked_at, and_(when == after.asked_at, who < after.id)))
        rows = self._connection.execute(chosen.order_by(when.desc(), who.desc()).limit(limit))
        return [_use(row) for row in rows]

    def unfinished(self) -> list[SealUse]:
        open_states = [UseState.ASKED.value, UseState.AUTHORISED.value]
        rows = self._connection.execute(select(seal_uses).where(seal_uses.c.state.in_(open_states)))
        return [_use(row) for row in rows]

    def _step(self, use_id: str, before: UseState, **values: Any) -> None:
        done = self._connection.execute(
            update(seal_uses).where(seal_uses.c.id == use_id, seal_uses.c.state == before.value).values(**values)
        )
        if done.rowcount != 1:
            raise SealStateError(f"seal use {use_id} is not {before.value}")


def _seal(row: Row[Any]) -> Seal:
    return Seal(
        code=row.code,
        uscc=row.uscc,
        licence=row.licence,
        kind=SealKind(row.kind),
        name=row.name,
        state=row.state,
        with_licence=row.with_licence,
        serial=int(row.serial, 16),
        key_id=row.key_id,
        face=row.face,
        made_at=row.made_at,
        state_at=row.state_at,
    )


def _values(use: SealUse) -> dict[str, Any]:
    return {
        "id": use.id,
        "seal": use.seal,
        "state": use.state.value,
        "actor": use.grounds.actor,
        "person": use.grounds.person,
        "machine": use.grounds.machine,
        "assertion": use.grounds.assertion,
        "mandate": use.grounds.mandate,
        "request": use.grounds.request,
        "envelope": use.grounds.envelope,
        "matter": use.grounds.matter,
        "amount": None if use.grounds.amount is None else str(use.grounds.amount),
        "currency": use.grounds.currency,
        "pages": use.grounds.pages,
        "purpose": use.purpose,
        "level": use.level,
        "document_sha256": use.document_sha256,
        "intent_sha256": use.intent_sha256,
        "asked_at": use.asked_at,
        "decided_at": use.decided_at,
        "detail": use.detail,
        "process": use.process,
    }


def _use(row: Row[Any]) -> SealUse:
    return SealUse(
        id=row.id,
        seal=row.seal,
        state=UseState(row.state),
        grounds=Grounds(
            actor=row.actor,
            person=row.person,
            machine=row.machine,
            assertion=row.assertion,
            mandate=row.mandate,
            request=row.request,
            envelope=row.envelope,
            matter=row.matter,
            amount=None if row.amount is None else Decimal(row.amount),
            currency=row.currency,
            pages=row.pages,
        ),
        purpose=row.purpose,
        level=row.level,
        asked_at=row.asked_at,
        process=row.process,
        document_sha256=row.document_sha256,
        intent_sha256=row.intent_sha256,
        sealed_sha256=row.sealed_sha256,
        object=row.object,
        decided_at=row.decided_at,
        detail=row.detail,
    )
