"""Independent programs that judge sealed PDFs. Their texts are parsed: most of them exit 0 on a bad signature."""

import os
import re
import resource
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

SECONDS = 30
MEMORY = 1 << 31  # bytes; qpdf took 2.1 GB for a decompression bomb


def need(*programs: str) -> None:
    """Skip the test that asks if a program is absent."""
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")


def run(*command: str | Path, limit: bool = True) -> tuple[int, str]:
    """Return exit code and all output of a judge that is held to time and memory."""

    def hold() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))

    try:
        done = subprocess.run(
            [str(one) for one in command],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=SECONDS,
            check=False,
            preexec_fn=hold if limit else None,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
        )
    except subprocess.TimeoutExpired:
        return 124, "timeout"
    return done.returncode, done.stdout.decode("utf-8", "replace")


def make_nss(folder: Path, root: x509.Certificate) -> Path:
    """Make a certificate store for pdfsig that trusts `root`."""
    need("certutil")
    store = folder / "nss"
    store.mkdir()
    pem = folder / "root.pem"
    pem.write_bytes(root.public_bytes(Encoding.PEM))
    for command in (
        ("certutil", "-N", "-d", f"sql:{store}", "--empty-password"),
        ("certutil", "-A", "-d", f"sql:{store}", "-n", "root", "-t", "CT,C,C", "-i", str(pem)),
    ):
        subprocess.run(command, check=True, capture_output=True, timeout=SECONDS)
    return store


@dataclass(frozen=True, slots=True)
class PopplerVerdict:
    """What pdfsig says of one signature."""

    valid: bool
    trusted: bool
    whole_document: bool
    field: str
    text: str


def pdfsig(file: Path, nss: Path, *, ocsp: bool = True) -> list[PopplerVerdict]:
    """Ask poppler. The list has one entry for a signature, document time-stamps included.

    With `ocsp` it asks the responder that the certificate names.
    """
    need("pdfsig")
    _, text = run("pdfsig", *(() if ocsp else ("-no-ocsp",)), "-nssdir", f"sql:{nss}", file)
    parts = re.split(r"^Signature #\d+:$", text, flags=re.MULTILINE)[1:]
    return [
        PopplerVerdict(
            valid="Signature is Valid." in part,
            trusted="Certificate is Trusted." in part,
            whole_document=bool(re.search(r"^\s*- Total document signed", part, flags=re.MULTILINE)),
            field=(re.findall(r"Signature Field Name: (.*)", part) or [""])[0],
            text=part,
        )
        for part in parts
    ]


def mutool(file: Path) -> list[str]:
    """Ask MuPDF: one text for each signature, "unchanged", "edited", or what it complains of."""
    need("mutool")
    _, text = run("mutool", "sign", "-v", file)
    parts = re.split(r"^Verifying signature \d+:$", text, flags=re.MULTILINE)[1:]
    return [
        "unchanged"
        if "The document is unchanged since signing." in part
        else "edited"
        if "there have been edits since signing" in part
        else part.strip()
        for part in parts
    ]


def qpdf(file: Path) -> int:
    """Return the exit code of `qpdf --check`: 0 good, 3 warnings, 2 errors."""
    need("qpdf")
    return run("qpdf", "--check", file)[0]
