"""The check of a licence code from scan to verdict."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.qr_pki import (
    CLAIMS,
    DAY,
    NOW,
    ROOT,
    SERVICE,
    SIGNER,
    certificate,
    code,
    crl,
    standard,
    status_list,
    trust,
)
from verify.elq1 import escape
from verify.qr import check_qr
from verify.report import Report, Verdict
from verify.trust import Trust

SECOND = timedelta(seconds=1)


def finding(report: Report, identifier: str) -> Verdict:
    (found,) = [one.verdict for one in report.findings if one.id == identifier]
    return found


def test_a_good_code_passes_and_shows_the_licence() -> None:
    report = check_qr(code(), trust(), now=NOW)
    assert report.verdict is Verdict.PASSED, report.findings
    assert [one.id for one in report.findings] == ["qr.signer", "qr.signature", "qr.time", "qr.status", "qr.meaning"]
    assert report.kind == "licence-qr"
    assert report.facts["name"] == CLAIMS.name
    assert all(one.text and one.text_zh for one in report.findings)


def test_the_url_form_is_the_same_code() -> None:
    assert check_qr("https://elsewhere.example/q#" + escape(code()), trust(), now=NOW).verdict is Verdict.PASSED


def test_every_report_of_a_code_says_what_it_does_not_prove() -> None:
    for text in (code(), code(key_name="stranger")):
        assert any(
            "does not prove that whoever shows it" in one.text for one in check_qr(text, trust(), now=NOW).findings
        )


@pytest.mark.parametrize(
    ("text", "identifier"),
    [
        ("ELQ2:ABC", "qr.elq2"),
        ("https://h/q#ELQ2:ABC", "qr.elq2"),
        ("HC1:6BF", "qr.other-kind"),
        ("", "qr.other-kind"),
        ("https://pay.example/1", "qr.other-kind"),
    ],
)
def test_another_kind_of_code_is_named_and_not_judged(text: str, identifier: str) -> None:
    report = check_qr(text, trust(), now=NOW)
    assert (report.verdict, report.kind, report.findings[0].id) == (Verdict.INDETERMINATE, "unknown", identifier)


@pytest.mark.parametrize("text", ["ELQ1:", "ELQ1:lower", "https://h/q#ELQ1:%", "ELQ1:" + "0" * 9999])
def test_a_broken_code_fails(text: str) -> None:
    report = check_qr(text, trust(), now=NOW)
    assert (report.verdict, report.findings[0].id, report.facts) == (Verdict.FAILED, "qr.format", {})


def test_a_forged_signature_fails_and_shows_nothing() -> None:
    report = check_qr(code(key_name="stranger"), trust(), now=NOW)
    assert finding(report, "qr.signature") is Verdict.FAILED
    assert report.facts == {}


def test_an_unknown_key_asks_for_the_key_list() -> None:
    report = check_qr(code(), Trust(), now=NOW)
    assert finding(report, "qr.key") is Verdict.INDETERMINATE
    assert report.verdict is Verdict.INDETERMINATE
    assert report.facts == {}


def test_the_day_of_expiry_is_exclusive() -> None:
    claims = replace(CLAIMS, expires_at=NOW)
    assert finding(check_qr(code(claims), trust(), now=NOW), "qr.time") is Verdict.FAILED
    assert finding(check_qr(code(claims), trust(), now=NOW - SECOND), "qr.time") is Verdict.PASSED


def test_the_clock_of_the_issuer_may_be_five_minutes_ahead() -> None:
    claims = replace(CLAIMS, issued_at=NOW + timedelta(minutes=5))
    assert finding(check_qr(code(claims), trust(), now=NOW), "qr.time") is Verdict.PASSED
    assert finding(check_qr(code(claims), trust(), now=NOW - SECOND), "qr.time") is Verdict.FAILED


def test_a_code_older_than_its_signing_certificate_fails() -> None:
    limit = SIGNER.not_before - timedelta(minutes=5)
    assert finding(check_qr(code(replace(CLAIMS, issued_at=limit)), trust(), now=NOW), "qr.time") is Verdict.PASSED
    assert (
        finding(check_qr(code(replace(CLAIMS, issued_at=limit - SECOND)), trust(), now=NOW), "qr.time")
        is Verdict.FAILED
    )


@pytest.mark.parametrize(
    ("packed", "verdict", "words"),
    [
        (b"\x00\x00", Verdict.PASSED, "in force"),
        (b"\x00\x04", Verdict.FAILED, "no longer in force"),
        (b"\x00\x08", Verdict.FAILED, "suspended"),
        (b"\x00\x0c", Verdict.INDETERMINATE, "nothing that is understood"),
        (b"\x00", Verdict.INDETERMINATE, "nothing that is understood"),
    ],
)
def test_the_place_in_the_status_list_decides(packed: bytes, verdict: Verdict, words: str) -> None:
    report = check_qr(code(), trust(status_lists=(status_list(packed),)), now=NOW)
    assert finding(report, "qr.status") is verdict
    assert any(words in one.text for one in report.findings if one.id == "qr.status")


REVOKED = b"\x00\x04"


@pytest.mark.parametrize(
    "lists",
    [
        (),
        (b"junk",),
        (status_list(uri="https://licence.example/pki/status/2"),),
        (status_list(key_name="stranger"),),
        (status_list(issued=NOW + timedelta(minutes=5, seconds=1)),),
        (status_list(signer=certificate(replace(SIGNER, subject="unlisted")), key_name="unlisted"),),
    ],
)
def test_without_a_list_that_may_speak_the_answer_is_open(lists: tuple[bytes, ...]) -> None:
    report = check_qr(code(), trust(status_lists=lists), now=NOW)
    assert finding(report, "qr.status") is Verdict.INDETERMINATE
    assert any("Fetch the status list https://licence.example/pki/status/1" in one.text for one in report.findings)
    assert report.facts["name"] == CLAIMS.name


def test_the_newest_of_several_lists_decides() -> None:
    old = status_list(b"\x00\x00", issued=NOW - 2 * DAY)
    new = status_list(REVOKED)
    for lists in ((old, new), (new, old)):
        assert finding(check_qr(code(), trust(status_lists=lists), now=NOW), "qr.status") is Verdict.FAILED


def test_an_old_list_is_not_enough_to_pass_but_a_revocation_in_it_stands() -> None:
    week = timedelta(days=7)
    later = NOW + 30 * DAY
    assert (
        finding(
            check_qr(code(), trust(status_lists=(status_list(issued=NOW - week, until=later),)), now=NOW), "qr.status"
        )
        is Verdict.PASSED
    )
    stale = trust(status_lists=(status_list(issued=NOW - week - SECOND, until=later),))
    assert finding(check_qr(code(), stale, now=NOW), "qr.status") is Verdict.INDETERMINATE
    assert finding(check_qr(code(), stale, now=NOW, max_status_age=2 * week), "qr.status") is Verdict.PASSED
    expired = trust(status_lists=(status_list(until=NOW),))
    assert finding(check_qr(code(), expired, now=NOW), "qr.status") is Verdict.INDETERMINATE
    revoked = trust(status_lists=(status_list(REVOKED, issued=NOW - 90 * DAY, until=NOW - 80 * DAY),))
    assert finding(check_qr(code(), revoked, now=NOW), "qr.status") is Verdict.FAILED


def test_no_authority_speaks_for_another() -> None:
    """A second anchor's signer may not vouch for this one's licences, even under the same address."""
    root = certificate(replace(ROOT, subject="other-root", issuer="other-root"))
    other = certificate(replace(SIGNER, subject="other", issuer="other-root"))
    base = trust(others=(other,), status_lists=(status_list(signer=other, key_name="other"),))
    both = replace(base, anchors=(*base.anchors, root))
    assert finding(check_qr(code(), both, now=NOW), "qr.status") is Verdict.INDETERMINATE
    assert check_qr(code(signer=other, key_name="other"), both, now=NOW).verdict is Verdict.PASSED


def test_a_revoked_signing_key_fails_and_shows_nothing() -> None:
    report = check_qr(code(), trust(crls=(crl(revoked=(SIGNER.serial,)),)), now=NOW)
    assert finding(report, "qr.signer-revocation") is Verdict.FAILED
    assert report.facts == {}


def test_a_fresh_revocation_list_adds_its_finding() -> None:
    report = check_qr(code(), trust(crls=(crl(),)), now=NOW)
    assert finding(report, "qr.signer-revocation") is Verdict.PASSED
    assert report.verdict is Verdict.PASSED


def test_the_service_ca_may_be_revoked_by_its_root() -> None:
    report = check_qr(code(), trust(crls=(crl("root", revoked=(SERVICE.serial,)),)), now=NOW)
    assert report.verdict is Verdict.FAILED


@settings(deadline=None)
@given(st.text(max_size=100))
def test_no_text_makes_the_check_raise_or_pass(text: str) -> None:
    for scanned in (text, "ELQ1:" + text, "https://h/q#ELQ1:" + text):
        assert check_qr(scanned, trust(), now=NOW).verdict is not Verdict.PASSED


def test_every_changed_character_of_a_good_code_keeps_it_from_passing() -> None:
    good = code()
    for place in range(5, len(good)):
        changed = good[:place] + ("1" if good[place] == "0" else "0") + good[place + 1 :]
        assert check_qr(changed, trust(), now=NOW).verdict is not Verdict.PASSED, place


def test_the_standard_hierarchy_is_three_certificates() -> None:
    assert [one.subject.rfc4514_string() for one in standard()] == ["CN=credential", "CN=service", "CN=root"]
