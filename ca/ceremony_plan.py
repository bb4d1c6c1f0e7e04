"""The ceremony file, reviewed by two people before any key exists: strict, no defaults for what matters, no prompts."""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from cryptography.x509 import ObjectIdentifier

from ca.authority import AUTHORITY_SEAL, CREDENTIAL, ROOT, TSA
from ca.crl import MAX_FRESH_FOR
from ca.errors import CeremonyError, ProfileError, UsccError
from ca.profiles import PROFILES, configured
from ca.qc_statements import QcStatements
from ca.serials import MAX_INSTANCE
from ca.subjects import MAX_NAME_CHARS, ServiceName, common_name
from ca.uscc import check_uscc
from hsm.algorithms import algorithms_of, default_algorithm
from hsm.signer import KeySpec, SignatureAlgorithm

VERSION: Final = 1
MAX_GENERATION: Final = 99
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """What an entity of the authority is for. Fixed: the file cannot change it."""

    profile: str
    issuer: str  # itself for the root
    title: str  # after the authority's name in the CN


ROLES: Final[Mapping[str, Role]] = {  # in the order of the ceremony: issuers before what they issue
    ROOT: Role(profile="root", issuer=ROOT, title="Root CA"),
    "licence": Role(profile="issuing-ca", issuer=ROOT, title="Licence CA"),
    "seal": Role(profile="issuing-ca", issuer=ROOT, title="Seal CA"),
    "service": Role(profile="issuing-ca", issuer=ROOT, title="Service CA"),
    "ocsp-licence": Role(profile="ocsp-responder", issuer="licence", title="Licence OCSP"),
    "ocsp-seal": Role(profile="ocsp-responder", issuer="seal", title="Seal OCSP"),
    "ocsp-service": Role(profile="ocsp-responder", issuer="service", title="Service OCSP"),
    TSA: Role(profile="timestamp", issuer="service", title="Time-Stamping"),
    CREDENTIAL: Role(profile="credential", issuer="service", title="Credentials"),
    AUTHORITY_SEAL: Role(profile="authority-seal", issuer="service", title=""),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityPlan:
    """Key and validity of one entity."""

    name: str
    role: Role
    key: KeySpec
    algorithm: SignatureAlgorithm
    valid_for: timedelta
    store: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CeremonyPlan:
    """A checked ceremony file."""

    name: str
    name_latin: str
    uscc: str
    region: str
    base_url: str
    instance: int
    generation: int
    seal_code: str
    crl_fresh_for: timedelta
    arl_fresh_for: timedelta
    entities: tuple[EntityPlan, ...]
    policies: Mapping[str, tuple[ObjectIdentifier, ...]]
    qc_statements: Mapping[str, bytes]

    @classmethod
    def of(cls, mapping: Mapping[str, Any]) -> "CeremonyPlan":
        """Check a ceremony file that was parsed into a mapping.

        Raises:
            CeremonyError: a key is missing, unknown or has a bad value; the message names it.
        """
        top = _Reader(mapping, "")
        if top.take("version", int) != VERSION:
            raise top.bad("version", f"must be {VERSION}")
        plan = _plan_of(top)
        top.done()
        _check_policies(plan)
        _check_names(plan)
        return plan

    def label(self, entity: str) -> str:
        """Return the label of an entity's key in its store; another generation has others."""
        return f"vermilion-{entity}-g{self.generation}"


def standard_mapping(
    *, name: str, name_latin: str, uscc: str, region: str, base_url: str, store: str, instance: int = 1
) -> dict[str, Any]:
    """Return a ceremony file with the standard keys and validities, all keys in one store: for a first try."""
    return {
        "version": VERSION,
        "name": name,
        "name_latin": name_latin,
        "uscc": uscc,
        "region": region,
        "base_url": base_url,
        "instance": instance,
        "generation": 1,
        "seal_code": f"{region}00000001",
        "crl_days": 7,
        "arl_days": 180,
        "store": store,
        "entities": {
            entity: {
                "key": PROFILES[role.profile].default_key.value,
                "days": PROFILES[role.profile].default_validity.days,
            }
            for entity, role in ROLES.items()
        },
    }


class _Reader:
    """Takes keys out of one mapping; what is left over at the end is unknown."""

    def __init__(self, mapping: Any, path: str) -> None:
        if not isinstance(mapping, Mapping) or not all(isinstance(key, str) for key in mapping):
            raise CeremonyError(f"{path or 'the file'}: must be a mapping")
        self._rest = dict(mapping)
        self._path = path

    def take(self, key: str, kind: type[T], default: T | None = None) -> T:
        if key not in self._rest and default is not None:
            return default
        if key not in self._rest:
            raise self.bad(key, "is missing")
        value = self._rest.pop(key)
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise self.bad(key, f"must be of type {kind.__name__}")
        return value

    def matching(self, key: str, pattern: str, hint: str) -> str:
        text = self.take(key, str)
        if not re.fullmatch(pattern, text, re.ASCII):
            raise self.bad(key, hint)
        return text

    def number(self, key: str, *, least: int, most: int) -> int:
        number = self.take(key, int)
        if not least <= number <= most:
            raise self.bad(key, f"must be within {least} and {most}")
        return number

    def inner(self, key: str, *, default: Mapping[str, Any] | None = None) -> "_Reader":
        value: Any = self.take(key, object, default)
        return _Reader(value, f"{self._path}{key}.")

    def names(self) -> list[str]:
        return list(self._rest)

    def bad(self, key: str, why: str) -> CeremonyError:
        return CeremonyError(f"{self._path}{key}: {why}")

    def done(self) -> None:
        if self._rest:
            raise self.bad(next(iter(self._rest)), "is not known")


def _plan_of(top: _Reader) -> CeremonyPlan:
    region = top.matching("region", "[0-9]{6}", "must be six digits in quotes (GB/T 2260)")
    return CeremonyPlan(
        name=top.take("name", str),
        name_latin=top.matching("name_latin", f"[ -~]{{1,{MAX_NAME_CHARS}}}", "must be 1 to 64 ASCII characters"),
        uscc=_uscc(top),
        region=region,
        base_url=_base_url(top),
        instance=top.number("instance", least=1, most=MAX_INSTANCE),
        generation=top.number("generation", least=1, most=MAX_GENERATION),
        seal_code=top.matching("seal_code", f"{region}[0-9]{{8}}", "must be the region and eight digits, in quotes"),
        crl_fresh_for=timedelta(days=top.number("crl_days", least=1, most=31)),
        arl_fresh_for=timedelta(days=top.number("arl_days", least=1, most=MAX_FRESH_FOR.days)),
        entities=_entities(top),
        policies=_policies(top.inner("policies", default={})),
        qc_statements=_statements(top.inner("qc_statements", default={})),
    )


def _uscc(top: _Reader) -> str:
    try:
        return check_uscc(top.take("uscc", str))
    except UsccError as exc:
        raise top.bad("uscc", str(exc)) from exc


def _base_url(top: _Reader) -> str:
    """Plain http, as the certificates' addresses must be: what they lead to is signed (RFC 5280 §8)."""
    text = top.take("base_url", str)
    hint = "must be http://HOST[:PORT] without a path; HOST a domain name or an IP address"
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError as exc:
        raise top.bad("base_url", hint) from exc
    if parts.scheme != "http" or text != f"http://{parts.netloc}" or not _is_host(parts.hostname or "") or "@" in text:
        raise top.bad("base_url", hint)
    return text


def _is_host(text: str) -> bool:
    if re.fullmatch(r"(?!-)[a-z0-9-]{1,63}(\.(?!-)[a-z0-9-]{1,63})*", text) and not re.fullmatch(r"[0-9.]+", text):
        return True
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _entities(top: _Reader) -> tuple[EntityPlan, ...]:
    store = top.matching("store", "[a-z0-9-]{1,32}", "must be the name of a key store")
    reader = top.inner("entities")
    planned = tuple(_entity(name, role, reader.inner(name), store) for name, role in ROLES.items())
    reader.done()
    by_name = {one.name: one for one in planned}
    for one in planned:
        if one.valid_for > by_name[one.role.issuer].valid_for:
            raise reader.bad(f"{one.name}.days", f"is longer than that of its issuer, {one.role.issuer}")
    return planned


def _entity(name: str, role: Role, reader: _Reader, store: str) -> EntityPlan:
    profile = PROFILES[role.profile]
    spec = _member(reader, "key", KeySpec)
    if spec not in profile.keys:
        raise reader.bad("key", f"must be one of {', '.join(sorted(profile.keys))}")
    algorithm = _member(reader, "algorithm", SignatureAlgorithm, default_algorithm(spec))
    if algorithm not in algorithms_of(spec):
        raise reader.bad("algorithm", f"a key of kind {spec} does not sign with {algorithm}")
    days = reader.number("days", least=1, most=profile.max_validity.days)
    own_store = reader.take("store", str, store)
    reader.done()
    return EntityPlan(
        name=name, role=role, key=spec, algorithm=algorithm, valid_for=timedelta(days=days), store=own_store
    )


Member = TypeVar("Member", KeySpec, SignatureAlgorithm)


def _member(reader: _Reader, key: str, kind: type[Member], default: Member | None = None) -> Member:
    text = reader.take(key, str, default)
    try:
        return kind(text)
    except ValueError as exc:
        raise reader.bad(key, f"must be one of {', '.join(kind)}") from exc


def _policies(reader: _Reader) -> dict[str, tuple[ObjectIdentifier, ...]]:
    found = {}
    for name in reader.names():
        oids = reader.take(name, list)
        try:
            found[name] = tuple(ObjectIdentifier(oid) for oid in oids)
        except (ValueError, TypeError) as exc:
            raise reader.bad(name, "must be a list of dotted OIDs in quotes") from exc
    return found


def _statements(reader: _Reader) -> dict[str, bytes]:
    return {name: _statement(reader, name) for name in reader.names()}


def _statement(outer: _Reader, name: str) -> bytes:
    reader = outer.inner(name)
    disclosures = reader.inner("disclosures", default={})
    statements = QcStatements(
        compliance=reader.take("compliance", bool, default=False),
        device=reader.take("device", bool, default=False),
        eseal=reader.take("eseal", bool, default=False),
        retention_years=reader.take("retention_years", int, 0) or None,
        disclosures=tuple((disclosures.take(language, str), language) for language in disclosures.names()),
    )
    reader.done()
    try:
        return statements.der()
    except (ProfileError, ValueError) as exc:
        raise outer.bad(name, str(exc)) from exc


def _check_policies(plan: CeremonyPlan) -> None:
    try:
        configured(policies=plan.policies, qc_statements=plan.qc_statements)
    except ProfileError as exc:
        raise CeremonyError(f"policies, qc_statements: {exc}") from exc


def _check_names(plan: CeremonyPlan) -> None:
    try:
        ServiceName(organization=plan.name, common_name=common_name(plan.name)).name()
    except ProfileError as exc:
        raise CeremonyError(f"name: {exc}") from exc
