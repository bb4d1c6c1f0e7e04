"""PDFBox with Bouncy Castle as a judge of signatures: built by `make judges`, run as a program of its own."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

JAR = Path(__file__).parents[1] / "judges" / "pdfbox" / "target" / "judge.jar"
SECONDS = 120


@dataclass(frozen=True, slots=True)
class PdfboxVerdict:
    """What it says of one signature."""

    field: str
    verdict: str  # "VALID", or what is wrong
    whole_document: bool


def pdfbox(file: Path) -> list[PdfboxVerdict]:
    """Ask it; skips the test that asks where the judge was not built."""
    if shutil.which("java") is None:
        pytest.skip("java is not installed")
    if not JAR.exists():
        pytest.skip("the PDFBox judge was not built: `make judges` does, with Maven")
    done = subprocess.run(["java", "-jar", str(JAR), str(file)], capture_output=True, timeout=SECONDS, check=True)
    rows = [line.split("\t") for line in done.stdout.decode().splitlines()]
    return [PdfboxVerdict(field, verdict, covers == "whole") for field, verdict, covers in rows]
