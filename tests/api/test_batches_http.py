"""Mass sealing over HTTP: archives and buckets, and who may ask for it."""

import io
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from api.acts import batches
from api.acts.access import add_token
from api.acts.batch_sealing import seal_chunk
from api.db.batches import BatchState
from api.errors import BatchStateError
from tests.support.batches import (
    Machine,
    documents,
    fill,
    machine_of,
    verdict,
    work_through,
    zip_of,
)
from tests.support.office import open_hall
from tests.support.sealing import make_pdf


@pytest.fixture(scope="module")
def who(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    folder = tmp_path_factory.mktemp("batches")
    with open_hall(folder, batch_buckets=(f"file://{folder}/bucket",)) as hall:
        yield machine_of(hall)


def test_an_archive_goes_in_and_comes_out_over_http(who: Machine) -> None:
    files = {**documents(3), "a/b.pdf": make_pdf(), "no.pdf": b"x"}
    packed = zip_of(files)  # once: an archive holds the time of its making, so that a second one is another request
    answer = who.send(packed, key="k1", level="B-LT")
    assert answer.status_code == 201, answer.text
    batch_id = answer.json()["id"]
    assert answer.json()["state"] == "waiting"
    assert who.send(packed, key="k1", level="B-LT").json()["id"] == batch_id
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
