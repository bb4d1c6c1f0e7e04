"""The application: routes, bounds and problems put together."""

from importlib.metadata import version
from typing import Any

from anyio import CapacityLimiter
from fastapi import FastAPI

from api.acts.office import Office
from api.http import (
    batches,
    containers,
    csc,
    enterprises,
    envelopes,
    events,
    groups,
    health,
    licences,
    mandates,
    oauth,
    people,
    pki,
    refusals,
    requests,
    seals,
    verify,
    webhooks,
)
from api.http.deps import AtWork
from api.http.description import complete
from api.http.guard import TokenFirst
from api.http.limits import BodyLimit, RateLimit
from api.web import routes as web


class Service(FastAPI):
    """Describes its problems, too."""

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            self.openapi_schema = complete(super().openapi())
        return self.openapi_schema


def create_app(office: Office) -> FastAPI:
    """Return the application for this office; the caller opened it and closes it."""
    app = Service(
        title="Vermilion",
        summary="Electronic business licences, electronic seals and sealed documents",
        version=version("vermilion"),
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    app.state.office = office
    app.state.at_work = AtWork()
    app.state.checks = CapacityLimiter(verify.AT_ONCE)
    app.state.rate_limit = RateLimit(office.settings.verify_per_minute)
    for part in (
        enterprises, licences, people, containers, seals, mandates, requests, envelopes, groups, batches, webhooks,
        events, verify, csc, oauth, pki, health,
    ):  # fmt: skip
        app.include_router(part.router)
    refusals.install(app)
    web.mount(app)
    settings = office.settings
    app.add_middleware(TokenFirst, office=office)
    app.add_middleware(BodyLimit, json_bytes=settings.max_json_bytes, document_bytes=settings.max_document_bytes)
    return app
