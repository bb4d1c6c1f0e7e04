"""Independent programs that judge certificates, CRLs, OCSP answers and time-stamps. What they print decides."""

import contextlib
import importlib
import io
import shutil
import subprocess
import warnings
from datetime import datetime
from pathlib import Path
from typing import Final

import pytest

JUDGE_TIMEOUT_S: Final = 60


def said(*command: str | Path, stdin: bytes | None = None) -> str:
    """Run a judge and return all that it printed. A judge that is not installed is a skip with that reason."""
    if shutil.which(str(command[0])) is None:
        pytest.skip(f"{command[0]} is not installed")
    done = subprocess.run(
        [str(part) for part in command], input=stdin, capture_output=True, timeout=JUDGE_TIMEOUT_S, check=False
    )
    return (done.stdout + done.stderr).decode(errors="replace")


def at(moment: datetime) -> str:
    """`-attime` of OpenSSL."""
    return str(int(moment.timestamp()))


def pkilint(tool: str, path: Path, *arguments: str, severity: str = "WARNING") -> str:
    """Return what pkilint finds at or above a severity; empty means nothing. `tool` is a module of `pkilint.bin`."""
    output, errors = io.StringIO(), io.StringIO()
    with warnings.catch_warnings(), contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
        warnings.simplefilter("ignore")  # its own libraries' deprecations are not ours
        count = importlib.import_module(f"pkilint.bin.{tool}").main(["lint", *arguments, "-s", severity, str(path)])
    text = output.getvalue().strip()
    if bool(count) != bool(text):
        pytest.fail(f"{tool} counted {count} findings but printed: {text} {errors.getvalue()}")
    return text
