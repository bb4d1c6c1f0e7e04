"""Seam seals: 100 pages and two parties, sealed and checked; and how a check grows with the number of signatures."""

import io
import statistics
from collections.abc import Iterator
from functools import partial
from typing import Final

from benchmarks.harness import Options, Result, alone, options, tell, timed
from seals.layout import Frozen, Layout, Seam, Slot, freeze, seal_slot
from seals.placement import AtPosition
from seals.signing import Level, SealingKey
from tests.support.sealing import NOW, PICTURE, make_pdf, pki
from verify.pdf import check_pdf
from verify.trust import Trust

BENCH: Final = "seam"
PAGES: Final = 100
PARTIES: Final = ("A", "B")
TARGET_MS: Final = 100.0
SIGNATURES: Final = (1, 10, 20, 40)
ACROSS: Final = 5  # seals in a row


def layout() -> Layout:
    spots = {"A": (AtPosition(page=-1, x_mm=60, y_mm=250),), "B": (AtPosition(page=-1, x_mm=130, y_mm=250),)}
    return Layout(
        slots=tuple(
            Slot(name=name, spots=spots[name], seam=Seam(y_mm=60 + 80 * number)) for number, name in enumerate(PARTIES)
        )
    )


def frozen(document: bytes, asked: Layout) -> tuple[bytes, Frozen]:
    target = io.BytesIO()
    base = freeze(io.BytesIO(document), target, asked)
    return target.getvalue(), base


def seal(document: bytes, base: Frozen, slot: str, key: SealingKey, level: Level, *, first: bool) -> bytes:
    target = io.BytesIO()
    seal_slot(
        io.BytesIO(document),
        target,
        slot=slot,
        frozen=base,
        key=key,
        picture=PICTURE,
        first=first,
        level=level,
        timestamper=pki().timestamper,
        revocation=pki().revocation,
        now=NOW,
    )
    return target.getvalue()


def both(document: bytes, base: Frozen, keys: dict[str, SealingKey], level: Level) -> bytes:
    for number, name in enumerate(PARTIES):
        document = seal(document, base, name, keys[name], level, first=number == 0)
    return document


def many(count: int, keys: list[SealingKey]) -> bytes:
    """One page, laid out for `count` parties, each of which signed."""
    slots = tuple(
        Slot(
            name=f"P{number}",
            spots=(AtPosition(page=1, x_mm=30 + 35 * (number % ACROSS), y_mm=30 + 30 * (number // ACROSS)),),
            width_mm=20,
            height_mm=20,
        )
        for number in range(count)
    )
    document, base = frozen(make_pdf(), Layout(slots=slots))
    for number, slot in enumerate(slots):
        document = seal(document, base, slot.name, keys[number], Level.B_B, first=number == 0)
    return document


def check(document: bytes, trust: Trust, count: int) -> None:
    report = check_pdf(io.BytesIO(document), trust, now=NOW)
    if len(report.signatures) != count or report.verdict.value != "passed":
        raise RuntimeError(f"the check says {report.verdict} of {len(report.signatures)} signatures")


def measure(asked: Options) -> Iterator[Result]:
    rounds = asked.pick(quick=5, full=15)
    trust = Trust(anchors=(pki().root.certificate,), crls=tuple(one.crl() for one in (pki().root, pki().seal_ca)))
    keys = {name: pki().key(name=name) for name in PARTIES}
    document, base = frozen(make_pdf(PAGES), layout())
    seconds = alone(partial(frozen, make_pdf(PAGES), layout()), rounds=rounds)
    yield Result(bench=BENCH, metric="lay out 100 pages x 2 parties", value=seconds * 1000, unit="ms")
    for level in (Level.B_B, Level.B_LT):
        seconds = alone(partial(both, document, base, keys, level), rounds=rounds)
        yield Result(
            bench=BENCH,
            metric=f"both signatures, {level}, 100 pages",
            value=seconds * 1000,
            unit="ms",
            against="target",
            their_value=TARGET_MS,
        )
    sealed = both(document, base, keys, Level.B_B)
    yield Result(
        bench=BENCH, metric="size of each party's update", value=(len(sealed) - len(document)) / 2000, unit="kB"
    )
    seconds = alone(partial(check, sealed, trust, 2), rounds=rounds)
    yield Result(bench=BENCH, metric="check both, 100 pages", value=seconds * 1000, unit="ms")
    yield from growth(trust, asked.pick(quick=3, full=7))


def growth(trust: Trust, rounds: int) -> Iterator[Result]:
    """Time a check a signature; the ratio is against the first count that is more than one."""
    keys = [pki().key(name=f"P{number}") for number in range(max(SIGNATURES))]
    files = {count: many(count, keys) for count in SIGNATURES}
    for count, document in files.items():
        check(document, trust, count)
    times: dict[int, list[float]] = {count: [] for count in SIGNATURES}
    for _ in range(rounds):
        for count, document in files.items():
            times[count].append(timed(partial(check, document, trust, count)))
    medians = {count: statistics.median(values) / count * 1000 for count, values in times.items()}
    for count, value in medians.items():
        against = (None, None) if count <= SIGNATURES[1] else (f"{SIGNATURES[1]} signatures", medians[SIGNATURES[1]])
        yield Result(
            bench=BENCH,
            metric=f"check a file of {count} signatures",
            value=value,
            unit="ms/signature",
            against=against[0],
            their_value=against[1],
        )


def main() -> None:
    asked = options(__doc__)
    tell(measure(asked), asked)


if __name__ == "__main__":
    main()
