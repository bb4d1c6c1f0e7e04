"""Sealed containers over HTTP: files of any kind sealed together (ASiC-E with CAdES)."""

from decimal import Decimal
from io import BytesIO
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, File, Form, Response, UploadFile

from api.acts import sealing, use_log
from api.acts.containers import seal_files_asic
from api.acts.machine_use import grounds_of_machine
from api.db.access import Token
from api.errors import NotFoundError
from api.http.deps import OfficeDep, OnceDep, Remember, Scope, fingerprint_of
from api.http.media import Zip
from api.http.schemas import SealUseOut
from seals.asic import ContainerFile, manifest_of
from seals.signing import Level

router = APIRouter(prefix="/api/v1", tags=["containers"])
MaySeal = Annotated[Token, Depends(Scope("seal"))]
UNNAMED: Final = "file"
ANY_TYPE: Final = "application/octet-stream"
SUFFIX: Final = ".asice"


class ContainerOut(SealUseOut):
    """One act of sealing a container. `document_sha256` is that of its manifest, the list of names and digests."""

    container: str | None = None  # where the container is


def _out(use: Any) -> ContainerOut:
    found = SealUseOut.of(use).model_dump()
    where = None if use.object is None else f"/api/v1/seal-uses/{use.id}/container"
    return ContainerOut(**{**found, "document": None}, container=where)


@router.post("/seals/{code}/containers", status_code=201, response_model=ContainerOut)
def seal_files(
    code: str,
    office: OfficeDep,
    who: MaySeal,
    once: OnceDep,
    files: Annotated[list[UploadFile], File(description="the files, each under its name in the container")],
    level: Annotated[Literal["B-B", "B-T", "B-LT", "B-LTA"], Form()] = "B-LT",
    reason: Annotated[str, Form(max_length=256)] = "",
    mandate: Annotated[str | None, Form(max_length=32, description="which; without it, the one that fits")] = None,
    matter: Annotated[str, Form(max_length=64, description="what the files are about, as mandates name it")] = "",
    amount: Annotated[Decimal | None, Form(ge=0, max_digits=20, decimal_places=2)] = None,
    currency: Annotated[str, Form(pattern="^([A-Z]{3})?$")] = "",
) -> Response:
    """Seal files of any kind in one ASiC-E container, as a machine under a mandate that allows automatic use.

    Pages are not counted: a mandate that limits them does not allow this.
    """
    packed = [
        ContainerFile(name=one.filename or UNNAMED, content=one.file, media_type=one.content_type or ANY_TYPE)
        for one in files
    ]
    listed = manifest_of(packed)

    def act(remember: Remember) -> ContainerOut:
        grounds = grounds_of_machine(
            office, code, BytesIO(), who, mandate=mandate, matter=matter, amount=amount, currency=currency
        )
        done = seal_files_asic(
            office,
            code,
            packed,
            level=Level(level),
            reason=reason,
            grounds=grounds,
            then=lambda work, use: remember(work, _out(use)),
        )
        return _out(done)

    asked = fingerprint_of(
        "containers", code, listed.decode(), level, reason, mandate, matter, str(amount), currency
    )  # fmt: skip
    return once.run(who.id, asked, act)


@router.get("/seal-uses/{use_id}/container", response_class=Zip)
def container_of(use_id: str, office: OfficeDep, who: MaySeal) -> Zip:
    """The sealed container, for the machine that had it sealed and for the enterprise whose seal it is."""
    use_log.require_owner(office, who, use_id)
    name = sealing.sealed_file(office, use_id)
    if not name.endswith(SUFFIX):
        raise NotFoundError(f"seal use {use_id} did not end in a container")
    headers = {
        "Content-Disposition": f'attachment; filename="sealed-{use_id[:8]}{SUFFIX}"',
        "Content-Length": str(office.objects.size(name)),
    }
    return Zip(office.objects.stream(name), headers=headers)
