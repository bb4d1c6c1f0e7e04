"""Batches: made, read in, sealed chunk by chunk (api/acts/batch_sealing.py), closed with a signed manifest; or cancelled."""

import secrets
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final

from api.acts import rights
from api.acts.batch_manifest import MANIFEST, SIGNATURE, write_manifest
from api.acts.batch_results import results_of
from api.acts.batch_sealing import placement_as_json
from api.acts.batch_sources import open_bucket, source_of
from api.acts.office import Office
from api.acts.seal_life import seal
from api.acts.sealing import SealOrder
from api.db.batches import Batch, BatchState, Item, ItemState, SourceKind
from api.db.work import SqlUnitOfWork
from api.errors import BatchSourceError, BatchStateError, BatchTargetError, NotFoundError, SealUnusableError
from seals.errors import SealStateError
from seals.register import Grounds
from seals.states import SealState, require_signing

LISTED_AT_ONCE: Final = 500  # files that are entered in one transaction
DELIVERED_AT_ONCE: Final = 1000
WAIT_AFTER_FAULT: Final = timedelta(seconds=15)  # a key store or time-stamp that cannot work now


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchOrder:
    """What is to be sealed, how, and by which right."""

    seal: str
    order: SealOrder
    grounds: Grounds
    source_kind: SourceKind
    source: str  # folder, name in the object store, or bucket address
    target: str = ""  # folder or bucket address; empty: kept in the object store
    owner: str = ""
    id: str = ""  # chosen by the command line, which finds its batch again by it


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a batch is."""

    batch: Batch
    waiting: int
    sealing: int
    sealed: int
    refused: int
    rate: float | None  # files a second since it began
    remaining: timedelta | None

    @property
    def finished(self) -> int:
        return self.sealed + self.refused


def make(
    office: Office, asked: BatchOrder, *, then: Callable[[SqlUnitOfWork, Batch], None] | None = None
) -> Batch:  # fmt: skip
    """Put a batch on record; a worker takes it from there.

    Raises:
        NotFoundError, SealUnusableError, RightError: the seal cannot be used on these grounds.
        BatchSourceError, BatchTargetError: an address cannot be used.
    """
    one = seal(office, asked.seal)
    try:
        require_signing(SealState(one.state))
    except SealStateError as exc:
        raise SealUnusableError(str(exc)) from exc
    if asked.source_kind is SourceKind.BUCKET:
        open_bucket(asked.source)
    if "://" in asked.target:
        open_bucket(asked.target)
    local = asked.source_kind is SourceKind.FOLDER or (asked.target and "://" not in asked.target)
    with office.work() as work:
        grounds = asked.grounds
        probe = rights.choose(
            office, work, one, replace(grounds, pages=1)
        )  # the pages of each file are asked about later
        rights.require(office, work, one, probe)
        grounds = replace(grounds, mandate=probe.mandate)
        batch = Batch(
            id=asked.id or secrets.token_hex(16),
            seal=one.code,
            state=BatchState.WAITING,
            level=asked.order.level.value,
            placement=placement_as_json(asked.order.placement),
            purpose=asked.order.reason,
            grounds=grounds,
            owner=asked.owner,
            source_kind=asked.source_kind,
            source=asked.source,
            target=asked.target,
            host=socket.gethostname() if local else "",
            made_at=office.now(),
        )
        work.batches.add(batch)
        work.ledger.note(
            at=office.now(), actor=grounds.actor, act="batch.make", subject=one.code, batch=batch.id,
            mandate=grounds.mandate,
        )  # fmt: skip
        if then is not None:
            then(work, batch)
        work.commit()
    return batch


def get(office: Office, batch_id: str) -> Batch:
    """Return one batch.

    Raises:
        NotFoundError: there is none of this identity.
    """
    with office.reading() as work:
        found = work.batches.get(batch_id)
    if found is None:
        raise NotFoundError(f"there is no batch {batch_id}")
    return found


def progress(office: Office, batch_id: str) -> Progress:
    """Return how far a batch is.

    Raises:
        NotFoundError: there is none of this identity.
    """
    with office.reading() as work:
        batch = work.batches.get(batch_id)
        counted = work.batches.count(batch_id)
    if batch is None:
        raise NotFoundError(f"there is no batch {batch_id}")
    finished = counted[ItemState.SEALED] + counted[ItemState.REFUSED]
    left = counted[ItemState.WAITING] + counted[ItemState.SEALING]
    rate = remaining = None
    if batch.started_at is not None:
        taken = ((batch.finished_at or office.now()) - batch.started_at).total_seconds()
        rate = finished / taken if taken > 0 else None
        remaining = timedelta(seconds=left / rate) if rate and batch.state.open else None
    return Progress(
        batch=batch,
        waiting=counted[ItemState.WAITING],
        sealing=counted[ItemState.SEALING],
        sealed=counted[ItemState.SEALED],
        refused=counted[ItemState.REFUSED],
        rate=rate,
        remaining=remaining,
    )


def read_in(office: Office, batch_id: str) -> None:
    """Enter all files of the source, then let the sealing begin. Goes on where a crash ended it.

    A source that cannot be read fails the batch, and says why.
    """
    batch = get(office, batch_id)
    if batch.state is not BatchState.WAITING:
        return
    with office.reading() as work:
        there = work.batches.newest_number(batch_id)
    try:
        results_of(office, batch)
        found = source_of(office, batch).files(skip=there)
        while group := list(islice(found, LISTED_AT_ONCE)):
            items = [
                Item(batch=batch_id, number=there + place, name=one.name, source=one.source, size=one.size)
                for place, one in enumerate(group, start=1)
            ]
            with office.work() as work:
                work.batches.add_items(items)
                work.commit()
            there += len(group)
        if there == 0:
            raise BatchSourceError("there is no file in it")  # noqa: TRY301 - told like any other fault of the source
    except (BatchSourceError, BatchTargetError) as exc:
        _move(office, batch_id, BatchState.WAITING, state="failed", detail=str(exc)[:512], finished_at=office.now())
        return
    _move(office, batch_id, BatchState.WAITING, state="sealing", total=there, started_at=office.now())


def _move(office: Office, batch_id: str, before: BatchState, **values: object) -> bool:
    with office.work() as work:
        moved = work.batches.move(batch_id, before=[before], **values)
        work.commit()
    return moved


def wait(office: Office, batch_id: str, why: str) -> None:
    """Nothing can be sealed at present: say why, and try again a little later."""
    _move(
        office, batch_id, BatchState.SEALING, detail=why[:512], wait_until=office.now() + WAIT_AFTER_FAULT
    )  # fmt: skip


def close(office: Office, batch_id: str) -> bool:
    """Deliver what a crash kept from being delivered, write the manifest and end the batch; False: not all is sealed."""
    batch = get(office, batch_id)
    if batch.state is not BatchState.SEALING:
        return False
    with office.reading() as work:
        counted = work.batches.count(batch_id)
    if counted[ItemState.WAITING] or counted[ItemState.SEALING]:
        return False
    results = results_of(office, batch)
    after = 0
    while items := _sealed_after(office, batch_id, after):
        for item in items:
            results.deliver(item)
        after = items[-1].number
    now = office.now()
    manifest, signature = write_manifest(office, batch, results, counted, at=now)
    results.close()
    with office.work() as work:
        closed = work.batches.move(
            batch_id, before=[BatchState.SEALING], state="done", finished_at=now, detail="",
            manifest=manifest, manifest_signature=signature,
        )  # fmt: skip
        if closed:
            one = work.seals.get(batch.seal)
            work.notices.add(
                to=[one.uscc] if one else [], kind="batch.done", subject=batch_id, at=now,
                sealed=counted[ItemState.SEALED], refused=counted[ItemState.REFUSED],
            )  # fmt: skip
            work.ledger.note(at=now, actor=batch.grounds.actor, act="batch.done", subject=batch.seal, batch=batch_id)
        work.commit()
    if closed:
        _forget_inputs(office, batch)
    return closed


def files_of(office: Office, batch: Batch) -> Iterator[tuple[str, str]]:
    """Name each result and the manifest as they go into an archive, and their names in the object store."""
    after = 0
    while items := _sealed_after(office, batch.id, after):
        for item in items:
            if item.result is not None:
                yield item.name, item.result
        after = items[-1].number
    if batch.manifest is not None and batch.manifest_signature is not None:
        yield MANIFEST, batch.manifest
        yield SIGNATURE, batch.manifest_signature


def _sealed_after(office: Office, batch_id: str, after: int) -> list[Item]:
    with office.reading() as work:
        return work.batches.items(batch_id, after=after, limit=DELIVERED_AT_ONCE, state=ItemState.SEALED)


def _forget_inputs(office: Office, batch: Batch) -> None:
    """What an archive was unpacked to is no longer needed."""
    if batch.source_kind is not SourceKind.ARCHIVE:
        return
    office.objects.delete(batch.source)
    after = 0
    while True:
        with office.reading() as work:
            items = work.batches.items(batch.id, after=after, limit=DELIVERED_AT_ONCE)
        if not items:
            return
        for item in items:
            office.objects.delete(item.source)
        after = items[-1].number


def cancel(office: Office, batch_id: str, *, actor: str) -> Batch:
    """End a batch; files that are sealed stay sealed, the chunk at work is finished or lost to nobody.

    Raises:
        NotFoundError: there is none of this identity.
        BatchStateError: it ended already.
    """
    now = office.now()
    with office.work() as work:
        found = work.batches.get(batch_id)
        if found is None:
            raise NotFoundError(f"there is no batch {batch_id}")
        if not work.batches.move(
            batch_id, before=[BatchState.WAITING, BatchState.SEALING], state="cancelled", finished_at=now
        ):
            raise BatchStateError(f"the batch is {found.state} already")
        work.ledger.note(at=now, actor=actor, act="batch.cancel", subject=found.seal, batch=batch_id)
        work.commit()
    return get(office, batch_id)


def keep_archive(office: Office, archive: BinaryIO) -> str:
    """Store an archive that came in; returns its name."""
    archive.seek(0)
    return office.objects.put("batch", ".archive", archive)


def batch_id_of(*, source: Path | str, target: Path | str, seal_code: str, order: SealOrder, mandate: str) -> str:
    """The identity under which the command line finds a batch again: the same question is the same batch."""
    facts = "\n".join((str(source), str(target), seal_code, str(order), mandate))
    return sha256(facts.encode()).hexdigest()[:32]
