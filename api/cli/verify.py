"""`vermilion verify`: check a PDF, a QR picture or a QR text, offline."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click

from verify.files import check_file
from verify.material import anchors_of, gather
from verify.report import Report, SignatureReport, Verdict

EXIT: Final = {Verdict.PASSED: 0, Verdict.FAILED: 1, Verdict.INDETERMINATE: 2}
MARK: Final = {Verdict.PASSED: "✓", Verdict.FAILED: "✗", Verdict.INDETERMINATE: "?"}
COLOUR: Final = {Verdict.PASSED: "green", Verdict.FAILED: "red", Verdict.INDETERMINATE: "yellow"}
SAID: Final = {
    Verdict.PASSED: "passed · 有效",
    Verdict.FAILED: "failed · 无效",
    Verdict.INDETERMINATE: "indeterminate · 无法判断",
}


EXAMPLES: Final = """\b
Examples:
  vermilion verify contract-sealed.pdf --trust root.pem
  vermilion verify licence.png --trust root.pem --json"""


@click.command(short_help="Check a PDF, a QR picture or a scanned code.", epilog=EXAMPLES)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--trust",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Root certificate(s) to believe, PEM or DER. Without it nothing can pass.",
)
@click.option(
    "--with",
    "beside",
    multiple=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder with signed material: issuing CAs, CRLs, status lists, key list. The folders of FILE and of the root "
    "are looked into anyway. Nothing in them is believed by itself.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option("--chinese", is_flag=True, help="Print the findings in Chinese.")
def verify(file: Path, trust: Path | None, beside: tuple[Path, ...], *, as_json: bool, chinese: bool) -> int:
    """Check FILE: a PDF, a sealed container (.asice), a picture of a QR code, or a text file with a scanned code.

    Works offline and fetches nothing. Exit code 0: passed, 1: failed, 2: indeterminate, 64: bad usage.
    """
    folders = [file.resolve().parent, *([] if trust is None else [trust.resolve().parent]), *beside]
    material = gather(() if trust is None else anchors_of(trust), folders)
    with file.open("rb") as opened:
        report = check_file(opened, material, now=datetime.now(UTC))
    if as_json:
        click.echo(json.dumps(report.as_json(), ensure_ascii=False, indent=1))
    else:
        show(report, chinese=chinese)
    return EXIT[report.verdict]


def show(report: Report, *, chinese: bool = False) -> None:
    """Print the answer first, the evidence below."""
    click.secho(SAID[report.verdict], fg=COLOUR[report.verdict], bold=True)
    for name, value in ((name, value) for name, value in report.facts.items() if value is not None):
        click.echo(f"  {name}: {value}")
    for finding in report.findings:
        _line(finding.verdict, finding.text_zh if chinese else finding.text, indent=2)
    for one in report.signatures:
        _signature(one, chinese=chinese)


def _signature(one: SignatureReport, *, chinese: bool) -> None:
    what = " · ".join(filter(None, (one.kind, one.seal_kind, one.seal_code, one.level)))
    click.echo()
    click.secho(f"  {one.signer or one.field}  [{what}]", bold=True)
    if one.time is not None:
        click.echo(f"    {one.time:%Y-%m-%d %H:%M:%S %Z} ({one.time_source})")
    for finding in one.findings:
        _line(finding.verdict, finding.text_zh if chinese else finding.text, indent=4)
    for change in one.changes_after_zh if chinese else one.changes_after:
        click.echo(f"    · {change}")


def _line(verdict: Verdict, text: str, *, indent: int) -> None:
    click.echo(" " * indent + click.style(MARK[verdict], fg=COLOUR[verdict]) + f" {text}")
