"""A receiver of webhooks on the loopback interface: records what comes, answers as it is told. HTTP, or HTTPS under a CA of its own."""

import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BufferedIOBase
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


@dataclass(frozen=True, slots=True)
class Got:
    """One request."""

    path: str
    headers: dict[str, str]  # names in lower case
    body: bytes


@dataclass(frozen=True, slots=True)
class Say:
    """One answer."""

    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    write: Callable[[BufferedIOBase], None] | None = None  # writes the raw answer instead


@dataclass(slots=True)
class Receiver:
    """What came in, and what is answered: the next of `answers`, then always 200."""

    url: str = ""
    got: list[Got] = field(default_factory=list)
    answers: list[Say] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, got: Got) -> Say:
        with self._lock:
            self.got.append(got)
            return self.answers.pop(0) if self.answers else Say()


@contextmanager
def receiving(*, ca: Path | None = None, host: str = "localhost") -> Iterator[Receiver]:
    """Run a receiver for the length of a `with` block; with `ca` over TLS, whose root is written there."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            said = receiver.take(Got(self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            if said.write is not None:
                said.write(self.wfile)
                self.close_connection = True
                return
            self.send_response(said.status)
            for name, value in said.headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(said.body)))
            self.end_headers()
            self.wfile.write(said.body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """A caller that has heard enough hangs up: nothing to print."""

    server = Server(("127.0.0.1", 0), Handler)
    if ca is not None:
        server.socket = _tls(ca, host).wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    receiver.url = f"http{'' if ca is None else 's'}://{host}:{server.server_address[1]}/hook"
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def drip(stream: BufferedIOBase) -> None:
    """An answer that never ends, one byte at a time."""
    stream.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    for _ in range(400):
        stream.write(b"a")
        stream.flush()
        time.sleep(0.02)


def flood(stream: BufferedIOBase) -> None:
    """A hundred megabytes."""
    stream.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
    stream.writelines(b"x" * 1_000_000 for _ in range(100))


def garbage(stream: BufferedIOBase) -> None:
    stream.write(b"\x00\xff not http at all\r\n\r\n")


def _tls(ca: Path, host: str) -> ssl.SSLContext:
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test root of a receiver")])
    now = datetime.now(UTC)
    names = [x509.DNSName(host), x509.IPAddress(ip_address("127.0.0.1"))]

    def certificate(name: x509.Name, public: ec.EllipticCurvePublicKey, *, is_ca: bool) -> x509.Certificate:
        made = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(root_name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), critical=False)
        )
        if is_ca:
            usage = x509.KeyUsage(
                digital_signature=False, content_commitment=False, key_encipherment=False, data_encipherment=False,
                key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
            )  # fmt: skip
            made = made.add_extension(usage, critical=True)
        else:
            made = made.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return made.sign(root_key, SHA256())

    ca.write_bytes(certificate(root_name, root_key.public_key(), is_ca=True).public_bytes(Encoding.PEM))
    leaf = certificate(x509.Name([]), key.public_key(), is_ca=False)
    both = ca.with_suffix(".server")
    both.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + leaf.public_bytes(Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    return context
