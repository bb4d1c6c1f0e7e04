"""A whole service in one process: keys in memory, SQLite in a folder of the test's own, a clock that the test moves."""

import re
import secrets
import shutil
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from fastapi import FastAPI
from httpx import Client, Response

from api import bootstrap
from api.acts.access import SCOPES, add_token, hash_of
from api.acts.ceremony import hold
from api.acts.office import Office
from api.authority_file import AuthorityFile
from api.db.engine import migrate, open_engine
from api.demo import samples
from api.http.app import create_app
from api.settings import Settings
from ca.ceremony_plan import CeremonyPlan, standard_mapping
from ca.uscc import make_uscc
from hsm.signer import KeyStore
from tests.support.keys import MemoryStore
from tests.support.rights import lend_to_machine

with warnings.catch_warnings():  # it recommends a successor of httpx that is not packaged everywhere yet
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient

NOW: Final = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
HELD_AT: Final = NOW - timedelta(days=1)  # the ceremony
BASE_URL: Final = "http://127.0.0.1:8000"
REGION: Final = "330106"
AUTHORITY: Final = "示范市市场监督管理局"


@dataclass(slots=True)
class Clock:
    """Stands still until it is moved."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def move(self, by: timedelta) -> None:
        self.now += by


def plan(*, store: str = "memory", base_url: str = BASE_URL) -> CeremonyPlan:
    return CeremonyPlan.of(
        standard_mapping(
            name=AUTHORITY,
            name_latin="Demo City Administration for Market Regulation",
            uscc=make_uscc(region=REGION, organisation="00123456", category="11"),
            region=REGION,
            base_url=base_url,
            store=store,
        )
    )


@dataclass(frozen=True, slots=True)
class Template:
    """What every test starts from: one ceremony and one migrated database of the whole test run."""

    store: MemoryStore
    folder: TemporaryDirectory[str]

    @property
    def authority(self) -> Path:
        return Path(self.folder.name) / "authority"

    @property
    def database(self) -> Path:
        return Path(self.folder.name) / "empty.db"


@cache
def template() -> Template:
    made = Template(MemoryStore(), TemporaryDirectory(prefix="vermilion-office-"))
    hold(plan(), made.authority, stores={"memory": made.store}, now=HELD_AT)
    engine = open_engine(f"sqlite:///{made.database}")
    migrate(engine)
    engine.dispose()
    return made


def fresh_store() -> MemoryStore:
    """A store with the ceremony's keys and counters of its own."""
    return MemoryStore(resident=dict(template().store.resident))


@contextmanager
def open_office(
    folder: Path, store: KeyStore, clock: Callable[[], datetime], *, database: str = "", **settings: Any
) -> Iterator[Office]:
    """The service as bootstrap puts it together, with this key store and this clock."""
    if not (folder / "authority").exists():
        shutil.copytree(template().authority, folder / "authority")
    if not database and not (folder / "vermilion.db").exists():
        shutil.copyfile(template().database, folder / "vermilion.db")
    chosen = Settings(data=folder, database=database, **settings)
    engine = open_engine(chosen.database_url)
    opened = contextmanager(bootstrap._open)(chosen, AuthorityFile(chosen.authority_folder), store, engine)
    try:
        with opened as office:
            yield replace(office, clock=clock)
    finally:
        engine.dispose()


@dataclass(slots=True, kw_only=True)
class Hall:
    """A service hall at work: its service, and somebody at the counter with a token for each right."""

    office: Office
    store: Any
    clock: Clock
    app: FastAPI
    client: Client
    tokens: Mapping[str, str]
    _number: int = field(default=0)

    def headers(self, *scopes: str, key: str | None = None) -> dict[str, str]:
        """Bearer token for one scope, and an Idempotency-Key."""
        sent = {"Authorization": f"Bearer {self.tokens[scopes[0]]}"} if scopes else {}
        return sent if key is None else {**sent, "Idempotency-Key": key}

    def entry(self, **changes: Any) -> dict[str, Any]:
        """An entry for the register under a code that nobody has here."""
        self._number += 1
        uscc = make_uscc(region=REGION, organisation=f"MA{self._number:06d}")
        return {"uscc": uscc, **samples.BUYER, **changes}

    def get(self, path: str, scope: str = "read", **more: Any) -> Response:
        return self.client.get(path, headers=self.headers(scope), **more)

    def post(self, path: str, body: Any, scope: str, *, key: str | None = None) -> Response:
        return self.client.post(path, json=body, headers=self.headers(scope, key=key))

    def register(self, **changes: Any) -> dict[str, Any]:
        answer = self.post("/api/v1/enterprises", self.entry(**changes), "register")
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def establish(self, uscc: str | None = None) -> dict[str, Any]:
        """Register and establish; returns the licence and the seals."""
        answer = self.post("/api/v1/licences", {"uscc": uscc or self.register()["uscc"]}, "issue")
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        self.lend(made["licence"]["uscc"])
        return made

    def lend(self, uscc: str, **terms: Any) -> str:
        """Give the clerk's `seal` token an automatic mandate over the seals of an enterprise; without `terms` no limits."""
        return lend_to_machine(self.office, uscc, self.machine, **terms).id

    @property
    def machine(self) -> str:
        """The identity of the clerk's `seal` token, for mandates."""
        with self.office.reading() as work:
            token = work.tokens.by_hash(hash_of(self.tokens["seal"]))
        assert token is not None
        return token.machine

    def seal(self, code: str, document: bytes, *, key: str | None = None, **form: Any) -> Response:
        return self.client.post(
            f"/api/v1/seals/{code}/uses",
            files={"document": ("a.pdf", document, "application/pdf")},
            data=form,
            headers=self.headers("seal", key=key),
        )

    def decide(self, what: str, name: str, decision: str) -> Response:
        return self.post(f"/api/v1/{what}/{name}/{decision}", {"reason": "by the test"}, "issue")


@dataclass(slots=True)
class Described:
    """Holds every answer against the OpenAPI document: its status and its media type have to be there."""

    app: FastAPI
    seen: set[tuple[str, str, int]] = field(default_factory=set)

    def __call__(self, answer: Response) -> None:
        found = self._operation(answer.request.method.lower(), answer.request.url.path)
        if found is None:
            return
        path, operation = found
        self.seen.add((answer.request.method, path, answer.status_code))
        told = operation["responses"].get(str(answer.status_code))
        assert told is not None, f"{answer.request.method} {path} answered {answer.status_code}, which is not described"
        media = answer.headers.get("content-type", "").partition(";")[0]
        known = {kind.partition(";")[0] for kind in told.get("content", {})}
        assert media in known or (not known and answer.status_code == 204), (
            f"{answer.request.method} {path} answered with {media}, described are {known}"
        )

    def _operation(self, method: str, asked: str) -> tuple[str, dict[str, Any]] | None:
        paths = paths_of(self.app)
        fitting = [path for path in paths if pattern_of(path).fullmatch(asked)]
        for path in sorted(fitting, key=lambda one: one.count("{")):  # /change before /{decision}
            if method in paths[path]:
                return path, paths[path][method]
        return None


_PATHS: dict[str, Any] = {}


def paths_of(app: FastAPI) -> dict[str, Any]:
    """What the service says of its operations: the same for every office, and a second's work to say."""
    if not _PATHS:
        _PATHS.update(app.openapi()["paths"])
    return _PATHS


@cache
def pattern_of(path: str) -> re.Pattern[str]:
    pieces = re.split(r"\{(\w+)\}", path)
    last = "asked"  # the one parameter that may hold slashes
    return re.compile(
        "".join(
            re.escape(piece) if place % 2 == 0 else (".*" if piece == last else "[^/]+")
            for place, piece in enumerate(pieces)
        )
    )


def code_of(made: Mapping[str, Any], kind: str = "contract") -> str:
    """The code of one of the seals of an establishment."""
    return next(str(one["code"]) for one in made["seals"] if one["kind"] == kind)


@contextmanager
def open_hall(
    folder: Path, *, store: Any = None, database: str = "", clock: Clock | None = None, **settings: Any
) -> Iterator[Hall]:
    """Open the service and a client for it. Errors of the service come back as answers, as over the network."""
    store = store or fresh_store()
    clock = clock or Clock()
    with open_office(folder, store, clock, database=database, **settings) as office:
        tokens = {
            scope: add_token(office, name=f"{scope} clerk", scopes=frozenset({scope}), valid_for=timedelta(days=365))[1]
            for scope in SCOPES
        }
        app = create_app(office)
        client = client_of(app)
        client.event_hooks = {"response": [Described(app)]}
        with client:
            yield Hall(office=office, store=store, clock=clock, app=app, client=client, tokens=tokens)


def client_of(app: FastAPI) -> Client:
    """A client in the same process; errors of the service come back as answers, as over the network."""
    client: Client = TestClient(app, base_url=BASE_URL, raise_server_exceptions=False)
    return client


def random_key() -> str:
    return secrets.token_hex(8)
