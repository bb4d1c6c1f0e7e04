"""Mass sealing: sources, results, the manifest, rights, and what becomes of files that cannot be sealed."""

import hashlib
import io
import json
import subprocess
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from api.acts import batch_sealing, batches
from api.acts.access import add_token
from api.acts.batch_sealing import let_go_of_lost, seal_chunk
from api.acts.timestamping import OfficeTimeStamper
from api.db.batches import BatchState, ItemState, SourceKind
from api.errors import BatchStateError
from hsm.errors import DeviceGoneError
from seals.errors import RightError, TimestampError
from seals.placement import AtKeyword, AtPosition
from seals.register import UseState
from seals.signing import Level, finish_seal
from tests.support.batches import (
    Machine,
    documents,
    folder_batch,
    items_of,
    machine_of,
    order,
    work_through,
    zip_of,
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


def fill(folder: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def uses_of(who: Machine, batch_id: str) -> dict[str, str]:
    """State by name of file."""
    with who.hall.office.reading() as work:
        found = {item.name: work.uses.get(item.use or "") for item in work.batches.items(batch_id, limit=1000)}
    return {name: "" if use is None else use.state.value for name, use in found.items()}


def verdict(hall: Hall, sealed: bytes) -> dict[str, Any]:
    report: dict[str, Any] = hall.client.post("/api/v1/verify", files={"file": sealed}).json()
    return report


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


def test_an_archive_goes_in_and_comes_out_over_http(who: Machine) -> None:
    files = {**documents(3), "a/b.pdf": make_pdf(), "no.pdf": b"x"}
    answer = who.send(zip_of(files), key="k1", level="B-LT")
    assert answer.status_code == 201, answer.text
    batch_id = answer.json()["id"]
    assert answer.json()["state"] == "waiting"
    assert who.send(zip_of(files), key="k1", level="B-LT").json()["id"] == batch_id
    path = f"/api/v1/batches/{batch_id}"
    for early in ("manifest", "manifest.p7s", "results"):
        assert who.get(f"{path}/{early}").status_code == 404
    work_through(who.hall.office, batch_id)
    told = who.get(path).json()
    assert (told["state"], told["total"], told["sealed"], told["refused"]) == ("done", 5, 4, 1)
    with zipfile.ZipFile(io.BytesIO(who.get(told["results"]).content)) as archive:
        assert sorted(archive.namelist()) == sorted({*files, "manifest.json", "manifest.json.p7s"} - {"no.pdf"})
        assert verdict(who.hall, archive.read("a/b.pdf"))["verdict"] == "passed"
        assert archive.read("manifest.json") == who.get(told["manifest"]).content
        assert archive.read("manifest.json.p7s") == who.get(told["manifest_signature"]).content
    refused = who.get(f"{path}/files?state=refused").json()
    assert [(one["name"], one["reason"]) for one in refused["items"]] == [("no.pdf", "not-pdf")]
    first = who.get(f"{path}/files?limit=3").json()
    second = who.get(f"{path}/files?limit=3&cursor={first['next']}").json()
    assert [one["number"] for one in first["items"] + second["items"]] == [1, 2, 3, 4, 5]
    assert second["next"] is None


def test_batches_are_listed_newest_first_and_only_to_who_made_them(who: Machine) -> None:
    who.hall.clock.move(timedelta(seconds=1))
    made = [who.send(zip_of(documents(1))).json()["id"] for _ in range(2)]
    who.hall.clock.move(timedelta(seconds=1))
    made.append(who.send(zip_of(documents(1))).json()["id"])
    first = who.get("/api/v1/batches?limit=1").json()
    assert [one["id"] for one in first["items"]] == [made[2]]
    others = who.get(f"/api/v1/batches?limit=2&cursor={first['next']}").json()["items"]
    assert {one["id"] for one in others} == set(made[:2])
    stranger = who.hall
    for path in ("", "/files", "/results", "/manifest", "/manifest.p7s"):
        assert stranger.get(f"/api/v1/batches/{made[0]}{path}", "seal").status_code == 404
    assert stranger.post(f"/api/v1/batches/{made[0]}/cancel", None, "seal").status_code == 404
    assert stranger.get(f"/api/v1/batches?cursor={made[0]}", "seal").status_code == 422
    assert stranger.get("/api/v1/batches", "seal").json()["items"] == []
    assert stranger.get("/api/v1/batches", "read").status_code == 403


def test_a_bucket_goes_to_a_bucket_if_the_operator_listed_it(who: Machine) -> None:
    (address,) = who.hall.office.settings.batch_buckets
    bucket = Path(address.removeprefix("file://"))
    fill(bucket / "in", {**documents(2), "x/y.pdf": make_pdf()})
    answer = who.send(None, bucket=f"{address}/in", target=f"{address}/out")
    assert answer.status_code == 201, answer.text
    found = work_through(who.hall.office, answer.json()["id"])
    assert (found.batch.state, found.sealed) == (BatchState.DONE, 3)
    there = {path.relative_to(bucket / "out").as_posix() for path in (bucket / "out").rglob("*") if path.is_file()}
    assert there == {"0000.pdf", "0001.pdf", "x/y.pdf", "manifest.json", "manifest.json.p7s"}
    assert who.get(f"/api/v1/batches/{answer.json()['id']}").json()["results"] is None


@pytest.mark.parametrize("tail", ["-other", "/../etc", "/in?x", "/%2e%2e/etc"])
def test_a_bucket_that_is_not_listed_is_never_opened(who: Machine, tail: str) -> None:
    (address,) = who.hall.office.settings.batch_buckets
    assert who.send(None, bucket=address + tail).status_code == 422
    assert who.send(zip_of(documents(1)), target=address + tail).status_code == 422


def test_one_of_archive_and_bucket_is_needed(who: Machine) -> None:
    (address,) = who.hall.office.settings.batch_buckets
    assert who.send(None).status_code == 422
    assert who.send(zip_of(documents(1)), bucket=address).status_code == 422


def test_a_machine_without_a_mandate_seals_nothing(who: Machine) -> None:
    token, secret = add_token(who.hall.office, name="new", scopes=frozenset({"seal"}), valid_for=None)
    stranger = replace(who, token=token, secret=secret)
    answer = stranger.send(zip_of(documents(1)))
    assert answer.status_code == 403, answer.text
    assert who.send(zip_of(documents(1)), mandate="no such").status_code == 403


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


def test_a_time_stamp_that_cannot_be_had_makes_the_batch_wait_and_leaves_no_file_half_done(
    hall: Hall, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = machine_of(hall)
    fill(source, documents(3))
    batch = folder_batch(hall.office, who, source, tmp_path / "out", order=order(level=Level.B_T))
    batches.read_in(hall.office, batch.id)

    def down(*_: object) -> list[bytes]:
        raise TimestampError("the time-stamping service cannot work now")

    with monkeypatch.context() as patched:
        patched.setattr(OfficeTimeStamper, "stamp_many", down)
        with pytest.raises(TimestampError):
            seal_chunk(hall.office, batch.id)
    items = items_of(hall.office, batch.id)
    assert [(item.state, item.lost) for item in items] == [(ItemState.WAITING, 1)] * 3
    with hall.office.reading() as work:
        log = work.uses.of_seal(who.code, after=None, limit=10)
    assert [(use.state, use.intent_sha256 is not None) for use in log] == [(UseState.REFUSED, True)] * 3
    batches.wait(hall.office, batch.id, "TimestampError: down")
    assert batches.get(hall.office, batch.id).wait_until is not None
    assert work_through(hall.office, batch.id).sealed == 3


def test_a_token_that_is_gone_costs_no_signature_and_no_file(
    hall: Hall, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = machine_of(hall)
    fill(source, documents(2))
    batch = folder_batch(hall.office, who, source, tmp_path / "out")
    batches.read_in(hall.office, batch.id)

    def gone(*_: object) -> None:
        raise DeviceGoneError("the token is gone")

    with monkeypatch.context() as patched:
        patched.setattr(type(hall.store), "lease", gone)
        with pytest.raises(DeviceGoneError):
            seal_chunk(hall.office, batch.id)
    assert [(item.state, item.lost) for item in items_of(hall.office, batch.id)] == [(ItemState.WAITING, 0)] * 2
    assert work_through(hall.office, batch.id).sealed == 2


def test_a_file_whose_signatures_were_all_lost_is_refused_in_the_end(
    hall: Hall, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = machine_of(hall)
    fill(source, documents(1))
    batch = folder_batch(hall.office, who, source, tmp_path / "out")
    batches.read_in(hall.office, batch.id)
    full = OSError(28, "No space left on device")
    for _ in range(batch_sealing.MAX_LOST + 1):
        with monkeypatch.context() as patched:
            patched.setattr(batch_sealing, "finish_seal", lambda *_: (_ for _ in ()).throw(full))
            with pytest.raises(OSError, match="No space"):
                seal_chunk(hall.office, batch.id)
    work_through(hall.office, batch.id)
    (item,) = items_of(hall.office, batch.id)
    assert (item.state, item.reason) == (ItemState.REFUSED, "signature-lost")


def test_files_of_a_process_that_is_gone_wait_again_and_their_uses_are_refused(
    hall: Hall, source: Path, tmp_path: Path
) -> None:
    who = machine_of(hall)
    fill(source, documents(2))
    batch = folder_batch(hall.office, who, source, tmp_path / "out")
    batches.read_in(hall.office, batch.id)
    with hall.office.work() as work:
        assert len(work.batches.claim(batch.id, process="gone", claim="c", most=9, most_bytes=10**9)) == 2
        work.commit()
    assert seal_chunk(hall.office, batch.id) == 0
    assert batches.close(hall.office, batch.id) is False
    assert let_go_of_lost(hall.office) == 2
    assert let_go_of_lost(hall.office) == 0
    assert work_through(hall.office, batch.id).sealed == 2


def test_what_another_process_took_over_meanwhile_is_neither_recorded_nor_delivered(
    hall: Hall, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The chunk of a process that was taken for lost comes to its end after all."""
    who = machine_of(hall)
    fill(source, documents(3))
    target = tmp_path / "out"
    batch = folder_batch(hall.office, who, source, target)
    batches.read_in(hall.office, batch.id)
    sign = finish_seal

    def overtaken(*given: Any) -> Any:
        monkeypatch.setattr(batch_sealing, "finish_seal", sign)
        monkeypatch.setattr(batch_sealing, "_claims", set())
        assert let_go_of_lost(hall.office) == 3
        assert seal_chunk(hall.office, batch.id) == 3  # the other one
        return sign(*given)

    monkeypatch.setattr(batch_sealing, "finish_seal", overtaken)
    seal_chunk(hall.office, batch.id)
    assert work_through(hall.office, batch.id).sealed == 3
    with hall.office.reading() as work:
        log = work.uses.of_seal(who.code, after=None, limit=10)
    assert sorted(use.state.value for use in log) == ["done"] * 3 + ["refused"] * 3
    for item in items_of(hall.office, batch.id):
        assert hashlib.sha256((target / item.name).read_bytes()).digest() == item.result_sha256
    assert not (target / ".vermilion").exists()


def test_a_batch_that_was_cancelled_takes_no_more_files(who: Machine) -> None:
    batch_id = who.send(zip_of(documents(2))).json()["id"]
    batches.read_in(who.hall.office, batch_id)
    answer = who.hall.client.post(f"/api/v1/batches/{batch_id}/cancel", headers=who.headers())
    assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
    assert seal_chunk(who.hall.office, batch_id) == 0
    again = who.hall.client.post(f"/api/v1/batches/{batch_id}/cancel", headers=who.headers())
    assert again.status_code == 409
    with pytest.raises(BatchStateError):
        batches.cancel(who.hall.office, batch_id, actor="t")


def test_a_source_that_cannot_be_read_fails_the_batch_and_says_why(who: Machine, source: Path, tmp_path: Path) -> None:
    office = who.hall.office
    for place, kind, why in (
        (source, SourceKind.FOLDER, "no file"),
        (tmp_path / "none", SourceKind.FOLDER, "not a folder"),
        (office.objects.put("batch", ".x", b"no archive"), SourceKind.ARCHIVE, "neither"),
    ):
        batch = folder_batch(office, who, place, tmp_path / "out", source_kind=kind)
        found = work_through(office, batch.id)
        assert (found.batch.state, why in found.batch.detail) == (BatchState.FAILED, True), found.batch.detail


def test_reading_goes_on_where_a_crash_ended_it(
    who: Machine, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "LISTED_AT_ONCE", 2)
    fill(source, documents(5))
    batch = folder_batch(who.hall.office, who, source, tmp_path / "out")
    with monkeypatch.context() as patched:
        patched.setattr(batches, "_move", lambda *_, **__: None)
        batches.read_in(who.hall.office, batch.id)  # all entered, and not said so
    with who.hall.office.work() as work:
        work.batches.move(batch.id, before=[BatchState.WAITING], detail="")
        work.commit()
    batches.read_in(who.hall.office, batch.id)
    assert [item.name for item in items_of(who.hall.office, batch.id)] == sorted(documents(5))
