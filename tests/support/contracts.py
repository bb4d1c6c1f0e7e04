"""The sample contract between the two sample enterprises, as bytes."""

from datetime import UTC, date, datetime
from functools import cache

from api.demo import samples
from api.demo.contract import FIRST_KEYWORD, SECOND_KEYWORD, Party, sample_contract
from api.settings import ASSETS

__all__ = ["FIRST_KEYWORD", "SECOND_KEYWORD", "contract"]


@cache
def contract() -> bytes:
    """One page, with a place for each party's seal."""
    first, second = (
        Party(name=one["name"] or "", uscc="91110000600037341L", representative=one["legal_representative"] or "")
        for one in (samples.BUYER, samples.SUPPLIER)
    )
    made = datetime(2026, 3, 1, tzinfo=UTC)
    return sample_contract(first, second, fonts=ASSETS / "fonts", day=date(2026, 3, 1), now=made)
