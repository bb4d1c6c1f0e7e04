"""The manifest of a batch: what came in, what went out, what was refused and why; signed by the authority's own seal."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from hashlib import sha256
from io import BytesIO
from typing import BinaryIO, Final

from api.acts.batch_results import Results
from api.acts.evidence_files import authority_key
from api.acts.office import Office
from api.acts.timestamping import OfficeTimeStamper
from api.db.batches import Batch, Item, ItemState
from api.scratch import scratch_file, sha256_of
from seals.detached import sign_detached
from seals.ports import Evidence

VERSION: Final = 1
MANIFEST: Final = "manifest.json"
SIGNATURE: Final = "manifest.json.p7s"
READ_AT_ONCE: Final = 1000


def write_manifest(
    office: Office, batch: Batch, results: Results, counted: Mapping[ItemState, int], *, at: datetime
) -> tuple[str, str]:
    """Write the manifest and its signature beside the results and into the object store; returns their names there.

    Raises:
        HsmError, TimestampError: it could not be signed now; worth a retry.
        BatchTargetError: it could not be written.
    """
    with scratch_file(office.scratch) as file:
        for line in _lines(office, batch, counted, at):
            file.write(line.encode())
        digest = sha256_of(file)
        signature = _signed(office, file, batch, at=at)
        results.write(MANIFEST, file)
        results.write(SIGNATURE, BytesIO(signature))
        file.seek(0)
        name = office.objects.put("manifest", ".json", file)
    with office.work() as work:
        work.ledger.note(
            at=at, actor="service", act="batch.manifest", subject=batch.seal, batch=batch.id, sha256=digest.hex()
        )
        work.commit()
    return name, office.objects.put("manifest", ".p7s", signature)


def _lines(office: Office, batch: Batch, counted: Mapping[ItemState, int], at: datetime) -> Iterator[str]:
    head = {
        "version": VERSION,
        "batch": batch.id,
        "seal": batch.seal,
        "level": batch.level,
        "purpose": batch.purpose,
        "mandate": batch.grounds.mandate,
        "made_at": batch.made_at.isoformat(),
        "finished_at": at.isoformat(),
        "sealed": counted[ItemState.SEALED],
        "refused": counted[ItemState.REFUSED],
    }
    yield json.dumps(head, ensure_ascii=False)[:-1] + ', "files": ['
    after, comma = 0, ""
    while True:
        with office.reading() as work:
            items = work.batches.items(batch.id, after=after, limit=READ_AT_ONCE)
        if not items:
            break
        for item in items:
            yield f"{comma}\n" + json.dumps(entry_of(item), ensure_ascii=False)
            comma = ","
        after = items[-1].number
    yield "\n]}\n"


def entry_of(item: Item) -> dict[str, object]:
    """One line of the manifest."""
    told: dict[str, object] = {
        "name": item.name,
        "input_sha256": None if item.sha256 is None else item.sha256.hex(),
        "use": item.use,
    }
    if item.state is ItemState.SEALED and item.result_sha256 is not None:
        return {**told, "output_sha256": item.result_sha256.hex()}
    return {**told, "refused": item.reason, "why": item.detail}


def _signed(office: Office, file: BinaryIO, batch: Batch, *, at: datetime) -> bytes:
    """A detached CAdES signature (B-T) by the authority's seal over the file; on record before the key is used."""

    def record(attributes: bytes) -> None:
        intent = sha256(attributes).hexdigest()
        with office.work() as work:
            work.ledger.note(
                at=at, actor="service", act="batch.sign", subject=batch.seal, batch=batch.id, intent=intent
            )
            work.commit()

    with authority_key(office) as key:
        made = sign_detached(
            _read(file), key=key, timestamper=OfficeTimeStamper(office), evidence=Evidence(), now=at, authorise=record
        )
    return made.signature


def _read(file: BinaryIO) -> bytes:
    file.seek(0)
    data = file.read()
    file.seek(0)
    return data
