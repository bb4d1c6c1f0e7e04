"""Words of the seal domain that appearance, signing and the register of seals share."""

from dataclasses import dataclass
from enum import StrEnum


class SealKind(StrEnum):
    """电子印章 kinds; `authority` is the issuing authority's own seal and never an enterprise's."""

    OFFICIAL = "official"  # 法定名称章
    FINANCE = "finance"  # 财务专用章
    INVOICE = "invoice"  # 发票专用章
    CONTRACT = "contract"  # 合同专用章
    REPRESENTATIVE = "representative"  # 法定代表人名章
    OTHER = "other"
    AUTHORITY = "authority"


@dataclass(frozen=True, slots=True, kw_only=True)
class FormXObject:
    """A picture ready for a PDF: content stream in PDF points (1/72 inch), origin bottom left, paths and colours only."""

    content: bytes  # needs no resources
    width_mm: float
    height_mm: float
