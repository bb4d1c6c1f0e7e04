"""What goes wrong with an envelope is refused with a reason code, or shown at the party and tried again."""

# mypy: allow-untyped-calls
# pyHanko annotates only part of what it offers.

import io
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import copy_into_new_writer

from api.acts import timestamping
from api.errors import ClockError
from api.tasks import pursue_envelopes
from seals.mandates import Grantee, GranteeKind
from tests.support.envelopes import Company, Draft, agree, companies, drafted, party, sent, slot
from tests.support.office import Hall, open_hall
from tests.support.people import enrol
from tests.support.refused_pdfs import REFUSED
from tests.support.rights import lend
from tests.support.sealing import make_pdf
from verify.pdf import check_pdf
from verify.trust import Trust

ROOM = 3_000_000


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Hall, list[Company]]]:
    with open_hall(tmp_path_factory.mktemp("market"), max_document_bytes=ROOM) as opened:
        yield opened, companies(opened, 2)


@pytest.fixture
def hall(market: tuple[Hall, list[Company]]) -> Hall:
    return market[0]


@pytest.fixture
def two(market: tuple[Hall, list[Company]]) -> list[Company]:
    return market[1]


def no_timestamps(*_: Any) -> datetime:
    raise ClockError("the clock went back")


def xfa() -> bytes:
    writer = copy_into_new_writer(PdfFileReader(io.BytesIO(make_pdf())))
    writer.root[generic.pdf_name("/NeedsRendering")] = generic.BooleanObject(True)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


DOCUMENTS = {name: made for name, made in REFUSED.items() if made[1] != "certified-no-changes"} | {"XFA": (xfa, "xfa")}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_that_cannot_be_sealed_is_refused_when_it_comes(hall: Hall, two: list[Company], name: str) -> None:
    make, reason = DOCUMENTS[name]
    answer = drafted(hall, two[0]).upload(make())
    assert (answer.status_code, answer.json()["reason"]) == (422, reason)


def test_a_certified_document_is_refused_before_anybody_is_asked_to_seal_it(hall: Hall, two: list[Company]) -> None:
    make, _ = REFUSED["certified against changes"]
    contract = drafted(hall, two[0], make())
    contract.plan([party(two[0], "a")], [slot("a")])
    answer = contract.send()
    assert answer.status_code == 422
    assert answer.json()["reason"] in {"certified-no-changes", "locked"}
    assert contract.state() == "draft"


def test_two_gigabytes_are_refused_before_they_come(hall: Hall, two: list[Company]) -> None:
    contract = drafted(hall, two[0])
    headers = {
        **two[0].chief.headers(), "Content-Length": str(2 << 30), "Content-Type": "multipart/form-data; boundary=x",
    }  # fmt: skip
    answer = hall.client.post(f"{contract.path}/documents", content=b"--x", headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (413, "/problems/body-too-large")
    stranger = {**headers, "Authorization": "Bearer nobody"}
    assert hall.client.post(f"{contract.path}/documents", content=b"--x", headers=stranger).status_code in {401, 413}
    assert contract.upload(make_pdf() + b"\n" * ROOM).json()["type"] in {
        "/problems/body-too-large",
        "/problems/document-refused",
    }


@pytest.mark.parametrize(
    "spot",
    [
        {"at": "position", "page": 1, "x_mm": 205, "y_mm": 60},
        {"at": "position", "page": 4, "x_mm": 60, "y_mm": 60},
        {"at": "position", "page": 1, "x_mm": 60, "y_mm": -30},
        {"at": "keyword", "text": "not in the document"},
    ],
)
def test_a_field_outside_the_page_is_refused_when_it_is_sent(
    hall: Hall, two: list[Company], spot: dict[str, Any]
) -> None:
    contract = drafted(hall, two[0])
    contract.plan([party(two[0], "a")], [slot("a", spots=[spot])])
    answer = contract.send()
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/placement"), answer.text
    assert contract.state() == "draft"


def test_two_parties_of_one_name_seal_each_with_their_own_seal(hall: Hall, two: list[Company]) -> None:
    one, other = two
    assert one.name == other.name
    contract = sent(hall, {"one": one, "other": other}, seam=False)
    document = contract.documents[0]
    foreign = {"document": document, "slot": "one", "seal": other.seals["contract"]}
    answer = contract.post("/parties/one/begin", {"choices": [foreign]}, one.chief)
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/seal-unusable")
    assert contract.post("/parties/other/begin", {"choices": []}, one.chief).status_code == 403
    kind = {"document": document, "slot": "one", "seal": one.seals["finance"]}
    assert contract.post("/parties/one/begin", {"choices": [kind]}, one.chief).status_code == 409


def test_an_amount_over_the_mandate_is_refused_before_anybody_agrees(hall: Hall, two: list[Company]) -> None:
    buyer, seller = two
    clerk = enrol(hall, buyer.uscc, "user", "李经办")
    grantee = Grantee(kind=GranteeKind.PERSON, id=clerk.person)
    lend(hall.office, buyer.uscc, grantee, matters=("*",), max_amount=Decimal(1000), currency="CNY")
    over = sent(hall, {"buyer": buyer, "seller": seller}, seam=False, amount="1000.01", currency="CNY")
    answer = over.post("/parties/buyer/begin", {"choices": []}, clerk)
    assert (answer.status_code, answer.json()["reason"]) == (403, "mandate-amount"), answer.text
    within = sent(hall, {"buyer": buyer, "seller": seller}, seam=False, amount="1000.00", currency="CNY")
    assert agree(within, "buyer", clerk).status_code == 200
    assert within.party("buyer")["state"] == "sealed"


def test_an_assertion_over_something_else_or_used_before_seals_nothing(hall: Hall, two: list[Company]) -> None:
    buyer, seller = two
    first, second = (sent(hall, {"buyer": buyer, "seller": seller}, seam=False) for _ in range(2))
    begun = [one.post("/parties/buyer/begin", {"choices": []}, buyer.chief).json() for one in (first, second)]
    swapped = {"response": buyer.chief.agree(begun[0]["options"])}
    answer = second.post("/parties/buyer/confirm", swapped, buyer.chief)
    assert (answer.status_code, answer.json()["reason"]) == (403, "assertion-mismatch")
    assert first.post("/parties/buyer/confirm", swapped, buyer.chief).status_code == 200
    replayed = first.post("/parties/buyer/confirm", swapped, buyer.chief)
    assert replayed.status_code in {403, 409, 422}
    assert second.party("buyer")["state"] == "invited"


def test_half_a_character_in_an_authenticators_answer_is_refused(hall: Hall, two: list[Company]) -> None:
    draft = sent(hall, {"buyer": two[0], "seller": two[1]})
    assert draft.post("/parties/buyer/begin", {"choices": []}).status_code == 200
    answer = hall.client.post(
        f"{draft.path}/parties/buyer/confirm", content=b'{"response": {"id": "\\ud800"}}',
        headers={**two[0].chief.headers("half"), "Content-Type": "application/json"},
    )  # fmt: skip
    assert (answer.status_code, answer.json()["reason"]) == (403, "malformed")


def test_a_document_changed_in_the_store_is_never_sealed(hall: Hall, two: list[Company]) -> None:
    contract = sent(hall, {"buyer": two[0], "seller": two[1]}, seam=False)
    with hall.office.reading() as work:
        whole = work.envelopes.get(contract.id)
    assert whole is not None
    path = hall.office.settings.data / "objects" / str(whole.documents[0].current_object)
    path.write_bytes(path.read_bytes().replace(b"Party A", b"Party B"))
    agree(contract, "buyer", two[0].chief)
    told = contract.party("buyer")
    assert (told["state"], told["reason_code"], told["retry_at"]) == ("failed", "changed-since-freeze", None)
    assert "withdraw the envelope" in told["reason"]


def failed_for_want_of_time(hall: Hall, two: list[Company], monkeypatch: pytest.MonkeyPatch, **more: Any) -> Draft:
    contract = sent(hall, {"buyer": two[0], "seller": two[1]}, seam=False, **more)
    with monkeypatch.context() as patch:
        patch.setattr(timestamping, "_record", no_timestamps)
        assert agree(contract, "buyer", two[0].chief).status_code == 200
    return contract


def again(hall: Hall, contract: Draft) -> None:
    hall.clock.move(timedelta(minutes=1))
    pursue_envelopes.run(hall.office)


def test_without_time_stamps_the_seal_waits_and_goes_on_by_itself(
    hall: Hall, two: list[Company], monkeypatch: pytest.MonkeyPatch
) -> None:
    contract = failed_for_want_of_time(hall, two, monkeypatch)
    told = contract.party("buyer")
    assert (told["state"], told["reason_code"]) == ("failed", "timestamp")
    assert told["retry_at"] is not None
    pursue_envelopes.run(hall.office)
    assert contract.party("buyer")["state"] == "failed"
    again(hall, contract)
    told = contract.party("buyer")
    assert (told["state"], told["slots"][0]["level"]) == ("sealed", "B-LT")


def test_without_time_stamps_the_level_is_lower_where_the_policy_says_so_and_that_is_recorded(
    hall: Hall, two: list[Company], monkeypatch: pytest.MonkeyPatch
) -> None:
    contract = failed_for_want_of_time(hall, two, monkeypatch, on_timestamp_outage="degrade")
    told = contract.party("buyer")["slots"][0]
    assert (told["level"], told["time"]) == ("B-B", None)
    (step,) = [one for one in contract.get(what="/history").json()["items"] if one["act"] == "slot.sealed"]
    assert step["detail"]["timestamp_outage"]
    agree(contract, "seller", two[1].chief)
    done = contract.get().json()
    assert (done["state"], done["documents"][0]["archived"]) == ("completed", True)
    file = contract.get(what=f"/documents/{contract.documents[0]}/file").content
    offline = Trust(anchors=(hall.office.authority.certificate("root"),))
    later = hall.clock() + timedelta(days=365 * 4)  # the certificates of the seals are over, and nobody is asked
    report = check_pdf(io.BytesIO(file), offline, now=later)
    seals = [one for one in report.signatures if one.kind == "seal"]
    assert [(one.level, one.verdict) for one in seals] == [("B-LTA", "passed")] * 2, report.as_json()
    assert seals[0].time_source == "document time-stamp"


def test_an_archive_that_cannot_be_made_is_told_of_and_made_later(
    hall: Hall, two: list[Company], monkeypatch: pytest.MonkeyPatch
) -> None:
    contract = sent(hall, {"buyer": two[0], "seller": two[1]}, seam=False, level="B-B")
    agree(contract, "buyer", two[0].chief)
    with monkeypatch.context() as patch:
        patch.setattr(timestamping, "_record", no_timestamps)
        done = agree(contract, "seller", two[1].chief).json()
    assert (done["state"], done["archived_at"]) == ("completed", None)
    assert done["failure"]
    again(hall, contract)
    done = contract.get().json()
    assert (done["failure"], done["archived_at"] is None) == (None, False)


def test_a_seal_suspended_between_agreement_and_use_waits_for_a_person(
    hall: Hall, two: list[Company], monkeypatch: pytest.MonkeyPatch
) -> None:
    contract = failed_for_want_of_time(hall, two, monkeypatch)
    code = two[0].seals["contract"]
    assert hall.decide("seals", code, "suspend").status_code == 200
    again(hall, contract)
    told = contract.party("buyer")
    assert (told["state"], told["reason_code"], told["retry_at"]) == ("failed", "seal-unusable", None)
    assert "put back into use" in told["reason"]
    refused = sent_or_refused(hall, two)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/seal-unusable")
    assert hall.decide("seals", code, "reinstate").status_code == 200
    pursue_envelopes.run(hall.office)
    assert contract.party("buyer")["state"] == "failed"
    assert contract.post("/parties/buyer/retry").json()["parties"][0]["state"] == "sealed"


def sent_or_refused(hall: Hall, two: list[Company]) -> Any:
    contract = drafted(hall, two[0])
    contract.plan([party(one, name) for one, name in zip(two, "ab", strict=True)], [slot("a"), slot("b", row=1)])
    return contract.send()


def test_a_certificate_revoked_between_agreement_and_use_needs_another_seal(
    hall: Hall, two: list[Company], monkeypatch: pytest.MonkeyPatch
) -> None:
    contract = drafted(hall, two[0])
    kinds = ["invoice", "finance"]
    contract.plan([party(two[0], "a")], [slot("a", kinds=kinds)])
    assert contract.send().status_code == 200
    unclear = contract.post("/parties/a/begin", {"choices": []}, two[0].chief)
    assert (unclear.status_code, unclear.json()["type"]) == (409, "/problems/seal-unusable")
    choice = {"document": contract.documents[0], "slot": "a", "seal": two[0].seals["invoice"]}
    with monkeypatch.context() as patch:
        patch.setattr(timestamping, "_record", no_timestamps)
        agree(contract, "a", two[0].chief, [choice])
    assert hall.decide("seals", two[0].seals["invoice"], "cancel").status_code == 200
    again(hall, contract)
    told = contract.party("a")
    assert (told["state"], told["reason_code"], told["retry_at"]) == ("failed", "seal-unusable", None)
    other = {**choice, "seal": two[0].seals["finance"]}
    assert agree(contract, "a", two[0].chief, [other]).json()["state"] == "completed"
