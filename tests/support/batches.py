"""Batches for tests: an enterprise whose contract seal a machine may use by itself, files, and a worker's part done here."""

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from httpx import Response

from api.acts import batches
from api.acts.access import add_token
from api.acts.batch_sealing import seal_chunk
from api.acts.batches import BatchOrder
from api.acts.office import Office
from api.acts.sealing import SealOrder
from api.db.access import Token
from api.db.batches import Batch, Item, SourceKind
from seals.mandates import Mandate
from seals.placement import Invisible
from seals.register import Grounds
from seals.signing import Level
from tests.support.office import Hall, code_of
from tests.support.rights import lend_to_machine
from tests.support.sealing import make_pdf


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A machine that may use the seals of one enterprise."""

    hall: Hall
    uscc: str
    code: str
    token: Token
    secret: str
    mandate: Mandate

    def headers(self, key: str | None = None) -> dict[str, str]:
        sent = {"Authorization": f"Bearer {self.secret}"}
        return sent if key is None else {**sent, "Idempotency-Key": key}

    def get(self, path: str) -> Response:
        return self.hall.client.get(path, headers=self.headers())

    def send(self, archive: bytes | None, *, key: str | None = None, **form: Any) -> Response:
        files = None if archive is None else {"archive": ("in.zip", archive, "application/zip")}
        data = {"seal": self.code, **form}
        return self.hall.client.post("/api/v1/batches", files=files, data=data, headers=self.headers(key))

    @property
    def grounds(self) -> Grounds:
        return Grounds(actor="a machine", machine=self.token.id, mandate=self.mandate.id)


def machine_of(hall: Hall, **terms: Any) -> Machine:
    made = hall.establish()
    uscc = made["licence"]["uscc"]
    token, secret = add_token(
        hall.office, name="finance", scopes=frozenset({"seal"}), valid_for=timedelta(days=365)
    )  # fmt: skip
    mandate = lend_to_machine(hall.office, uscc, token.id, **terms)
    return Machine(hall=hall, uscc=uscc, code=code_of(made), token=token, secret=secret, mandate=mandate)


def order(**changes: Any) -> SealOrder:
    usual = SealOrder(level=Level.B_B, placement=Invisible(), reason="statements")
    return replace(usual, **changes)


def folder_batch(office: Office, who: Machine, source: Any, target: Any, **changes: Any) -> Batch:
    asked: dict[str, Any] = {
        "seal": who.code, "order": order(), "grounds": who.grounds, "owner": who.token.id,
        "source_kind": SourceKind.FOLDER, "source": str(source), "target": str(target),
    }  # fmt: skip
    return batches.make(office, BatchOrder(**(asked | changes)))


def documents(count: int) -> dict[str, bytes]:
    """Documents that all differ."""
    return {f"{number:04}.pdf": make_pdf(content=b"BT ET %% %d" % number) for number in range(count)}


def zip_of(files: Mapping[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return made.getvalue()


def work_through(office: Office, batch_id: str) -> batches.Progress:
    """What the worker does, in this thread."""
    batches.read_in(office, batch_id)
    while seal_chunk(office, batch_id):
        pass
    batches.close(office, batch_id)
    return batches.progress(office, batch_id)


def items_of(office: Office, batch_id: str) -> list[Item]:
    with office.reading() as work:
        return work.batches.items(batch_id, limit=10_000)


def fill(folder: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def uses_of(who: Machine, batch_id: str) -> dict[str, str]:
    """State by name of file."""
    with who.hall.office.reading() as work:
        found = {item.name: work.uses.get(item.use or "") for item in work.batches.items(batch_id, limit=1000)}
    return {name: "" if use is None else use.state.value for name, use in found.items()}


def verdict(hall: Hall, sealed: bytes) -> dict[str, Any]:
    report: dict[str, Any] = hall.client.post("/api/v1/verify", files={"file": sealed}).json()
    return report
