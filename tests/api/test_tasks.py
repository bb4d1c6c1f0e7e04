"""What happens without anybody asking, and which processes count as gone."""

import socket
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from api.acts import groups
from api.acts.access import add_token
from api.acts.office import Office
from api.acts.presence import LOST_AFTER, Presence, dead
from api.db.ledger import Process
from api.errors import BadInputError, DatabaseGoneError, ObjectMissingError, SettingsError
from api.objects import Objects
from api.tasks import heartbeat
from api.tasks.heartbeat import beating
from api.tasks.heartbeat import run as beat_once
from api.tasks.schedule import TASKS, run_due
from hsm.errors import DeviceGoneError
from seals.errors import GroupStateError
from tests.support.office import NOW, Hall, code_of
from tests.support.sealing import make_pdf
from verify.errors import MalformedMandateError


def run_all(hall: Hall) -> dict[str, str]:
    return dict(run_due(hall.office, dict.fromkeys(TASKS, 0.0)))


def responder(hall: Hall, name: str) -> x509.Certificate:
    return hall.office.authority.certificate(f"ocsp-{name}")


def test_on_a_quiet_day_the_tasks_have_nothing_to_say(hall: Hall) -> None:
    assert run_all(hall) == {}


def test_responders_are_renewed_a_month_before_they_end_with_keys_of_their_own(hall: Hall) -> None:
    made = hall.establish()
    old = responder(hall, "seal")
    hall.clock.now = old.not_valid_after_utc - timedelta(days=30)
    assert "renew-responders" not in run_all(hall)
    hall.clock.move(timedelta(seconds=1))
    assert "ocsp-seal" in run_all(hall)["renew-responders"]
    new = responder(hall, "seal")
    assert new.public_key() != old.public_key()
    assert new.not_valid_after_utc > old.not_valid_after_utc
    assert new.subject == old.subject
    assert "renew-responders" not in run_all(hall)
    use = hall.seal(code_of(made), make_pdf()).json()  # with evidence by the new responder
    report = hall.client.post("/api/v1/verify", files={"file": hall.get(use["document"], "seal").content}).json()
    assert report["verdict"] == "passed", report
    with hall.office.reading() as work:
        assert work.certificates.unfinished() == []


def test_a_crl_is_published_before_it_lapses(hall: Hall) -> None:
    def next_update() -> timedelta:
        crl = x509.load_der_x509_crl(hall.client.get("/pki/crl/seal.crl").content)
        assert crl.next_update_utc is not None
        return crl.next_update_utc - hall.clock()

    run_all(hall)
    hall.clock.move(timedelta(hours=12))
    run_all(hall)
    assert next_update() == timedelta(hours=12)
    hall.clock.move(timedelta(seconds=1))
    run_all(hall)
    assert next_update() == timedelta(hours=24)


def test_what_ends_soon_is_named_in_time_for_a_ceremony(hall: Hall) -> None:
    crl = x509.load_der_x509_crl(hall.office.authority.crls["root"])
    assert crl.next_update_utc is not None
    hall.clock.now = crl.next_update_utc - timedelta(days=59)
    assert "CRL of the root" in run_all(hall)["warn-of-expiry"]


def test_a_task_that_fails_is_named_and_the_others_go_on(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: object) -> None:
        raise DeviceGoneError("the token is gone")

    hall.clock.now = responder(hall, "seal").not_valid_after_utc - timedelta(days=1)
    monkeypatch.setattr(type(hall.store), "lease", gone)
    keys = set(hall.store.resident)
    said = run_all(hall)
    assert set(hall.store.resident) == keys  # none is left that no certificate speaks of
    assert said["publish-crls"] == "failed: DeviceGoneError"
    assert said["renew-responders"] == "failed: DeviceGoneError"
    assert "ocsp-seal" in said["warn-of-expiry"]
    with hall.office.reading() as work:
        assert work.certificates.unfinished() == []


@pytest.mark.parametrize("error", [GroupStateError("so it is"), MalformedMandateError("no mandate")])
def test_no_error_of_seals_or_checks_stops_the_worker(
    hall: Hall, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def broken(_: Office) -> int:
        raise error

    monkeypatch.setattr(groups, "follow_all", broken)
    assert run_all(hall) == {"follow-groups": f"failed: {type(error).__name__}"}


def test_a_task_waits_for_its_turn(hall: Hall) -> None:
    due = dict.fromkeys(TASKS, 0.0)
    list(run_due(hall.office, due))
    assert all(moment > 0 for moment in due.values())
    before = dict(due)
    list(run_due(hall.office, due))
    assert due == before


def test_a_process_is_alive_while_it_holds_its_lock(hall: Hall, tmp_path: Path) -> None:
    folder = tmp_path / "other"
    other = Presence.announce(hall.office.engine, folder, now=NOW)
    with hall.office.reading() as work:
        (mine,) = [one for one in work.ledger.processes() if one.id == other.id]
    assert dead([mine], folder, now=NOW + timedelta(days=9)) == []
    other._lock.close()  # what the kernel does when a process ends
    assert dead([mine], folder, now=NOW) == [other.id]
    assert dead([mine], folder, now=NOW) == [other.id]  # its file is gone by now
    other.leave()


def test_a_process_on_another_host_is_lost_after_five_silent_minutes(tmp_path: Path) -> None:
    far = Process(id="x", host=socket.gethostname() + "-other", pid=1, seen_at=NOW)
    assert dead([far], tmp_path, now=NOW + LOST_AFTER) == []
    assert dead([far], tmp_path, now=NOW + LOST_AFTER + timedelta(seconds=1)) == ["x"]


def seen_at(hall: Hall) -> datetime | None:
    with hall.office.reading() as work:
        return next((one.seen_at for one in work.ledger.processes() if one.id == hall.office.process), None)


def test_a_service_says_that_it_is_alive_again_and_again(hall: Hall) -> None:
    before = seen_at(hall)
    hall.clock.move(timedelta(minutes=1))
    with beating(hall.office, every_s=0.01):
        wait_until(lambda: seen_at(hall) == hall.clock())
        hall.clock.move(timedelta(minutes=1))
        wait_until(lambda: seen_at(hall) == hall.clock())
    assert before != hall.clock()
    assert not any(thread.name == "heartbeat" for thread in threading.enumerate())


def test_a_turn_that_fails_is_not_the_last_one(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    turns: list[bool] = []

    def fails_first(office: Office) -> str:
        turns.append(True)
        if len(turns) == 1:
            raise DatabaseGoneError("the database is gone")
        return beat_once(office)

    monkeypatch.setattr(heartbeat, "run", fails_first)
    hall.clock.move(timedelta(minutes=1))
    with beating(hall.office, every_s=0.01):
        wait_until(lambda: seen_at(hall) == hall.clock())
    assert len(turns) > 1


def test_a_process_that_was_taken_for_lost_is_entered_again(hall: Hall) -> None:
    with hall.office.work() as work:
        work.ledger.forget([hall.office.process])
        work.commit()
    assert seen_at(hall) is None
    heartbeat.run(hall.office)
    assert seen_at(hall) == hall.clock()


def wait_until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_token_for_a_scope_that_does_not_exist_is_refused(hall: Hall) -> None:
    with pytest.raises(BadInputError, match="everything"):
        add_token(hall.office, name="x", scopes=frozenset({"everything"}), valid_for=None)


def test_files_come_back_as_they_were_put_and_are_gone_when_deleted(tmp_path: Path) -> None:
    objects = Objects.open("", folder=tmp_path / "objects")
    content = bytes(range(256)) * 10_000
    name = objects.put("licence", ".pdf", content)
    assert (objects.size(name), objects.read(name)) == (len(content), content)
    objects.delete(name)
    objects.delete(name)
    for look in (objects.size, objects.read):
        with pytest.raises(ObjectMissingError):
            look(name)
    objects.probe()
    with pytest.raises(SettingsError):
        Objects.open("ftp://x", folder=tmp_path)
