"""x509-limbo: nothing crashes or takes long, and the list of wrongly accepted cases is known and may only shrink."""

import base64
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tests.support.corpora import corpus
from verify.chain import validate_path
from verify.errors import MalformedCertificateError
from verify.report import Verdict
from verify.trust import Trust

ACCEPTED = Path(__file__).parents[1] / "vectors" / "limbo-accepted.json"
MOST_SECONDS = 10.0
WITHOUT_REVOCATION = ("revocation.unknown",)


def der_of(pem: str) -> bytes:
    block = "".join(line for line in pem.splitlines() if not line.startswith("-----"))
    return base64.b64decode(block)


def anchors(case: dict[str, Any]) -> Iterator[x509.Certificate]:
    for pem in case["trusted_certs"]:
        try:
            yield x509.load_pem_x509_certificate(pem.encode())
        except (ValueError, Warning):
            continue


def accepted(case: dict[str, Any]) -> bool:
    at = (
        datetime.fromisoformat(case["validation_time"]) if case["validation_time"] else datetime(2024, 6, 1, tzinfo=UTC)
    )
    crls = [x509.load_pem_x509_crl(pem.encode()).public_bytes(Encoding.DER) for pem in case["crls"]]
    try:
        result = validate_path(
            der_of(case["peer_certificate"]),
            trust=Trust(anchors=tuple(anchors(case))),
            extra=[der_of(pem) for pem in case["untrusted_intermediates"]],
            crls=crls,
            at=at,
            now=at,
        )
    except MalformedCertificateError:
        return False
    ignored = () if crls else WITHOUT_REVOCATION
    return all(one.verdict is Verdict.PASSED or one.id in ignored for one in result.findings)


@pytest.mark.corpus
def test_limbo_cases_neither_crash_nor_linger_and_the_accepted_failures_are_those_on_the_list() -> None:
    folder = corpus("limbo")
    cases = json.loads((folder / "limbo.json").read_text(encoding="utf-8"))["testcases"]
    wrongly, refused = [], []
    for case in cases:
        started = time.monotonic()
        outcome = accepted(case)
        assert time.monotonic() - started < MOST_SECONDS, case["id"]
        if outcome and case["expected_result"] == "FAILURE":
            wrongly.append(case["id"])
        if not outcome and case["expected_result"] == "SUCCESS":
            refused.append(case["id"])
    frozen = json.loads(ACCEPTED.read_text(encoding="utf-8"))
    assert sorted(wrongly) == frozen["accepted"]
    assert sorted(refused) == frozen["refused"]
