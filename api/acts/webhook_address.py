"""Where a webhook may lead. The address comes from an enterprise, and our network is not the enterprise's to reach."""

import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final
from urllib.parse import urlsplit

from api.errors import BadInputError

MAX_URL: Final = 2048  # characters
UNICAST: Final = IPv6Network("2000::/3")  # RFC 4291 §2.4, as IANA delegates it: all of the public network is in it
NAT64: Final = IPv6Network("64:ff9b::/96")  # RFC 6052 §2.1: an IPv4 address in the last 32 bits
PORTS: Final = {"https": 443, "http": 80}

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], list[str]]


class AddressRefusedError(Exception):
    """The address is not one to call; the message says why, without the address's query."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """An address taken apart."""

    scheme: str
    host: str  # as in the Host header, without brackets
    port: int
    path: str  # with the query: it may hold a key

    @property
    def shown(self) -> str:
        """The address without what may be secret in it."""
        port = "" if self.port == PORTS[self.scheme] else f":{self.port}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        path, query, _ = self.path.partition("?")
        return f"{self.scheme}://{host}{port}{path}{'?…' if query else ''}"

    @property
    def authority(self) -> str:
        """For the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"


def target_of(url: str, *, hosts: Sequence[str]) -> Target:
    """Read an address that somebody wants to be called at. `hosts` are those that the operator allows to be private.

    Raises:
        BadInputError: not an https address of a public host; http is for the operator's hosts alone.
    """
    if len(url) > MAX_URL or not url.isascii() or any(one <= " " or one in "\x7f\\" for one in url):
        raise BadInputError(f"the address is ASCII without blanks, at most {MAX_URL} characters")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as exc:
        raise BadInputError("the address cannot be read") from exc
    host = (parts.hostname or "").rstrip(".")
    if parts.scheme not in PORTS or not host:
        raise BadInputError("the address begins with https:// and a host")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise BadInputError("the address has no user, password or fragment")
    allowed = host in hosts
    if parts.scheme == "http" and not allowed:
        raise BadInputError("the address begins with https://: what it is told is confidential")
    literal = _literal(host)
    if not allowed and (literal is not None and not is_public(literal)):
        raise BadInputError("this host is not on the public network; ask the operator to allow it (webhook_hosts)")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(scheme=parts.scheme, host=host, port=port or PORTS[parts.scheme], path=path)


def pinned(target: Target, *, hosts: Sequence[str], resolve: Resolve) -> str:
    """Resolve the host once and return the one IP address to connect to.

    Raises:
        AddressRefusedError: unknown, or any of its addresses is not public while the operator does not allow it.
    """
    try:
        found = [ip_address(one) for one in resolve(target.host, target.port)]
    except (OSError, ValueError, UnicodeError) as exc:
        raise AddressRefusedError("the host is not known") from exc
    if not found:
        raise AddressRefusedError("the host is not known")
    if target.host not in hosts:
        if not all(map(is_public, found)):
            raise AddressRefusedError("the host leads into a private network")
    elif target.scheme == "http" and not all(one.is_loopback for one in found):
        raise AddressRefusedError("http is for the loopback interface alone")
    return str(found[0])


def is_public(address: Address) -> bool:
    """Whether an address is one of the public network, and no IPv4 address of another kind in an IPv6 coat."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in NAT64:
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
        if address.teredo is not None or address not in UNICAST:
            return False
    return address.is_global and not address.is_multicast


def resolve_host(host: str, port: int) -> list[str]:
    """All addresses of a host, as the system resolves it."""
    return [str(one[4][0]) for one in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None
