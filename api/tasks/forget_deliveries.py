"""Drop the old part of the delivery log."""

from api.acts.deliveries import forget_old
from api.acts.office import Office


def run(office: Office) -> str:
    dropped = forget_old(office)
    return f"dropped {dropped} deliveries from the log" if dropped else ""
