"""Who may do what among those who buy together, and when not. The whole story is in tests/journeys/test_consortium.py."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from api.acts import joint_mandates
from api.acts.mandate_standing import with_mandates
from api.db.envelopes_tables import envelope_slots
from api.tasks import follow_groups
from hsm.errors import DeviceGoneError
from tests.support import lending
from tests.support.consortium import (
    GROUPS,
    ask,
    begin,
    call_off,
    charter,
    done,
    elected,
    election_of,
    founded,
    framework_draft,
    given,
    make_framework,
    mandate_draft,
    order,
    sign,
    vote,
)
from tests.support.envelopes import Company, agree, companies, party, slot
from tests.support.office import Hall, open_hall
from tests.support.people import enrol
from tests.support.sealing import make_pdf
from verify.report import Report, SignatureReport


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    with open_hall(tmp_path) as opened:
        yield opened


@pytest.fixture
def pair(hall: Hall) -> list[Company]:
    return companies(hall, 2)


def test_a_charter_that_is_declined_founds_nothing(hall: Hall, pair: list[Company]) -> None:
    draft = charter(hall, pair)
    group = done(begin(hall, pair[0], draft))
    assert begin(hall, pair[0], draft).status_code == 409
    assert draft.send().status_code == 200
    assert draft.post("/parties/m1/decline", {"reason": "no"}, pair[1].chief).status_code == 200
    follow_groups.run(hall.office)
    assert ask(hall, "GET", f"{GROUPS}/{group['id']}", pair[1]).json()["state"] == "abandoned"
    assert ask(hall, "GET", GROUPS, pair[1]).json()["items"][0]["state"] == "abandoned"
    body = {"uscc": pair[0].uscc, "threshold": 2}
    assert ask(hall, "POST", f"{GROUPS}/{group['id']}/elections", pair[0], body).status_code == 409


def test_a_charter_has_every_member_among_those_who_must_sign(hall: Hall, pair: list[Company]) -> None:
    for more in ({"at_least": 1},):
        answer = begin(hall, pair[0], charter(hall, pair, **more))
        assert (answer.status_code, answer.json()["reason"]) == (422, "charter")
    assert begin(hall, pair[1], charter(hall, pair)).status_code in {403, 404}
    alone = begin(hall, pair[0], charter(hall, pair[:1]))
    assert (alone.status_code, alone.json()["reason"]) == (422, "members")


def test_parties_that_were_changed_after_the_group_was_begun_found_nothing(hall: Hall, pair: list[Company]) -> None:
    third = companies(hall, 1)[0]
    draft = charter(hall, pair)
    group = done(begin(hall, pair[0], draft))
    other = charter(hall, [pair[0], third])
    parties = [{"id": one["id"], "uscc": one["uscc"], "step": 0} for one in other.get().json()["parties"]]
    slots = [
        {"party": f"m{row}", "kinds": ["official"], "spots": [{"at": "position", "page": 1, "x_mm": 40, "y_mm": 60 + 60 * row}]}
        for row in range(2)
    ]  # fmt: skip
    assert draft.plan(parties, slots).status_code == 200
    assert draft.send().status_code == 200
    for place, one in enumerate((pair[0], third)):
        done(agree(draft, f"m{place}", one.chief))
    assert ask(hall, "GET", f"{GROUPS}/{group['id']}", pair[0]).json()["state"] == "abandoned"


def test_a_charter_that_was_relaxed_to_fewer_seals_founds_nothing_and_other_groups_go_on(
    hall: Hall, pair: list[Company]
) -> None:
    draft = charter(hall, pair)
    group = done(begin(hall, pair[0], draft))
    slots = [slot(f"m{place}", row=place, kinds=["official"]) for place in range(2)]
    relaxed = [party(one, f"m{place}", required=place == 0) for place, one in enumerate(pair)]
    planned = draft.plan(relaxed, slots, at_least=1)
    assert planned.status_code == 200, planned.text
    other = charter(hall, pair)
    second = done(begin(hall, pair[0], other))
    for one in (draft, other):
        assert one.send().status_code == 200
        done(agree(one, "m0", pair[0].chief))
    done(agree(other, "m1", pair[1].chief))
    assert draft.state() == other.state() == "completed"
    with hall.office.engine.begin() as connection:  # as if no seal had been kept with it
        connection.execute(update(envelope_slots).where(envelope_slots.c.envelope == draft.id).values(sha256=None))
    follow_groups.run(hall.office)
    with hall.office.reading() as work:
        states = [one and one.state.value for one in map(work.groups.get, (group["id"], second["id"]))]
    assert states == ["abandoned", "founded"]


def test_an_election_takes_one_ballot_of_each_member_by_its_legal_representative(
    hall: Hall, pair: list[Company]
) -> None:
    group, _ = founded(hall, pair)
    stranger = companies(hall, 1)[0]
    wrong = ask(hall, "POST", f"{GROUPS}/{group['id']}/elections", pair[0], {"uscc": pair[0].uscc, "threshold": 1})
    assert (wrong.status_code, wrong.json()["reason"]) == (422, "threshold")
    election = election_of(hall, group, pair[0], 2)
    again = ask(hall, "POST", f"{GROUPS}/{group['id']}/elections", pair[0], {"uscc": pair[0].uscc, "threshold": 2})
    assert again.status_code == 409
    path, body = f"/api/v1/elections/{election['id']}/begin", {"uscc": pair[0].uscc, "candidate": pair[0].uscc}
    manager = enrol(hall, pair[0].uscc, "manager", by=pair[0].chief)
    assert hall.client.post(path, json=body, headers=manager.headers()).status_code == 403
    assert ask(hall, "POST", path, pair[1], body).status_code == 404
    assert ask(hall, "POST", path, stranger, {**body, "uscc": stranger.uscc}).status_code == 404
    outside = ask(hall, "POST", path, pair[0], {**body, "candidate": stranger.uscc})
    assert outside.json()["reason"] == "not-a-member"
    opened = ask(hall, "POST", path, pair[0], body).json()
    answer = pair[0].chief.agree(opened["options"])
    other = {**body, "candidate": pair[1].uscc, "response": answer}
    confirmed = ask(hall, "POST", path.replace("begin", "confirm"), pair[0], other)
    assert (confirmed.status_code, confirmed.json()["reason"]) == (403, "assertion-mismatch")
    done(vote(hall, election, pair[0], pair[0]))
    assert vote(hall, election, pair[0], pair[0]).status_code == 409
    assert done(vote(hall, election, pair[1], pair[1]))["state"] == "failed"
    assert mandate_draft(hall, group, election, pair[0]).status_code == 409


def test_a_joint_mandate_stands_only_with_every_signature_and_each_signs_once(
    hall: Hall, pair: list[Company], monkeypatch: pytest.MonkeyPatch
) -> None:
    group, _ = founded(hall, pair)
    election = elected(hall, group, pair, pair[1])
    bad = mandate_draft(hall, group, election, pair[0], currency=None)
    assert (bad.status_code, bad.json()["reason"]) == (422, "terms")
    mandate = done(mandate_draft(hall, group, election, pair[0]))
    assert hall.client.get(f"/api/v1/joint-mandates/{mandate['id']}").status_code == 404

    def gone(*_: object, **__: object) -> bytes:
        raise DeviceGoneError("the token is gone")

    with monkeypatch.context() as patched:
        patched.setattr(joint_mandates, "sign_detached", gone)
        assert sign(hall, mandate, pair[0]).status_code == 503
    done(sign(hall, mandate, pair[0]))
    assert sign(hall, mandate, pair[0]).status_code == 409
    mandate = done(sign(hall, mandate, pair[1]))
    assert mandate["signed"] == sorted(one.uscc for one in pair)
    assert hall.client.get(f"/api/v1/joint-mandates/{mandate['id']}").json()["state"] == "active"
    hall.clock.move(timedelta(days=90, seconds=1))
    assert hall.client.get(f"/api/v1/joint-mandates/{mandate['id']}").json()["state"] == "expired"


def test_the_representative_seals_within_amount_and_matter_and_says_by_which_mandate(
    hall: Hall, pair: list[Company]
) -> None:
    group, _ = founded(hall, pair)
    mandate = given(hall, group, pair, pair[1])
    supplier = companies(hall, 1)[0]
    for more, reason in (({"amount": "5000000.01"}, "mandate-amount"), ({"matter": "租赁"}, "mandate-matter")):
        draft = framework_draft(hall, pair[1], supplier, pair, **more)
        done(make_framework(hall, mandate, draft))
        assert draft.send().status_code == 200
        refused = draft.post("/parties/buyer/begin", {"choices": [], "mandate": mandate["id"]})
        assert (refused.status_code, refused.json()["reason"]) == (403, reason)
    draft = framework_draft(hall, pair[1], supplier, pair)
    done(make_framework(hall, mandate, draft))
    assert make_framework(hall, mandate, draft).status_code == 409
    assert draft.send().status_code == 200
    done(agree(draft, "seller", supplier.chief))
    done(agree(draft, "buyer", pair[1].chief))  # as legal representative, in his own name
    refused = call_off(hall, draft, order(hall, pair[0], supplier, draft, amount="1.00"))
    assert "not sealed under the joint mandate" in refused.json()["detail"]
    silent = make_framework(hall, mandate, framework_draft(hall, pair[1], supplier, pair[1:]))
    assert (silent.status_code, silent.json()["reason"]) == (422, "not-a-member")
    by_other = make_framework(hall, mandate, framework_draft(hall, pair[0], supplier, pair))
    assert by_other.status_code in {403, 404}
    over = make_framework(
        hall, mandate, framework_draft(hall, pair[1], supplier, pair), not_after=hall.clock().isoformat(),
        not_before=(hall.clock() + timedelta(days=1)).isoformat(),
    )  # fmt: skip
    assert (over.status_code, over.json()["reason"]) == (422, "terms")


def test_a_joint_mandate_lends_no_seal_of_a_principal(hall: Hall, pair: list[Company]) -> None:
    group, _ = founded(hall, pair)
    mandate = given(hall, group, pair, pair[1])
    terms = {"matter": "框架采购", "amount": "100.00", "currency": "CNY"}
    for more in ({}, {"mandate": mandate["id"]}):
        refused = lending.ask(pair[1].chief, pair[0].seals["contract"], make_pdf(1), **terms, **more)
        assert (refused.status_code, refused.json()["reason"]) == (403, "mandate-seal")
    own = lending.ask(pair[1].chief, pair[1].seals["contract"], make_pdf(1), **terms, mandate=mandate["id"])
    assert lending.confirm(pair[1].chief, own).json()["state"] == "sealed"


def test_a_seal_used_after_a_principal_withdrew_is_found_out(hall: Hall, pair: list[Company]) -> None:
    group, _ = founded(hall, pair)
    mandate = given(hall, group, pair, pair[1])
    seal = SignatureReport(
        field="Seal1", kind="seal", findings=(), time=hall.clock(), mandates=(mandate["id"], "0" * 32)
    )
    report = Report(kind="pdf", checked_at=hall.clock(), findings=(), signatures=(seal,))

    def said(one: Report) -> list[tuple[str, str]]:
        return [(each.id, each.verdict.value) for each in with_mandates(hall.office, one).signatures[0].findings]

    assert said(report) == [("mandate.stood", "passed")]
    hall.clock.move(timedelta(seconds=1))
    body = {"reason": "we leave"}
    done(ask(hall, "POST", f"/api/v1/mandates/{mandate['id']}/revoke", pair[0], body))
    assert said(report) == [("mandate.stood", "passed")]
    late = replace(report, signatures=(replace(seal, time=hall.clock()),))
    assert said(late) == [("mandate.withdrawn", "failed")]
    none = replace(report, signatures=(replace(seal, mandates=()),))
    assert with_mandates(hall.office, none) is none
