"""The limits of a mandate as the evidence report words them, Chinese and English."""

from collections.abc import Iterator

from seals.evidence_words import KINDS
from seals.mandates import ANY_MATTER, Mandate


def limits_of(mandate: Mandate) -> tuple[str, ...]:
    """One line for each limit; none for what the mandate leaves open. The same mandate gives the same lines."""
    return tuple(f"{chinese} / {english}" for chinese, english in _limits(mandate))


def _limits(one: Mandate) -> Iterator[tuple[str, str]]:
    if one.max_amount is not None:
        amount = f"{one.currency} {one.max_amount:,f}".strip()
        yield f"单笔金额不超过 {amount}", f"at most {amount} in one use"
    if one.max_pages is not None:
        yield f"每份不超过 {one.max_pages} 页", f"documents of at most {one.max_pages} pages"
    if one.max_uses is not None:
        yield f"最多使用 {one.max_uses} 次", f"at most {one.max_uses} uses"
    if one.kinds:
        words = [KINDS[kind.value] for kind in sorted(one.kinds)]
        yield (
            f"印章种类：{'、'.join(word[0] for word in words)}",
            f"kinds of seals: {', '.join(word[1] for word in words)}",
        )
    if one.seals:
        codes = sorted(one.seals)
        yield f"指定印章：{'、'.join(codes)}", f"named seals: {', '.join(codes)}"
    if ANY_MATTER not in one.matters:
        yield f"用印事项：{'、'.join(one.matters)}", f"matters: {', '.join(one.matters)}"
    if one.automatic:
        yield "可由机器自动用印", "a machine may use it without a person"
