"""What the interface for batches gives."""

from datetime import datetime
from typing import Self

from pydantic import BaseModel, Field

from api.acts.batches import Progress
from api.db.batches import Batch, BatchState, Item, ItemState


class BatchOut(BaseModel):
    """A batch as it was made."""

    id: str
    seal: str
    state: BatchState
    level: str
    purpose: str
    mandate: str | None
    made_at: datetime
    finished_at: datetime | None
    detail: str = Field(description="why it failed, or what it waits for")

    @classmethod
    def of(cls, batch: Batch) -> Self:
        return cls(
            id=batch.id,
            seal=batch.seal,
            state=batch.state,
            level=batch.level,
            purpose=batch.purpose,
            mandate=batch.grounds.mandate,
            made_at=batch.made_at,
            finished_at=batch.finished_at,
            detail=batch.detail,
        )


class ProgressOut(BatchOut):
    """A batch and how far it is."""

    total: int = Field(description="files; 0 before the source was read")
    waiting: int
    sealing: int
    sealed: int
    refused: int
    rate: float | None = Field(description="files a second since it began")
    seconds_left: float | None
    results: str | None
    manifest: str | None
    manifest_signature: str | None

    @classmethod
    def of_progress(cls, found: Progress) -> Self:
        batch = found.batch
        there = batch.manifest is not None
        path = f"/api/v1/batches/{batch.id}"
        return cls(
            **BatchOut.of(batch).model_dump(),
            total=batch.total,
            waiting=found.waiting,
            sealing=found.sealing,
            sealed=found.sealed,
            refused=found.refused,
            rate=found.rate,
            seconds_left=None if found.remaining is None else found.remaining.total_seconds(),
            results=f"{path}/results" if there and not batch.target else None,
            manifest=f"{path}/manifest" if there else None,
            manifest_signature=f"{path}/manifest.p7s" if there else None,
        )


class BatchPage(BaseModel):
    """A page of batches, the newest first."""

    items: list[BatchOut]
    next: str | None


class FileOut(BaseModel):
    """One file of a batch."""

    number: int
    name: str
    state: ItemState
    input_sha256: str | None
    output_sha256: str | None
    use: str | None
    reason: str | None = Field(description="code of why it was refused")
    why: str | None

    @classmethod
    def of(cls, item: Item) -> Self:
        return cls(
            number=item.number,
            name=item.name,
            state=item.state,
            input_sha256=None if item.sha256 is None else item.sha256.hex(),
            output_sha256=None if item.result_sha256 is None else item.result_sha256.hex(),
            use=item.use,
            reason=item.reason,
            why=item.detail,
        )


class FilePage(BaseModel):
    """A page of the files of a batch."""

    items: list[FileOut]
    next: int | None
