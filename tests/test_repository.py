"""What has to be true of the repository itself."""

import json
import re
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
OURS = ("api", "ca", "hsm", "seals", "verify")


@pytest.mark.parametrize("name", OURS)
def test_no_dependency_installs_a_package_of_our_name(name: str) -> None:
    assert set(packages_distributions().get(name, ["vermilion"])) == {"vermilion"}


@pytest.mark.parametrize("path", sorted((ROOT / "requirements").glob("*.txt")), ids=lambda path: path.name)
def test_every_requirement_is_pinned_with_hashes_and_names_no_registry(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"https?://|--(extra-)?index-url|--find-links", text)
    pinned = re.findall(
        r"^([a-z0-9._-]+)(\[[a-z,]+\])?==\S+.*?((?:\\\n\s+--hash=sha256:[0-9a-f]{64}\s*)+)", text, re.MULTILINE
    )
    named = re.findall(r"^[a-z0-9._-]+(?:\[[a-z,]+\])?==", text, re.MULTILINE)
    assert len(named) > 50
    assert len(pinned) == len(named)


def test_the_npm_lock_file_has_hashes_and_no_addresses() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    locked = {name: one for name, one in packages.items() if name}
    assert locked
    assert all(one["integrity"].startswith("sha512-") and "resolved" not in one for one in locked.values())


def test_every_package_says_what_it_is_for() -> None:
    for name in OURS:
        assert (ROOT / name / "__init__.py").read_text(encoding="utf-8").startswith('"""'), name
