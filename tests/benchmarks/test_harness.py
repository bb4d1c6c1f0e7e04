import json
import re
from itertools import count

import pytest

from benchmarks import harness
from benchmarks.harness import Options, Result, alone, alternate, header, interleave, options, tell


def result(unit: str, value: float, their_value: float | None) -> Result:
    against = None if their_value is None else "peer"
    return Result(bench="b", metric="m", value=value, unit=unit, against=against, their_value=their_value)


@pytest.mark.parametrize(
    ("unit", "value", "theirs", "ratio"),
    [
        ("ms", 2, 10, 5),
        ("s/file", 10, 5, 0.5),
        ("MiB", 50, 100, 2),
        ("files/s", 100, 25, 4),
        ("signatures/s", 10, 20, 0.5),
        ("ms", 2, None, None),
        ("ms", 0, 3, None),
        ("ms", 3, 0, None),
    ],
)
def test_a_ratio_over_one_means_that_we_are_better(
    unit: str, value: float, theirs: float | None, ratio: float | None
) -> None:
    assert result(unit, value, theirs).ratio == ratio


def test_json_has_the_seven_fields_in_order() -> None:
    line = result("ms", 2.0, 10.0).line()
    assert "\n" not in line
    assert json.loads(line) == {
        "bench": "b",
        "metric": "m",
        "value": 2.0,
        "unit": "ms",
        "against": "peer",
        "their_value": 10.0,
        "ratio": 5.0,
    }
    assert list(json.loads(line)) == ["bench", "metric", "value", "unit", "against", "their_value", "ratio"]


def test_the_two_sides_are_measured_in_turn_and_change_places() -> None:
    calls: list[str] = []
    numbers = count()

    def side(name: str) -> float:
        calls.append(name)
        return float(next(numbers))

    pair = alternate(lambda: side("ours"), lambda: side("theirs"), rounds=3)
    assert calls == ["ours", "theirs", "theirs", "ours", "ours", "theirs"]
    assert (pair.ours, pair.theirs) == (3.0, 2.0)  # medians of 0 3 4 and of 1 2 5


def test_timing_warms_both_sides_up_and_counts_the_calls() -> None:
    calls = {"ours": 0, "theirs": 0}

    def call(name: str) -> None:
        calls[name] += 1

    pair = interleave(lambda: call("ours"), lambda: call("theirs"), rounds=4, calls=5)
    assert calls == {"ours": 21, "theirs": 21}
    assert pair.ours > 0
    told = pair.result("b", "m", "ms", "peer", scale=1000)
    assert told.value == pair.ours * 1000
    assert told.their_value == pair.theirs * 1000
    assert alone(lambda: call("ours"), rounds=2, calls=3) > 0
    assert calls["ours"] == 28


def test_options_are_read_and_anything_else_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert options("", []) == Options(quick=False, json=False)
    assert options("", ["--quick", "--json"]) == Options(quick=True, json=True)
    assert options("", ["--quick"]).pick(quick=3, full=9) == 3
    assert options("", []).pick(quick=3, full=9) == 9
    with pytest.raises(SystemExit) as exit_:
        options("", ["--fast"])
    assert exit_.value.code == 2
    assert "--fast" in capsys.readouterr().err


def test_with_json_standard_output_holds_results_only(capsys: pytest.CaptureFixture[str]) -> None:
    tell([result("ms", 2, 10), result("kB", 3, None)], Options(quick=True, json=True))
    captured = capsys.readouterr()
    assert [json.loads(line)["ratio"] for line in captured.out.splitlines()] == [5.0, None]
    assert captured.err.strip() == header()


def test_the_table_shows_header_both_numbers_ratio_and_peer(capsys: pytest.CaptureFixture[str]) -> None:
    tell([result("ms", 2, 10), result("files/s", 12345, None)], Options(quick=True, json=False))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == header()
    assert lines[3].split() == ["m", "2", "10", "ms", "5.00×", "peer"]
    assert lines[4].split() == ["m", "12,345", "files/s"]


def test_the_header_names_machine_python_and_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    assert re.search(r"\d+ cores; \w+ \S+; Python 3\.\d+\.\d+; commit ([0-9a-f]{10}\+?|unknown)$", header())
    monkeypatch.setattr(harness, "ROOT", harness.ROOT.anchor)
    assert harness.commit() == "unknown"
