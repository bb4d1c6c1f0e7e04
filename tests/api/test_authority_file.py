"""The authority's file: read again when another process renewed something, refused when it is damaged."""

from pathlib import Path

import pytest

from api.authority_file import AUTHORITY_FILE, LOOK_EVERY_S, AuthorityFile
from api.errors import SettingsError
from tests.support.office import Hall, template


def test_a_folder_without_an_authority_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="hold the ceremony first"):
        AuthorityFile(tmp_path).current()


@pytest.mark.parametrize("content", [b"{", b"\xff", b"{}", b"[]", b'{"format": 99}'])
def test_a_damaged_file_stops_the_start(tmp_path: Path, content: bytes) -> None:
    (tmp_path / AUTHORITY_FILE).write_bytes(content)
    with pytest.raises(SettingsError, match="is damaged"):
        AuthorityFile(tmp_path).current()


def test_what_another_process_renewed_is_seen_within_seconds(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    here = hall.office.authority_file
    before = here.current()
    other = AuthorityFile(here.folder)
    renewed = before.with_entity(before.entity("ocsp-seal"))
    other.replace(renewed)
    monkeypatch.setattr("api.authority_file.time.monotonic", lambda: 1e9)
    assert here.current() is not before
    assert here.current().entity("ocsp-seal").certificate == before.entity("ocsp-seal").certificate


def test_an_unchanged_file_is_not_parsed_again(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    here = hall.office.authority_file
    before = here.current()
    monkeypatch.setattr("api.authority_file.time.monotonic", lambda: 1e9)
    assert here.current() is before
    assert LOOK_EVERY_S < 10


def test_replacing_leaves_no_other_file_behind(hall: Hall) -> None:
    here = hall.office.authority_file
    files = {path.name for path in here.folder.iterdir()}
    here.replace(here.current())
    assert {path.name for path in here.folder.iterdir()} == files
    assert template().authority.exists()
