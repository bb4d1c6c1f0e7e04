"""A front for the pages, without a service behind it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from fastapi import FastAPI

import api
from api.demo.contract import Party, sample_contract
from api.web.front import DemoSession, Front, PublicLicence
from api.web.routes import mount

NOW: Final = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
FONTS: Final = Path(api.__file__).parent / "assets" / "fonts"
AUTHORITY: Final = "临江市市场监督管理局"
AUTHORITY_LATIN: Final = "Linjiang Administration for Market Regulation"
LICENCE: Final = PublicLicence(
    number="330106202600000017",
    version=1,
    state="active",
    uscc="91330106MA2CDEFG4K",
    name="临江墨砚文化用品有限公司",
    name_latin="Linjiang Moyan Stationery Co., Ltd.",
    kind="有限责任公司（自然人独资）",
    address="临江区文一路 88 号 2 幢 301 室",
    legal_representative="陈思远",
    founded_on="2026-11-21",
    authority=AUTHORITY,
    authority_latin=AUTHORITY_LATIN,
    issued_at=NOW,
    expires_at=NOW.replace(year=2029),
    state_at=NOW,
)


def front_with(*licences: PublicLicence, demo: bool = True, authority: str = AUTHORITY) -> Front:
    """A front whose register holds these licences alone."""
    register = {one.number: one for one in licences}

    def contract(number: str) -> bytes | None:
        if number not in register:
            return None
        first = Party(name=register[number].name, uscc=register[number].uscc, representative="陈思远")
        return sample_contract(first, fonts=FONTS, day=NOW.date(), now=NOW)

    return Front(
        authority_name=authority,
        authority_name_latin=AUTHORITY_LATIN,
        demo=demo,
        now=lambda: NOW,
        zone=ZoneInfo("Asia/Shanghai"),
        licence=register.get,
        licence_pdf=contract,
        contract=contract,
        sealed_sample=lambda _: None,
        open_session=lambda: DemoSession(token="vml_test", expires_at=NOW),
        lend=lambda _uscc, _secret: "0" * 32,
        parties=list,
        title_face=FONTS / "NotoSerifSC-SemiBold.ttf",
    )


def app_with(front: Front) -> FastAPI:
    app = FastAPI(openapi_url="/api/openapi.json", docs_url=None, redoc_url=None)
    app.state.front = front
    mount(app)
    return app
