"""ASiC-E containers of the test PKI, and altered ones."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final

from seals.asic import ContainerFile, write_asic
from seals.signing import Level
from tests.support.sealing import NOW, default_key, pki
from verify.asic import check_asic
from verify.asic_manifest import MIMETYPE
from verify.report import Report
from verify.trust import Trust

FILES: Final = {"合同.pdf": b"%PDF-1.7 a contract", "data/readings.csv": b"1,2,3\n" * 500}
SEAL: Final = "META-INF/signature001.p7s"
LIST: Final = "META-INF/ASiCManifest.xml"
LATER: Final = NOW + timedelta(minutes=5)


def files_of(files: Mapping[str, bytes]) -> list[ContainerFile]:
    return [
        ContainerFile(
            name=name, content=io.BytesIO(data), media_type="text/csv" if name.endswith("csv") else "application/pdf"
        )
        for name, data in files.items()
    ]


def sealed(files: Mapping[str, bytes] = FILES, *, level: Level = Level.B_LTA, **wanted: Any) -> bytes:
    given: dict[str, Any] = {
        "key": default_key(),
        "timestamper": pki().timestamper,
        "revocation": pki().revocation,
        "now": NOW,
    }
    target = io.BytesIO()
    write_asic(target, files_of(files), level=level, **(given | wanted))
    return target.getvalue()


@cache
def box(level: Level = Level.B_LTA) -> bytes:
    """One container of this level for the whole test run."""
    return sealed(level=level)


def unpacked(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def packed(files: Sequence[tuple[str, bytes]], *, method: int = zipfile.ZIP_STORED) -> bytes:
    """A ZIP archive of these files, whatever their names."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as made:
        for name, data in files:
            entry = zipfile.ZipInfo(name)
            entry.compress_type = zipfile.ZIP_STORED if name == "mimetype" else method
            made.writestr(entry, data)
    return target.getvalue()


def with_files(data: bytes, files: Mapping[str, bytes | None]) -> bytes:
    """The container with files replaced, left out (None) or added."""
    there: dict[str, bytes | None] = {**unpacked(data), **files}
    return packed([(name, content) for name, content in there.items() if content is not None])


def check(data: bytes, *, now: datetime = LATER, trusted: bool = True, **limits: Any) -> Report:
    trust = Trust(anchors=(pki().root.certificate,) if trusted else ())
    return check_asic(io.BytesIO(data), trust, now=now, **limits)


def said(report: Report) -> list[str]:
    """Ids of everything that did not pass, or of all where everything passed."""
    every = [*report.findings, *(one for signature in report.signatures for one in signature.findings)]
    return [one.id for one in every if one.verdict.value != "passed"]


def mimetype() -> tuple[str, bytes]:
    return "mimetype", MIMETYPE.encode()
