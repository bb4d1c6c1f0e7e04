"""Who may do what: every operation against every scope."""

from datetime import timedelta
from typing import Final

import pytest

from api.acts.access import SCOPES, add_token
from api.errors import BadInputError, NotFoundError
from tests.support.office import Hall
from tests.support.people import enrol

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
    ("post", "/api/v1/seals/{code}/containers"): "seal",
    ("get", "/api/v1/seal-uses/{use_id}/container"): "seal",
    ("post", "/api/v1/envelopes"): "person",
    ("get", "/api/v1/envelopes"): "person",
    ("get", "/api/v1/envelopes/awaiting"): "person",
    ("get", "/api/v1/envelopes/{envelope_id}"): "person",
    ("put", "/api/v1/envelopes/{envelope_id}"): "person",
    ("post", "/api/v1/envelopes/{envelope_id}/documents"): "person",
    ("delete", "/api/v1/envelopes/{envelope_id}/documents/{document_id}"): "person",
    ("post", "/api/v1/envelopes/{envelope_id}/attachments"): "person",
    ("get", "/api/v1/envelopes/{envelope_id}/attachments"): "person",
    ("post", "/api/v1/envelopes/{envelope_id}/send"): "person",
    ("post", "/api/v1/envelopes/{envelope_id}/parties/{party_id}/invite"): "person",
    ("post", "/api/v1/envelopes/{envelope_id}/withdraw"): "person",
    ("post", "/api/v1/envelopes/{envelope_id}/extend"): "person",
    ("post", "/api/v1/envelopes/{envelope_id}/remind"): "person",
    ("post", "/api/v1/envelopes/{envelope_id}/parties/{party_id}/retry"): "person",
    ("get", "/api/v1/envelopes/{envelope_id}/history"): "person",
    ("get", "/api/v1/envelopes/{envelope_id}/links"): "person",
    ("post", "/api/v1/envelopes/invitations"): "person",
    ("post", "/api/v1/envelopes/{envelope_id}/parties/{party_id}/begin"): "person",
    ("post", "/api/v1/envelopes/{envelope_id}/parties/{party_id}/confirm"): "person",
    ("post", "/api/v1/envelopes/{envelope_id}/parties/{party_id}/seal"): "person",
    ("post", "/api/v1/envelopes/{envelope_id}/parties/{party_id}/request"): "person",
    ("post", "/api/v1/envelopes/{envelope_id}/parties/{party_id}/decline"): "person",
    ("post", "/api/v1/envelopes/{envelope_id}/parties/{party_id}/transfer"): "person",
    ("get", "/api/v1/envelopes/{envelope_id}/documents/{document_id}/file"): "person",
    ("get", "/api/v1/envelopes/{envelope_id}/documents/{document_id}/pages/{number}"): "person",
    ("get", "/api/v1/envelopes/{envelope_id}/report"): "person",
    ("get", "/api/v1/envelopes/{envelope_id}/archive"): "person",
    ("get", "/api/v1/envelopes/{envelope_id}/attachments/{attachment_id}/file"): "person",
    ("post", "/api/v1/envelopes/{envelope_id}/documents/{document_id}/prepared"): "person",
    ("post", "/api/v1/envelopes/{envelope_id}/documents/{document_id}/revisions"): "person",
    ("post", "/api/v1/envelopes/{envelope_id}/template"): "person",
    ("get", "/api/v1/envelope-templates"): "person",
    ("get", "/api/v1/envelope-templates/{template_id}"): "person",
    ("delete", "/api/v1/envelope-templates/{template_id}"): "person",
    ("post", "/api/v1/envelope-templates/{template_id}/envelopes"): "person",
    ("post", "/api/v1/envelope-templates/{template_id}/rows"): "person",
    ("post", "/api/v1/batches"): "seal",
    ("get", "/api/v1/batches"): "seal",
    ("get", "/api/v1/batches/{batch_id}"): "seal",
    ("get", "/api/v1/batches/{batch_id}/files"): "seal",
    ("get", "/api/v1/batches/{batch_id}/results"): "seal",
    ("get", "/api/v1/batches/{batch_id}/manifest"): "seal",
    ("get", "/api/v1/batches/{batch_id}/manifest.p7s"): "seal",
    ("post", "/api/v1/batches/{batch_id}/cancel"): "seal",
}
REMOTE: Final = {  # for tokens that the token service gave; these answer in the form of their own standard
    ("post", "/csc/v1/credentials/list"),
    ("post", "/csc/v1/credentials/info"),
    ("post", "/csc/v1/credentials/getChallenge"),
    ("post", "/csc/v1/credentials/authorize"),
    ("post", "/csc/v1/credentials/extendTransaction"),
    ("post", "/csc/v1/signatures/signHash"),
    ("post", "/csc/v1/signatures/timestamp"),
    ("post", "/csc/v2/credentials/list"),
    ("post", "/csc/v2/credentials/info"),
    ("post", "/csc/v2/credentials/getChallenge"),
    ("post", "/csc/v2/credentials/authorize"),
    ("post", "/csc/v2/credentials/authorizeCheck"),
    ("post", "/csc/v2/credentials/extendTransaction"),
    ("post", "/csc/v2/signatures/signHash"),
    ("post", "/csc/v2/signatures/signDoc"),
    ("post", "/csc/v2/signatures/timestamp"),
    ("post", "/oauth/consent/challenge"),
    ("post", "/oauth/consent"),
}
OPEN: Final = {
    ("post", "/api/v1/verify"),
    ("post", "/api/v1/invitations/redeem/begin"),
    ("post", "/api/v1/invitations/redeem/finish"),
    ("get", "/api/v1/joint-mandates/{mandate_id}"),
    ("post", "/api/v1/envelopes/invitations/begin"),
    ("post", "/api/v1/envelopes/invitations/finish"),
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
    ("get", "/.well-known/oauth-authorization-server"),
    ("post", "/csc/v1/info"),
    ("post", "/csc/v2/info"),
    ("post", "/oauth/consent/refusal"),
    ("post", "/oauth/revoke"),
    ("post", "/oauth/token"),
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
    "batch_id": "0" * 32,
    "template_id": "0" * 32,
    "document_id": "0" * 32,
    "attachment_id": "0" * 32,
    "party_id": "A",
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
    assert secured == set(NEEDS) | REMOTE
    assert others == OPEN


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_without_a_token_nobody_gets_in(shared: Hall, method: str, path: str) -> None:
    assert answer_to(shared, method, path, {}) == (401, "/problems/unauthenticated")


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_a_token_of_any_other_scope_is_refused(shared: Hall, method: str, path: str) -> None:
    for scope in set(SCOPES) - {NEEDS[method, path]}:
        assert answer_to(shared, method, path, shared.headers(scope)) == (403, "/problems/forbidden"), scope


@pytest.mark.parametrize(("method", "path"), sorted(REMOTE))
def test_remote_signing_knows_only_tokens_of_its_own(shared: Hall, method: str, path: str) -> None:
    assert shared.client.request(method, path).status_code == 401
    for scope in SCOPES:
        answer = shared.client.request(method, path, headers=shared.headers(scope))
        assert (answer.status_code, "error" in answer.json()) == (403, True), scope


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


def test_a_token_of_an_enterprise_has_no_scope_of_the_hall(hall: Hall) -> None:
    uscc = hall.register()["uscc"]
    token, _ = add_token(hall.office, name="finance", scopes=frozenset({"seal"}), valid_for=None, uscc=uscc)
    assert token.uscc == uscc
    with pytest.raises(BadInputError, match="no scope of the hall: issue"):
        add_token(hall.office, name="x", scopes=frozenset({"seal", "issue"}), valid_for=None, uscc=uscc)
    with pytest.raises(NotFoundError, match="no enterprise"):
        add_token(hall.office, name="x", scopes=frozenset({"seal"}), valid_for=None, uscc="91110000600037341L")


def test_sessions_of_people_are_not_listed_with_the_tokens(hall: Hall) -> None:
    enrol(hall, hall.establish()["licence"]["uscc"])
    with hall.office.reading() as work:
        listed, every = work.tokens.of_machines(), work.tokens.all()
    assert {one.person for one in listed} == {None}
    assert len(listed) < len(every)
