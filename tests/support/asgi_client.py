"""Asks an application without a server in between. Starlette's own client warns about the httpx we have pinned."""

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx
from starlette.types import ASGIApp


class AsgiClient:
    """One visitor: keeps headers and cookies from request to request, follows no redirect."""

    def __init__(
        self, app: ASGIApp, *, headers: Mapping[str, str] | None = None, base_url: str = "http://testserver"
    ) -> None:
        """Visit this application."""
        self._app = app
        self._headers = dict(headers or {})
        self._base_url = base_url
        self.cookies = httpx.Cookies()

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self._app, raise_app_exceptions=False)
            async with httpx.AsyncClient(
                transport=transport, base_url=self._base_url, headers=self._headers, cookies=self.cookies
            ) as client:
                answer = await client.request(method, path, **options)
                self.cookies = client.cookies
                return answer

        return asyncio.run(ask())

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        return self.request("POST", path, **options)
