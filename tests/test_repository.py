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


LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.+?)\s*$", re.MULTILINE)
PAGES = sorted((*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")))


def anchors(page: Path) -> set[str]:
    """The names that a heading gets where the pages are shown."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in HEADING.findall(text))
    return {one.strip().replace(" ", "-") for one in plain}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_relative_link_of_the_docs_leads_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in LINK.findall(text):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        assert found.exists(), target
        assert found.is_relative_to(ROOT), target
        assert not anchor or anchor in anchors(found), target
