"""Sealing over HTTP: documents a second with evidence on (B-LT), rights asked and every step on record.

One process serves, four connections ask; client and server share the machine. Beside it B-B, where no time-stamp is made.
"""

import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from httpx import Client

from api.demo import samples
from benchmarks.harness import Options, Result, options, tell
from seals.model import SealKind
from tests.support.sealing import make_pdf
from tests.support.served import Served, serving

BENCH: Final = "http"
CONNECTIONS: Final = 4


def rate(running: Served, code: str, level: str, count: int) -> float:
    """Documents a second over so many."""
    document = make_pdf()

    def some(client: Client) -> None:
        for _ in range(count // CONNECTIONS):
            client.post(
                f"{running.base_url}/api/v1/seals/{code}/uses",
                files={"document": ("a.pdf", document, "application/pdf")},
                data={"level": level, "placement": "position"},
                headers=running.client.headers,
                timeout=120,
            ).raise_for_status()

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        clients = [Client() for _ in range(CONNECTIONS)]
        begun = time.perf_counter()
        list(pool.map(some, clients))
        seconds = time.perf_counter() - begun
    for client in clients:
        client.close()
    return count // CONNECTIONS * CONNECTIONS / seconds


def results(asked: Options) -> Iterator[Result]:
    count = asked.pick(quick=200, full=2000)
    with tempfile.TemporaryDirectory(prefix="vermilion-bench-") as name, serving(Path(name) / "data") as running:
        made = running.establish(samples.BUYER)
        code = next(one["code"] for one in made["seals"] if one["kind"] == SealKind.CONTRACT.value)
        rate(running, code, "B-LT", 4 * CONNECTIONS)  # warm
        plain = rate(running, code, "B-B", count)
        yield Result(
            bench=BENCH, metric=f"B-LT, visible, one process, {CONNECTIONS} connections, software keys, SQLite",
            value=rate(running, code, "B-LT", count), unit="documents/s", against="the same at B-B", their_value=plain,
        )  # fmt: skip


if __name__ == "__main__":
    asked = options(__doc__)
    tell(results(asked), asked)
