"""Checking a sealed PDF at level B-LT: our whole report beside pyHanko's validation of each signature with the same evidence."""

import io
from collections.abc import Iterator
from typing import Final

from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import DocumentSecurityStore, validate_pdf_signature

from benchmarks.harness import Options, Result, interleave, options, tell
from seals.placement import AtPosition
from seals.signing import Level
from tests.support.sealing import NOW, make_pdf, pki, seal_bytes
from verify.pdf import check_pdf
from verify.report import Verdict
from verify.trust import Trust

BENCH: Final = "verify"
AGAINST: Final = "pyHanko validate_pdf_signature"


def document(signatures: int) -> bytes:
    made = make_pdf(2)
    for number in range(signatures):
        place = AtPosition(page=1, x_mm=30 + 36 * (number % 5), y_mm=60 + 60 * (number // 5))
        made = seal_bytes(made, level=Level.B_LT, placement=place, key=pki().key(name=f"Party {number}"))
    return made


def ours(made: bytes, trust: Trust) -> None:
    report = check_pdf(io.BytesIO(made), trust, now=NOW)
    if report.verdict is not Verdict.PASSED:
        raise AssertionError(report.as_json())


def theirs(made: bytes, root: asn1_x509.Certificate) -> None:
    reader = PdfFileReader(io.BytesIO(made))
    arguments = {"trust_roots": [root], "moment": NOW, "allow_fetching": False}
    context = DocumentSecurityStore.read_dss(reader).as_validation_context(arguments)
    for one in reader.embedded_regular_signatures:
        if not validate_pdf_signature(one, context).bottom_line:
            raise AssertionError("pyHanko does not accept the file")


def results(asked: Options) -> Iterator[Result]:
    trust = Trust(anchors=(pki().root.certificate,))
    root = asn1_x509.Certificate.load(pki().root.certificate.public_bytes(Encoding.DER))
    for signatures in (1, 10):
        made = document(signatures)
        calls = max(1, asked.pick(quick=10, full=20) // signatures)
        pair = interleave(
            lambda made=made: ours(made, trust),  # type: ignore[misc]  # bound now, as the loop goes on
            lambda made=made: theirs(made, root),  # type: ignore[misc]
            rounds=asked.pick(quick=5, full=15),
            calls=calls,
        )
        yield pair.result(BENCH, f"{signatures} signature(s), B-LT", "ms/file", AGAINST, scale=1000)


if __name__ == "__main__":
    asked = options(__doc__)
    tell(results(asked), asked)
