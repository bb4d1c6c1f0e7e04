"""Buying together, from the charter to the obligations of each member, and what a check of the contract answers."""

from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests.support.consortium import (
    GROUPS,
    ask,
    call_off,
    done,
    election_of,
    founded,
    framework_draft,
    make_framework,
    mandate_draft,
    order,
    sign,
    vote,
)
from tests.support.envelopes import Draft, agree, companies, company
from tests.support.office import Hall, open_hall
from verify.joint_mandate import Credential, JointMandate


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    with open_hall(tmp_path) as opened:
        yield opened


def current(draft: Draft) -> bytes:
    return draft.get(what=f"/documents/{draft.documents[0]}/file").content


def check(hall: Hall, file: bytes) -> dict[str, Any]:
    answer = hall.client.post("/api/v1/verify", files={"file": ("a.pdf", file, "application/pdf")})
    assert answer.status_code == 200, answer.text
    report: dict[str, Any] = answer.json()
    return report


def test_three_enterprises_buy_together_and_each_answers_for_its_own_order(hall: Hall) -> None:  # noqa: PLR0915 - one story
    members = [company(hall, name=f"联合采购成员{place}有限公司") for place in "甲乙丙"]
    first, second, third = members
    supplier, stranger = companies(hall, 2)

    # the charter founds the group; its hash is the group's name
    group, charter = founded(hall, members)
    assert group["state"] == "founded"
    assert current(charter).startswith(b"%PDF")
    with hall.office.reading() as work:
        files = work.envelopes.by_file([bytes.fromhex(group["charter_sha256"])])
    assert {one.envelope for one in files} == {charter.id}
    assert current(charter)[: files[0].size] == hall.office.objects.read(files[0].object)
    assert sha256(current(charter)[: files[0].size]).hexdigest() == group["charter_sha256"]

    # two of three elect the second; the third comes too late
    election = election_of(hall, group, first, 2)
    assert done(vote(hall, election, first, second))["state"] == "open"
    election = done(vote(hall, election, second, second))
    assert (election["state"], election["elected"]) == ("elected", second.uscc)
    assert vote(hall, election, third, third).status_code == 409

    # the joint mandate stands once the official seal of every principal is under it
    mandate = done(mandate_draft(hall, group, election, third))
    path = f"{GROUPS}/{group['id']}/mandates/{mandate['id']}/joint-mandate.json"
    for one in members:
        assert ask(hall, "GET", path, one).status_code == 409
        mandate = done(sign(hall, mandate, one))
    credential = Credential.decode(ask(hall, "GET", path, third).content)
    assert credential.mandate == JointMandate.parse(mandate["payload"].encode())
    assert hall.client.get(f"/api/v1/joint-mandates/{mandate['id']}").json()["state"] == "active"

    # the representative seals the framework contract for all
    framework = framework_draft(hall, second, supplier, members)
    done(make_framework(hall, mandate, framework))
    assert framework.send().status_code == 200
    done(agree(framework, "seller", supplier.chief))
    sealed = agree(framework, "buyer", second.chief, mandate=mandate["id"])
    assert done(sealed)["state"] == "completed", sealed.text
    report = check(hall, current(framework))
    said = {
        one["organization_identifier"]: [each for each in one["findings"] if each["id"].startswith("mandate.")]
        for one in report["signatures"]
        if one["kind"] == "seal"
    }
    assert said[f"NTRCN-{supplier.uscc}"] == []
    joint, stood = said[f"NTRCN-{second.uscc}"]
    assert (stood["id"], stood["verdict"]) == ("mandate.stood", "passed")
    assert (joint["id"], joint["verdict"]) == ("mandate.joint", "passed")
    names = [one.name for one in sorted(members, key=lambda one: one.uscc)]
    moment = hall.clock().strftime("%Y-%m-%dT%H:%M:%SZ")
    assert f"Sealed by {second.name} for {', '.join(names)} under the joint mandate {mandate['id']}" in joint["text"]
    assert f"valid at {moment}" in joint["text"]
    assert f"由{second.name}代表{'、'.join(names)}依据联合授权 {mandate['id']} 盖章" in joint["text_zh"]
    assert report["verdict"] == "passed", report

    # each member calls off on its own account, within what is left
    orders = [order(hall, one, supplier, framework, amount="400000.00") for one in (first, third)]
    for each in orders:
        done(call_off(hall, framework, each))
    assert orders[0].send().status_code == 200
    done(agree(orders[0], "buyer", first.chief))
    done(agree(orders[0], "seller", supplier.chief))
    account = done(ask(hall, "GET", f"/api/v1/frameworks/{framework.id}", first))
    assert [(one["uscc"], one["amount"], one["state"]) for one in account["call_offs"]] == [
        (first.uscc, "400000.00", "obliged")
    ]
    assert (account["taken"], account["left"]) == ("800000.00", "200000.00")
    every = done(ask(hall, "GET", f"/api/v1/frameworks/{framework.id}", second))["call_offs"]
    assert {(one["uscc"], one["state"]) for one in every} == {(first.uscc, "obliged"), (third.uscc, "ordered")}
    much = call_off(hall, framework, order(hall, second, supplier, framework, amount="200000.01"))
    assert (much.status_code, much.json()["reason"]) == (422, "limit")
    done(call_off(hall, framework, order(hall, second, supplier, framework, amount="200000.00")))

    # any principal ends the mandate for all; nothing new is sealed under it
    hall.clock.move(timedelta(minutes=1))
    revoked = ask(hall, "POST", f"/api/v1/mandates/{mandate['id']}/revoke", third, {"reason": "we leave"})
    assert revoked.status_code == 200, revoked.text
    assert hall.client.get(f"/api/v1/joint-mandates/{mandate['id']}").json()["state"] == "revoked"
    assert check(hall, current(framework))["verdict"] == "passed"  # what was sealed before stays sealed
    late = make_framework(hall, mandate, framework_draft(hall, second, supplier, members))
    assert (late.status_code, late.json()["type"]) == (409, "/problems/group-state")

    # to everybody else none of it exists
    for hidden in (f"{GROUPS}/{group['id']}", path, f"/api/v1/frameworks/{framework.id}"):
        assert ask(hall, "GET", hidden, stranger).status_code == 404
