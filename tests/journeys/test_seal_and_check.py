"""What seals/ makes, verify/ passes at every level and for any number of parties; what is done to it is noticed."""

import io
from datetime import datetime, timedelta

import pytest

from seals.signing import Level
from tests.support import attacks
from tests.support.sealing import NOW, make_pdf, pki, seal_bytes
from verify.pdf import check_pdf
from verify.report import Report, Verdict
from verify.trust import Trust

ROOT_ONLY = Trust(anchors=(pki().root.certificate,))
WITH_LISTS = Trust(
    anchors=(pki().root.certificate,),
    crls=tuple(one.crl() for one in (pki().root, pki().seal_ca, pki().service_ca)),
)


def check(document: bytes, trust: Trust = ROOT_ONLY, *, now: datetime = NOW + timedelta(minutes=1)) -> Report:
    return check_pdf(io.BytesIO(document), trust, now=now)


@pytest.mark.parametrize("level", [Level.B_LT, Level.B_LTA])
def test_a_long_term_seal_passes_with_nothing_but_the_root(level: Level) -> None:
    report = check(seal_bytes(make_pdf(), level=level))
    assert report.verdict is Verdict.PASSED
    assert report.signatures[0].level == level.value
    assert report.signatures[-1].covers_whole_document


@pytest.mark.parametrize("level", [Level.B_B, Level.B_T])
def test_a_short_term_seal_passes_with_current_lists_and_is_indeterminate_without(level: Level) -> None:
    document = seal_bytes(make_pdf(), level=level)
    assert check(document, WITH_LISTS).verdict is Verdict.PASSED
    assert check(document).verdict is Verdict.INDETERMINATE
    assert check(document).signatures[0].level == level.value


@pytest.mark.parametrize("parties", [2, 5])
def test_every_party_of_a_contract_passes(parties: int) -> None:
    document = make_pdf()
    for number in range(parties):
        document = seal_bytes(document, level=Level.B_LT, key=pki().key(name=f"Party {number}"))
    report = check(document)
    assert report.verdict is Verdict.PASSED
    assert len(report.signatures) == parties
    assert [one.covers_whole_document for one in report.signatures] == [False] * (parties - 1) + [True]
    assert report.signatures[0].changes_after


def test_a_long_term_seal_still_passes_months_later() -> None:
    document = seal_bytes(make_pdf(), level=Level.B_LT)
    assert check(document, now=NOW + timedelta(days=200)).verdict is Verdict.PASSED


@pytest.mark.parametrize(
    "attack", [one for one in attacks.ATTACKS if one is not attacks.fill_form], ids=lambda attack: attack.__name__
)
def test_a_tampered_contract_fails(attack: attacks.Attack) -> None:
    document = seal_bytes(make_pdf(content=b"BT /F1 24 Tf 72 700 Td (Party A pays 100) Tj ET"), level=Level.B_LT)
    tampered = attack(document)
    assert tampered != document
    report = check(tampered)
    assert report.verdict is Verdict.FAILED
    assert not any(one.verdict is Verdict.PASSED and one.covers_whole_document for one in report.signatures)
