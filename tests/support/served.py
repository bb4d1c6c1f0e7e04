"""`vermilion serve --demo` as a process of its own on a free port, spoken to over HTTP as strangers do."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from httpx import Client, ConnectError, Response

from api.demo import samples
from tests.support.judges import VERMILION

START_S: Final = 90  # on a machine that does much else
STOP_S: Final = 20


@dataclass(frozen=True, slots=True)
class Served:
    """A running service and the token that its demo page gives to anybody."""

    client: Client
    base_url: str

    def fetch(self, path: str, target: Path) -> Path:
        """Download a public or private file; anything else than 200 is an error of the test."""
        answer = self.client.get(path)
        answer.raise_for_status()
        target.write_bytes(answer.content)
        return target

    def post(self, path: str, **arguments: Any) -> Response:
        return self.client.post(path, **arguments).raise_for_status()

    def establish(self, sample: dict[str, Any]) -> dict[str, Any]:
        """Register an enterprise and issue its licence and seals."""
        entry = self.post("/api/v1/enterprises", json=samples.enterprise(sample)).json()
        made: dict[str, Any] = self.post("/api/v1/licences", json={"uscc": entry["uscc"]}).json()
        self.lend(entry["uscc"])
        return made

    def lend(self, uscc: str) -> None:
        """Have the enterprise's representative lend its seals to this token, unless they are."""
        self.post("/demo/mandates", json={"uscc": uscc})

    def seal(self, code: str, source: Path, target: Path, **form: str) -> Path:
        with source.open("rb") as file:
            use = self.post(f"/api/v1/seals/{code}/uses", files={"document": ("x.pdf", file)}, data=form).json()
        return self.fetch(use["document"], target)

    def decide(self, what: str, decision: str) -> None:
        """`what` is seals/CODE or licences/NUMBER."""
        self.post(f"/api/v1/{what}/{decision}", json={"reason": "a judge is watching"})

    def publish(self, folder: Path) -> None:
        """Download all that a verifier without a network has to have beside the root."""
        folder.mkdir(exist_ok=True)
        self.fetch("/pki/ca/root.pem", folder / "root.pem")
        self.fetch("/pki/ca/chain.pem", folder / "chain.pem")
        self.fetch("/pki/keys", folder / "keys.json")
        self.fetch("/pki/status/0", folder / "status-0.cwt")
        for name in ("root", "licence", "seal", "service"):
            self.fetch(f"/pki/crl/{name}.crl", folder / f"ca-{name}.crl")


@contextmanager
def serving(data: Path) -> Iterator[Served]:
    """Start, wait until it is ready, get the demo page's token, and stop at the end."""
    port = _free_port()
    base_url = f"http://127.0.0.1:{port}"
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("VERMILION_", "SOFTHSM2_"))}
    log = data.with_suffix(".log")
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*VERMILION, "serve", "--demo", "--data", str(data), "--port", str(port)],
            env={**clean, "PYTHONPATH": str(Path(__file__).parents[2])},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        with Client(base_url=base_url, timeout=60) as client:
            _wait(client, process, log)
            token = client.post("/demo/session", headers={"Origin": base_url}).raise_for_status().json()["token"]
            client.headers["Authorization"] = f"Bearer {token}"
            yield Served(client, base_url)
    finally:
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(STOP_S)


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
    return port


def _wait(client: Client, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        try:
            if client.get("/readyz").is_success:
                return
        except ConnectError:
            pass
        time.sleep(0.1)
    raise RuntimeError(f"the service did not start: {log.read_text(encoding='utf-8', errors='replace')}")
