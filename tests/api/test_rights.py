"""Who may do what: every operation against every scope."""

from datetime import timedelta
from typing import Final

import pytest

from api.acts.access import SCOPES, add_token
from tests.support.office import Hall

NEEDS: Final = {  # the whole list of what needs a token; a new operation has to be entered here
    ("get", "/api/v1/enterprises"): "read",
    ("post", "/api/v1/enterprises"): "register",
    ("get", "/api/v1/enterprises/{uscc}"): "read",
    ("get", "/api/v1/licences"): "read",
    ("post", "/api/v1/licences"): "issue",
    ("get", "/api/v1/licences/{number}"): "read",
    ("post", "/api/v1/licences/{number}/change"): "issue",
    ("post", "/api/v1/licences/{number}/{decision}"): "issue",
    ("get", "/api/v1/licences/{number}/licence.pdf"): "read",
    ("get", "/api/v1/licences/{number}/licence.pem"): "read",
    ("get", "/api/v1/licences/{number}/licence.elq1"): "read",
    ("get", "/api/v1/licences/{number}/qr.png"): "read",
    ("get", "/api/v1/licences/{number}/qr.svg"): "read",
    ("get", "/api/v1/seals"): "read",
    ("get", "/api/v1/seals/{code}"): "read",
    ("get", "/api/v1/seals/{code}/picture.svg"): "read",
    ("get", "/api/v1/seals/{code}/picture.png"): "read",
    ("get", "/api/v1/seals/{code}/certificate.pem"): "read",
    ("post", "/api/v1/seals/{code}/uses"): "seal",
    ("get", "/api/v1/seals/{code}/uses"): "read",  # or the enterprise's representative or auditor
    ("post", "/api/v1/seals/{code}/{decision}"): "issue",
    ("get", "/api/v1/seal-uses/{use_id}"): "read",
    ("get", "/api/v1/seal-uses/{use_id}/document"): "seal",
    ("get", "/api/v1/events"): "audit",
    ("post", "/api/v1/mandates"): "person",
    ("get", "/api/v1/mandates"): "person",
    ("get", "/api/v1/mandates/{mandate}"): "person",
    ("post", "/api/v1/mandates/{mandate}/begin"): "person",
    ("post", "/api/v1/mandates/{mandate}/confirm"): "person",
    ("post", "/api/v1/mandates/{mandate}/accept"): "person",
    ("post", "/api/v1/mandates/{mandate}/decline"): "person",
    ("post", "/api/v1/mandates/{mandate}/revoke"): "person",
    ("get", "/api/v1/seals/{code}/approval-rule"): "person",
    ("put", "/api/v1/seals/{code}/approval-rule"): "person",
    ("post", "/api/v1/seal-requests"): "person",
    ("get", "/api/v1/seal-requests"): "person",
    ("get", "/api/v1/seal-requests/inbox"): "person",
    ("get", "/api/v1/seal-requests/{request}"): "person",
    ("get", "/api/v1/seal-requests/{request}/document"): "person",
    ("get", "/api/v1/seal-requests/{request}/preview/{page}.png"): "person",
    ("get", "/api/v1/seal-requests/{request}/sealed"): "person",
    ("post", "/api/v1/seal-requests/{request}/begin"): "person",
    ("post", "/api/v1/seal-requests/{request}/confirm"): "person",
    ("post", "/api/v1/seal-requests/{request}/decision"): "person",
    ("post", "/api/v1/seal-requests/{request}/withdraw"): "person",
    ("post", "/api/v1/seal-requests/{request}/retry"): "person",
    ("post", "/api/v1/groups"): "person",
    ("get", "/api/v1/groups"): "person",
    ("get", "/api/v1/groups/{group_id}"): "person",
    ("post", "/api/v1/groups/{group_id}/elections"): "person",
    ("post", "/api/v1/elections/{election_id}/begin"): "person",
    ("post", "/api/v1/elections/{election_id}/confirm"): "person",
    ("post", "/api/v1/groups/{group_id}/mandates"): "person",
    ("get", "/api/v1/groups/{group_id}/mandates/{mandate_id}"): "person",
    ("post", "/api/v1/groups/{group_id}/mandates/{mandate_id}/begin"): "person",
    ("post", "/api/v1/groups/{group_id}/mandates/{mandate_id}/confirm"): "person",
    ("get", "/api/v1/groups/{group_id}/mandates/{mandate_id}/joint-mandate.json"): "person",
    ("post", "/api/v1/groups/{group_id}/frameworks"): "person",
    ("get", "/api/v1/frameworks/{envelope_id}"): "person",
    ("post", "/api/v1/frameworks/{envelope_id}/call-offs"): "person",
    ("post", "/api/v1/webhooks"): "webhooks",  # these, or somebody of the enterprise
    ("get", "/api/v1/webhooks"): "webhooks",
    ("get", "/api/v1/webhooks/{webhook_id}"): "webhooks",
    ("patch", "/api/v1/webhooks/{webhook_id}"): "webhooks",
    ("delete", "/api/v1/webhooks/{webhook_id}"): "webhooks",
    ("post", "/api/v1/webhooks/{webhook_id}/secret"): "webhooks",
    ("post", "/api/v1/webhooks/{webhook_id}/test"): "webhooks",
    ("get", "/api/v1/webhooks/{webhook_id}/deliveries"): "webhooks",
    ("post", "/api/v1/webhooks/{webhook_id}/deliveries/{delivery_id}/replay"): "webhooks",
    ("get", "/api/v1/notices"): "webhooks",
    ("post", "/api/v1/enterprises/{uscc}/invitations"): "issue",  # or somebody of the enterprise
    ("post", "/api/v1/enterprises/{uscc}/appointments/begin"): "person",
    ("get", "/api/v1/enterprises/{uscc}/members"): "issue",
    ("put", "/api/v1/enterprises/{uscc}/members/{person}"): "person",
    ("delete", "/api/v1/enterprises/{uscc}/members/{person}"): "issue",
    ("get", "/api/v1/assertions/{assertion}"): "audit",  # or whose it is
    ("delete", "/api/v1/sessions/current"): "person",
    ("get", "/api/v1/me"): "person",
    ("post", "/api/v1/me/memberships"): "person",
    ("post", "/api/v1/me/passkeys/begin"): "person",
    ("post", "/api/v1/me/passkeys/finish"): "person",
    ("delete", "/api/v1/me/passkeys/{credential}"): "person",
}
OPEN: Final = {
    ("post", "/api/v1/verify"),
    ("post", "/api/v1/invitations/redeem/begin"),
    ("post", "/api/v1/invitations/redeem/finish"),
    ("get", "/api/v1/joint-mandates/{mandate_id}"),
    ("post", "/api/v1/sessions/begin"),
    ("post", "/api/v1/sessions/finish"),
    ("post", "/pki/ocsp"),
    ("get", "/pki/ocsp/{asked}"),
    ("post", "/pki/tsa"),
    ("get", "/pki/crl/{name}.crl"),
    ("get", "/pki/ca/{name}.cer"),
    ("get", "/pki/ca/{name}.pem"),
    ("get", "/pki/status/{number}"),
    ("get", "/pki/keys"),
    ("get", "/healthz"),
    ("get", "/readyz"),
    ("get", "/metrics"),
}
OPERATIONS: Final = [pytest.param(*one, id=" ".join(one)) for one in NEEDS]
SCOPED: Final = [  # "person" is the session of a passkey, which no token of the hall is
    pytest.param(*one, id=" ".join(one)) for one, scope in NEEDS.items() if scope != "person"
]
PARTS: Final = {
    "uscc": "91110000600037341L",
    "number": "33010620260000000009",
    "code": "33010600000099",
    "use_id": "0" * 32,
    "decision": "suspend",
    "mandate": "0" * 32,
    "request": "0" * 32,
    "page": "1",
    "webhook_id": "0" * 32,
    "group_id": "0" * 32,
    "election_id": "0" * 32,
    "mandate_id": "0" * 32,
    "envelope_id": "0" * 32,
    "delivery_id": "0" * 32,
    "person": "0" * 32,
    "assertion": "0" * 32,
    "credential": "AAAA",
}


def answer_to(hall: Hall, method: str, path: str, headers: dict[str, str]) -> tuple[int, str]:
    answer = hall.client.request(method, path.format(**PARTS), headers=headers)
    assert answer.headers["content-type"].startswith("application/problem+json")
    return answer.status_code, answer.json()["type"]


def test_every_operation_is_either_open_or_on_the_list(shared: Hall) -> None:
    secured: set[tuple[str, str]] = set()
    others: set[tuple[str, str]] = set()
    for path, item in shared.app.openapi()["paths"].items():
        for method, operation in item.items():
            (secured if "security" in operation else others).add((method, path))
    assert secured == set(NEEDS)
    assert others == OPEN


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_without_a_token_nobody_gets_in(shared: Hall, method: str, path: str) -> None:
    assert answer_to(shared, method, path, {}) == (401, "/problems/unauthenticated")


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_a_token_of_any_other_scope_is_refused(shared: Hall, method: str, path: str) -> None:
    for scope in set(SCOPES) - {NEEDS[method, path]}:
        assert answer_to(shared, method, path, shared.headers(scope)) == (403, "/problems/forbidden"), scope


@pytest.mark.parametrize(("method", "path"), SCOPED)
def test_the_right_scope_gets_past_the_door(shared: Hall, method: str, path: str) -> None:
    headers = shared.headers(NEEDS[method, path])
    assert shared.client.request(method, path.format(**PARTS), headers=headers).status_code not in {401, 403}


@pytest.mark.parametrize(
    "header",
    ["Bearer wrong", "Bearer ", "Bearer", "Basic dXNlcjpwdw==", "vml_", "Bearer vml_é", "Bearer " + "a" * 4000],
)
def test_what_is_no_known_token_is_401(shared: Hall, header: str) -> None:
    answer = shared.client.get("/api/v1/seals", headers={b"Authorization": header.encode()})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"


def test_a_token_ends_on_the_second_and_not_before(hall: Hall) -> None:
    _, secret = add_token(hall.office, name="short", scopes=frozenset({"read"}), valid_for=timedelta(hours=1))
    headers = {"Authorization": f"Bearer {secret}"}
    hall.clock.move(timedelta(minutes=59, seconds=59))
    assert hall.client.get("/api/v1/seals", headers=headers).status_code == 200
    hall.clock.move(timedelta(seconds=1))
    answer = hall.client.get("/api/v1/seals", headers=headers)
    assert (answer.status_code, answer.json()["detail"]) == (401, "this bearer token has expired")


def test_a_withdrawn_token_is_not_told_from_an_unknown_one(hall: Hall) -> None:
    token, secret = add_token(hall.office, name="gone", scopes=frozenset({"read"}), valid_for=None)
    with hall.office.work() as work:
        assert work.tokens.revoke(token.id, at=hall.clock())
        work.commit()
    gone = hall.client.get("/api/v1/seals", headers={"Authorization": f"Bearer {secret}"})
    unknown = hall.client.get("/api/v1/seals", headers={"Authorization": "Bearer vml_unknown"})
    assert (gone.status_code, gone.json()) == (unknown.status_code, unknown.json())
    assert gone.status_code == 401


def test_a_secret_is_stored_as_its_hash_alone(hall: Hall) -> None:
    secrets = [secret.encode() for secret in hall.tokens.values()]
    for path in hall.office.settings.data.glob("vermilion.db*"):
        content = path.read_bytes()
        assert not [secret for secret in secrets if secret in content]
