"""Health, metrics, and what the log must not hold."""

import logging
from typing import Any

import pytest

from hsm.errors import DeviceGoneError
from hsm.signer import Health
from tests.support.office import Hall, code_of
from tests.support.sealing import make_pdf


def test_a_service_at_work_is_alive_and_ready(shared: Hall) -> None:
    assert shared.client.get("/healthz").json() == {"status": "alive"}
    answer = shared.client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ready", "parts": {"database": "ok", "keys": "ok", "files": "ok"}}


def test_a_key_store_that_is_gone_makes_the_service_not_ready_but_alive(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(hall.store), "health", lambda _: Health(healthy=False, detail="the token is gone"))
    answer = hall.client.get("/readyz")
    assert (answer.status_code, answer.json()["parts"]["keys"]) == (503, "HsmError")
    assert hall.client.get("/healthz").status_code == 200


def test_an_object_store_that_is_gone_makes_the_service_not_ready(hall: Hall) -> None:
    folder = hall.office.settings.data / "objects"
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    folder.rmdir()
    folder.write_text("a file where the folder should be")
    answer = hall.client.get("/readyz")
    assert (answer.status_code, answer.json()["parts"]["files"]) == (503, "ObjectMissingError")


def test_metrics_count_what_was_done(hall: Hall) -> None:
    def value(name: str) -> float:
        lines = hall.client.get("/metrics").text.splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name))

    certificates, uses = value("vermilion_certificates_total"), value('vermilion_seal_uses_total{outcome="done"}')
    hall.seal(code_of(hall.establish()), make_pdf())
    assert value("vermilion_certificates_total") == certificates + 6
    assert value('vermilion_seal_uses_total{outcome="done"}') == uses + 1


def test_an_unforeseen_error_is_a_bare_500_whose_cause_is_in_the_log_alone(
    hall: Hall, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("an inner detail")

    monkeypatch.setattr("api.acts.registry.register", broken)
    answer = hall.post("/api/v1/enterprises", hall.entry(), "register")
    assert answer.status_code == 500
    assert answer.json() == {"type": "/problems/internal", "title": "Internal error", "status": 500}
    assert "an inner detail" in caplog.text


def test_neither_tokens_nor_pins_reach_the_log_or_an_answer(
    hall: Hall, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    secrets = [*hall.tokens.values(), "a-very-secret-pin"]
    said = []
    code = code_of(hall.establish())
    said.append(hall.seal(code, b"no PDF").text)
    said.append(hall.get("/api/v1/seals/none").text)
    said.append(hall.post("/api/v1/enterprises", {"uscc": "x"}, "register").text)

    def gone(*_: Any, **__: Any) -> None:
        raise DeviceGoneError("the token is gone")

    monkeypatch.setattr(type(hall.store), "lease", gone)
    said.append(hall.seal(code, make_pdf()).text)
    monkeypatch.setattr("api.acts.registry.enterprise", lambda *_: 1 / 0)
    said.append(hall.get("/api/v1/enterprises/91110000600037341L").text)
    assert caplog.records
    for secret in secrets:
        assert secret not in caplog.text
        assert not [text for text in said if secret in text]
    assert not [text for text in said if "Traceback" in text]
