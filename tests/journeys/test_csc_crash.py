"""kill -9 between any two steps of remote signing: what was signed is never signed again, what was not is not lost."""

import subprocess
import sys
from base64 import b64decode, b64encode
from collections import Counter
from pathlib import Path

import pytest

from api.acts.ceremony import hold
from api.acts.clients import add_client
from api.acts.establish import establish
from api.acts.registry import register
from api.bootstrap import running_office, utc_now
from api.demo import samples
from api.http.app import create_app
from hsm.keyfile import KdfCost
from hsm.software import SoftwareStore
from tests.support.crash import Act, settings_of
from tests.support.office import client_of, plan
from tests.support.remote import ECDSA, SHA256
from tests.support.rights import lend_to_machine

PASSPHRASE = "a passphrase of the tests"
HASHES = [b64encode(bytes([number]) * 32).decode() for number in (1, 2)]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An enterprise whose machine holds SAD for two hashes."""
    folder = tmp_path_factory.mktemp("base")
    (folder / "keys").mkdir()
    (folder / "keys" / "passphrase").write_text(PASSPHRASE)
    cheap = KdfCost(memory_kib=8 * 1024, passes=1, lanes=1)
    store = SoftwareStore.create(folder / "keys" / "software.keys", PASSPHRASE.encode(), cost=cheap)
    hold(plan(store=store.name), folder / "authority", stores={store.name: store}, now=utc_now())
    store.close()
    with running_office(settings_of(folder)) as office:
        one = register(office, samples.enterprise(samples.SUPPLIER), actor="t")
        made = establish(office, one.uscc, actor="t")
        code = next(seal.code for seal in made.seals if seal.kind.value == "contract")
        client, secret = add_client(office, name="ERP", uscc=one.uscc, redirect_uris=[], public=False)
        lend_to_machine(office, one.uscc, client.id)
        http = client_of(create_app(office))
        form = {"client_id": client.id, "client_secret": secret, "grant_type": "client_credentials"}
        token = http.post("/oauth/token", data=form).json()["access_token"]
        (folder / "remote.token").write_text(token)
        asked = {"credentialID": code, "hash": HASHES, "numSignatures": 2}
        headers = {"Authorization": f"Bearer {token}"}
        sad = http.post("/csc/v1/credentials/authorize", json=asked, headers=headers).json()["SAD"]
    body = {"credentialID": code, "SAD": sad, "hash": HASHES, "hashAlgo": SHA256, "signAlgo": ECDSA}
    Act(path="/csc/v1/signatures/signHash", scope="remote", body=body).write(folder, "remote")
    return folder


def signed(folder: Path) -> set[str]:
    """The hashes that the key signed, by the oracle."""
    noted = folder / "signatures"
    text = noted.read_text() if noted.exists() else ""
    return {one for one in HASHES if b64decode(one).hex() in text}


def test_signing_killed_at_any_step_signs_no_hash_twice_and_loses_none_that_was_not_signed(
    base: Path, tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.crash", str(base), str(tmp_path), "remote"],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 0, done.stderr
    folders = sorted(tmp_path.iterdir(), key=lambda folder: int(folder.name))
    assert len(folders) > 8
    outcomes: Counter[tuple[bool, int]] = Counter()
    for folder in folders:
        before = signed(folder)
        act = Act.read(folder, "remote")
        with running_office(settings_of(folder)) as office:
            http = client_of(create_app(office))
            for one in HASHES:
                again = Act(path=act.path, scope=act.scope, body=act.body | {"hash": [one]}).ask(http, folder)
                assert again.status_code in {200, 400}, again.text
                assert one not in before or again.status_code == 400, f"step {folder.name}: signed twice"
                outcomes[one in before, again.status_code] += 1
    assert outcomes[False, 200] >= 8, "what the key never saw can be sent again"
    assert outcomes[True, 400] >= 4
    assert outcomes[False, 400] <= 2, "authorised and not signed: only right before the key is used"
