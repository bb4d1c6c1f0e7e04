"""`python -m verify FILE [--trust root.pem] [--crl list.crl] [--json]`: the offline check, and nothing but the check.

Exit status: 0 passed, 1 failed, 2 indeterminate, 64 bad usage.
"""

import argparse
import json
import logging
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NoReturn

from verify.files import check_file
from verify.material import MaterialError, anchors_of
from verify.report import Report, SignatureReport, Verdict
from verify.trust import Trust

EXIT: Final = {Verdict.PASSED: 0, Verdict.FAILED: 1, Verdict.INDETERMINATE: 2}
BAD_USAGE: Final = 64  # EX_USAGE of sysexits.h


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(BAD_USAGE, f"{self.prog}: {message}\n")


def main(arguments: Sequence[str]) -> int:
    """Check one file and print the report."""
    parser = _Parser(prog="python -m verify", description="Check a sealed PDF or a licence code, offline.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--trust", type=Path, action="append", default=[], help="root certificate, PEM or DER")
    parser.add_argument("--crl", type=Path, action="append", default=[], help="revocation list, DER")
    parser.add_argument("--json", action="store_true")
    wanted = parser.parse_args(arguments)
    logging.disable(logging.CRITICAL)  # the libraries' asides are not findings
    try:
        trust = Trust(
            anchors=tuple(root for path in wanted.trust for root in anchors_of(path)),
            crls=tuple(path.read_bytes() for path in wanted.crl),
        )
        with wanted.file.open("rb") as file:
            report = check_file(file, trust, now=datetime.now(UTC))
    except (OSError, MaterialError) as exc:
        parser.error(str(exc))
    sys.stdout.write(json.dumps(report.as_json(), ensure_ascii=False, indent=2) + "\n" if wanted.json else text(report))
    return EXIT[report.verdict]


def text(report: Report) -> str:
    """The report for reading, the verdict first."""
    lines = [str(report.verdict.value), *(f"  {one.verdict.value}: {one.text}" for one in report.findings)]
    for one in report.signatures:
        lines += _signature(one)
    return "\n".join(lines) + "\n"


def _signature(one: SignatureReport) -> list[str]:
    what = f"{one.kind} of {one.signer or 'nobody known'}" + (f", level {one.level}" if one.level else "")
    return [
        f"{one.field}: {one.verdict.value} — {what}",
        *(f"  {said.verdict.value}: {said.text}" for said in one.findings),
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
