"""Is the service alive, can it work, and how much has it done."""

from fastapi import APIRouter, Response
from prometheus_client import generate_latest

from api.acts.probes import probe
from api.http.deps import OfficeDep
from api.http.media import Metrics
from api.http.schemas import Health

router = APIRouter(tags=["operation"])


@router.get("/healthz")
def alive() -> dict[str, str]:
    """The process answers."""
    return {"status": "alive"}


@router.get("/readyz", responses={503: {"description": "A part does not answer", "model": Health}})
def ready(office: OfficeDep, response: Response) -> Health:
    """Database, key store and object store answer; 503 if one of them does not."""
    parts = probe(office)
    good = all(said == "ok" for said in parts.values())
    response.status_code = 200 if good else 503
    return Health(status="ready" if good else "not ready", parts=parts)


@router.get("/metrics", response_class=Metrics)
def metrics() -> Response:
    """Counters in the text format of Prometheus."""
    return Metrics(generate_latest())
