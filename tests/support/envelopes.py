"""Envelopes for tests, over HTTP as everybody makes them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from httpx import Response

from api.demo.authenticator import SoftwareAuthenticator
from tests.support.office import BASE_URL, Hall, random_key
from tests.support.people import Enrolled, enrol
from tests.support.sealing import make_pdf

__all__ = ["BASE_URL", "Company", "Draft", "SoftwareAuthenticator", "agree", "companies", "drafted", "sent", "slot"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """An established enterprise and its legal representative."""

    uscc: str
    name: str
    seals: Mapping[str, str]  # code by kind
    chief: Enrolled


def company(hall: Hall, **changes: Any) -> Company:
    entry = hall.register(**changes)
    made = hall.establish(entry["uscc"])
    return Company(
        uscc=entry["uscc"],
        name=entry["name"],
        seals={one["kind"]: one["code"] for one in made["seals"]},
        chief=enrol(hall, entry["uscc"]),
    )


def companies(hall: Hall, count: int) -> list[Company]:
    return [company(hall) for _ in range(count)]


def slot(party: str, *, row: int = 0, seam: bool = False, **more: Any) -> dict[str, Any]:
    """A slot on the first page, below the ones of the parties before it; with `seam`, over the edges of all pages."""
    made: dict[str, Any] = {
        "party": party,
        "kinds": ["contract"],
        "spots": [{"at": "position", "page": 1, "x_mm": 40 + 60 * (row % 3), "y_mm": 60 + 50 * (row // 3)}],
    }
    if seam:
        made["seam"] = {"y_mm": 100 + 50 * (row % 3)}
    return {**made, **more}


def party(of: Company, ident: str, *, step: int = 0, **more: Any) -> dict[str, Any]:
    return {"id": ident, "uscc": of.uscc, "step": step, **more}


@dataclass(slots=True, kw_only=True)
class Draft:
    """An envelope in the hands of its initiator."""

    hall: Hall
    by: Company
    id: str
    documents: list[str] = field(default_factory=list)

    @property
    def path(self) -> str:
        return f"/api/v1/envelopes/{self.id}"

    def get(self, who: Enrolled | None = None, what: str = "", **more: Any) -> Response:
        return self.hall.client.get(self.path + what, headers=(who or self.by.chief).headers(), **more)

    def post(self, what: str, body: Any = None, who: Enrolled | None = None, *, key: str | None = None) -> Response:
        return self.hall.client.post(self.path + what, json=body, headers=(who or self.by.chief).headers(key))

    def upload(self, document: bytes, name: str = "contract.pdf") -> Response:
        answer = self.hall.client.post(
            f"{self.path}/documents",
            files={"document": (name, document, "application/pdf")},
            headers=self.by.chief.headers(),
        )
        if answer.status_code == 201:
            self.documents.append(answer.json()["documents"][-1]["id"])
        return answer

    def plan(self, parties: Sequence[Mapping[str, Any]], slots: Sequence[Mapping[str, Any]], **more: Any) -> Response:
        """The same slots in every document."""
        body = {
            "title": "Purchase of paper",
            "parties": list(parties),
            "slots": {one: list(slots) for one in self.documents},
            **more,
        }
        return self.hall.client.put(self.path, json=body, headers=self.by.chief.headers())

    def send(self) -> Response:
        return self.post("/send", key=random_key())

    def state(self) -> str:
        return str(self.get().json()["state"])

    def party(self, ident: str) -> dict[str, Any]:
        return next(one for one in self.get().json()["parties"] if one["id"] == ident)


def drafted(hall: Hall, by: Company, *documents: bytes) -> Draft:
    answer = hall.client.post(
        "/api/v1/envelopes", json={"uscc": by.uscc, "title": "Purchase of paper"}, headers=by.chief.headers()
    )
    assert answer.status_code == 201, answer.text
    made = Draft(hall=hall, by=by, id=answer.json()["id"])
    for one in documents or (make_pdf(3),):
        answer = made.upload(one)
        assert answer.status_code == 201, answer.text
    return made


def sent(
    hall: Hall, parties: Mapping[str, Company], *, pages: int = 3, seam: bool = True, steps: bool = False, **more: Any
) -> Draft:
    """A sent envelope of one document; the first party is the initiator. With `steps` they sign one after the other."""
    names = list(parties)
    made = drafted(hall, parties[names[0]], make_pdf(pages))
    planned = made.plan(
        [party(parties[name], name, step=place if steps else 0) for place, name in enumerate(names)],
        [slot(name, row=place, seam=seam) for place, name in enumerate(names)],
        **more,
    )
    assert planned.status_code == 200, planned.text
    answer = made.send()
    assert answer.status_code == 200, answer.text
    return made


def agree(draft: Draft, ident: str, who: Enrolled, choices: Sequence[Mapping[str, Any]] = (), **more: Any) -> Response:
    """Begin and confirm with the passkey."""
    begun = draft.post(f"/parties/{ident}/begin", {"choices": list(choices), **more}, who)
    assert begun.status_code == 200, begun.text
    response = who.agree(begun.json()["options"])
    return draft.post(f"/parties/{ident}/confirm", {"response": response}, who, key=random_key())
