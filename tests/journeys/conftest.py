"""One demo folder for all that look at it: made once, by the command as a user gives it."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.brought import report_of_many_pages
from tests.support.judges import Done, Published, vermilion
from tests.support.softhsm import MODULE


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """A folder for what lasts as long as the session."""
    base = Path(tempfile.mkdtemp(prefix="vermilion-demo-"))
    yield base
    shutil.rmtree(base, ignore_errors=True)


@pytest.fixture(scope="session")
def demo_run(folder: Path) -> tuple[Path, Done]:
    """The folder that `vermilion demo DIR --keys softhsm` left, and what the command said."""
    if not MODULE.exists():
        pytest.skip("SoftHSM 2 is not installed")
    directory = folder / "demo"
    return directory, vermilion("demo", directory, "--keys", "softhsm")


@pytest.fixture(scope="session")
def demo(demo_run: tuple[Path, Done]) -> Path:
    directory, done = demo_run
    assert done.code == 0, done.out + done.err
    return directory


@pytest.fixture(scope="session")
def other_demo(folder: Path) -> tuple[Path, Done]:
    """Another authority of the same name, with software keys, and its two enterprises seal a report of 50 pages."""
    source = folder / "report.pdf"
    source.write_bytes(report_of_many_pages())
    directory = folder / "other"
    return directory, vermilion("demo", directory, "--pdf", source, "--json")


@pytest.fixture
def published(demo: Path, tmp_path: Path) -> Published:
    return Published.of(demo, tmp_path / "published")
