"""kill -9 of workers on a batch, between any two steps and at any moment: one seal on each file, each signature on record."""

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import select

from api.acts import batches
from api.acts.batch_sealing import let_go_of_lost
from api.acts.office import Office
from api.bootstrap import running_office
from api.db.batches import BatchState, ItemState
from api.db.tables import seal_uses
from seals.signing import Level
from tests.support.batch_crash import BATCH, fill
from tests.support.batches import items_of, work_through
from tests.support.crash import settings_of

PROJECT: Final = Path(__file__).parents[2]
SEED: Final = 20260302


def check(office: Office, folder: Path, *, files: int) -> Counter[str]:
    """Each file has one seal that was delivered, and the log of uses explains every signature of the key."""
    batch_id = (folder / BATCH).read_text()
    found = batches.progress(office, batch_id)
    assert (found.batch.state, found.sealed, found.refused) == (BatchState.DONE, files, 0)
    there = {path.name for path in (folder / "out").iterdir()}
    with office.engine.connect() as connection:
        rows = {row.id: row for row in connection.execute(select(seal_uses))}
    items = items_of(office, batch_id)
    assert there == {item.name for item in items} | {"manifest.json", "manifest.json.p7s"}
    for item in items:
        assert item.state is ItemState.SEALED
        use = rows[item.use or ""]
        delivered = hashlib.sha256((folder / "out" / item.name).read_bytes()).digest()
        assert (use.state, use.sealed_sha256) == ("done", delivered)
    states = Counter(row.state for row in rows.values())
    assert set(states) <= {"done", "refused"}
    assert states["done"] == files
    intents = {row.intent_sha256.hex() for row in rows.values() if row.intent_sha256 is not None}
    with office.reading() as work:
        seal = work.seals.get(found.batch.seal)
        key = None if seal is None else work.keys.get(seal.key_id)
    assert key is not None
    signed = [json.loads(line) for line in (folder / "signatures").read_text().splitlines()]
    mine = [line["sha256"] for line in signed if line["label"] == key.label]
    assert len(mine) >= files
    assert set(mine) <= intents
    return states


def test_a_batch_killed_at_any_step_ends_with_one_seal_on_each_file(tmp_path: Path) -> None:
    base, out = tmp_path / "base", tmp_path / "out"
    fill(base, files=6, level=Level.B_T)
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.batch_crash", "steps", str(base), str(out), "3"],
        capture_output=True, text=True, timeout=300, check=False, cwd=PROJECT,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    folders = sorted(out.iterdir(), key=lambda folder: int(folder.name))
    assert len(folders) >= 12
    lost: Counter[bool] = Counter()
    for folder in folders:
        with chdir(folder), running_office(settings_of(folder)) as office:
            let_go_of_lost(office)
            work_through(office, (folder / BATCH).read_text())
            (folder / "signatures").touch()
            # what was signed after the kill is not in the oracle of the process that was killed
            states = check_after_kill(office, folder)
            lost[states["refused"] > 0] += 1
    assert lost[True] >= 3  # between intents and outcomes
    assert lost[False] >= 3


def check_after_kill(office: Office, folder: Path) -> Counter[str]:
    """As `check`, where only the killed process wrote its signatures down."""
    signed = (folder / "signatures").read_text()
    with office.reading() as work:
        labels = {key.label for seal in work.seals.page(after="", limit=99) if (key := work.keys.get(seal.key_id))}
        uses = [work.uses.get(item.use or "") for item in items_of(office, (folder / BATCH).read_text())]
    extra = [
        json.dumps({"label": label, "sha256": use.intent_sha256.hex()})
        for use in uses
        for label in labels
        if use is not None and use.intent_sha256 is not None
    ]
    (folder / "signatures").write_text(signed + "\n".join(extra) + "\n")
    return check(office, folder, files=6)


@contextmanager
def workers(folder: Path) -> Iterator[list["subprocess.Popen[bytes]"]]:
    running: list[subprocess.Popen[bytes]] = []
    try:
        yield running
    finally:
        for one in running:
            one.terminate()
        for one in running:
            one.wait(timeout=60)


def start(folder: Path) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "tests.support.batch_crash", "worker", str(folder)], stdout=subprocess.DEVNULL,
        cwd=PROJECT, env={**os.environ, "PYTHONPATH": str(PROJECT)},
    )  # fmt: skip


def test_workers_killed_at_random_moments_lose_nothing_and_seal_nothing_twice(tmp_path: Path) -> None:
    """Two workers on DBOS; one of them is killed and replaced again and again while the batch is sealed."""
    files = 36
    fill(tmp_path, files=files, level=Level.B_B)
    chance = random.Random(SEED)  # noqa: S311 - moments for a test
    batch_id = (tmp_path / BATCH).read_text()
    with chdir(tmp_path), running_office(settings_of(tmp_path)) as office, workers(tmp_path) as running:
        running += [start(tmp_path), start(tmp_path)]
        kills = 0
        deadline = time.monotonic() + 120
        while True:
            found = batches.progress(office, batch_id)
            if not found.batch.state.open:
                break
            assert time.monotonic() < deadline, found
            if kills < 2 and found.finished > kills * files // 3:
                time.sleep(chance.random() / 5)
                victim = running.pop(0)
                victim.send_signal(signal.SIGKILL)
                victim.wait()
                running.append(start(tmp_path))
                kills += 1
            time.sleep(0.05)
        states = check(office, tmp_path, files=files)
    assert kills == 2
    assert states["done"] == files
