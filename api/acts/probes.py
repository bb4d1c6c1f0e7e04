"""Can the service work: each part is asked, and a failure is named without its inner details."""

from collections.abc import Callable

from api.acts.office import Office
from api.errors import ServiceError
from hsm.errors import HsmError


def probe(office: Office) -> dict[str, str]:
    """Return `ok` or what is wrong, by part."""

    def database() -> None:
        with office.reading() as work:
            work.probe()

    def keys() -> None:
        for store in office.stores.values():
            health = store.health()
            if not health.healthy:
                raise HsmError(health.detail)

    def files() -> None:
        office.objects.probe()

    checks: dict[str, Callable[[], None]] = {"database": database, "keys": keys, "files": files}
    return {name: _said(check) for name, check in checks.items()}


def _said(check: Callable[[], None]) -> str:
    try:
        check()
    except (ServiceError, HsmError) as exc:
        return type(exc).__name__
    return "ok"
