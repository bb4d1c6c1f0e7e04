"""People for tests: enrolled over HTTP as everybody is, with a software authenticator in their pocket."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from api.demo.authenticator import SoftwareAuthenticator
from tests.support.office import BASE_URL, Hall


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolled:
    """A person with an account, a role and a session."""

    hall: Hall
    person: str  # identity
    name: str
    uscc: str
    role: str
    authenticator: SoftwareAuthenticator
    token: str

    def headers(self, key: str | None = None) -> dict[str, str]:
        """Bearer token of the session, and an Idempotency-Key."""
        sent = {"Authorization": f"Bearer {self.token}"}
        return sent if key is None else {**sent, "Idempotency-Key": key}

    def agree(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Answer request options with the passkey."""
        return self.authenticator.assert_(options)  # noqa: PT009 - of an authenticator, not of unittest

    def log_in(self) -> "Enrolled":
        """The same person in a new session."""
        return replace(self, token=log_in(self.hall, self.authenticator))


def invite(hall: Hall, uscc: str, role: str, *, name: str | None = None, by: Enrolled | None = None) -> str:
    """Return the code of a new invitation: by the hall, or by somebody of the enterprise."""
    headers = hall.headers("issue") if by is None else by.headers()
    body: dict[str, Any] = {"role": role, "contact": "someone@example.org"} | ({} if name is None else {"name": name})
    if role == "manager" and by is not None and name is not None:
        body["agreement"] = appoint(by, uscc, role, name)
    answer = hall.client.post(f"/api/v1/enterprises/{uscc}/invitations", json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    code: str = answer.json()["code"]
    return code


def appoint(by: Enrolled, uscc: str, role: str, name: str) -> dict[str, Any]:
    """Agree by passkey that somebody gets a role that may lend seals."""
    path = f"/api/v1/enterprises/{uscc}/appointments/begin"
    answer = by.hall.client.post(path, json={"role": role, "name": name}, headers=by.headers())
    assert answer.status_code == 200, answer.text
    return by.agree(answer.json()["options"])


def redeem(hall: Hall, code: str, *, authenticator: SoftwareAuthenticator | None = None) -> Enrolled:
    """Register a passkey with a code."""
    holder = authenticator or SoftwareAuthenticator(origin=BASE_URL)
    begun = hall.client.post("/api/v1/invitations/redeem/begin", json={"code": code})
    assert begun.status_code == 200, begun.text
    answer = hall.client.post(
        "/api/v1/invitations/redeem/finish",
        json={"code": code, "credential": holder.register(begun.json()["options"]), "label": "phone"},
    )
    assert answer.status_code == 201, answer.text
    made = answer.json()
    return Enrolled(
        hall=hall,
        person=made["person"]["id"],
        name=made["person"]["name"],
        uscc=made["member"]["uscc"],
        role=made["member"]["role"],
        authenticator=holder,
        token=made["token"],
    )


_REPRESENTATIVES: dict[tuple[str, str], Callable[[Hall], Enrolled]] = {}  # by service and enterprise


def enrol(
    hall: Hall, uscc: str, role: str = "representative", name: str | None = None, *, by: Enrolled | None = None
) -> Enrolled:
    """Invite and redeem. A representative is called as the register says, whatever `name` is.

    For other roles `by` is who invites; without it the enterprise's representative, enrolled on the way if need be.
    """
    if role == "representative":
        made = redeem(hall, invite(hall, uscc, role))
        _remember(made)
        return made
    inviter = by or representative(hall, uscc)
    return redeem(hall, invite(hall, uscc, role, name=name or "李经办", by=inviter))


def representative(hall: Hall, uscc: str) -> Enrolled:
    """The enterprise's representative in a new session; enrolled if this helper did not do so before."""
    known = _REPRESENTATIVES.get((str(hall.office.scratch), uscc))
    return enrol(hall, uscc) if known is None else known(hall)


def _remember(made: Enrolled) -> None:
    def again(hall: Hall) -> Enrolled:
        return Enrolled(
            hall=hall, person=person, name=name, uscc=uscc, role="representative", authenticator=authenticator,
            token=log_in(hall, authenticator),
        )  # fmt: skip

    person, name, uscc, authenticator = made.person, made.name, made.uscc, made.authenticator
    _REPRESENTATIVES[str(made.hall.office.scratch), uscc] = again


def log_in(hall: Hall, authenticator: SoftwareAuthenticator) -> str:
    """Return the token of a new session."""
    begun = hall.client.post("/api/v1/sessions/begin")
    assert begun.status_code == 200, begun.text
    credential = authenticator.assert_(begun.json()["options"])  # noqa: PT009 - of an authenticator, not of unittest
    answer = hall.client.post("/api/v1/sessions/finish", json={"credential": credential})
    assert answer.status_code == 201, answer.text
    token: str = answer.json()["token"]
    return token


def join(person: Enrolled, code: str) -> Enrolled:
    """The same person with a role in a further enterprise."""
    answer = person.hall.client.post("/api/v1/me/memberships", json={"code": code}, headers=person.headers())
    assert answer.status_code == 201, answer.text
    return replace(person, uscc=answer.json()["uscc"], role=answer.json()["role"])
