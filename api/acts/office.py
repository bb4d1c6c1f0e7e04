"""The running service: everything an act needs, put together once by api/bootstrap.py."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from api.acts.memory import Memory
from api.authority_file import AuthorityFile
from api.db.work import SqlUnitOfWork
from api.objects import Objects
from api.settings import Settings
from ca.authority import Authority
from ca.fonts import LicenceFonts
from ca.ocsp import IssuerIndex
from hsm.errors import KeyNotFoundError
from hsm.signer import KeyRef, KeyStore, Signer
from seals.fonts import SealFont


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """One per process. Holds no state of its own: that is in the database, the key store and the object store."""

    settings: Settings
    engine: Engine
    authority_file: AuthorityFile
    stores: Mapping[str, KeyStore]  # by name, as in `KeyRef.store`
    objects: Objects
    seal_font: SealFont
    figure_font: SealFont  # for the codes on seals
    licence_fonts: LicenceFonts
    clock: Callable[[], datetime]
    random: Callable[[int], bytes]
    process: str  # this process's line in `processes`
    scratch: Path  # for files in the making
    ocsp_index: IssuerIndex
    memory: Memory
    zone: ZoneInfo  # in which the authority's days begin and end

    @property
    def authority(self) -> Authority:
        return self.authority_file.current()

    @property
    def public_url(self) -> str:
        """Where people open the check page."""
        return self.settings.public_url or self.authority.base_url

    def now(self) -> datetime:
        return self.clock()

    def work(self) -> SqlUnitOfWork:
        return SqlUnitOfWork(self.engine)

    def reading(self) -> SqlUnitOfWork:
        return SqlUnitOfWork(self.engine, read_only=True)

    @property
    def store(self) -> KeyStore:
        """The store in which keys of enterprises are made."""
        return next(iter(self.stores.values()))

    def lease(self, ref: KeyRef) -> AbstractContextManager[Signer]:
        """Lend a key for the length of a `with` block.

        Raises:
            KeyNotFoundError: it belongs to a store that this service does not have open.
        """
        if ref.store not in self.stores:
            raise KeyNotFoundError(f"the key {ref.label} is in the store {ref.store}, which is not open here")
        return self.stores[ref.store].lease(ref)
