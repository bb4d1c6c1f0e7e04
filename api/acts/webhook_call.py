"""One call of a webhook: pinned to one address, bounded in time and bytes, no redirects, no proxies."""

import ssl
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import httpcore

from api.acts.webhook_address import AddressRefusedError, Resolve, Target, pinned, resolve_host
from api.settings import Settings

TIMEOUT_S: Final = 10.0  # for the whole call, from the look-up's end to the last byte that is read
MAX_ANSWER: Final = 64 * 1024  # bytes of an answer that are read at all


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a receiver said, or why it said nothing."""

    status: int | None = None
    body: bytes = b""
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Makes the calls. Tests give it a look-up and a time of their own."""

    hosts: tuple[str, ...]
    tls: ssl.SSLContext
    resolve: Resolve = resolve_host
    timeout_s: float = TIMEOUT_S

    @classmethod
    def of(cls, settings: Settings) -> "Caller":
        """The caller of a service: it trusts the system's roots, and those that the operator adds."""
        tls = ssl.create_default_context()
        tls.minimum_version = ssl.TLSVersion.TLSv1_2
        if settings.webhook_ca is not None:
            tls.load_verify_locations(cafile=settings.webhook_ca)
        return cls(hosts=settings.webhook_hosts, tls=tls)

    def post(self, target: Target, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send, and never raise: whatever goes wrong out there is an answer, in words of ours."""
        try:
            address = pinned(target, hosts=self.hosts, resolve=self.resolve)
            return self._post(target, address, headers, body)
        except AddressRefusedError as exc:
            return Answer(error=str(exc))
        except (TimeoutError, httpcore.TimeoutException):
            return Answer(error=f"no complete answer within {self.timeout_s:g} s")
        except httpcore.ConnectError as exc:
            return Answer(error=_why(exc))
        except (httpcore.NetworkError, OSError):
            return Answer(error="the connection broke off")
        except (httpcore.ProtocolError, httpcore.UnsupportedProtocol):
            return Answer(error="the answer is not HTTP")

    def _post(self, target: Target, address: str, headers: Mapping[str, str], body: bytes) -> Answer:
        backend = _Pinned(address, time.monotonic() + self.timeout_s)
        sent = {"Host": target.authority, "Content-Length": str(len(body)), **headers}
        extensions: dict[str, Any] = {"timeout": dict.fromkeys(("connect", "read", "write", "pool"), self.timeout_s)}
        url = httpcore.URL(
            scheme=target.scheme.encode(), host=target.host.encode(), port=target.port, target=target.path.encode()
        )
        with (
            httpcore.ConnectionPool(ssl_context=self.tls, network_backend=backend, http2=False, retries=0) as pool,
            pool.stream("POST", url, headers=list(sent.items()), content=body, extensions=extensions) as answer,
        ):
            return Answer(status=answer.status, body=_first(answer.iter_stream()))


def _first(chunks: Iterable[bytes]) -> bytes:
    """As much of an answer as is worth reading; the rest is not fetched."""
    got = bytearray()
    for chunk in chunks:
        got += chunk
        if len(got) > MAX_ANSWER:
            break
    return bytes(got[: MAX_ANSWER + 1])


def _why(error: httpcore.ConnectError) -> str:
    cause = error.__context__ or error.__cause__
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its certificate is not trusted: {cause.verify_message}"[:200]
        if isinstance(cause, ssl.SSLError):
            return "TLS failed"
        cause = cause.__context__ or cause.__cause__
    return "nobody answers there"


@dataclass(slots=True)
class _Pinned(httpcore.NetworkBackend):
    """Connects to the address that was looked at, whatever the name leads to by now."""

    address: str
    deadline: float
    _inner: httpcore.SyncBackend = field(default_factory=httpcore.SyncBackend)

    def connect_tcp(
        self,
        host: str,  # noqa: ARG002 - the look-up is done
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - one deadline for the whole call instead
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        stream = self._inner.connect_tcp(
            self.address, port, _left(self.deadline), local_address=local_address, socket_options=socket_options
        )
        return _Bounded(stream, self.deadline)


@dataclass(slots=True)
class _Bounded(httpcore.NetworkStream):
    """A receiver that answers byte by byte must not hold us for ever: the time that is left shrinks."""

    inner: httpcore.NetworkStream
    deadline: float

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002 - the deadline rules
        return self.inner.read(max_bytes, _left(self.deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002 - the deadline rules
        self.inner.write(buffer, _left(self.deadline))

    def close(self) -> None:
        self.inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002 - the deadline rules
    ) -> httpcore.NetworkStream:
        return _Bounded(self.inner.start_tls(ssl_context, server_hostname, _left(self.deadline)), self.deadline)

    def get_extra_info(self, info: str) -> Any:
        return self.inner.get_extra_info(info)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout
    return left
