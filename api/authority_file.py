"""The authority's file: read again when another process renewed something in it."""

import json
import os
import secrets
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from api.errors import SettingsError
from ca.authority import Authority
from ca.errors import CaError

AUTHORITY_FILE: Final = "authority.json"
TOKEN_FILE: Final = "first-token.json"  # noqa: S105 - the name of a file that holds a hash
LOOK_EVERY_S: Final = 5.0


@dataclass(slots=True)
class AuthorityFile:
    """The authority as its file says now."""

    folder: Path
    _authority: Authority | None = None
    _stamp: int = 0
    _looked: float = field(default=0.0)

    def current(self) -> Authority:
        """Return the authority; its file is looked at every few seconds.

        Raises:
            SettingsError: there is none, or its file cannot be read.
        """
        if self._authority is None or time.monotonic() - self._looked > LOOK_EVERY_S:
            self._looked = time.monotonic()
            self._authority = self._read_if_changed()
        return self._authority

    def replace(self, authority: Authority) -> None:
        """Write the file anew, whole or not at all."""
        path = self.folder / AUTHORITY_FILE
        part = path.with_name(f".{AUTHORITY_FILE}.{secrets.token_hex(4)}")
        with part.open("w", encoding="utf-8") as file:
            json.dump(authority.to_mapping(), file, ensure_ascii=False, indent=1)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        self._authority, self._stamp = authority, path.stat().st_mtime_ns

    def _read_if_changed(self) -> Authority:
        path = self.folder / AUTHORITY_FILE
        try:
            stamp = path.stat().st_mtime_ns
            if self._authority is not None and stamp == self._stamp:
                return self._authority
            read = Authority.from_mapping(json.loads(path.read_text(encoding="utf-8")))
        except OSError as exc:
            raise SettingsError(
                f"there is no authority in {self.folder}: hold the ceremony first (vermilion ceremony)"
            ) from exc
        except (ValueError, CaError) as exc:
            raise SettingsError(f"the file {path} is damaged") from exc
        self._stamp = stamp
        return read


def write_new(path: Path, content: bytes, *, mode: int = 0o644) -> None:
    """Write a file that must not exist yet, so that it is whole or not there.

    Raises:
        SettingsError: it exists.
    """
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.link(part, path)
    except FileExistsError as exc:
        raise SettingsError(f"{path} exists; it is never overwritten") from exc
    finally:
        part.unlink(missing_ok=True)
