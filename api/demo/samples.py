"""Made-up enterprises, for demos."""

import secrets
from typing import Any, Final

from ca.uscc import make_uscc

REGION: Final = "330106"
ORGANISATION_CHARS: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"

BUYER: Final = {
    "name": "杭州朱砂印务有限公司",
    "name_latin": "Hangzhou Zhusha Seal Works Co., Ltd.",
    "kind": "有限责任公司（自然人投资或控股）",
    "address": "浙江省杭州市西湖区示范路18号2幢301室",
    "legal_representative": "林知远",
    "capital": "5000000.00",
    "currency": "CNY",
    "founded_on": "2021-03-18",
    "term_until": None,
    "scope": "一般项目：印章制作；办公设备销售；技术服务、技术开发、技术咨询；信息系统集成服务；软件开发"
    "（除依法须经批准的项目外，凭营业执照依法自主开展经营活动）。",
}
SUPPLIER: Final = {
    "name": "西湖云笺信息技术有限公司",
    "name_latin": "Xihu Yunjian Information Technology Co., Ltd.",
    "kind": "有限责任公司（法人独资）",
    "address": "浙江省杭州市西湖区文一西路66号",
    "legal_representative": "周慕云",
    "capital": "12000000.00",
    "currency": "CNY",
    "founded_on": "2019-11-06",
    "term_until": "2049-11-05",
    "scope": "软件开发；信息技术咨询服务；数据处理和存储支持服务；互联网数据服务；计算机软硬件及辅助设备批发。",
}


def fresh_uscc() -> str:
    """Return a valid credit code that nobody has here: its organisation part is random."""
    organisation = "MA" + "".join(secrets.choice(ORGANISATION_CHARS) for _ in range(6))
    return make_uscc(region=REGION, organisation=organisation)


def enterprise(sample: dict[str, Any]) -> dict[str, Any]:
    """Return a sample entry for the register under a fresh credit code."""
    return {"uscc": fresh_uscc(), **sample}
