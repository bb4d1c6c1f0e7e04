"""NIST PKITS 1.0.1: 247 certificate paths with their policy inputs."""

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from tests.support.corpora import corpus
from verify.chain import validate_path
from verify.errors import MalformedCertificateError
from verify.path_rules import PolicyInputs
from verify.report import Verdict
from verify.trust import Trust

NOW = datetime(2026, 7, 1, tzinfo=UTC)
WAIVED = {"4.1.4", "4.1.5"}  # DSA keys, which nothing here ever signs with
TEST_POLICY = "2.16.840.1.101.3.2.1.48."


def policy_of(case: dict[str, Any]) -> PolicyInputs:
    named = [name for group in case.get("SetInitialPolicySet", ()) for name in group.split(",")]
    return PolicyInputs(  # a flag is set by being there: its value is an empty list
        initial_policies=frozenset(oid_of(name) for name in named),
        explicit_policy="SetInitialExplicitPolicy" in case,
        inhibit_mapping="SetInitialPolicyMappingInhibit" in case,
        inhibit_any="SetInitialInhibitAnyPolicy" in case,
    )


def oid_of(name: str) -> str:
    return "2.5.29.32.0" if name == "anyPolicy" else TEST_POLICY + name.rsplit("-", 1)[1]


def outcome(folder: Path, case: dict[str, Any]) -> Verdict:
    first, *middle, last = [(folder / "certs" / f"{name}.crt").read_bytes() for name in case["certs"]]
    crls = [(folder / "crls" / f"{name}.crl").read_bytes() for name in case["crls"]]
    trust = Trust(anchors=(x509.load_der_x509_certificate(first),))
    try:
        return validate_path(
            last, trust=trust, extra=middle, crls=crls, at=NOW, now=NOW, policy=policy_of(case)
        ).verdict
    except MalformedCertificateError:
        return Verdict.FAILED


@pytest.mark.corpus
def test_every_pkits_case_is_judged_as_nist_says_but_two_with_dsa_keys() -> None:
    folder = corpus("pkits")
    cases = json.loads((folder / "pkits.json").read_text())
    tally: Counter[bool] = Counter()
    wrong = []
    for case in cases:
        accepted = outcome(folder, case) is Verdict.PASSED
        tally[accepted == case["should_validate"]] += 1
        if accepted != case["should_validate"]:
            wrong.append((case["test_number"], case["title"], case["should_validate"]))
    assert not [one for one in wrong if not one[2]], "a path that must be refused was accepted"
    assert {number for number, _, _ in wrong} <= WAIVED, wrong
    assert tally[True] >= 245
