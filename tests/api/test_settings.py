"""Settings come from the places and in the order that docs/ops/settings.md says."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from api import cli
from api.errors import SettingsError
from api.problems import PROBLEMS
from api.settings import Settings, read_settings

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_of_settings_names_every_setting_and_no_other() -> None:
    rows = [
        line for line in (DOCS / "ops" / "settings.md").read_text(encoding="utf-8").splitlines() if line[:3] == "| `"
    ]
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[1])}
    assert named == set(Settings.model_fields)


def test_the_page_of_the_command_line_names_every_command_and_exit_code() -> None:
    page = (DOCS / "spec" / "cli.md").read_text(encoding="utf-8")
    for command in cli.cli.commands:
        assert f"| `{command}" in page
    for problem in PROBLEMS.values():
        assert f"\n| {problem.exit_code} | " in page


def test_the_command_line_wins_over_the_environment_and_that_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "vermilion.toml"
    file.write_text('port = 1\nhost = "10.0.0.1"\nzone = "UTC"\nocsp_fresh_for = "PT1H"\n')
    monkeypatch.setenv("VERMILION_CONFIG", str(file))
    monkeypatch.setenv("VERMILION_HOST", "10.0.0.2")
    monkeypatch.setenv("VERMILION_PORT", "2")
    read = read_settings(port=3, data=None)
    assert (read.port, read.host, read.zone) == (3, "10.0.0.2", "UTC")
    assert read.ocsp_fresh_for == timedelta(hours=1)


def test_an_unknown_key_in_the_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "vermilion.toml"
    file.write_text("prot = 1\n")
    monkeypatch.setenv("VERMILION_CONFIG", str(file))
    with pytest.raises(SettingsError, match="prot"):
        read_settings()


def test_a_file_that_is_no_toml_is_a_settings_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "vermilion.toml"
    file.write_text("= =")
    monkeypatch.setenv("VERMILION_CONFIG", str(file))
    with pytest.raises(SettingsError, match="is not TOML"):
        read_settings()


def test_a_file_that_is_not_there_is_a_settings_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VERMILION_CONFIG", str(tmp_path / "nothing.toml"))
    with pytest.raises(SettingsError, match="which is not a file"):
        read_settings()


def test_a_list_that_is_no_json_is_a_settings_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VERMILION_FONT", "one.ttf")
    with pytest.raises(SettingsError, match="font"):
        read_settings()


def test_a_secret_is_not_shown_when_settings_are_printed() -> None:
    read = read_settings(pin="very-secret")
    assert "very-secret" not in repr(read) + str(read.model_dump())
    assert read.secret() == "very-secret"


def test_a_secret_is_read_from_its_file_without_the_line_feed(tmp_path: Path) -> None:
    file = tmp_path / "pin"
    file.write_text("1234\n")
    assert read_settings(pin_file=file).secret() == "1234"
    with pytest.raises(SettingsError, match="VERMILION_PIN_FILE"):
        read_settings(pin_file=tmp_path / "nothing").secret()
