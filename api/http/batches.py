"""Mass sealing over HTTP."""

import zipfile
from collections.abc import Iterator
from io import RawIOBase
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, File, Form, Query, Response, UploadFile

from api.acts import batches
from api.acts.batches import BatchOrder
from api.acts.office import Office
from api.acts.sealing import SealOrder
from api.db.access import Token
from api.db.batches import Batch, ItemState, SourceKind
from api.errors import BadInputError, ForbiddenError, NotFoundError
from api.http.batches_schemas import BatchOut, BatchPage, FileOut, FilePage, ProgressOut
from api.http.deps import OfficeDep, OnceDep, Remember, Scope, fingerprint_of
from api.http.media import Archive, Json, Pkcs7
from api.scratch import sha256_of
from seals.register import Grounds

router = APIRouter(prefix="/api/v1", tags=["batches"])
MaySeal = Annotated[Token, Depends(Scope("seal"))]
Limit = Annotated[int, Query(ge=1, le=1000)]


@router.post("/batches", status_code=201, response_model=BatchOut)
def make(
    office: OfficeDep,
    who: MaySeal,
    once: OnceDep,
    seal: Annotated[str, Form(max_length=14)],
    archive: Annotated[UploadFile | None, File(description="ZIP or TAR with the PDFs to seal")] = None,
    bucket: Annotated[str, Form(max_length=512, description="or where they lie; one of the operator's list")] = "",
    target: Annotated[str, Form(max_length=512, description="bucket for the results; empty: kept here")] = "",
    level: Annotated[Literal["B-B", "B-T", "B-LT", "B-LTA"], Form()] = "B-LT",
    placement: Annotated[Literal["invisible", "position", "keyword"], Form()] = "invisible",
    page: Annotated[int, Form(ge=-10_000, le=10_000, description="from 1; negative counts from the end")] = 1,
    x_mm: Annotated[float, Form(ge=0, le=10_000)] = 150.0,
    y_mm: Annotated[float, Form(ge=0, le=10_000)] = 240.0,
    keyword: Annotated[str, Form(max_length=200)] = "",
    index: Annotated[int, Form(ge=-1000, le=1000)] = 1,
    reason: Annotated[str, Form(max_length=256)] = "",
    mandate: Annotated[
        str | None, Form(max_length=32, description="for automatic use; one that fits, if left out")
    ] = None,
    matter: Annotated[str, Form(max_length=64)] = "",
) -> Response:
    """Seal all files of an archive or a bucket with one seal. A machine's token with a mandate for automatic use."""
    if who.person is not None:
        raise ForbiddenError("batches are for machines with a mandate for automatic use")
    if (archive is None) == (not bucket):
        raise BadInputError("send an archive, or name a bucket")
    for address in (bucket, target):
        _require_listed(office, address)
    order = SealOrder.of(
        level=level, placement=placement, page=page, x_mm=x_mm, y_mm=y_mm, keyword=keyword, index=index, reason=reason
    )
    digest = "" if archive is None else sha256_of(archive.file).hex()

    def act(remember: Remember) -> BatchOut:
        name = None if archive is None else batches.keep_archive(office, archive.file)
        asked = BatchOrder(
            seal=seal,
            order=order,
            grounds=Grounds(actor=who.name, machine=who.machine, mandate=mandate, matter=matter),
            owner=who.machine,
            source_kind=SourceKind.BUCKET if name is None else SourceKind.ARCHIVE,
            source=name or bucket,
            target=target,
        )
        try:
            made = batches.make(office, asked, then=lambda work, batch: remember(work, BatchOut.of(batch)))
        except BaseException:
            if name is not None:
                office.objects.delete(name)
            raise
        return BatchOut.of(made)

    facts = (seal, digest, bucket, target, str(order), mandate, matter)
    return once.run(who.id, fingerprint_of("batches", *facts), act)


def _require_listed(office: Office, address: str) -> None:
    """Addresses come from outside: only what the operator listed, and what lies below it, is ever opened."""
    if not address:
        return
    parts = address.split("/")
    listed = any(address == one or address.startswith(one.rstrip("/") + "/") for one in office.settings.batch_buckets)
    if not listed or ".." in parts or "?" in address or "#" in address or "%" in address:
        raise BadInputError("this bucket is not on the operator's list")


def _mine(office: Office, batch_id: str, who: Token) -> Batch:
    found = batches.get(office, batch_id)
    if found.owner != who.machine or who.person is not None:
        raise NotFoundError(f"there is no batch {batch_id}")
    return found


@router.get("/batches")
def page_of(
    office: OfficeDep, who: MaySeal, cursor: Annotated[str, Query(max_length=32)] = "", limit: Limit = 50
) -> BatchPage:
    """The caller's batches, the newest first."""
    with office.reading() as work:
        last = work.batches.get(cursor) if cursor else None
        if cursor and (last is None or last.owner != who.machine):
            raise BadInputError("this cursor is not from the list of these batches")
        found = work.batches.of_owner(who.machine, after=last, limit=limit)
    return BatchPage(
        items=[BatchOut.of(one) for one in found], next=found[-1].id if len(found) == limit else None
    )  # fmt: skip


@router.get("/batches/{batch_id}")
def one(batch_id: str, office: OfficeDep, who: MaySeal) -> ProgressOut:
    """How far a batch is: counts, rate, and what is left."""
    _mine(office, batch_id, who)
    return ProgressOut.of_progress(batches.progress(office, batch_id))


@router.get("/batches/{batch_id}/files")
def files(
    batch_id: str,
    office: OfficeDep,
    who: MaySeal,
    state: Annotated[ItemState | None, Query(description="`refused`: only the failures")] = None,
    cursor: Annotated[int, Query(ge=0, le=10**9)] = 0,
    limit: Limit = 100,
) -> FilePage:
    """The files of a batch and what became of each."""
    _mine(office, batch_id, who)
    with office.reading() as work:
        found = work.batches.items(batch_id, after=cursor, limit=limit, state=state)
    return FilePage(
        items=[FileOut.of(item) for item in found], next=found[-1].number if len(found) == limit else None
    )  # fmt: skip


@router.get("/batches/{batch_id}/results", response_class=Archive)
def results(batch_id: str, office: OfficeDep, who: MaySeal) -> Archive:
    """All sealed files and the signed manifest as a ZIP archive, once the batch is done."""
    batch = _mine(office, batch_id, who)
    if batch.manifest is None or batch.target:
        raise NotFoundError("the results are not here, or not yet")
    headers = {"Content-Disposition": f'attachment; filename="batch-{batch_id[:8]}.zip"'}
    return Archive(_zipped(office, batch), headers=headers)


class _Pipe(RawIOBase):
    """What the archive's writer writes, until it is taken."""

    def __init__(self) -> None:
        self.held = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        self.held += data
        return len(data)

    def take(self) -> bytes:
        taken = bytes(self.held)
        self.held.clear()
        return taken


def _zipped(office: Office, batch: Batch) -> Iterator[bytes]:
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w") as archive:  # PDFs are compressed already
        for name, kept in batches.files_of(office, batch):
            with archive.open(zipfile.ZipInfo(name), "w", force_zip64=True) as entry:
                for piece in office.objects.stream(kept):
                    entry.write(piece)
                    yield pipe.take()
    yield pipe.take()


@router.get("/batches/{batch_id}/manifest", response_class=Json)
def manifest(batch_id: str, office: OfficeDep, who: MaySeal) -> Json:
    """What came in, what went out, what was refused and why."""
    name = _mine(office, batch_id, who).manifest
    if name is None:
        raise NotFoundError("there is no manifest before the batch is done")
    return Json(office.objects.stream(name))


@router.get("/batches/{batch_id}/manifest.p7s", response_class=Pkcs7)
def manifest_signature(batch_id: str, office: OfficeDep, who: MaySeal) -> Pkcs7:
    """The detached CAdES signature of the authority's seal over the manifest."""
    name = _mine(office, batch_id, who).manifest_signature
    if name is None:
        raise NotFoundError("there is no manifest before the batch is done")
    return Pkcs7(office.objects.stream(name))


@router.post("/batches/{batch_id}/cancel")
def cancel(batch_id: str, office: OfficeDep, who: MaySeal) -> BatchOut:
    """End a batch. What is sealed stays sealed."""
    _mine(office, batch_id, who)
    return BatchOut.of(batches.cancel(office, batch_id, actor=who.name))
