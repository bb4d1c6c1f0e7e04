"""Verdicts and reports."""

from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.x509.oid import ExtensionOID

from tests.support.check_pki import pki
from verify import oids
from verify.errors import MalformedCertificateError
from verify.extensions import LicenceInfo, SealInfo, licence_info, seal_info
from verify.report import Finding, Report, SignatureReport, Verdict, worst
from verify.trust import Trust

NOW = datetime(2026, 6, 1, tzinfo=UTC)
PASSED, FAILED, INDETERMINATE = (Finding(f"x.{one.value}", one, one.value, one.value) for one in Verdict)


def test_the_worst_finding_decides_and_none_is_no_pass() -> None:
    assert worst([]) is Verdict.INDETERMINATE
    assert worst([PASSED]) is Verdict.PASSED
    assert worst([PASSED, INDETERMINATE]) is Verdict.INDETERMINATE
    assert worst([INDETERMINATE, FAILED, PASSED]) is Verdict.FAILED


def test_a_report_is_as_bad_as_its_worst_signature() -> None:
    good = SignatureReport(field="A", kind="seal", findings=(PASSED,))
    bad = SignatureReport(field="B", kind="seal", findings=(FAILED,))
    assert (good.verdict, bad.verdict) == (Verdict.PASSED, Verdict.FAILED)
    assert Report(kind="pdf", checked_at=NOW, findings=(PASSED,), signatures=(good,)).verdict is Verdict.PASSED
    assert Report(kind="pdf", checked_at=NOW, findings=(PASSED,), signatures=(good, bad)).verdict is Verdict.FAILED
    assert Report(kind="pdf", checked_at=NOW, findings=()).verdict is Verdict.INDETERMINATE


def test_a_report_is_json_with_times_in_iso_8601() -> None:
    one = SignatureReport(field="A", kind="seal", findings=(PASSED,), time=NOW, changes_after=("x",))
    data = Report(kind="pdf", checked_at=NOW, findings=(FAILED,), signatures=(one,), facts={"a": 1}).as_json()
    assert (data["verdict"], data["checked_at"], data["facts"]) == ("failed", "2026-06-01T00:00:00+00:00", {"a": 1})
    assert data["findings"] == [{"id": "x.failed", "verdict": "failed", "text": "failed", "text_zh": "failed"}]
    (signature,) = data["signatures"]
    assert (signature["time"], signature["claimed_time"], signature["changes_after"]) == (
        "2026-06-01T00:00:00+00:00",
        None,
        ["x"],
    )


def with_extension(oid: x509.ObjectIdentifier, value: bytes) -> x509.Certificate:
    return pki().ca.issue("Bearer", extensions=[(x509.UnrecognizedExtension(oid, value), False)]).certificate


def test_seal_and_licence_extensions_are_read_back() -> None:
    seal = asn1.encode_der(SealInfo(kind="contract", code=asn1.PrintableString("35010000000001")))
    licence = asn1.encode_der(LicenceInfo(uscc=asn1.PrintableString("91350100M000100Y43"), version=2))
    found = seal_info(with_extension(oids.EXTENSION_SEAL, seal))
    assert found is not None
    assert (found.kind, found.code.as_str()) == ("contract", "35010000000001")
    read = licence_info(with_extension(oids.EXTENSION_LICENCE, licence))
    assert read is not None
    assert (read.uscc.as_str(), read.version) == ("91350100M000100Y43", 2)


def test_a_certificate_without_them_is_for_no_seal_and_no_licence() -> None:
    assert seal_info(pki().signer.certificate) is None
    assert licence_info(pki().signer.certificate) is None


def test_an_extension_that_is_not_der_of_its_type_is_malformed() -> None:
    with pytest.raises(MalformedCertificateError):
        seal_info(with_extension(oids.EXTENSION_SEAL, b"\x30\x00"))
    with pytest.raises(MalformedCertificateError):
        licence_info(with_extension(oids.EXTENSION_LICENCE, b"garbage"))


def test_an_extension_of_a_known_kind_under_our_number_is_malformed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oids, "EXTENSION_SEAL", ExtensionOID.BASIC_CONSTRAINTS)
    with pytest.raises(MalformedCertificateError):
        seal_info(pki().signer.certificate)


def test_private_numbers_stand_under_the_arc() -> None:
    own = [oids.POLICY_LICENCE, oids.POLICY_SEAL, oids.EXTENSION_SEAL, oids.EXTENSION_LICENCE, oids.EKU_CREDENTIAL]
    assert all(one.dotted_string.startswith(oids.ARC + ".") for one in own)
    assert len(set(own)) == len(own)


def test_trust_starts_empty() -> None:
    assert Trust() == Trust(anchors=(), certificates=(), crls=(), ocsp_responses=(), status_lists=())
