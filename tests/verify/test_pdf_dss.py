"""Signed PDFs of the EU DSS test suite: trust is not part of the verdicts there, so only findings about the file count."""

import csv
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.corpora import CORPORA, corpus
from verify.pdf import check_pdf
from verify.report import Finding, Report, Verdict
from verify.trust import Trust

NOW = datetime(2026, 7, 1, tzinfo=UTC)
ABOUT_THE_FILE = ("pdf", "signature", "changes", "algorithm")
# CLEAN rows in which a later change is not accounted for: the report says which change it was.
NOT_ACCOUNTED_FOR = {
    "DSS-3577.pdf",  # a field of two parts was filled: only its first part is known to be a field
    "Signature-P-DE_SCI-4.pdf",  # the page's resources were rewritten together with a time-stamp
    "pades-same-border-annotations.pdf",  # field names with full stops, which ISO 32000-2 §12.7.4.2 forbids
}


def rows() -> list[dict[str, str]]:
    path = CORPORA / "dss" / "expected.csv"
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines())) if path.is_file() else []


def check(folder: Path, row: dict[str, str]) -> Report:
    with (folder / row["file"]).open("rb") as file:
        return check_pdf(file, Trust(), now=NOW)


def about_the_file(report: Report) -> list[Finding]:
    every = [*report.findings, *(one for signature in report.signatures for one in signature.findings)]
    return [one for one in every if one.id.split(".")[0] in ABOUT_THE_FILE]


@pytest.mark.corpus
def test_no_file_that_is_not_clean_is_shown_as_clean_and_unchanged() -> None:
    folder = corpus("dss")
    for row in rows():
        if row["dss_class"] == "NOT-CLEAN":
            report = check(folder, row)
            objections = [one for one in about_the_file(report) if one.verdict is not Verdict.PASSED]
            assert objections, row["file"]


@pytest.mark.corpus
def test_clean_files_are_not_failed_but_for_three_with_named_changes() -> None:
    folder = corpus("dss")
    failed = set()
    for row in rows():
        if row["dss_class"] == "CLEAN":
            report = check(folder, row)
            assert report.signatures, row["file"]
            if any(one.verdict is Verdict.FAILED for one in about_the_file(report)):
                failed.add(row["file"])
    assert failed == NOT_ACCOUNTED_FOR
