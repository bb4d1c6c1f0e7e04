"""The worked example of docs/spec/sole-control.md, run line by line as it stands there."""

import json
import os
import re
import shutil
import subprocess
from base64 import urlsafe_b64decode
from pathlib import Path
from typing import Any, Final

import pytest

from verify.assertion import Evidence, check_assertion
from verify.report import Verdict, worst

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = ROOT / "docs" / "spec" / "sole-control.md"
VECTOR: Final = ROOT / "tests" / "vectors" / "sole-control" / "agreement.json"


def agreement() -> dict[str, Any]:
    kept: dict[str, Any] = json.loads(VECTOR.read_text(encoding="utf-8"))
    return kept


def octets(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def run(folder: Path, kept: dict[str, Any]) -> list[str]:
    """Run all blocks of the page in one shell and return what each printed."""
    if shutil.which("openssl") is None or shutil.which("basenc") is None:
        pytest.skip("openssl or basenc is not installed")
    (folder / "agreement.json").write_text(json.dumps(kept), encoding="utf-8")
    blocks = re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    script = "\necho ----\n".join(blocks)
    done = subprocess.run(
        ("bash", "-c", script),
        cwd=folder,
        capture_output=True,
        timeout=60,
        check=False,
        env={"PATH": os.environ["PATH"]},
    )
    return done.stdout.decode().split("----\n")


@pytest.mark.judge
def test_the_worked_example_shows_what_the_page_says(tmp_path: Path) -> None:
    parts, challenge, page, flags, signature, document = run(tmp_path, agreement())
    assert parts == ""
    first, second = challenge.split()
    assert first == second
    client, got, expected = page.splitlines()
    assert json.loads(client)["origin"] == agreement()["origin"]
    assert got == expected
    assert flags.split() == ["05"]
    assert signature == "Verified OK\n"
    digest, agreed = document.splitlines()
    assert digest in agreed
    assert "33010600000021" in agreed


@pytest.mark.judge
@pytest.mark.parametrize("part", ["client_data_json", "authenticator_data", "signature"])
def test_the_worked_example_fails_for_anything_else(tmp_path: Path, part: str) -> None:
    kept = agreement()
    kept[part] = kept[part][:-8] + "AAAA" + kept[part][-4:]
    assert "Verified OK" not in run(tmp_path, kept)[4]


def test_our_checker_says_the_same() -> None:
    kept = agreement()
    evidence = Evidence(
        client_data_json=octets(kept["client_data_json"]),
        authenticator_data=octets(kept["authenticator_data"]),
        signature=octets(kept["signature"]),
        public_key=octets(kept["public_key"]),
    )
    found = check_assertion(evidence, kept["intent"].encode(), rp_id=kept["rp_id"], origins=[kept["origin"]])
    assert worst(found) is Verdict.PASSED
