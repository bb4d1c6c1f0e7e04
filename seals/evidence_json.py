"""`evidence.json`: the facts of seals/evidence.py in one spelling, and the JSON schema that describes it.

Texts are texts, digests are hexadecimal, times are UTC with a `Z`; every field is there, in sorted order, without
blanks. What is read back has to be in that one spelling, so that two who compare digests compare the same facts.
"""

import json
import re
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from typing import Any, Final, Union, cast, get_args, get_origin, get_type_hints

from seals.errors import EvidenceFileError
from seals.evidence import VERSION, EvidenceFile
from seals.intent import canonical_json

TYPE: Final = "vermilion/evidence"
MAX_BYTES: Final = 64 << 20
SCHEMA_ID: Final = "urn:vermilion:evidence:1"
UTC_TIME: Final = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z"
HEX: Final = r"([0-9a-f]{2})*"


def to_json(file: EvidenceFile) -> bytes:
    """Return the one spelling of these facts.

    Raises:
        EvidenceFileError: a time without zone, or a text that is not Unicode.
    """
    try:
        return canonical_json({"type": TYPE, "version": VERSION, "evidence": _write(file)})
    except UnicodeEncodeError as exc:
        raise EvidenceFileError("a text holds half a character (a lone surrogate)") from exc


def from_json(data: bytes) -> EvidenceFile:
    """Read what `to_json` wrote.

    Raises:
        EvidenceFileError: it is something else, of another version, or in another spelling.
    """
    if len(data) > MAX_BYTES:
        raise EvidenceFileError(f"longer than {MAX_BYTES} bytes")
    try:
        found = json.loads(data)
        if not isinstance(found, dict) or set(found) != {"type", "version", "evidence"}:
            raise EvidenceFileError("not an evidence file")
        if found["type"] != TYPE or found["version"] != VERSION:
            raise EvidenceFileError("an evidence file of another type or version")
        file = cast("EvidenceFile", _shape(EvidenceFile).read(found["evidence"]))
        spelt = to_json(file)
    except (ValueError, TypeError, RecursionError) as exc:
        raise EvidenceFileError(f"not an evidence file: {exc}") from exc
    if spelt != data:
        raise EvidenceFileError("an evidence file in another spelling than the one that is hashed")
    return file


def schema() -> dict[str, Any]:
    """Return the JSON schema (2020-12), made from the dataclasses themselves."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        "title": "Evidence of a concluded contract",
        "description": "Written by Vermilion beside every evidence report; see docs/spec/evidence.md.",
        "type": "object",
        "required": ["evidence", "type", "version"],
        "additionalProperties": False,
        "properties": {
            "type": {"const": TYPE},
            "version": {"const": VERSION},
            "evidence": {"$ref": f"#/$defs/{EvidenceFile.__name__}"},
        },
        "$defs": dict(sorted(_definitions(EvidenceFile).items())),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shape:
    """How one type is read, and how the schema tells of it."""

    read: Callable[[Any], Any]
    schema: dict[str, Any]


@cache
def _shape(kind: Any) -> _Shape:
    if is_dataclass(kind) and isinstance(kind, type):
        return _Shape(read=lambda value: _read_object(kind, value), schema={"$ref": f"#/$defs/{kind.__name__}"})
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return _Shape(read=kind, schema={"enum": [one.value for one in kind]})
    if get_origin(kind) is tuple:
        inner = _shape(get_args(kind)[0])
        return _Shape(
            read=lambda value: tuple(inner.read(one) for one in _is(list, value)),
            schema={"type": "array", "items": inner.schema},
        )
    if get_origin(kind) in {Union, types.UnionType}:  # only `… | None` occurs
        some = _shape(next(one for one in get_args(kind) if one is not types.NoneType))
        return _Shape(
            read=lambda value: None if value is None else some.read(value),
            schema={"anyOf": [some.schema, {"type": "null"}]},
        )
    return _PLAIN[kind]


_PLAIN: Final[Mapping[Any, _Shape]] = {
    str: _Shape(read=lambda value: _is(str, value), schema={"type": "string"}),
    int: _Shape(read=lambda value: _is(int, value), schema={"type": "integer"}),
    bool: _Shape(read=lambda value: _is(bool, value), schema={"type": "boolean"}),
    bytes: _Shape(
        read=lambda value: bytes.fromhex(_fits(HEX, value)), schema={"type": "string", "pattern": f"^{HEX}$"}
    ),
    datetime: _Shape(
        read=lambda value: datetime.fromisoformat(_fits(UTC_TIME, value)),
        schema={"type": "string", "pattern": f"^{UTC_TIME}$"},
    ),
}


def _read_object(kind: Any, value: Any) -> Any:
    hints = get_type_hints(kind)
    if set(_is(dict, value)) != set(hints):
        raise EvidenceFileError(f"{kind.__name__} has other fields than {', '.join(sorted(hints))}")
    return kind(**{name: _shape(hint).read(value[name]) for name, hint in hints.items()})


def _write(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: _write(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, tuple):
        return [_write(one) for one in value]
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, datetime):
        return _utc(value)
    return value.value if isinstance(value, StrEnum) else value


def _utc(moment: datetime) -> str:
    if moment.tzinfo is None:
        raise EvidenceFileError("a time without a zone")
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _definitions(kind: Any) -> dict[str, Any]:
    hints = get_type_hints(kind)
    found = {
        kind.__name__: {
            "type": "object",
            "description": (kind.__doc__ or "").partition("\n")[0],
            "required": sorted(hints),
            "additionalProperties": False,
            "properties": {name: _shape(hint).schema for name, hint in sorted(hints.items())},
        }
    }
    for hint in hints.values():
        for inner in (hint, *get_args(hint)):
            if is_dataclass(inner) and isinstance(inner, type):
                found |= _definitions(inner)
    return found


def _is(kind: type, value: Any) -> Any:
    if type(value) is not kind:  # a bool is no number here
        raise EvidenceFileError(f"{kind.__name__} expected")
    return value


def _fits(pattern: str, value: Any) -> str:
    if not re.fullmatch(pattern, _is(str, value), re.ASCII):
        raise EvidenceFileError("a time or digest in another spelling")
    return str(value)
