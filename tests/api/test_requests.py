"""Seal-use requests over HTTP: confirmed by who has the right, approved for who has not, applied once."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from httpx import Response
from PIL import Image

from api.acts.timestamping import OfficeTimeStamper
from api.tasks import apply_requests, expire_rights
from seals.errors import TimestampError
from tests.support import lending
from tests.support.office import Hall, code_of
from tests.support.people import Enrolled, enrol
from tests.support.sealing import make_pdf

PDF = make_pdf()


@pytest.fixture(scope="module")
def firm(shared: Hall) -> dict[str, Any]:
    return shared.establish()


@pytest.fixture(scope="module")
def boss(shared: Hall, firm: dict[str, Any]) -> Enrolled:
    return enrol(shared, firm["licence"]["uscc"])


@pytest.fixture(scope="module")
def user(boss: Enrolled) -> Enrolled:
    return enrol(boss.hall, boss.uscc, "user", "李经办", by=boss)


@pytest.fixture
def code(firm: dict[str, Any]) -> str:
    return code_of(firm)


def test_the_legal_representative_seals_with_a_passkey_alone(boss: Enrolled, code: str) -> None:
    asked = lending.ask(boss, code, PDF, placement="position")
    done = lending.confirm(boss, asked)
    assert done.status_code == 200, done.text
    made = done.json()
    assert (made["state"], made["basis"], made["failure"]) == ("sealed", "representative", None)


def test_who_has_no_right_gets_the_seal_by_approval(boss: Enrolled, user: Enrolled, code: str) -> None:
    document = PDF
    asked = lending.ask(user, code, document).json()
    assert (asked["state"], asked["basis"], asked["waits_for"]) == ("waiting", "approval", [boss.person])
    (waiting,) = lending.get(boss, "seal-requests/inbox").json()["items"]
    assert waiting["id"] == asked["id"]
    assert lending.get(boss, f"seal-requests/{asked['id']}/document").content == document
    done = lending.approve(boss, asked["id"])
    assert (done.status_code, done.json()["state"]) == (200, "sealed"), done.text


def test_a_mandate_is_offered_accepted_and_used(boss: Enrolled, user: Enrolled, code: str) -> None:
    lent = lending.lend(boss, user, max_uses=1)
    assert lent["state"] == "active"
    done = lending.confirm(user, lending.ask(user, code, PDF))
    assert (done.json()["state"], done.json()["mandate"]) == ("sealed", lent["id"])
    assert lending.get(user, f"mandates/{lent['id']}").json()["state"] == "used-up"


@pytest.fixture
def workshop(hall: Hall) -> dict[str, Any]:
    """An enterprise of the test's own: representative, two approvers, a user, a manager, an auditor."""
    firm = hall.establish()
    chief = enrol(hall, firm["licence"]["uscc"])
    people = {
        name: enrol(hall, chief.uscc, role, name, by=chief)
        for name, role in (("甲", "user"), ("乙", "user"), ("丙", "user"), ("经理", "manager"), ("审计", "auditor"))
    }
    return {"code": code_of(firm), "chief": chief, **people}


def rule(workshop: dict[str, Any], mode: str, *names: str, within_s: int = 3600) -> None:
    body = {"mode": mode, "approvers": [workshop[one].person for one in names], "within_s": within_s}
    answer = put(workshop["经理"], f"seals/{workshop['code']}/approval-rule", body)
    assert answer.status_code == 200, answer.text
    shown = lending.get(workshop["丙"], f"seals/{workshop['code']}/approval-rule").json()
    assert shown == body | {"set": True}


def put(person: Enrolled, path: str, body: Any) -> Response:
    return person.hall.client.put(f"/api/v1/{path}", json=body, headers=person.headers())


def asked(workshop: dict[str, Any], who: str = "丙") -> str:
    answer = lending.ask(workshop[who], workshop["code"], PDF)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def shown(workshop: dict[str, Any], request: str, who: str = "丙") -> dict[str, Any]:
    found: dict[str, Any] = lending.get(workshop[who], f"seal-requests/{request}").json()
    return found


def test_one_of_two_approvers_is_enough_and_the_other_is_too_late(workshop: dict[str, Any]) -> None:
    rule(workshop, "one_of", "甲", "乙")
    request = asked(workshop)
    assert lending.approve(workshop["乙"], request).json()["state"] == "sealed"
    late = lending.refuse(workshop["甲"], request)
    assert (late.status_code, late.json()["type"]) == (409, "/problems/request-state")
    assert lending.get(workshop["丙"], f"seal-requests/{request}/sealed").content.startswith(PDF)


def test_all_approvers_are_needed_and_each_decides_once(workshop: dict[str, Any]) -> None:
    rule(workshop, "all_of", "甲", "乙")
    request = asked(workshop)
    half = lending.approve(workshop["乙"], request).json()
    assert (half["state"], half["waits_for"]) == ("waiting", [workshop["甲"].person])
    assert lending.approve(workshop["乙"], request).json()["reason"] == "decided"
    done = lending.approve(workshop["甲"], request).json()
    assert (done["state"], [one["approved"] for one in done["decisions"]]) == ("sealed", [True, True])
    assert all(one["assertion"] for one in done["decisions"])


def test_approvers_in_order_wait_for_their_turn(workshop: dict[str, Any]) -> None:
    rule(workshop, "ordered", "甲", "乙")
    request = asked(workshop)
    assert lending.approve(workshop["乙"], request).json()["reason"] == "not-yet"
    assert lending.get(workshop["乙"], "seal-requests/inbox").json()["items"] == []
    lending.approve(workshop["甲"], request)
    assert [one["id"] for one in lending.get(workshop["乙"], "seal-requests/inbox").json()["items"]] == [request]
    assert lending.approve(workshop["乙"], request).json()["state"] == "sealed"


def test_a_refusal_has_a_reason_and_ends_the_request(workshop: dict[str, Any]) -> None:
    rule(workshop, "all_of", "甲", "乙")
    request = asked(workshop)
    bare = lending.post(workshop["甲"], f"seal-requests/{request}/decision", {"decision": "refuse"})
    assert bare.status_code == 422
    ended = lending.refuse(workshop["甲"], request, "价格未定").json()
    assert (ended["state"], ended["failure"]) == ("refused", "价格未定")
    assert lending.approve(workshop["乙"], request).status_code == 409
    assert lending.post(workshop["丙"], f"seal-requests/{request}/retry").status_code == 409


def test_nobody_decides_on_his_own_request(workshop: dict[str, Any]) -> None:
    rule(workshop, "one_of", "甲", "丙")
    request = asked(workshop)
    assert lending.approve(workshop["丙"], request).json()["reason"] == "own-request"
    assert lending.refuse(workshop["丙"], request).json()["reason"] == "own-request"
    assert shown(workshop, request)["waits_for"] == [workshop["甲"].person]
    rule(workshop, "one_of", "丙")
    alone = lending.ask(workshop["丙"], workshop["code"], PDF)
    assert (alone.status_code, alone.json()["reason"]) == (403, "no-approver")


def test_an_approver_who_left_blocks_where_all_are_needed_and_is_skipped_where_one_is(
    hall: Hall, workshop: dict[str, Any]
) -> None:
    rule(workshop, "all_of", "甲", "乙")
    blocked = asked(workshop)
    rule(workshop, "one_of", "甲", "乙")
    free = asked(workshop)
    path = f"/api/v1/enterprises/{workshop['chief'].uscc}/members/{workshop['甲'].person}"
    assert hall.client.delete(path, headers=workshop["chief"].headers()).status_code < 300
    assert shown(workshop, blocked)["blocked_by"] == [workshop["甲"].person]
    assert lending.get(workshop["甲"], f"seal-requests/{blocked}").status_code == 404
    assert lending.approve(workshop["乙"], blocked).json()["state"] == "waiting"
    assert (shown(workshop, free)["blocked_by"], shown(workshop, free)["waits_for"]) == ([], [workshop["乙"].person])
    assert lending.approve(workshop["乙"], free).json()["state"] == "sealed"
    assert lending.post(workshop["丙"], f"seal-requests/{blocked}/withdraw").json()["state"] == "withdrawn"


def test_a_request_ends_when_its_time_is_over(hall: Hall, workshop: dict[str, Any]) -> None:
    rule(workshop, "one_of", "甲", within_s=60)
    last, late = asked(workshop), asked(workshop)
    hall.clock.move(timedelta(seconds=60))
    assert expire_rights.run(hall.office) == ""
    assert lending.approve(workshop["甲"], last).json()["state"] == "sealed"
    hall.clock.move(timedelta(seconds=1))
    assert lending.approve(workshop["甲"], late).json()["reason"] == "late"
    assert expire_rights.run(hall.office) == "ended 1"
    assert shown(workshop, late)["state"] == "expired"


def test_the_passkey_of_one_request_approves_no_other(workshop: dict[str, Any]) -> None:
    rule(workshop, "one_of", "甲")
    one, other = asked(workshop), asked(workshop)
    begun = lending.post(workshop["甲"], f"seal-requests/{one}/begin").json()
    body = {"decision": "approve", "credential": workshop["甲"].agree(begun["options"])}
    wrong = lending.post(workshop["甲"], f"seal-requests/{other}/decision", body)
    assert (wrong.status_code, wrong.json()["reason"]) == (403, "assertion-mismatch")
    assert lending.post(workshop["甲"], f"seal-requests/{one}/decision", body).json()["state"] == "sealed"
    assert shown(workshop, other)["state"] == "waiting"


def test_a_failure_is_on_the_request_and_can_be_tried_again(hall: Hall, workshop: dict[str, Any]) -> None:
    rule(workshop, "one_of", "甲")
    request = asked(workshop)
    hall.decide("seals", workshop["code"], "suspend")
    failed = lending.approve(workshop["甲"], request).json()
    assert (failed["state"], failed["failure"].partition(":")[0]) == ("failed", "seal-unusable")
    assert hall.store.signed.get(f"seal-{workshop['code']}", 0) == 0
    assert lending.post(workshop["甲"], f"seal-requests/{request}/retry").status_code == 403
    hall.decide("seals", workshop["code"], "reinstate")
    assert lending.post(workshop["丙"], f"seal-requests/{request}/retry").json()["state"] == "sealed"
    assert lending.post(workshop["丙"], f"seal-requests/{request}/retry").status_code == 409


def test_who_became_an_auditor_uses_no_seal_by_a_request_of_before(hall: Hall, workshop: dict[str, Any]) -> None:
    rule(workshop, "one_of", "甲")
    request = asked(workshop)
    chief, asker = workshop["chief"], workshop["丙"]
    changed = put(chief, f"enterprises/{chief.uscc}/members/{asker.person}", {"role": "auditor"})
    assert changed.status_code == 200, changed.text
    failed = lending.approve(workshop["甲"], request).json()
    assert (failed["state"], failed["failure"].partition(":")[0]) == ("failed", "request-state")
    assert hall.store.signed.get(f"seal-{workshop['code']}", 0) == 0


def test_a_time_stamp_that_is_not_to_be_had_is_waited_for(
    hall: Hall, workshop: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    held = lending.lend(workshop["chief"], workshop["丙"], max_uses=1)
    made = lending.ask(workshop["丙"], workshop["code"], PDF, level="B-T")

    def down(*_: object) -> bytes:
        raise TimestampError("the time-stamping authority does not answer")

    with monkeypatch.context() as patched:
        patched.setattr(OfficeTimeStamper, "stamp", down)
        waiting = lending.confirm(workshop["丙"], made).json()
        assert (waiting["state"], waiting["failure"].partition(":")[0]) == ("approved", "timestamp")
        assert apply_requests.run(hall.office) == ""
    assert apply_requests.run(hall.office) == "sealed 1"  # the single use was counted once
    found = lending.get(workshop["丙"], f"mandates/{held['id']}").json()
    assert (found["uses"], found["state"]) == (1, "used-up")
    assert shown(workshop, made.json()["id"])["state"] == "sealed"


def test_eight_last_approvals_at_once_seal_once(hall: Hall, workshop: dict[str, Any]) -> None:
    rule(workshop, "all_of", "甲", "乙")
    request = asked(workshop)
    lending.approve(workshop["甲"], request)
    options = [lending.post(workshop["乙"], f"seal-requests/{request}/begin").json()["options"] for _ in range(8)]
    answers = [workshop["乙"].agree(one) for one in options]

    def decide(number: int) -> int:
        body = {"decision": "approve", "credential": answers[number]}
        return lending.post(workshop["乙"], f"seal-requests/{request}/decision", body).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = Counter(pool.map(decide, range(8)))
    assert statuses[200] == 1
    assert set(statuses) <= {200, 403, 409}
    assert shown(workshop, request)["state"] == "sealed"
    assert hall.store.signed[f"seal-{workshop['code']}"] == 1


def test_what_is_shown_is_what_is_sealed(boss: Enrolled, user: Enrolled, code: str) -> None:
    made = lending.ask(user, code, PDF, placement="position", x_mm=100, y_mm=100).json()
    pictures = [lending.get(boss, f"seal-requests/{made['id']}/preview/{page}.png") for page in (1, 2)]
    assert [one.status_code for one in pictures] == [200, 404]
    with Image.open(BytesIO(pictures[0].content)) as drawn:
        across = drawn.width / 210
        left, right = (drawn.crop(box) for box in ((0, 0, int(70 * across), drawn.height), near(100, 100, across)))
        assert not has_red(left)
        assert has_red(right)
    lending.refuse(boss, made["id"])


def near(x_mm: float, y_mm: float, across: float) -> tuple[int, int, int, int]:
    left, top = int((x_mm - 22) * across), int((y_mm - 22) * across)
    return left, top, left + int(44 * across), top + int(44 * across)


def has_red(picture: Image.Image) -> bool:
    colours: list[Any] = picture.convert("RGB").getcolors(1 << 22) or []
    return any(red > 150 and green < 110 for _, (red, green, _) in colours)


@pytest.mark.parametrize(
    ("document", "form", "expected"),
    [
        (b"no PDF", {}, (422, "document-refused")),
        (PDF, {"placement": "position", "page": 2}, (422, "placement")),
        (PDF, {"placement": "position", "x_mm": 1}, (422, "placement")),  # over the edge of the page
        (PDF, {"placement": "keyword", "keyword": "not there"}, (422, "placement")),
        (PDF, {"purpose": ""}, (422, "request")),
        (PDF, {"amount": "-1"}, (422, "request")),
    ],
)
def test_what_could_not_be_sealed_is_not_asked_for(
    user: Enrolled, code: str, document: bytes, form: dict[str, Any], expected: tuple[int, str]
) -> None:
    answer = lending.ask(user, code, document, **form)
    assert (answer.status_code, answer.json()["type"].removeprefix("/problems/")) == expected


def test_a_repeated_request_is_asked_once(boss: Enrolled, user: Enrolled, code: str) -> None:
    first, again = (lending.ask(user, code, PDF, key="same-key") for _ in range(2))
    assert first.json()["id"] == again.json()["id"]
    assert again.headers["idempotency-replayed"] == "true"
    lending.refuse(boss, first.json()["id"])


def test_a_file_that_changed_after_it_was_approved_is_not_sealed(hall: Hall, workshop: dict[str, Any]) -> None:
    rule(workshop, "all_of", "甲", "乙")
    request = asked(workshop)
    lending.approve(workshop["甲"], request)
    with hall.office.reading() as work:
        found = work.requests.get(request)
    assert found is not None
    stored = hall.office.settings.data / "objects" / str(found.object)
    stored.write_bytes(make_pdf(2))
    failed = lending.approve(workshop["乙"], request).json()
    assert (failed["state"], failed["failure"].partition(":")[0]) == ("failed", "request-state")
    assert hall.store.signed.get(f"seal-{workshop['code']}", 0) == 0


def test_an_amount_over_the_mandate_goes_to_the_approvers_and_a_named_mandate_says_why(
    workshop: dict[str, Any],
) -> None:
    held = lending.lend(workshop["chief"], workshop["丙"], max_amount="100.00", currency="CNY")
    within = {"amount": "100.00", "currency": "CNY"}
    over = within | {"amount": "100.01"}
    ask = [lending.ask(workshop["丙"], workshop["code"], PDF, **form).json() for form in (within, over)]
    assert [(one["basis"], one["state"]) for one in ask] == [("mandate", "asked"), ("approval", "waiting")]
    named = lending.ask(workshop["丙"], workshop["code"], PDF, mandate=held["id"], **over)
    assert (named.status_code, named.json()["reason"]) == (403, "mandate-amount")


def test_a_right_of_ones_own_is_to_be_confirmed_within_a_day(hall: Hall, workshop: dict[str, Any]) -> None:
    chief = workshop["chief"]
    first, second = (lending.ask(chief, workshop["code"], PDF).json()["id"] for _ in range(2))
    hall.clock.move(timedelta(hours=24))
    fresh = chief.log_in()  # a session lasts for half a day
    assert lending.agree_to(fresh, f"seal-requests/{first}", "confirm").json()["state"] == "sealed"
    hall.clock.move(timedelta(seconds=1))
    late = lending.agree_to(fresh, f"seal-requests/{second}", "confirm")
    assert (late.status_code, late.json()["type"]) == (409, "/problems/request-state")
