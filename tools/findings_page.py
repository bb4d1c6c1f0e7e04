"""Write docs/spec/findings.md from the table of findings. CI reruns it and expects no difference."""

from pathlib import Path
from typing import Final

from verify.words import TABLE
from verify.words_of_changes import CHANGES

PAGE: Final = Path(__file__).parents[1] / "docs" / "spec" / "findings.md"

HEAD: Final = """# Findings of a check

A check of a sealed PDF or of a certificate answers with a verdict and numbered findings. The worst finding decides:
one `failed` makes the whole `failed`; else one `indeterminate` makes it `indeterminate`; only `passed` throughout is
`passed`, and no findings at all is no pass (ETSI EN 319 102-1 §5.1.3). The `id` of a finding is stable; its words may be
improved. `{…}` is filled in by the check. This page is made by `python -m tools.findings_page` from `verify/words.py`.

What the verdicts mean in the cases that are often asked about:

- **Which time counts.** If a time-stamp of a believed authority covers the signature, everything is judged as of that
  time; otherwise as of now. A certificate that was revoked after the proven time is reported and does no harm. Revoked
  without such proof is `indeterminate`, and `failed` if even the signer's own clock said a later time.
- **Fresh revocation information** is an OCSP answer or CRL with thisUpdate ≤ time < nextUpdate, or one issued after the
  time and before the certificate's end. A time-stamp authority is asked about as of the time in its token; its own
  certificates must be valid when the token is next protected by an archive time-stamp, or else now.
- **Changes after a signature** are always named. Further signatures, time-stamps, validation data and file properties
  pass. Form fields that were filled in pass when a later, sound signature covers them; nobody's filling is
  `indeterminate`. Everything else is `failed`.
- **Whole document** (`covers_whole_document`) is said of a signature behind which nothing but white space stands.

| id | verdict | when | English | 中文 |
|---|---|---|---|---|
"""

TAIL: Final = """
## Words for changes after a signature

| kind | English | 中文 |
|---|---|---|
"""


def page() -> str:
    """The page as it should be."""
    rows = "".join(
        f"| `{ident}` | {row.verdict.value} | {row.when} | {row.en} | {row.zh} |\n" for ident, row in TABLE.items()
    )
    changes = "".join(f"| `{kind}` | {row.en} | {row.zh} |\n" for kind, row in CHANGES.items())
    return HEAD + rows + TAIL + changes


if __name__ == "__main__":
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
