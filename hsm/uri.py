"""PKCS#11 URIs (RFC 7512), as far as they name a token. Strict: what is not understood is refused, not ignored."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote_to_bytes

from hsm.errors import StoreAddressError

_SCHEME: Final = "pkcs11:"
_MAX_CHARS: Final = 4096  # inclusive
# one attribute: RFC 7512 §2.3, pk11-pchar and pk11-qchar without vendor attributes
_ATTRIBUTE: Final = re.compile(r"([a-z][a-z-]*)=((?:[A-Za-z0-9._~:\[\]@!$'()*+,=/?|-]|%[0-9A-Fa-f]{2})*)")
_PATH_NAMES: Final = frozenset({"token", "serial", "model", "manufacturer", "slot-id"})
_QUERY_NAMES: Final = frozenset({"module-path", "pin-source"})
_FIELD_BYTES: Final = {"token": 32, "serial": 16, "model": 16, "manufacturer": 32}  # CK_TOKEN_INFO, PKCS#11 §3.2
_SLOT: Final = re.compile(r"0|[1-9][0-9]{0,18}")
_SAFE: Final = "._~:[]@!$'()*+,=-"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenAddress:
    """Which token behind which module. Each given attribute has to match, and exactly one token."""

    module_path: Path
    token: str | None = None  # the label
    serial: str | None = None
    model: str | None = None
    manufacturer: str | None = None
    slot_id: int | None = None
    pin_file: Path | None = None  # from pin-source=file:…

    def __str__(self) -> str:
        """Return the URI in one fixed order of attributes."""
        path = {
            "token": self.token,
            "serial": self.serial,
            "model": self.model,
            "manufacturer": self.manufacturer,
            "slot-id": None if self.slot_id is None else str(self.slot_id),
        }
        query = f"?module-path={quote(str(self.module_path), safe=_SAFE + '/')}"
        if self.pin_file is not None:
            query += f"&pin-source=file:{quote(str(self.pin_file), safe=_SAFE + '/')}"
        given = (f"{name}={quote(value, safe=_SAFE)}" for name, value in path.items() if value is not None)
        return _SCHEME + ";".join(given) + query


def parse(uri: str) -> TokenAddress:
    """Read a URI that names a module and at least one of token, serial and slot-id.

    Raises:
        StoreAddressError: anything else, a PIN in the URI included. The message never repeats the URI.
    """
    if len(uri) > _MAX_CHARS or not uri.startswith(_SCHEME):
        raise StoreAddressError("a PKCS#11 address starts with `pkcs11:` and has at most 4096 characters")
    path_text, _, query_text = uri.removeprefix(_SCHEME).partition("?")
    path = _attributes(path_text, ";", _PATH_NAMES)
    query = _attributes(query_text, "&", _QUERY_NAMES)
    if not path.keys() & {"token", "serial", "slot-id"}:
        raise StoreAddressError("the address names neither token nor serial nor slot-id")
    return TokenAddress(
        module_path=_absolute(query.get("module-path", ""), "module-path"),
        token=path.get("token"),
        serial=path.get("serial"),
        model=path.get("model"),
        manufacturer=path.get("manufacturer"),
        slot_id=_slot(path.get("slot-id")),
        pin_file=_pin_file(query.get("pin-source")),
    )


def _attributes(text: str, separator: str, known: frozenset[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in text.split(separator) if text else []:
        matched = _ATTRIBUTE.fullmatch(part)
        if matched is None:
            raise StoreAddressError("the address is not written as RFC 7512 has it")
        name = matched[1]
        if name == "pin-value":
            raise StoreAddressError("a PIN does not belong into an address: use pin-source=file:…")
        if name not in known or name in found:
            raise StoreAddressError(f"the attribute {name} is given twice, misplaced or not supported")
        found[name] = _decoded(name, matched[2])
    return found


def _decoded(name: str, value: str) -> str:
    raw = unquote_to_bytes(value)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as exc:
        raise StoreAddressError(f"the attribute {name} is not UTF-8") from exc
    if not text or "\x00" in text or len(raw) > _FIELD_BYTES.get(name, _MAX_CHARS):
        raise StoreAddressError(f"the attribute {name} is empty, too long or holds a NUL")
    return text


def _slot(text: str | None) -> int | None:
    if text is None:
        return None
    if not _SLOT.fullmatch(text):
        raise StoreAddressError("slot-id is not a number")
    return int(text)


def _pin_file(source: str | None) -> Path | None:
    if source is None:
        return None
    return _absolute(source.removeprefix("file:").removeprefix("//"), "pin-source")


def _absolute(text: str, name: str) -> Path:
    path = Path(text)
    if not path.is_absolute():
        raise StoreAddressError(f"{name} is missing or no absolute path")
    return path
