"""Foreign files of every kind are sealed so that the judges agree, or refused with a reason. None crashes."""

import csv
import io
from collections import Counter
from pathlib import Path

import pytest

from seals.errors import DocumentRefusedError, PlacementError
from seals.model import FormXObject
from seals.placement import AtPosition
from seals.signing import Level, seal_pdf
from tests.support.corpora import CORPORA, corpus
from tests.support.pdf_judges import mutool, pdfsig, qpdf
from tests.support.sealing import NOW, default_key

SMALL = FormXObject(content=b"1 0 0 rg 0 0 5 5 re f", width_mm=2, height_mm=2)  # fits on the smallest page there is
MANIFEST = CORPORA / "wild" / "manifest.csv"
FILES = [row["file"] for row in csv.DictReader(io.StringIO(MANIFEST.read_text("utf-8")))] if MANIFEST.is_file() else []

# What became of the files when this was written: a change here has to be looked at.
TALLY = Counter({"sealed": 67, "encrypted": 21, "broken": 7, "not-pdf": 4, "xfa": 2, "certified-no-changes": 1})


def seal(file: Path, target: Path) -> str:
    """Return the name of the field that was sealed, or raise."""
    with file.open("rb") as source, target.open("w+b") as out:
        sealed = seal_pdf(
            source,
            out,
            key=default_key(),
            placement=AtPosition(page=1, x_mm=2, y_mm=2),
            picture=SMALL,
            level=Level.B_B,
            now=NOW,
        )
    return sealed.field


@pytest.mark.corpus
@pytest.mark.judge
@pytest.mark.parametrize("name", FILES or ["absent"])
def test_a_foreign_file_is_sealed_to_the_judges_liking_or_refused(name: str, tmp_path: Path, nss: Path) -> None:
    file, sealed = corpus("wild") / name, tmp_path / "sealed.pdf"
    try:
        field = seal(file, sealed)
    except DocumentRefusedError:
        assert sealed.read_bytes() == b""
        return
    verdicts = [one for one in pdfsig(sealed, nss) if one.field == field]
    assert [(one.valid, one.whole_document) for one in verdicts] == [(True, True)]
    assert mutool(sealed)[-1] == "unchanged"
    severity = {0: 0, 3: 1, 2: 2}
    assert severity[qpdf(sealed)] <= severity.get(qpdf(file), 2)


@pytest.mark.corpus
def test_the_tally_of_foreign_files_is_known(tmp_path: Path) -> None:
    folder, tally = corpus("wild"), Counter[str]()
    for name in FILES:
        try:
            seal(folder / name, tmp_path / "sealed.pdf")
            tally["sealed"] += 1
        except DocumentRefusedError as exc:
            tally[exc.reason.value] += 1
        except PlacementError:
            tally["no room"] += 1
    assert tally == TALLY
