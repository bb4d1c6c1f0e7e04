"""The register of enterprises: what a licence says (电子营业执照), and what is refused at the door."""

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date
from decimal import Decimal
from typing import Any, Final, NamedTuple

from ca.currencies import CURRENCIES
from ca.errors import RegisterError, UsccError
from ca.uscc import check_uscc
from verify.text import objection

MIN_NAME: Final = 2
MAX_NAME: Final = 64  # ub-organization-name, RFC 5280 appendix A.1: the name goes into certificates
MAX_KIND: Final = 64
MAX_ADDRESS: Final = 200
MAX_REPRESENTATIVE: Final = 64
MAX_SCOPE: Final = 4000
MAX_CAPITAL: Final = Decimal(10) ** 15
CAPITAL_PLACES: Final = 2
EARLIEST: Final = date(1800, 1, 1)  # older than any enterprise on a register in force
LATEST: Final = date(2999, 12, 31)
PLAIN_NUMBER: Final = re.compile(r"[0-9]{1,20}(\.[0-9]{1,20})?")


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


class Objection(NamedTuple):
    """Why a field cannot stand, in both languages."""

    en: str
    zh: str


class InvalidEnterpriseError(RegisterError):
    """Names every wrong field at once: `fields` maps it to its sentences."""

    def __init__(self, wrong: Mapping[str, Objection]) -> None:
        """Keep the fields beside the sentence that lists them."""
        super().__init__("; ".join(f"{name}: {objection.en}" for name, objection in wrong.items()))
        self.fields = dict(wrong)


def check_enterprise(enterprise: Enterprise, *, today: date) -> Enterprise:
    """Return the entry as it came if every field can stand.

    Raises:
        InvalidEnterpriseError: lists all wrong fields.
    """
    wrong: dict[str, Objection] = {}
    for field in fields(Enterprise):
        if found := CHECKS[field.name](enterprise, today):
            wrong[field.name] = Objection(*found)
    if wrong:
        raise InvalidEnterpriseError(wrong)
    return enterprise


def enterprise_from_mapping(values: Mapping[str, Any], *, today: date) -> Enterprise:
    """Read an entry from JSON values: texts, ISO dates, the capital as text; exactly the known fields.

    Raises:
        InvalidEnterpriseError: lists all unknown, missing, mistyped and wrong fields.
    """
    known = [field.name for field in fields(Enterprise)]
    wrong = {
        str(name): Objection("is not a field of the register", "登记簿无此字段") for name in values if name not in known
    }
    read: dict[str, Any] = {}
    for name in known:
        if name not in values:
            wrong[name] = Objection("is missing", "缺少此字段")
            continue
        try:
            reader: Callable[[Any], Any] = _READERS.get(name, _text)
            read[name] = reader(values[name])
        except (TypeError, ValueError):
            wrong[name] = Objection(*_WANTED.get(name, ("must be a text", "须为文本")))
    if wrong:
        raise InvalidEnterpriseError(wrong)
    return check_enterprise(Enterprise(**read), today=today)


def enterprise_as_mapping(enterprise: Enterprise) -> dict[str, str | None]:
    """The JSON values that `enterprise_from_mapping` reads back."""
    return {name: None if value is None else str(value) for name, value in asdict(enterprise).items()}


def latin(text: str) -> bool:
    """True for printable ASCII and Latin-1: what certificates of this register carry beside the Chinese name."""
    return (
        all(" " <= character <= "~" or "\u00a1" <= character <= "\u00ff" for character in text) and "\u00ad" not in text
    )


Found = tuple[str, str] | None
Check = Callable[[Enterprise, date], Found]


def _uscc(entry: Enterprise, _: date) -> Found:
    try:
        check_uscc(entry.uscc)
    except UsccError as exc:
        return str(exc), "不是有效的统一社会信用代码（GB 32100-2015）"
    return None


def _name_latin(entry: Enterprise, _: date) -> Found:
    if found := objection(entry.name_latin, min_chars=MIN_NAME, max_chars=MAX_NAME):
        return found
    return None if latin(entry.name_latin) else ("must be in Latin letters (Latin-1)", "须用拉丁字母（Latin-1）书写")


def _capital(entry: Enterprise, _: date) -> Found:
    if not entry.capital.is_finite():
        return "must be a number", "须为数字"
    if entry.capital < 0 or entry.capital.is_signed():
        return "must not be below zero", "不得为负数"
    if entry.capital > MAX_CAPITAL:
        return f"must be at most {MAX_CAPITAL:f}", f"不得超过{MAX_CAPITAL:f}"
    if entry.capital != round(entry.capital, CAPITAL_PLACES):
        return "must have at most two decimals", "最多两位小数"
    return None


def _currency(entry: Enterprise, _: date) -> Found:
    return None if entry.currency in CURRENCIES else ("is not an ISO 4217 currency code", "不是ISO 4217货币代码")


def _founded_on(entry: Enterprise, today: date) -> Found:
    if entry.founded_on > today:
        return "lies in the future", "晚于今天"
    return ("is too early", "过早") if entry.founded_on < EARLIEST else None


def _term_until(entry: Enterprise, _: date) -> Found:
    if entry.term_until is None:
        return None
    if entry.term_until < entry.founded_on:
        return "ends before the enterprise was founded", "早于成立日期"
    return ("is too late; leave it empty for no limit", "过晚；长期请留空") if entry.term_until > LATEST else None


CHECKS: Final[dict[str, Check]] = {
    "uscc": _uscc,
    "name": lambda entry, _: objection(entry.name, min_chars=MIN_NAME, max_chars=MAX_NAME),
    "name_latin": _name_latin,
    "kind": lambda entry, _: objection(entry.kind, max_chars=MAX_KIND),
    "address": lambda entry, _: objection(entry.address, max_chars=MAX_ADDRESS),
    "legal_representative": lambda entry, _: objection(entry.legal_representative, max_chars=MAX_REPRESENTATIVE),
    "capital": _capital,
    "currency": _currency,
    "founded_on": _founded_on,
    "term_until": _term_until,
    "scope": lambda entry, _: objection(entry.scope, max_chars=MAX_SCOPE),
}


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def _date(value: Any) -> date:
    text = _text(value)
    day = date.fromisoformat(text)
    if day.isoformat() != text:  # Python 3.11 also reads 20240131 and 2024-W05-3
        raise ValueError("not in the one spelling")
    return day


def _decimal(value: Any) -> Decimal:
    text = _text(value)
    if not PLAIN_NUMBER.fullmatch(text):
        raise ValueError("not a plain decimal number")
    return Decimal(text)


_READERS: Final[dict[str, Callable[[Any], Any]]] = {
    "capital": _decimal,
    "founded_on": _date,
    "term_until": lambda value: None if value is None else _date(value),
}
_WANTED: Final = {
    "capital": ("must be a plain decimal number as text, such as '1000000.00'", "须为文本形式的数字，如“1000000.00”"),
    "founded_on": ("must be a date as YYYY-MM-DD", "须为YYYY-MM-DD格式的日期"),
    "term_until": ("must be a date as YYYY-MM-DD, or null for no limit", "须为YYYY-MM-DD格式的日期，长期为null"),
}
