"""Three companies, 30 pages, seam seals: one seals by two approvers, one with pyHanko over CSC; judged, then rescinded."""

import asyncio
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import pytest
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import PdfSignatureMetadata, PdfSigner
from pyhanko.sign.fields import SigSeedSubFilter

from api.acts.ceremony import hold
from tests.journeys.test_contract import approve, with_two_approvers
from tests.support.browser import serving
from tests.support.csc_client import csc_signer
from tests.support.envelopes import Company, Draft, agree, companies, drafted, party, slot
from tests.support.keys import MemoryStore
from tests.support.office import Clock, Hall, open_hall, plan, random_key
from tests.support.pdf_judges import make_nss, mutool, pdfsig
from tests.support.pdfbox import pdfbox
from tests.support.people import Enrolled, enrol
from tests.support.remote import app
from tests.support.sealing import make_pdf

PAGES = 30
NAMES = ("buyer", "seller", "guarantor")


@dataclass(frozen=True, slots=True)
class Place:
    hall: Hall
    url: str


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    now = datetime.now(UTC)  # pyHanko and poppler look at the clock of this machine: so does this authority
    folder, store = tmp_path_factory.mktemp("three"), MemoryStore()
    hold(plan(), folder / "authority", stores={"memory": store}, now=now - timedelta(days=1))
    with open_hall(folder, store=store, clock=Clock(now)) as hall, serving(hall.app) as url:
        yield Place(hall, url)


@dataclass(frozen=True, slots=True, kw_only=True)
class Concluded:
    """The contract at its end."""

    contract: Draft
    parties: tuple[Company, ...]
    pdf: Path


@pytest.fixture(scope="module")
def concluded(place: Place, tmp_path_factory: pytest.TempPathFactory) -> Concluded:
    hall = place.hall
    parties = buyer, seller, guarantor = tuple(companies(hall, 3))
    contract = drafted(hall, buyer, make_pdf(PAGES))
    planned = contract.plan(
        [party(of, name) for name, of in zip(NAMES, parties, strict=True)],
        [slot(name, row=row, seam=True, own_client=name == "guarantor") for row, name in enumerate(NAMES)],
    )
    assert planned.status_code == 200, planned.text
    assert contract.send().status_code == 200
    assert agree(contract, "buyer", buyer.chief).status_code == 200
    seal_by_approval(hall, contract, seller)
    seal_with_pyhanko(place, contract, guarantor)
    assert contract.state() == "completed"
    pdf = tmp_path_factory.mktemp("concluded") / "contract.pdf"
    pdf.write_bytes(contract.get(what=f"/documents/{contract.documents[0]}/file").content)
    return Concluded(contract=contract, parties=parties, pdf=pdf)


def seal_by_approval(hall: Hall, contract: Draft, seller: Company) -> None:
    clerk = enrol(hall, seller.uscc, "user", "李经办")
    checkers = [enrol(hall, seller.uscc, "user", name) for name in ("王复核", "赵审批")]
    with_two_approvers(hall, seller, checkers)
    asked = contract.post("/parties/seller/request", {"choices": [], "reason": "the purchase of May"}, clerk)
    assert asked.status_code == 200, asked.text
    (request,) = next(one for one in asked.json()["parties"] if one["id"] == "seller")["requests"]
    assert [approve(hall, request, one) for one in checkers] == ["waiting", "sealed"]


def seal_with_pyhanko(place: Place, contract: Draft, guarantor: Company) -> None:
    chief, document = guarantor.chief, contract.documents[0]
    body = {"slot": "guarantor"}
    prepared = contract.post(f"/documents/{document}/prepared", body, chief)
    assert prepared.status_code == 200, prepared.text
    token = app(place.hall).bearer(chief)
    signed = asyncio.run(
        sign(
            place.url, token, chief, guarantor.seals["contract"], prepared.content, prepared.headers["Vermilion-Field"]
        )
    )
    answer = place.hall.client.post(
        f"{contract.path}/documents/{document}/revisions",
        files={"document": ("signed.pdf", signed, "application/pdf")},
        data=body,
        headers=chief.headers(random_key()),
    )
    assert answer.status_code == 200, answer.text


async def sign(url: str, token: str, chief: Enrolled, credential: str, document: bytes, field: str) -> bytes:
    async with csc_signer(url, credential=credential, token=token, person=chief) as signer:
        meta = PdfSignatureMetadata(field_name=field, subfilter=SigSeedSubFilter.PADES, md_algorithm="sha256")
        writer = IncrementalPdfFileWriter(BytesIO(document))
        made: BytesIO = await PdfSigner(meta, signer).async_sign_pdf(writer, bytes_reserved=16_384)
        return made.getvalue()


@pytest.mark.judge
def test_judges_accept_every_signature_after_the_last(place: Place, concluded: Concluded, tmp_path: Path) -> None:
    nss = make_nss(tmp_path, place.hall.office.authority.certificate("root"))
    poppler = pdfsig(concluded.pdf, nss, ocsp=False)
    assert len(poppler) == 4  # three seals, and the archive time-stamp, which poppler does not judge
    assert all(one.valid for one in poppler[:3]), [one.text for one in poppler]
    assert set(mutool(concluded.pdf)[:3]) <= {"edited", "unchanged"}
    answer = place.hall.client.post("/api/v1/verify", files={"file": ("a.pdf", concluded.pdf.read_bytes())}).json()
    assert answer["verdict"] == "passed", [
        one for part in (answer, *answer["signatures"]) for one in part["findings"] if one["verdict"] != "passed"
    ]
    assert [one["kind"] for one in answer["signatures"]] == ["seal", "seal", "seal", "timestamp"]


@pytest.mark.pdfbox
def test_pdfbox_accepts_every_signature_after_the_last(concluded: Concluded) -> None:
    assert [one.verdict for one in pdfbox(concluded.pdf)] == ["VALID"] * 4


def test_report_states_who_what_when_how_and_by_which_key(concluded: Concluded) -> None:
    archive = zipfile.ZipFile(BytesIO(concluded.contract.get(what="/archive").content))
    name = next(one for one in archive.namelist() if one.endswith("evidence.json"))
    facts = json.loads(archive.read(name))["evidence"]
    assert [one["code"] for one in facts["parties"]] == [one.uscc for one in concluded.parties]
    for one in facts["parties"]:
        assert {how["means"] for how in one["identified"]} == {"licence", "membership", "passkey"}
    buyer, seller, guarantor = facts["signatures"]
    assert [one["verdict"] for one in facts["signatures"]] == ["passed"] * 3
    assert [one["seal_code"] for one in facts["signatures"]] == [one.seals["contract"] for one in concluded.parties]
    known = {one["id"]: one["person"] for one in facts["assertions"]}
    assert known[buyer["grounds"]["assertion"]] == concluded.parties[0].chief.name
    assert [known[one["assertion"]] for one in seller["grounds"]["approvals"]] == ["王复核", "赵审批"]
    assert known[guarantor["grounds"]["assertion"]] == concluded.parties[2].chief.name
    for one in (buyer, seller):
        assert one["stamp"]["time"]
    assert len({one["certificate"]["sha256"] for one in facts["signatures"]}) == 3
    assert facts["documents"][0]["concluded_sha256"] == sha256(concluded.pdf.read_bytes()).hexdigest()


def test_contract_is_rescinded_by_all_three(place: Place, concluded: Concluded) -> None:
    second = drafted(place.hall, concluded.parties[0], make_pdf())
    planned = second.plan(
        [party(of, name) for name, of in zip(NAMES, concluded.parties, strict=True)],
        [slot(name, row=row) for row, name in enumerate(NAMES)],
        links=[{"kind": "rescinds", "target": concluded.contract.id}],
        rescission_reason="cooperation-ended",
    )
    assert planned.status_code == 200, planned.text
    assert second.send().status_code == 200
    for name, of in zip(NAMES, concluded.parties, strict=True):
        assert agree(second, name, of.chief).status_code == 200  # representatives have the right by law
    assert (second.state(), concluded.contract.state()) == ("completed", "rescinded")
    said = place.hall.client.post("/api/v1/verify", files={"file": ("a.pdf", concluded.pdf.read_bytes())}).json()
    assert "contract.rescinded" in {one["id"] for one in said["findings"]}
