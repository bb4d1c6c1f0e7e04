"""What every answer carries to keep browsers strict."""

from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Blob pictures are seals and codes that the demo fetched with its token and shows.
POLICY: Final = (
    "default-src 'self'; img-src 'self' blob:; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS: Final = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),  # for browsers that do not know frame-ancestors
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
)
HSTS: Final = (b"strict-transport-security", b"max-age=31536000")  # one year, RFC 6797 §6.1.1; sent over TLS only


class StrictHeaders:
    """Add the headers that a handler has not set itself."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap the application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, headers added."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        wanted = (*HEADERS, HSTS) if scope["scheme"] == "https" else HEADERS

        async def strict(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = list(message.get("headers", ()))
                names = {name.lower() for name, _ in given}
                message = {**message, "headers": given + [pair for pair in wanted if pair[0] not in names]}
            await send(message)

        await self._app(scope, receive, strict)
