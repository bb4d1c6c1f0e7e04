"""The register of enterprises: what a licence says (电子营业执照), and what is refused at the door."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Enterprise:
    """A legal person (市场主体) as registered. Field names follow the paper licence, in its order."""

    uscc: str  # 统一社会信用代码, 18 characters, GB 32100-2015
    name: str  # 名称
    name_latin: str  # name in Latin script, for certificates and foreign readers
    kind: str  # 类型, such as 有限责任公司
    address: str  # 住所
    legal_representative: str  # 法定代表人
    capital: Decimal  # 注册资本, in units of `currency`
    currency: str  # ISO 4217
    founded_on: date  # 成立日期
    term_until: date | None  # 营业期限, None = 长期
    scope: str  # 经营范围
