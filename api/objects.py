"""Where files live: a local folder or an S3 bucket, through `obstore`. Files stream; none is held whole in memory."""

import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, S3Store

from api.errors import ObjectMissingError, SettingsError

CHUNK_BYTES = 1 << 20


class Objects:
    """Named files. A name is made here, never taken from a caller's file name."""

    def __init__(self, store: ObjectStore) -> None:
        """Wrap an obstore store."""
        self._store = store

    @classmethod
    def open(cls, address: str, *, folder: Path) -> "Objects":
        """Open `s3://BUCKET/PREFIX`, or the local folder when `address` is empty.

        Raises:
            SettingsError: the address is neither.
        """
        if not address:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            return cls(LocalStore(str(folder.absolute())))
        if address.startswith("s3://"):
            return cls(S3Store.from_url(address, client_options={"timeout": timedelta(seconds=30)}))
        raise SettingsError("the object store is a folder (leave it empty) or s3://BUCKET/PREFIX")

    def put(self, kind: str, suffix: str, content: BinaryIO | bytes) -> str:
        """Store a file under a new random name and return the name."""
        name = f"{kind}/{secrets.token_hex(16)}{suffix}"
        obstore.put(self._store, name, content)
        return name

    def size(self, name: str) -> int:
        """Return the length in bytes.

        Raises:
            ObjectMissingError: there is no such file.
        """
        try:
            return int(obstore.head(self._store, name)["size"])
        except (FileNotFoundError, BaseError) as exc:
            raise ObjectMissingError(f"the file {name} is not in the object store") from exc

    def stream(self, name: str) -> Iterator[bytes]:
        """Yield the file in pieces.

        Raises:
            ObjectMissingError: there is no such file.
        """
        try:
            found = obstore.get(self._store, name)
        except (FileNotFoundError, BaseError) as exc:
            raise ObjectMissingError(f"the file {name} is not in the object store") from exc
        return (bytes(piece) for piece in found.stream(min_chunk_size=CHUNK_BYTES))

    def read(self, name: str) -> bytes:
        """Return a small file whole."""
        return b"".join(self.stream(name))

    def delete(self, name: str) -> None:
        """Forget a file; that it is gone already is fine."""
        try:
            obstore.delete(self._store, name)
        except FileNotFoundError:
            return

    def listed(self, kind: str) -> Iterator[tuple[str, datetime]]:
        """Every file of a kind, and when it was stored.

        Raises:
            ObjectMissingError: the object store does not answer.
        """
        try:
            for page in obstore.list(self._store, f"{kind}/"):
                yield from ((one["path"], one["last_modified"]) for one in page)
        except (OSError, BaseError) as exc:
            raise ObjectMissingError("the object store does not answer") from exc

    def probe(self) -> None:
        """Write, read and forget a small file.

        Raises:
            ObjectMissingError: the store does not keep what it is given.
        """
        try:
            name = self.put("probe", ".txt", b"probe")
            if self.read(name) != b"probe":
                raise ObjectMissingError("the object store gave back something else")
            self.delete(name)
        except (OSError, BaseError) as exc:
            raise ObjectMissingError("the object store does not answer") from exc
