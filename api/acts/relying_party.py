"""Who asks for passkeys: the domain that they are bound to, and the origins whose pages may ask."""

import ipaddress
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from api.acts.office import Office
from api.errors import SettingsError

NAME: Final = "Vermilion"
LOCAL: Final = "localhost"
DOMAIN: Final = re.compile(r"(?=.{1,253}\Z)[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})*")  # RFC 1123 §2.1, in lower case


@dataclass(frozen=True, slots=True, kw_only=True)
class RelyingParty:
    """What WebAuthn calls the relying party (L3 §4)."""

    id: str
    name: str
    origins: tuple[str, ...]


def relying_party(office: Office) -> RelyingParty:
    """Return who we are to an authenticator.

    Raises:
        SettingsError: passkeys cannot be bound to this address: it is no domain, or not reached over TLS.
    """
    return settle(office.public_url, rp_id=office.settings.rp_id, further=office.settings.origins)


def settle(public_url: str, *, rp_id: str, further: tuple[str, ...]) -> RelyingParty:
    """Decide from the settings; whatever is not known to be safe is refused.

    Raises:
        SettingsError: see `relying_party`.
    """
    own, host, port = _split(public_url)
    local = _is_loopback(host)
    chosen = rp_id or (LOCAL if local else host)
    if not DOMAIN.fullmatch(chosen) or _is_address(chosen):
        raise SettingsError("passkeys need a domain: set VERMILION_PUBLIC_URL or VERMILION_RP_ID to one")
    origins = [own]
    if local:
        origins += [f"http://{name}:{port}" for name in (LOCAL, "127.0.0.1")]
    for one in further:
        origin, _, _ = _split(one)
        origins.append(origin)
    for origin in origins:
        _check(origin, chosen)
    return RelyingParty(id=chosen, name=NAME, origins=tuple(dict.fromkeys(origins)))


def _check(origin: str, rp_id: str) -> None:
    """The domain has to be the origin's host or one above it (WebAuthn L3 §5.1.3); only this machine may do without TLS."""
    split = urlsplit(origin)
    host = split.hostname or ""
    if _is_loopback(host) and rp_id == LOCAL:
        return
    if split.scheme != "https":
        raise SettingsError(f"passkeys work over https only, not at {origin}")
    if host != rp_id and not host.endswith(f".{rp_id}"):
        raise SettingsError(f"{origin} does not belong to the domain {rp_id} that passkeys are bound to")


def _split(url: str) -> tuple[str, str, int]:
    """Return origin, host and port of an address."""
    try:
        split = urlsplit(url)
        host, port = split.hostname or "", split.port
    except ValueError as exc:
        raise SettingsError(f"{url} is not an address") from exc
    if split.scheme not in {"http", "https"} or not host:
        raise SettingsError(f"{url} is not an address of a web service")
    usual = 443 if split.scheme == "https" else 80
    shown = f"[{host}]" if ":" in host else host
    origin = f"{split.scheme}://{shown}" + ("" if port in {None, usual} else f":{port}")
    return origin, host, port or usual


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _is_loopback(host: str) -> bool:
    return host == LOCAL or (_is_address(host) and ipaddress.ip_address(host).is_loopback)
