"""Write docs/spec/problems.md from the table in api/problems.py. `--check` fails if the page was out of date."""

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from api.problems import INTERNAL, MEDIA_TYPE, OF_STATUS, PROBLEMS, REQUEST, Problem
from seals.errors import Reason

ROOT: Final = Path(__file__).resolve().parent.parent
TARGET: Final = ROOT / "docs" / "spec" / "problems.md"

HEAD: Final = f"""# Problems

Every failed request is answered with `{MEDIA_TYPE}` (RFC 9457): `type` (one of the names below, behind `/problems/`),
`title`, `status`, and where it helps `detail` (one sentence on this very request), `errors` (the fields that are wrong,
all of them, each with a sentence in English and for the register also in Chinese) and `reason` (a code, see below).
Where it says `Retry-After`, the request did nothing and may be sent again, with the same `Idempotency-Key`.
What an internal error says stays in the log. The last column is the exit code of the command line for the same error.

This page is made by `tools/problems_page.py` from `api/problems.py`.

| type | status | title | when | retry after | exit |
|---|---|---|---|---|---|
"""

REASONS: Final[dict[Reason, str]] = {
    Reason.NOT_PDF: "no PDF header within the first kilobyte",
    Reason.BROKEN: "damaged or truncated; it cannot be read to its end",
    Reason.ENCRYPTED: "encrypted, with or without a password to open it",
    Reason.TOO_LARGE: "more bytes than the service accepts (`max_document_bytes`)",
    Reason.TOO_MANY_PAGES: "more than 10 000 pages",
    Reason.CERTIFIED: "certified by its author against any change (DocMDP P=1)",
    Reason.LOCKED: "a signature in it forbids this seal (FieldMDP or DocMDP)",
    Reason.XFA: "a dynamic XFA form: what is sealed is not what is shown",
    Reason.BOMB: "a stream decompresses to more than is reasonable",
    Reason.CHANGED_SINCE_FREEZE: "not the one whose layout was frozen: its first bytes are others",
    Reason.NOT_ONLY_SIGNED: "changed in more than the one signature that was expected of a party's own client",
}
WHEN_REQUEST: Final = "A field, parameter or header is missing, unknown or of another form; `errors` names each."
WHEN_STATUS: Final = {
    400: "The upload is cut off or is no multipart form.",
    404: "The address does not lead anywhere.",
    405: "`Allow` names the methods that there are.",
    413: "More bytes than are accepted at this path, declared or sent.",
}


def page() -> str:
    """Return the whole page."""
    rows = sorted(set(_rows()), key=lambda row: (row[1].status, row[1].slug))
    lines = [
        _line(problem, " ".join(when for when, other in rows if other.slug == problem.slug)) for problem in _once(rows)
    ]
    reasons = [f"| `{reason.value}` | {REASONS[reason]} |" for reason in Reason]
    return (
        HEAD
        + "\n".join(lines)
        + "\n\n## Reasons of `document-refused`\n\n| reason | the document is |\n|---|---|\n"
        + "\n".join(reasons)
        + "\n"
    )


def _rows() -> Iterator[tuple[str, Problem]]:
    for kind, problem in PROBLEMS.items():
        if problem is not INTERNAL:
            yield inspect.cleandoc(kind.__doc__ or "").partition("\n")[0], problem
    for status, problem in OF_STATUS.items():
        if problem.slug not in {one.slug for one in PROBLEMS.values()}:
            yield WHEN_STATUS[status], problem
    yield WHEN_REQUEST, REQUEST
    yield "Something unforeseen; the cause is in the log of the service.", INTERNAL


def _once(rows: list[tuple[str, Problem]]) -> list[Problem]:
    return list({problem.slug: problem for _, problem in rows}.values())


def _line(problem: Problem, when: str) -> str:
    retry = "" if problem.retry_after_s is None else f"{problem.retry_after_s} s"
    return f"| `{problem.slug}` | {problem.status} | {problem.title} | {when} | {retry} | {problem.exit_code} |"


if __name__ == "__main__":
    before = TARGET.read_text(encoding="utf-8") if TARGET.exists() else ""
    TARGET.write_text(page(), encoding="utf-8")
    if "--check" in sys.argv[1:] and page() != before:
        sys.exit(f"{TARGET.relative_to(ROOT)} was out of date; it is written anew")
