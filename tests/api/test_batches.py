"""Mass sealing of folders: results, the manifest, rights, and what becomes of files that cannot be sealed."""

import hashlib
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.acts import batch_sealing, batches
from api.acts.batch_sealing import seal_chunk
from api.db.batches import BatchState
from seals.errors import RightError
from seals.placement import AtKeyword, AtPosition
from seals.signing import Level
from tests.support.batches import (
    Machine,
    documents,
    fill,
    folder_batch,
    items_of,
    machine_of,
    order,
    uses_of,
    verdict,
    work_through,
)
from tests.support.office import Hall, open_hall
from tests.support.refused_pdfs import REFUSED
from tests.support.sealing import make_pdf


@pytest.fixture(scope="module")
def who(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    folder = tmp_path_factory.mktemp("batches")
    with open_hall(folder, batch_buckets=(f"file://{folder}/bucket",)) as hall:
        yield machine_of(hall)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("level", list(Level))
def test_every_file_of_a_folder_is_sealed_once_under_its_own_name(
    who: Machine, source: Path, tmp_path: Path, level: Level
) -> None:
    files = {**documents(3), "east/区 1/对账单.pdf": make_pdf()}
    fill(source, files)
    fill(source, {".hidden.pdf": b"x", ".git/x.pdf": b"x"})
    (source / "link.pdf").symlink_to(source / "0000.pdf")
    target = tmp_path / "out"
    batch = folder_batch(
        who.hall.office, who, source, target, order=order(level=level, placement=AtPosition(page=-1, x_mm=60, y_mm=80))
    )
    found = work_through(who.hall.office, batch.id)
    assert (found.batch.state, found.sealed, found.refused) == (BatchState.DONE, 4, 0)
    there = {path.relative_to(target).as_posix() for path in target.rglob("*") if path.is_file()}
    assert there == {*files, "manifest.json", "manifest.json.p7s"}
    for name, content in files.items():
        sealed = (target / name).read_bytes()
        assert sealed.startswith(content)
    report = verdict(who.hall, (target / "0001.pdf").read_bytes())
    (signature,) = [one for one in report["signatures"] if one["kind"] == "seal"]
    assert (report["verdict"], signature["level"], signature["seal_code"]) == ("passed", level.value, who.code)


@pytest.mark.judge
def test_the_manifest_lists_every_file_and_openssl_accepts_its_signature(
    who: Machine, source: Path, tmp_path: Path
) -> None:
    fill(source, {**documents(2), "no.pdf": b"not a PDF"})
    target = tmp_path / "out"
    batch = folder_batch(who.hall.office, who, source, target)
    work_through(who.hall.office, batch.id)
    told = json.loads((target / "manifest.json").read_text())
    assert (told["sealed"], told["refused"], told["seal"], told["batch"]) == (2, 1, who.code, batch.id)
    for line in told["files"]:
        came = hashlib.sha256((source / line["name"]).read_bytes()).hexdigest()
        if line["name"] == "no.pdf":
            assert (line["refused"], "output_sha256" in line) == ("not-pdf", False)
            continue
        went = hashlib.sha256((target / line["name"]).read_bytes()).hexdigest()
        assert (line["input_sha256"], line["output_sha256"]) == (came, went)
        use = who.hall.get(f"/api/v1/seal-uses/{line['use']}").json()
        assert (use["state"], use["document_sha256"], use["sha256"]) == ("done", came, went)
    root = tmp_path / "root.pem"
    root.write_text(who.hall.client.get("/pki/ca/root.pem").text)
    chain = ["-certfile", str(root), "-CAfile", str(root), "-purpose", "any", "-attime", "1772416800"]
    done = verify_detached(target, *chain)
    assert "CMS Verification successful" in done.stderr, done.stderr
    (target / "manifest.json").write_text((target / "manifest.json").read_text().replace("not-pdf", "not-odf"))
    assert "CMS Verification failure" in verify_detached(target, *chain).stderr


def verify_detached(folder: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    command = ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", "manifest.json.p7s"]
    command += ["-content", "manifest.json", "-out", "/dev/null", *options]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_a_file_that_cannot_be_sealed_is_refused_with_its_reason_and_stops_no_other(
    who: Machine, source: Path, tmp_path: Path
) -> None:
    bad = {f"bad-{name}.pdf": (made(), reason) for name, (made, reason) in REFUSED.items()}
    fill(source, {**documents(2), **{name: content for name, (content, _) in bad.items()}})
    target = tmp_path / "out"
    batch = folder_batch(who.hall.office, who, source, target)
    found = work_through(who.hall.office, batch.id)
    assert (found.sealed, found.refused) == (2, len(bad))
    for item in items_of(who.hall.office, batch.id):
        if item.name in bad:
            assert item.reason == bad[item.name][1]
            assert not (target / item.name).exists()
    assert set(uses_of(who, batch.id).values()) == {"done", "refused"}


def test_a_keyword_that_is_missing_refuses_that_file_alone(who: Machine, source: Path, tmp_path: Path) -> None:
    fill(source, {"with.pdf": make_pdf(), "without.pdf": make_pdf(content=b"BT ET")})
    wanted = order(placement=AtKeyword(text="Party A"))
    batch = folder_batch(who.hall.office, who, source, tmp_path / "out", order=wanted)
    work_through(who.hall.office, batch.id)
    assert {item.name: item.reason for item in items_of(who.hall.office, batch.id)} == {
        "with.pdf": None,
        "without.pdf": "placement",
    }


def test_a_mandate_for_three_uses_seals_three_of_five(hall: Hall, source: Path, tmp_path: Path) -> None:
    who = machine_of(hall, max_uses=3)
    fill(source, documents(5))
    batch = folder_batch(hall.office, who, source, tmp_path / "out")
    found = work_through(hall.office, batch.id)
    assert (found.sealed, found.refused) == (3, 2)
    assert {item.reason for item in items_of(hall.office, batch.id)} == {None, "mandate-uses"}
    with hall.office.reading() as work:
        left = work.mandates.get(who.mandate.id)
    assert left is not None
    assert (left.mandate.uses, left.mandate.state.value) == (3, "used-up")
    with pytest.raises(RightError):
        folder_batch(hall.office, who, source, tmp_path / "again")


def test_a_page_limit_is_asked_of_each_file(hall: Hall, source: Path, tmp_path: Path) -> None:
    who = machine_of(hall, max_pages=2)
    fill(source, {"two.pdf": make_pdf(pages=2), "three.pdf": make_pdf(pages=3)})
    batch = folder_batch(hall.office, who, source, tmp_path / "out")
    work_through(hall.office, batch.id)
    assert {item.name: item.reason for item in items_of(hall.office, batch.id)} == {
        "two.pdf": None,
        "three.pdf": "mandate-pages",
    }


def test_a_seal_that_is_suspended_midway_refuses_the_rest(
    hall: Hall, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_sealing, "CHUNK_FILES", 2)
    who = machine_of(hall)
    fill(source, documents(4))
    batch = folder_batch(hall.office, who, source, tmp_path / "out")
    batches.read_in(hall.office, batch.id)
    assert seal_chunk(hall.office, batch.id) == 2
    assert hall.decide("seals", who.code, "suspend").status_code == 200
    work_through(hall.office, batch.id)
    assert [item.reason for item in items_of(hall.office, batch.id)] == [None, None, "seal-unusable", "seal-unusable"]
    with hall.office.reading() as work:
        log = work.uses.of_seal(who.code, after=None, limit=10)
    assert sum(use.intent_sha256 is not None for use in log) == 2  # the key was used for no other
