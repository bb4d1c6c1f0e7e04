"""Judges of whole journeys: programs of other people look at what the commands left behind. What they print decides."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import zxingcpp
from click.testing import CliRunner
from PIL import Image

from api.cli import cli
from tests.support.pdf_facts import signatures
from tests.support.pdf_judges import need, run

TIMEOUT_S: Final = 120
VERMILION: Final = (sys.executable, "-c", "from api.cli import main; main()")
ISSUERS: Final = ("root", "licence", "seal", "service")
PKILINT: Final = Path(sys.executable).parent


@dataclass(frozen=True, slots=True)
class Done:
    """What a command of ours said."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


def vermilion(*arguments: str | Path, cwd: Path | None = None) -> Done:
    """Run the command line as its user does, in a process of its own, with no setting from outside."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("VERMILION_", "SOFTHSM2_"))}
    done = subprocess.run(
        [*VERMILION, *(str(one) for one in arguments)],
        cwd=cwd,
        env={**clean, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def check(file: Path, *arguments: str | Path) -> Done:
    """`vermilion verify FILE` without the cost of a new process."""
    called = ["verify", str(file), *(str(one) for one in arguments)]
    done = CliRunner().invoke(cli, called, standalone_mode=False, catch_exceptions=False)
    return Done(done.return_value, done.stdout, done.stderr)


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """The files that a relying party has: the root, the issuing CAs, all CRLs in PEM, and root with CRLs in one."""

    root: Path
    chain: Path
    crls: Path
    all: Path

    @classmethod
    def of(cls, directory: Path, scratch: Path) -> "Published":
        """Turn the DER lists of a demo folder into what OpenSSL and GnuTLS read."""
        need("openssl")
        scratch.mkdir(exist_ok=True)
        lists = []
        for name in ISSUERS:
            path = scratch / f"{name}.crl.pem"
            run("openssl", "crl", "-inform", "DER", "-in", directory / f"ca-{name}.crl", "-out", path)
            lists.append(path.read_bytes())
        root, chain = directory / "root.pem", directory / "chain.pem"
        crls, everything = scratch / "all.crl.pem", scratch / "all.pem"
        crls.write_bytes(b"".join(lists))
        everything.write_bytes(root.read_bytes() + b"".join(lists))
        return cls(root=root, chain=chain, crls=crls, all=everything)


def openssl_verify(certificate: Path, trust: Published) -> str:
    """The whole path with every CRL, strictly: "OK", or what OpenSSL objects to."""
    code, text = run(
        "openssl", "verify", "-x509_strict", "-crl_check_all", "-CRLfile", trust.crls, "-CAfile", trust.root,
        "-untrusted", trust.chain, certificate,
    )  # fmt: skip
    return "OK" if (code, text.strip()) == (0, f"{certificate}: OK") else text


def certtool_verify(certificate: Path, trust: Published, scratch: Path) -> str:
    need("certtool")
    whole = scratch / f"{certificate.stem}-path.pem"
    whole.write_bytes(certificate.read_bytes() + trust.chain.read_bytes())
    return run(
        "certtool", "--verify", "--load-ca-certificate", trust.root, "--load-crl", trust.crls, "--infile", whole
    )[1]


def openssl_crl(crl: Path, issuer: Path) -> str:
    """Signature of a DER list under its issuer's certificate, and its text."""
    return run("openssl", "crl", "-inform", "DER", "-in", crl, "-CAfile", issuer, "-noout", "-text", "-crlnumber")[1]


def certtool_crl(crl: Path, issuer_der: Path) -> str:
    need("certtool")
    return run("certtool", "--verify-crl", "--inder", "--load-ca-certificate", issuer_der, "--infile", crl)[1]


def lint(tool: str, file: Path, *arguments: str) -> tuple[int, list[str]]:
    """Ask pkilint. Return how many findings there are at WARNING or above, and their rules."""
    code, text = run(PKILINT / tool, "lint", *arguments, "-s", "WARNING", file, limit=False)
    return code, [line.split()[0] for line in text.splitlines() if line.startswith("    ")]


def zbar(picture: Path) -> list[str]:
    """Return the payload of every code that zbar sees."""
    need("zbarimg")
    done = subprocess.run(["zbarimg", "-q", "--raw", str(picture)], capture_output=True, timeout=60, check=False)
    return done.stdout.decode().splitlines()


def zxing(picture: Path) -> list[str]:
    with Image.open(picture) as image:
        return [one.text for one in zxingcpp.read_barcodes(image)]


def render(pdf: Path, *, dpi: int, scratch: Path) -> Sequence[Path]:
    """Draw every page with poppler."""
    need("pdftoppm")
    run("pdftoppm", "-r", str(dpi), "-png", pdf, scratch / pdf.stem)
    return sorted(scratch.glob(f"{pdf.stem}-*.png"))


def fonts(pdf: Path) -> list[tuple[str, bool]]:
    """Return the name of each font in the file, and whether it is embedded."""
    need("pdffonts")
    rows = run("pdffonts", pdf)[1].splitlines()[2:]
    return [(row.split()[0], row.split()[-5] == "yes") for row in rows]


def openssl_cms(pdf: Path, trust: Published, scratch: Path) -> list[str]:
    """Cut every signature out of the file and have OpenSSL check it as CAdES, against root and CRLs."""
    verdicts = []
    for found in signatures(pdf.read_bytes()):
        (scratch / "x.p7s").write_bytes(found.cms)
        (scratch / "x.bin").write_bytes(found.signed)
        verdicts.append(
            run(
                "openssl", "cms", "-verify", "-cades", "-inform", "DER", "-in", scratch / "x.p7s", "-content",
                scratch / "x.bin", "-binary", "-CAfile", trust.all, "-crl_check_all", "-purpose", "any",
                "-out", os.devnull,
            )[1].strip()
        )  # fmt: skip
    return verdicts


def openssl_ts(pdf: Path, trust: Published, scratch: Path) -> list[str]:
    """Check the time-stamp inside each signature, over the signature's own bytes."""
    verdicts = []
    for found in signatures(pdf.read_bytes()):
        signer = found.content["signer_infos"][0]
        (scratch / "x.token").write_bytes(signer["unsigned_attrs"][0]["values"][0].dump())
        (scratch / "x.signature").write_bytes(signer["signature"].native)
        verdicts.append(
            run(
                "openssl", "ts", "-verify", "-data", scratch / "x.signature", "-in", scratch / "x.token",
                "-token_in", "-CAfile", trust.root, "-untrusted", trust.chain,
            )[1].splitlines()[-1]
        )  # fmt: skip
    return verdicts
