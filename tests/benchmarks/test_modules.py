"""Every benchmark can be started and names what it measures; none is run here."""

import importlib
import inspect
import json
from collections.abc import Iterator

import pytest

from benchmarks import harness
from benchmarks.harness import Options, Result

NAMES = ["batch", "issue", "ocsp", "picture", "qr", "seal", "verify"]
FIELDS = ["bench", "metric", "value", "unit", "against", "their_value", "ratio"]


@pytest.mark.parametrize("name", NAMES)
def test_a_benchmark_is_named_as_its_module_and_makes_results_of_options(name: str) -> None:
    module = importlib.import_module(f"benchmarks.{name}")
    assert name == module.BENCH
    made = module.measure if name == "seal" else module.results
    assert inspect.isgeneratorfunction(made)
    assert [one.annotation for one in inspect.signature(made).parameters.values()] == [Options]
    assert module.__doc__


@pytest.mark.parametrize("name", NAMES)
def test_a_benchmark_told_as_json_is_one_object_a_line(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    module = importlib.import_module(f"benchmarks.{name}")

    def two() -> Iterator[Result]:
        yield Result(bench=module.BENCH, metric="one", value=2.0, unit="ms/file", against="peer", their_value=4.0)
        yield Result(bench=module.BENCH, metric="two", value=2.0, unit="files/s")

    harness.tell(two(), Options(quick=True, json=True))
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [list(line) for line in lines] == [FIELDS, FIELDS]
    assert [line["bench"] for line in lines] == [name, name]
    assert [line["ratio"] for line in lines] == [2.0, None]
