"""A licence of a made-up enterprise, and a signing key for its credential."""

import os
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest

from ca.credential import issue_credential, licence_url
from ca.fonts import LicenceFonts
from ca.licences import Licence, LicenceState
from ca.register import Enterprise
from tests.support.qr_pki import signing

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
TODAY = NOW.date()
BASE = "https://licence.fuzhou.example"
KID = b"12345678"
FONT_FOLDER = Path(os.environ.get("VERMILION_FONTS", Path(__file__).parents[2] / "api" / "assets" / "fonts"))

SCOPE = (
    "一般项目：软件开发；软件外包服务；信息系统集成服务；信息技术咨询服务；技术服务、技术开发、技术咨询、技术交流、技术转让、技术推广；"
    "数据处理和存储支持服务；网络与信息安全软件开发；计算机软硬件及辅助设备零售；电子产品销售。"
    "（除依法须经批准的项目外，凭营业执照依法自主开展经营活动）"
)
ENTERPRISE = Enterprise(
    uscc="91350100M000100Y43",
    name="福州朱砂信息技术有限公司",
    name_latin="Fuzhou Vermilion Information Technology Co., Ltd.",
    kind="有限责任公司（自然人投资或控股）",
    address="福建省福州市鼓楼区软件大道89号福州软件园A区18号楼2层",
    legal_representative="林朱砂",
    capital=Decimal("5000000.00"),
    currency="CNY",
    founded_on=date(2015, 3, 18),
    term_until=None,
    scope=SCOPE,
)
LICENCE = Licence(
    number="3501002026000001",
    enterprise=ENTERPRISE,
    version=1,
    state=LicenceState.ACTIVE,
    authority="福州市市场监督管理局",
    authority_latin="Fuzhou Municipal Administration for Market Regulation",
    issued_at=NOW,
    expires_at=NOW + timedelta(days=1095),
    status_index=4711,
)


def with_entry(**changes: object) -> Licence:
    return replace(LICENCE, enterprise=replace(ENTERPRISE, **changes))  # type: ignore[arg-type] # fields by name


def elq1_of(licence: Licence = LICENCE, *, full: bool = False) -> str:
    return issue_credential(
        licence,
        iss="licence.fuzhou.example",
        kid=KID,
        sign=signing("credential"),
        now=NOW,
        valid_for=timedelta(days=1095),
        status_uri=f"{BASE}/pki/status/1",
        full=full,
    )


@cache
def printed_text() -> str:
    """The URL that the printed code carries; made once, for ECDSA signatures differ."""
    return licence_url(BASE, elq1_of())


def fonts() -> LicenceFonts:
    if not FONT_FOLDER.is_dir():
        pytest.skip("fonts are absent: make setup fetches them")
    return LicenceFonts(FONT_FOLDER)
