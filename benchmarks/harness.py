"""What every benchmark shares: its options, fair timing of two sides, and how results are told.

    python -m benchmarks.NAME [--quick] [--json]

A benchmark makes `Result`s and hands them to `tell`. With `--json` standard output holds one JSON object a line and the
header goes to standard error, so that a program can read the one and a person the other.
"""

import argparse
import gc
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
# a unit is the part before any slash: "ms/file" is a time, "files/s" a rate
LESS_IS_BETTER: Final = frozenset(
    {"s", "ms", "µs", "us", "ns", "min", "h", "B", "kB", "KiB", "MB", "MiB", "GB", "GiB", "bytes", "chars"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What was asked for on the command line."""

    quick: bool  # under 50 s in all
    json: bool

    def pick(self, *, quick: int, full: int) -> int:
        """Return the number of rounds, calls or files for this run."""
        return quick if self.quick else full


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One measured number, beside the same number of what it is compared with, where there is such a thing."""

    bench: str
    metric: str
    value: float
    unit: str
    against: str | None = None
    their_value: float | None = None

    @property
    def less_is_better(self) -> bool:
        return self.unit.split("/", maxsplit=1)[0] in LESS_IS_BETTER

    @property
    def ratio(self) -> float | None:
        """How many times better we are: over 1 is faster, smaller or more. None without a second number."""
        if self.their_value is None or not self.value or not self.their_value:
            return None
        return self.their_value / self.value if self.less_is_better else self.value / self.their_value

    def line(self) -> str:
        """Return the result as one line of JSON."""
        return json.dumps(
            {
                "bench": self.bench,
                "metric": self.metric,
                "value": self.value,
                "unit": self.unit,
                "against": self.against,
                "their_value": self.their_value,
                "ratio": self.ratio,
            },
            ensure_ascii=False,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Medians of two sides measured in turn."""

    ours: float
    theirs: float
    rounds: int

    def result(self, bench: str, metric: str, unit: str, against: str, *, scale: float = 1.0) -> Result:
        """Return both medians, times `scale` (1000 for seconds told as ms), as one result."""
        return Result(
            bench=bench,
            metric=metric,
            value=self.ours * scale,
            unit=unit,
            against=against,
            their_value=self.theirs * scale,
        )


def options(description: str | None, arguments: Sequence[str] | None = None) -> Options:
    """Read the command line of a benchmark; leaves with status 2 on anything unknown."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer rounds, under 50 s")
    parser.add_argument("--json", action="store_true", help="one JSON object a line on standard output")
    found = parser.parse_args(arguments)
    return Options(quick=found.quick, json=found.json)


def alternate(ours: Callable[[], float], theirs: Callable[[], float], *, rounds: int) -> Pair:
    """Take a number from both sides in turn, `rounds` times, the first place changing each round; medians of each.

    What else the machine does then hits both sides alike, and a median forgets a hiccup.
    """
    mine: list[float] = []
    others: list[float] = []
    for number in range(rounds):
        sides = [(ours, mine), (theirs, others)]
        for measure, values in sides if number % 2 == 0 else reversed(sides):
            values.append(measure())
    return Pair(ours=statistics.median(mine), theirs=statistics.median(others), rounds=rounds)


def interleave(ours: Callable[[], object], theirs: Callable[[], object], *, rounds: int, calls: int = 1) -> Pair:
    """Time two callables in turn, after one unmeasured call of each; seconds a call."""
    ours()
    theirs()
    return alternate(lambda: timed(ours, calls=calls), lambda: timed(theirs, calls=calls), rounds=rounds)


def alone(ours: Callable[[], object], *, rounds: int, calls: int = 1) -> float:
    """Time one callable that has nothing to be compared with; the median of seconds a call."""
    ours()
    return statistics.median(timed(ours, calls=calls) for _ in range(rounds))


def timed(call: Callable[[], object], *, calls: int = 1) -> float:
    """Return seconds a call over `calls` calls, the garbage collector held off as `timeit` does."""
    was_on = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        start = time.perf_counter()
        for _ in range(calls):
            call()
        return (time.perf_counter() - start) / calls
    finally:
        if was_on:
            gc.enable()


def tell(results: Iterable[Result], asked: Options) -> None:
    """Print results as they come: a header, then a table, or lines of JSON."""
    print(header(), file=sys.stderr if asked.json else sys.stdout)
    if not asked.json:
        print(f"\n{'metric':44} {'ours':>12} {'theirs':>12}  {'unit':10} {'ratio':>8}  against")
    for result in results:
        print(result.line() if asked.json else _row(result), flush=True)


def _row(result: Result) -> str:
    theirs = "" if result.their_value is None else _number(result.their_value)
    ratio = "" if result.ratio is None else f"{result.ratio:.2f}×"
    columns = f"{result.metric:44} {_number(result.value):>12} {theirs:>12}  {result.unit:10} {ratio:>8}"
    return f"{columns}  {result.against or ''}".rstrip()


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def header() -> str:
    """Name the machine, the Python and the commit that the numbers belong to."""
    return f"{_processor()}, {os.cpu_count()} cores; {platform.system()} {platform.machine()}; Python {platform.python_version()}; commit {commit()}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown processor"
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def commit() -> str:
    """Return the short commit, with a + where the tree differs from it; "unknown" outside a repository."""
    try:
        name = _git("rev-parse", "--short=10", "HEAD")
        return name + ("+" if _git("status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _git(*arguments: str) -> str:
    done = subprocess.run(("git", *arguments), cwd=ROOT, check=True, capture_output=True, text=True)
    return done.stdout.strip()
