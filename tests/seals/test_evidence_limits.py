"""The limits of a mandate in an evidence report: each in Chinese and English, and nothing that is not one."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from seals.evidence_limits import limits_of
from seals.mandates import Grantee, GranteeKind, Mandate
from seals.model import SealKind


def lines(**terms: Any) -> tuple[str, ...]:
    values: dict[str, Any] = {
        "id": "m",
        "grantors": ("91330106MA0000015K",),
        "grantee": Grantee(kind=GranteeKind.PERSON, id="p"),
        "seals": frozenset({"33010600000001"}),
        "not_before": datetime(2026, 1, 1, tzinfo=UTC),
        "not_after": datetime(2026, 12, 31, tzinfo=UTC),
    }
    return limits_of(Mandate(**(values | terms)))


@pytest.mark.parametrize(
    ("terms", "line"),
    [
        (
            {"max_amount": Decimal("500000.00"), "currency": "CNY"},
            "单笔金额不超过 CNY 500,000.00 / at most CNY 500,000.00 in one use",
        ),
        ({"max_pages": 60}, "每份不超过 60 页 / documents of at most 60 pages"),
        ({"max_uses": 20}, "最多使用 20 次 / at most 20 uses"),
        (
            {"kinds": frozenset({SealKind.FINANCE, SealKind.CONTRACT})},
            "印章种类：合同专用章、财务专用章 / kinds of seals: contract seal, finance seal",
        ),
        ({"matters": ("采购", "框架采购")}, "用印事项：采购、框架采购 / matters: 采购, 框架采购"),
        ({"automatic": True}, "可由机器自动用印 / a machine may use it without a person"),
    ],
)
def test_each_limit_is_worded_in_both_languages(terms: dict[str, Any], line: str) -> None:
    assert set(lines(**terms)) - set(lines()) == {line}


def test_what_a_mandate_leaves_open_is_no_limit() -> None:
    assert lines() == ("指定印章：33010600000001 / named seals: 33010600000001",)
    assert lines(max_amount=Decimal("1E+6"), currency="CNY")[0].startswith("单笔金额不超过 CNY 1,000,000 ")
