"""Somebody else's client: pyHanko's own CSC signer, over real HTTP, signs PDFs with a seal whose key never leaves us."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import PdfSignatureMetadata, PdfSigner
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.general import SigningError

from api.acts.ceremony import hold
from tests.support import pdf_judges
from tests.support.browser import serving
from tests.support.csc_client import Calls, csc_signer
from tests.support.keys import MemoryStore
from tests.support.office import Clock, open_hall, plan
from tests.support.people import Enrolled
from tests.support.remote import Csc, Desk, desk_of
from tests.support.sealing import make_pdf


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    desk: Desk
    url: str


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    now = datetime.now(UTC)  # pyHanko and poppler look at the clock of this machine: so does this authority
    folder, store = tmp_path_factory.mktemp("csc"), MemoryStore()
    hold(plan(), folder / "authority", stores={"memory": store}, now=now - timedelta(days=1))
    with open_hall(folder, store=store, clock=Clock(now)) as hall, serving(hall.app) as url:
        yield Served(desk=desk_of(hall), url=url)


async def sign(
    served: Served, csc: Csc, calls: Calls, *, person: Enrolled | None, documents: int = 1, batch: int = 1
) -> list[bytes]:
    """Sign so many documents at once with pyHanko."""
    made_by = csc_signer(
        served.url, credential=served.desk.code, token=csc.token, person=person, calls=calls, batch=batch
    )
    async with made_by as signer:

        async def one(number: int) -> bytes:
            writer = IncrementalPdfFileWriter(BytesIO(make_pdf(pages=number + 1)))
            meta = PdfSignatureMetadata(field_name="Seal", subfilter=SigSeedSubFilter.PADES, md_algorithm="sha256")
            made: BytesIO = await PdfSigner(meta, signer).async_sign_pdf(writer, bytes_reserved=16_384)
            return made.getvalue()

        return list(await asyncio.gather(*(one(number) for number in range(documents))))


def require_accepted(served: Served, document: bytes, folder: Path) -> None:
    """Our own check and poppler agree."""
    report = served.desk.hall.client.post("/api/v1/verify", files={"file": ("a.pdf", document)}).json()
    doubts = [
        one["text"]
        for part in (report, *report["signatures"])
        for one in part["findings"]
        if one["verdict"] != "passed"
    ]
    assert report["verdict"] == "passed", doubts
    assert [one["covers_whole_document"] for one in report["signatures"]] == [True]
    file = folder / "signed.pdf"
    file.write_bytes(document)
    root = served.desk.hall.office.authority.certificate("root")
    nss = pdf_judges.make_nss(folder, root)
    (verdict,) = pdf_judges.pdfsig(file, nss, ocsp=False)
    assert verdict.valid, verdict.text
    assert verdict.whole_document, verdict.text


@pytest.mark.judge
def test_pyhanko_signs_a_pdf_with_the_passkey_of_a_person(served: Served, tmp_path: Path) -> None:
    calls = Calls()
    (document,) = asyncio.run(sign(served, served.desk.csc, calls, person=served.desk.boss))
    assert calls.seen == ["credentials/getChallenge", "credentials/authorize"]
    require_accepted(served, document, tmp_path)


@pytest.mark.judge
def test_pyhanko_signs_three_documents_with_one_agreement(served: Served, tmp_path: Path) -> None:
    calls = Calls()
    made = asyncio.run(sign(served, served.desk.csc, calls, person=served.desk.boss, documents=3, batch=3))
    assert calls.seen == ["credentials/getChallenge", "credentials/authorize"], "one authorisation for the batch"
    for number, document in enumerate(made):
        folder = tmp_path / str(number)
        folder.mkdir()
        require_accepted(served, document, folder)


@pytest.mark.judge
def test_pyhanko_signs_for_a_machine_without_a_person(served: Served, tmp_path: Path) -> None:
    calls = Calls()
    (document,) = asyncio.run(sign(served, served.desk.machine, calls, person=None))
    assert calls.seen == ["credentials/authorize"]
    require_accepted(served, document, tmp_path)


def test_pyhanko_gets_no_signature_on_another_persons_passkey(served: Served) -> None:
    from_machine = served.desk.machine
    with pytest.raises(SigningError):
        asyncio.run(sign(served, from_machine, Calls(), person=served.desk.boss))
