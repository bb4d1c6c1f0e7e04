"""Put the office together: settings, database, key stores, authority, fonts. The one place where parts are chosen."""

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import Engine

from api.acts.memory import Memory
from api.acts.office import Office
from api.acts.presence import Presence
from api.acts.recovery import resolve
from api.authority_file import TOKEN_FILE, AuthorityFile
from api.db.access import Token
from api.db.engine import migrate, open_engine
from api.db.work import SqlUnitOfWork
from api.errors import SettingsError
from api.objects import Objects
from api.settings import ASSETS, Settings
from ca.authority import Authority
from ca.fonts import LicenceFonts
from ca.ocsp import IssuerIndex
from hsm.signer import KeyStore
from hsm.stores import open_store
from seals.fonts import SealFont

SEAL_FONT: Final = "NotoSerifSC-Bold.ttf"
FIGURE_FONT: Final = "NotoSansSC-Medium.ttf"


def utc_now() -> datetime:
    return datetime.now(UTC)


@contextmanager
def running_office(settings: Settings) -> Iterator[Office]:
    """Open everything, resolve what a crash left behind, and close it again at the end.

    Raises:
        SettingsError: something is missing; says what to do.
    """
    authority = AuthorityFile(settings.authority_folder)
    authority.current()
    store = open_store(settings.key_address, secret=settings.secret)
    engine = open_engine(settings.database_url)
    try:
        yield from _open(settings, authority, store, engine)
    finally:
        engine.dispose()
        store.close()


def _open(settings: Settings, authority: AuthorityFile, store: KeyStore, engine: Engine) -> Iterator[Office]:
    _check_demo(settings, store)
    migrate(engine)
    presences = settings.data / "run"
    presence = Presence.announce(engine, presences, now=utc_now())
    try:
        resolve(engine, presences, now=utc_now())
        _enter_authority(engine, settings.authority_folder, authority.current())
        yield Office(
            settings=settings,
            engine=engine,
            authority_file=authority,
            stores={store.name: store},
            objects=Objects.open(settings.objects, folder=settings.data / "objects"),
            seal_font=SealFont.open([ASSETS / "fonts" / SEAL_FONT, *settings.font]),
            figure_font=SealFont.open([ASSETS / "fonts" / FIGURE_FONT]),
            licence_fonts=LicenceFonts(folder=ASSETS / "fonts", extra=settings.font),
            clock=utc_now,
            random=secrets.token_bytes,
            process=presence.id,
            scratch=_folder(settings.data / "scratch"),
            ocsp_index=IssuerIndex.of(authority.current().issuers()),
            memory=Memory(),
            zone=_zone(settings.zone),
        )
    finally:
        presence.leave()


def _check_demo(settings: Settings, store: KeyStore) -> None:
    if settings.demo and store.hardware:
        raise SettingsError("the demo page issues licences to anybody: it does not run on a hardware key store")


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as exc:
        raise SettingsError(f"{name!r} is not the name of a time zone, such as Asia/Shanghai") from exc


def _folder(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path


def _enter_authority(engine: Engine, folder: Path, authority: Authority) -> None:
    """Enter the ceremony's certificates and first token; does nothing when they are there."""
    first: dict[str, Any] | None = None
    if (folder / TOKEN_FILE).exists():
        first = json.loads((folder / TOKEN_FILE).read_text(encoding="utf-8"))
    with SqlUnitOfWork(engine) as work:
        for entity in authority.entities.values():
            work.certificates.add_delivered(
                entity.certificate, issuer=entity.issuer, profile=entity.profile, subject=entity.name
            )
        if first is not None and work.tokens.by_hash(bytes.fromhex(first["sha256"])) is None:
            work.tokens.add(
                Token(
                    id=first["id"],
                    name=first["name"],
                    scopes=frozenset(first["scopes"]),
                    made_at=datetime.fromisoformat(first["made_at"]),
                    expires_at=datetime.fromisoformat(first["expires_at"]),
                ),
                sha256=bytes.fromhex(first["sha256"]),
            )
        work.commit()
