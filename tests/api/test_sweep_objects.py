"""Files that no row names are removed after a day; whatever a row names, wherever it does, stays."""

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import String, Text

from api.acts.office import Office
from api.db.stored_files import COLUMNS
from api.db.tables import metadata
from api.errors import ObjectMissingError
from api.tasks import sweep_objects
from tests.support.envelopes import companies, drafted, party, sent, slot
from tests.support.office import Hall, open_hall
from tests.support.sealing import make_pdf

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    with open_hall(tmp_path) as opened:
        yield opened


def stored(office: Office) -> set[str]:
    root = office.settings.data / "objects"
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}


def age_all(office: Office, by: timedelta) -> None:
    """As if everything had been stored so long ago."""
    moment = (office.now() - by).timestamp()
    for name in stored(office):
        os.utime(office.settings.data / "objects" / name, (moment, moment))


@pytest.mark.parametrize(("by", "kept"), [(DAY, True), (DAY + SECOND, False)])
@pytest.mark.parametrize("kind", sweep_objects.KINDS)
def test_a_file_without_a_row_goes_after_a_day(hall: Hall, kind: str, by: timedelta, *, kept: bool) -> None:
    name = hall.office.objects.put(kind, ".pdf", b"left over")
    age_all(hall.office, by)
    said = sweep_objects.run(hall.office)
    assert said == ("" if kept else "removed 1 files that nobody refers to")
    assert (name in stored(hall.office)) is kept


@pytest.mark.parametrize("kind", ["sealed", "licence", "evidence", "archived", "manifest", "batch", "unheard-of"])
def test_other_kinds_are_never_touched(hall: Hall, kind: str) -> None:
    name = hall.office.objects.put(kind, ".pdf", b"left over")
    age_all(hall.office, 900 * DAY)
    assert sweep_objects.run(hall.office) == ""
    assert name in stored(hall.office)


def test_a_document_dropped_from_a_draft_goes_and_every_file_of_an_envelope_stays(hall: Hall) -> None:
    buyer, seller = companies(hall, 2)
    contract = sent(hall, {"buyer": buyer, "seller": seller})
    draft = drafted(hall, buyer, make_pdf(1), make_pdf(2))
    before = stored(hall.office)
    dropped = hall.client.delete(f"{draft.path}/documents/{draft.documents[0]}", headers=buyer.chief.headers())
    assert dropped.status_code == 200, dropped.text
    age_all(hall.office, 2 * DAY)
    assert sweep_objects.run(hall.office) == "removed 1 files that nobody refers to"
    gone = before - stored(hall.office)
    assert len(gone) == 1
    for one in (contract, draft):
        for document in one.documents if one is contract else one.documents[1:]:
            assert one.get(what=f"/documents/{document}/file?state=source").content.startswith(b"%PDF-")


def test_what_only_a_template_names_stays(hall: Hall) -> None:
    (buyer,) = companies(hall, 1)
    draft = drafted(hall, buyer, make_pdf(1))
    assert draft.plan([party(buyer, "buyer")], [slot("buyer")]).status_code == 200
    made = draft.post("/template", {"name": "Order"})
    assert made.status_code == 201, made.text
    dropped = hall.client.delete(f"{draft.path}/documents/{draft.documents[0]}", headers=buyer.chief.headers())
    assert dropped.status_code == 200, dropped.text
    age_all(hall.office, 2 * DAY)
    before = stored(hall.office)
    assert sweep_objects.run(hall.office) == ""
    assert stored(hall.office) == before


def test_a_store_that_does_not_answer_loses_nothing(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(*_: object) -> None:
        raise OSError("the disk is gone")

    monkeypatch.setattr("obstore.list", silent)
    with pytest.raises(ObjectMissingError):
        sweep_objects.run(hall.office)


def test_every_column_that_holds_the_name_of_a_file_is_asked() -> None:
    """A new one that is forgotten here would cost files: name it in `api.db.stored_files`, or here with a reason."""
    told = {
        column
        for table in metadata.tables.values()
        for column in table.c
        if isinstance(column.type, String | Text) and column.name.rpartition("_")[2] in {"object", "pdf"}
    }
    assert told <= set(COLUMNS)
    assert len(told) >= 9
