"""Deliver notices to the webhooks of enterprises."""

from api.acts.deliveries import deliver
from api.acts.office import Office
from api.acts.webhook_call import Caller


def run(office: Office) -> str:
    """Deliver what is due; says how much was not taken, for that is what an operator may want to look at."""
    done = deliver(office, Caller.of(office.settings))
    return "; ".join(f"{count} {state}" for state, count in sorted(done.items()) if state != "delivered")
