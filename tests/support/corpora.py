"""Where the foreign files are that corpus tests read in place."""

import os
from pathlib import Path

import pytest

CORPORA = Path(os.environ.get("VERMILION_CORPORA", Path(__file__).parents[3] / "shared" / "corpora"))


def corpus(name: str) -> Path:
    """Return the folder, or skip the test that asks."""
    folder = CORPORA / name
    if not folder.is_dir():
        pytest.skip(f"corpus {name} is absent: set VERMILION_CORPORA")
    return folder
