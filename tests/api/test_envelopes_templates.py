"""Templates: one envelope from values, many from the rows of a table; refused rows keep no other row back."""

import io
from collections.abc import Iterator
from typing import Any

import openpyxl
import pytest

from api.acts.envelope_tables import MAX_ROWS, read_table
from api.errors import BadInputError
from tests.support.envelopes import Company, companies, drafted, party, slot
from tests.support.office import Hall, open_hall, random_key
from tests.support.people import enrol

FILL = {"name": "price", "kind": "text", "page": 1, "x_mm": 20, "y_mm": 200, "width_mm": 60, "height_mm": 8}


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Hall, list[Company], str]]:
    with open_hall(tmp_path_factory.mktemp("market")) as hall:
        of = companies(hall, 2)
        draft = drafted(hall, of[0])
        planned = draft.plan(
            [
                party(of[0], "seller"),
                party(of[1], "buyer"),
                {"id": "witness", "kind": "person", "name": "x", "contact": "x@y"},
            ],
            [slot("seller"), slot("buyer", row=1, fills=[FILL]), slot("witness", row=2, kinds=[])],
        )
        assert planned.status_code == 200, planned.text
        made = draft.post("/template", {"name": "Order"})
        assert made.status_code == 201, made.text
        assert made.json()["fields"] == [
            "title", "amount", "buyer.uscc", "witness.name", "witness.contact", "buyer.price",
        ]  # fmt: skip
        yield hall, of, f"/api/v1/envelope-templates/{made.json()['id']}"


def values(of: Company, **more: str) -> dict[str, str]:
    return {"buyer.uscc": of.uscc, "witness.name": "孙见证", "witness.contact": "sun@example.org", **more}


def test_a_template_becomes_an_envelope_whose_values_are_the_senders(market: tuple[Hall, list[Company], str]) -> None:
    hall, (seller, buyer), path = market
    body = {"values": values(buyer, **{"buyer.price": "88 元", "title": "Order 7", "amount": "88.00"})}
    answer = hall.client.post(f"{path}/envelopes", json=body, headers=seller.chief.headers(random_key()))
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert (made["state"], made["title"], made["amount"]) == ("sent", "Order 7", "88.00")
    choice = {"document": made["documents"][0]["id"], "slot": "buyer", "values": {"price": "1 元"}}
    begin = f"/api/v1/envelopes/{made['id']}/parties/buyer/begin"
    changed = hall.client.post(begin, json={"choices": [choice]}, headers=buyer.chief.headers())
    assert (changed.status_code, changed.json()["type"]) == (422, "/problems/envelope")
    assert hall.client.post(begin, json={"choices": []}, headers=buyer.chief.headers()).status_code == 200
    invited = hall.client.post(f"/api/v1/envelopes/{made['id']}/parties/witness/invite", headers=seller.chief.headers())
    witness = enrol(hall, buyer.uscc, "user", "孙见证")
    code = {"code": invited.json()["code"]}
    joined = hall.client.post("/api/v1/envelopes/invitations", json=code, headers=witness.headers())
    assert joined.status_code == 200, joined.text
    assert hall.client.post("/api/v1/envelopes/invitations", json=code, headers=witness.headers()).status_code == 404


def test_a_template_is_its_enterprises_own(market: tuple[Hall, list[Company], str]) -> None:
    hall, (seller, buyer), path = market
    assert hall.client.get(path, headers=seller.chief.headers()).status_code == 200
    assert hall.client.get(path, headers=buyer.chief.headers()).status_code == 404
    body = {"values": values(buyer)}
    assert hall.client.post(f"{path}/envelopes", json=body, headers=buyer.chief.headers()).status_code == 404
    assert hall.client.get("/api/v1/envelope-templates", headers=buyer.chief.headers()).json()["items"] == []


def xlsx(rows: list[list[Any]]) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_each_row_is_sent_or_refused_with_column_and_reason_and_none_twice(
    market: tuple[Hall, list[Company], str], kind: str
) -> None:
    hall, (seller, buyer), path = market
    rows: list[list[Any]] = [
        ["buyer.uscc", "witness.name", "witness.contact", "buyer.price", "amount"],
        [buyer.uscc, "孙见证", "sun@example.org", "88 元", 88],
        ["91330106MA9999999X", "孙见证", "sun@example.org", "88 元", 88],
        [buyer.uscc, "孙见证", None, "88 元", 88],
        [buyer.uscc, "孙见证", "sun@example.org", "x" * 201, 88],
        [buyer.uscc, "孙见证", "sun@example.org", "88 元", "many"],
        [buyer.uscc, "孙见证", "sun@example.org", "99 元", 99.5],
    ]
    table = (
        xlsx(rows) if kind == "xlsx" else "\n".join(",".join(str(one or "") for one in row) for row in rows).encode()
    )
    files = {"table": (f"orders.{kind}", table, "application/octet-stream")}
    key = random_key()
    answer = hall.client.post(f"{path}/rows", files=files, headers=seller.chief.headers(key))
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert [one["row"] for one in told["made"]] == [2, 7]
    assert [(one["row"], one["column"]) for one in told["refused"]] == [
        (3, "buyer.uscc"), (4, "witness.contact"), (5, "buyer.price"), (6, "amount"),
    ]  # fmt: skip
    with hall.office.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM replies")  # as if the answer had been lost with the process
    again = hall.client.post(f"{path}/rows", files=files, headers=seller.chief.headers(key)).json()
    assert again["made"] == told["made"]
    assert hall.client.post(f"{path}/rows", files=files, headers=seller.chief.headers()).status_code == 422


@pytest.mark.parametrize(
    ("table", "kind"),
    [
        (b"", "csv"),
        (b"\xff\xfe", "csv"),
        (b"a,a\n1,2", "csv"),
        (b"a,,b\n1,2,3", "csv"),
        (b"a\n1,2", "csv"),
        (b'a\n"1', "csv"),
        (b"a\n" + b"1\n" * (MAX_ROWS + 1), "csv"),
        (b"a\n" + b"x" * 2001, "csv"),
        (b"PK\x03\x04", "xlsx"),
        (b"no table", "xlsx"),
    ],
)
def test_a_table_that_cannot_be_read_is_refused(table: bytes, kind: str) -> None:
    with pytest.raises(BadInputError):
        read_table(io.BytesIO(table), kind=kind)


@pytest.mark.parametrize("harm", ["damaged", "encrypted", "cut off"])
def test_a_broken_workbook_is_refused(harm: str) -> None:
    table = bytearray(xlsx([["a"] * 50] * 50))
    place = table.find(b"xl/worksheets/sheet1.xml")
    if harm == "damaged":
        table[place + 40 : place + 80] = bytes(40)
    elif harm == "encrypted":
        place = table.rfind(b"PK\x01\x02", 0, table.rfind(b"xl/worksheets/sheet1.xml"))
        table[place + 8] |= 1  # PKWARE APPNOTE §4.4.4, bit 0
    else:
        del table[place:]
    with pytest.raises(BadInputError, match="cannot be read as XLSX"):
        read_table(io.BytesIO(table), kind="xlsx")


@pytest.mark.parametrize("amount", ["1E+999999999", "1E+3", "NaN", "-1", "1.001", "Infinity"])
def test_an_amount_that_is_no_spelling_of_money_is_refused_by_its_column(
    market: tuple[Hall, list[Company], str], amount: str
) -> None:
    hall, (seller, buyer), path = market
    body = {"values": values(buyer, amount=amount)}
    answer = hall.client.post(f"{path}/envelopes", json=body, headers=seller.chief.headers(random_key()))
    assert answer.status_code == 422, answer.text
    assert "is not an amount of money" in answer.json()["detail"]


def test_a_table_of_the_greatest_size_is_read() -> None:
    assert len(read_table(io.BytesIO(b"a\n" + b"1\n" * MAX_ROWS), kind="csv")) == MAX_ROWS
    assert read_table(io.BytesIO(b"a,b\n1,\n\n,2\n"), kind="csv")[1].values == {"b": "2"}
