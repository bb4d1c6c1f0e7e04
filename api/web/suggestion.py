"""A plausible enterprise for the demo form: new each time, with a credit code that is valid and most likely free."""

import secrets
from datetime import date
from typing import Final

from ca.uscc import ALPHABET, make_uscc

# (Chinese, Latin) parts of names; none of them is a real enterprise that we know of
PLACES: Final = (("临江", "Linjiang", "330106"), ("云溪", "Yunxi", "430603"), ("青禾", "Qinghe", "320102"))
BRANDS: Final = (("墨砚", "Moyan"), ("拾光", "Shiguang"), ("竹简", "Zhujian"), ("远帆", "Yuanfan"), ("朱砂", "Zhusha"))
TRADES: Final = (
    ("文化用品", "Stationery", "文具用品批发；办公用品销售；工艺美术品销售；货物进出口。"),
    ("精密机械", "Precision Machinery", "机械设备研发；机械零件加工；五金产品批发；技术服务。"),
    ("茶业", "Tea", "茶叶种植；食用农产品初加工；茶具销售；食品经营。"),
)
STREETS: Final = ("文一路 88 号 2 幢 301 室", "印泥巷 12 号", "学府路 6 号 1 单元 502 室")
PEOPLE: Final = ("陈思远", "林若水", "周明哲", "许安然")


def suggest(*, today: date) -> dict[str, str]:
    """Return the form's fields, by name."""
    place, place_latin, region = secrets.choice(PLACES)
    brand, brand_latin = secrets.choice(BRANDS)
    trade, trade_latin, scope = secrets.choice(TRADES)
    organisation = "MA" + "".join(secrets.choice(ALPHABET) for _ in range(6))
    return {
        "uscc": make_uscc(region=region, organisation=organisation),
        "name": f"{place}{brand}{trade}有限公司",
        "name_latin": f"{place_latin} {brand_latin} {trade_latin} Co., Ltd.",
        "kind": "有限责任公司（自然人独资）",
        "address": f"{place}区{secrets.choice(STREETS)}",
        "legal_representative": secrets.choice(PEOPLE),
        "capital": "1000000.00",
        "currency": "CNY",
        "founded_on": today.isoformat(),
        "term_until": "",
        "scope": scope,
    }
