"""A service of its own for each test, and one that whole modules read from."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.office import Hall, open_hall


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    with open_hall(tmp_path) as opened:
        yield opened


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    """For tests that change nothing that others look at."""
    with open_hall(tmp_path_factory.mktemp("shared")) as opened:
        yield opened
