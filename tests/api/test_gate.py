"""The gate that every use of a seal passes: each reason code, whoever tries; and never once too often, on both databases."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from api.acts import control, rights, uses
from api.acts.agreement import intend
from api.acts.mandate_life import end
from api.acts.sealing import SealOrder, seal_document
from api.db.mandates_tables import mandates
from api.errors import SealUnusableError
from seals.errors import MandateError, RightError
from seals.intent import DocumentIntent, IntentKind
from seals.mandates import Grantee, GranteeKind, MandateEvent
from seals.placement import Invisible
from seals.register import Grounds, SealUse
from seals.signing import Level
from tests.support import lending
from tests.support.machines import machine_token
from tests.support.office import Clock, Hall, code_of, open_hall
from tests.support.people import Enrolled, enrol
from tests.support.postgres import Server, server
from tests.support.rights import lend, lend_to_machine
from tests.support.sealing import make_pdf

THREADS = 8
PDF = make_pdf()
DIGEST = sha256(PDF).digest()
ORDER = SealOrder(level=Level.B_B, placement=Invisible(), reason="")


@pytest.fixture(scope="module")
def firm(shared: Hall) -> dict[str, Any]:
    made = shared.client.post(
        "/api/v1/licences", json={"uscc": shared.register()["uscc"]}, headers=shared.headers("issue")
    ).json()
    assert made["licence"]["state"] == "active"  # and nobody was lent a seal
    return dict(made)


@pytest.fixture(scope="module")
def boss(shared: Hall, firm: dict[str, Any]) -> Enrolled:
    return enrol(shared, firm["licence"]["uscc"])


@pytest.fixture(scope="module")
def user(boss: Enrolled) -> Enrolled:
    return enrol(boss.hall, boss.uscc, "user", "李经办", by=boss)


@pytest.fixture
def code(firm: dict[str, Any]) -> str:
    return code_of(firm)


def try_seal(hall: Hall, code: str, tmp_path: Path, grounds: Grounds, document: bytes = PDF) -> str:
    """The outcome of a use: done, or the reason code."""
    path = tmp_path / "document.pdf"
    path.write_bytes(document)
    before = hall.store.signed.get(f"seal-{code}", 0)
    try:
        with path.open("rb") as file:
            done: SealUse = seal_document(hall.office, code, file, ORDER, grounds=grounds)
    except RightError as exc:
        assert hall.store.signed.get(f"seal-{code}", 0) == before  # the key was not used
        return exc.reason.value
    return done.state.value


def agree(person: Enrolled, *documents: DocumentIntent, kind: IntentKind = IntentKind.SEAL) -> str:
    """A kept assertion over these documents."""
    office = person.hall.office
    opened = control.begin(
        office, person.person, intend(office, kind, "test", purpose="test", documents=tuple(documents))
    )
    return control.confirm(office, person.person, person.agree(opened.options)).id


def on(code: str, *more: str, digest: bytes = DIGEST) -> DocumentIntent:
    return DocumentIntent(sha256=digest, seals=(code, *more))


def test_nobody_seals_without_a_right(shared: Hall, code: str, tmp_path: Path, boss: Enrolled, user: Enrolled) -> None:
    assert try_seal(shared, code, tmp_path, Grounds(actor="x")) == "no-right"
    assert try_seal(shared, code, tmp_path, Grounds(actor="x", machine="erp")) == "no-right"
    assert try_seal(shared, code, tmp_path, Grounds(actor="x", machine="erp", mandate="0" * 32)) == "mandate-state"
    assert try_seal(shared, code, tmp_path, Grounds(actor="x", person=boss.person)) == "no-assertion"
    assert try_seal(shared, code, tmp_path, Grounds(actor="x", person=boss.person, assertion="0")) == "no-assertion"
    assert try_seal(shared, code, tmp_path, Grounds(actor="x", person=user.person, request="0" * 32)) == "request-state"
    own = Grounds(actor="x", person=user.person, assertion=agree(user, on(code)))
    assert try_seal(shared, code, tmp_path, own) == "no-right"


def test_every_attempt_is_in_the_log_with_its_reason(shared: Hall, code: str, tmp_path: Path) -> None:
    try_seal(shared, code, tmp_path, Grounds(actor="a burglar", machine="erp"))
    newest = shared.get(f"/api/v1/seals/{code}/uses").json()["items"]
    (mine,) = [one for one in newest if one["actor"] == "a burglar"]
    assert (mine["state"], mine["document"]) == ("refused", None)
    assert "mandate" in mine["detail"]


def test_an_assertion_seals_exactly_what_it_is_over_and_once(
    shared: Hall, code: str, tmp_path: Path, boss: Enrolled, firm: dict[str, Any]
) -> None:
    given = Grounds(actor="x", person=boss.person, assertion=agree(boss, on(code)))
    other = make_pdf(2)
    assert try_seal(shared, code_of(firm, "finance"), tmp_path, given) == "assertion-mismatch"
    assert try_seal(shared, code, tmp_path, given, other) == "assertion-mismatch"
    assert try_seal(shared, code, tmp_path, given) == "done"
    assert try_seal(shared, code, tmp_path, given) == "assertion-mismatch"  # used


def test_an_assertion_over_two_uses_of_one_seal_gives_two(
    shared: Hall, code: str, tmp_path: Path, boss: Enrolled
) -> None:
    given = Grounds(actor="x", person=boss.person, assertion=agree(boss, on(code, code)))
    outcomes = [try_seal(shared, code, tmp_path, given) for _ in range(3)]
    assert outcomes == ["done", "done", "assertion-mismatch"]


@pytest.mark.parametrize("kind", [IntentKind.APPROVE, IntentKind.GRANT])
def test_an_assertion_to_another_act_seals_nothing(
    shared: Hall, code: str, tmp_path: Path, boss: Enrolled, kind: IntentKind
) -> None:
    given = Grounds(actor="x", person=boss.person, assertion=agree(boss, on(code), kind=kind))
    assert try_seal(shared, code, tmp_path, given) == "assertion-mismatch"


def test_an_assertion_over_a_file_does_not_sign_its_hash_over_the_remote_interface(
    shared: Hall, code: str, boss: Enrolled
) -> None:
    given = Grounds(actor="x", person=boss.person, assertion=agree(boss, on(code)))
    with shared.office.reading() as work:
        one = work.seals.get(code)
        assert one is not None
        rights.require(shared.office, work, one, given, document=DIGEST, level="B-B")
        with pytest.raises(RightError) as caught:
            rights.require(shared.office, work, one, given, document=DIGEST, level=rights.HASH)
    assert caught.value.reason.value == "assertion-mismatch"


def test_an_assertion_of_somebody_else_seals_nothing(
    shared: Hall, code: str, tmp_path: Path, boss: Enrolled, user: Enrolled
) -> None:
    given = Grounds(actor="x", person=boss.person, assertion=agree(user, on(code)))
    assert try_seal(shared, code, tmp_path, given) == "assertion-mismatch"


REASONS = [
    ({}, {}, "done"),
    ({"kinds": frozenset(), "seals": frozenset({"33010600000099"})}, {}, "mandate-seal"),
    ({"matters": ("purchase",)}, {"matter": "loan"}, "mandate-matter"),
    ({"matters": ("purchase",)}, {"matter": "purchase"}, "done"),
    ({"max_amount": Decimal(100), "currency": "CNY"}, {}, "mandate-amount"),
    ({"max_amount": Decimal(100), "currency": "CNY"}, {"amount": Decimal("100.01"), "currency": "CNY"}, "mandate-amount"),
    ({"max_amount": Decimal(100), "currency": "CNY"}, {"amount": Decimal(100), "currency": "CNY"}, "done"),
    ({"max_pages": 1}, {"pages": 2}, "mandate-pages"),
    ({"max_pages": 1}, {"pages": 1}, "done"),
    ({"max_uses": 1, "uses": 1}, {}, "mandate-uses"),
    ({"licences": "another"}, {}, "mandate-licence"),
]  # fmt: skip


@pytest.mark.parametrize(("terms", "asked", "expected"), REASONS)
def test_a_machine_seals_within_its_mandate_only(
    shared: Hall, firm: dict[str, Any], code: str, tmp_path: Path, terms: dict[str, Any], asked: dict[str, Any], expected: str
) -> None:  # fmt: skip
    if "licences" in terms:
        other = shared.establish()["licence"]
        terms = {"licences": {firm["licence"]["uscc"]: other["number"]}}
    held = lend_to_machine(shared.office, firm["licence"]["uscc"], "erp", **terms)
    grounds = Grounds(actor="x", machine="erp", mandate=held.id, **asked)
    assert try_seal(shared, code, tmp_path, grounds) == expected
    assert try_seal(shared, code, tmp_path, replace(grounds, machine="other")) == "mandate-grantee"


def test_the_period_of_a_mandate_is_inclusive(hall: Hall, tmp_path: Path) -> None:
    made = hall.establish()
    now = hall.clock()
    held = lend_to_machine(
        hall.office, made["licence"]["uscc"], "erp", not_before=now, not_after=now + timedelta(hours=1)
    )
    grounds = Grounds(actor="x", machine="erp", mandate=held.id)
    outcomes = []
    for moment in (now - timedelta(seconds=1), now, now + timedelta(hours=1), now + timedelta(hours=1, seconds=1)):
        hall.clock.now = moment
        outcomes.append(try_seal(hall, code_of(made), tmp_path, grounds))
    assert outcomes == ["mandate-period", "done", "done", "mandate-period"]


def test_a_persons_mandate_does_not_seal_without_the_person(
    shared: Hall, boss: Enrolled, user: Enrolled, code: str, tmp_path: Path
) -> None:
    held = lending.lend(boss, user)
    by_machine = Grounds(actor="x", machine=user.person, mandate=held["id"])
    assert try_seal(shared, code, tmp_path, by_machine) == "mandate-grantee"
    person = Grounds(actor="x", person=user.person, mandate=held["id"])
    assert try_seal(shared, code, tmp_path, person) == "no-assertion"
    assert try_seal(shared, code, tmp_path, replace(person, assertion=agree(user, on(code)))) == "done"


def test_automatic_use_needs_a_mandate_that_says_so(shared: Hall, boss: Enrolled, code: str, tmp_path: Path) -> None:
    held = lend_to_machine(shared.office, boss.uscc, "manual")
    with shared.office.engine.begin() as connection:  # no way leads there but by the database
        connection.execute(mandates.update().where(mandates.c.id == held.id).values(automatic=False))
    with pytest.raises(MandateError, match="automatic"):
        try_seal(shared, code, tmp_path, Grounds(actor="x", machine="manual", mandate=held.id))
    firm = Grantee(kind=GranteeKind.ENTERPRISE, id=shared.establish()["licence"]["uscc"])
    above = lend(shared.office, boss.uscc, firm, substitution=True)
    below = lend_to_machine(shared.office, boss.uscc, "erp2", parent=above.id)
    outcome = try_seal(shared, code, tmp_path, Grounds(actor="x", machine="erp2", mandate=below.id))
    assert outcome == "mandate-automatic"


@pytest.mark.parametrize("when", ["revoked", "suspended", "seal"])
def test_a_right_that_goes_between_asking_and_use_does_not_seal(
    hall: Hall, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    made = hall.establish()
    uscc, code = made["licence"]["uscc"], code_of(made)
    held = lend_to_machine(hall.office, uscc, "erp")
    usable = uses._usable

    def and_then_gone(office: Any, asked: Any) -> Any:
        found = usable(office, asked)
        if when == "revoked":
            revoke(hall, held.id)
        elif when == "suspended":
            assert hall.decide("licences", made["licence"]["number"], "suspend").status_code == 200
        else:
            assert hall.decide("seals", code, "suspend").status_code == 200
        return found

    monkeypatch.setattr(uses, "_usable", and_then_gone)
    grounds = Grounds(actor="x", machine="erp", mandate=held.id)
    if when == "revoked":
        assert try_seal(hall, code, tmp_path, grounds) == "mandate-state"
    else:
        with pytest.raises(SealUnusableError):
            try_seal(hall, code, tmp_path, grounds)
    assert hall.store.signed.get(f"seal-{code}", 0) == 0


def revoke(hall: Hall, mandate: str) -> None:
    with hall.office.work() as work:
        found = work.mandates.lock(mandate)
        assert found is not None
        end(work, found.mandate, MandateEvent.REVOKE, why="test", at=hall.clock(), actor="test")
        work.commit()


# -- over HTTP


def test_a_machine_without_a_mandate_is_told_why(shared: Hall, firm: dict[str, Any], code: str) -> None:
    answer = shared.seal(code, PDF, level="B-B")
    assert (answer.status_code, answer.json()["reason"]) == (403, "no-right")
    held = shared.lend(firm["licence"]["uscc"], max_amount=Decimal(100), currency="CNY", max_pages=1)
    within = {"amount": "100.00", "currency": "CNY", "level": "B-B"}
    assert shared.seal(code, PDF, **within).status_code == 201
    assert shared.seal(code, PDF, **(within | {"amount": "100.01"})).json()["reason"] == "mandate-amount"
    assert shared.seal(code, make_pdf(2), **within).json()["reason"] == "mandate-pages"  # counted, not told
    assert shared.seal(code, PDF, mandate="0" * 32, **within).json()["reason"] == "mandate-state"
    revoke(shared, held)
    assert shared.seal(code, PDF, **within).json()["reason"] == "mandate-state"


def test_the_mandate_that_ends_first_is_taken(hall: Hall) -> None:
    made = hall.establish()
    now = hall.clock()
    short = hall.lend(made["licence"]["uscc"], not_after=now + timedelta(days=1), max_uses=1)
    for _ in range(2):
        assert hall.seal(code_of(made), PDF, level="B-B").status_code == 201
    with hall.office.reading() as work:
        found = work.mandates.get(short)
    assert found is not None
    assert (found.mandate.uses, found.mandate.state.value) == (1, "used-up")


def test_a_sealed_file_is_for_whom_had_it_sealed(shared: Hall, firm: dict[str, Any], code: str) -> None:
    shared.lend(firm["licence"]["uscc"])
    use = shared.seal(code, PDF, level="B-B").json()
    assert shared.get(use["document"], "seal").status_code == 200
    for uscc, status in ((firm["licence"]["uscc"], 200), (shared.establish()["licence"]["uscc"], 404)):
        headers = {"Authorization": f"Bearer {machine_token(shared, uscc, 'seal', 'read')}"}
        assert shared.client.get(use["document"], headers=headers).status_code == status
        assert shared.client.get(f"/api/v1/seals/{code}/uses", headers=headers).status_code == status


# -- races


@pytest.fixture(scope="module")
def postgres() -> Iterator[Server]:
    with server() as made:
        yield made


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def crowded(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Hall]:
    database = request.getfixturevalue("postgres").new_database() if request.param == "postgresql" else ""
    with open_hall(tmp_path, database=database, clock=Clock()) as opened:
        yield opened


def together(act: Callable[[int], str]) -> Counter[str]:
    start = Barrier(THREADS)

    def one(number: int) -> str:
        start.wait(30)
        return act(number)

    with ThreadPoolExecutor(THREADS) as pool:
        return Counter(pool.map(one, range(THREADS)))


@pytest.mark.parametrize("times", [1, 3])
def test_eight_at_once_never_use_a_mandate_once_too_often(crowded: Hall, tmp_path: Path, times: int) -> None:
    made = crowded.establish()
    held = lend_to_machine(crowded.office, made["licence"]["uscc"], "erp", max_uses=times)
    grounds = Grounds(actor="x", machine="erp", mandate=held.id)
    codes = [code_of(made, "contract"), code_of(made, "finance")]  # locks on two seals: the mandate's own has to hold
    outcomes = together(lambda number: attempt(crowded, codes[number % 2], tmp_path / str(number), grounds))
    assert outcomes == {"done": times, "mandate-uses": THREADS - times}
    with crowded.office.reading() as work:
        found = work.mandates.get(held.id)
    assert found is not None
    assert (found.mandate.uses, found.mandate.state.value) == (times, "used-up")


def attempt(hall: Hall, code: str, path: Path, grounds: Grounds) -> str:
    path.write_bytes(PDF)
    try:
        with path.open("rb") as file:
            return seal_document(hall.office, code, file, ORDER, grounds=grounds).state.value
    except RightError as exc:
        return exc.reason.value


def test_eight_at_once_use_one_assertion_once(crowded: Hall, tmp_path: Path) -> None:
    made = crowded.establish()
    code = code_of(made)
    boss = enrol(crowded, made["licence"]["uscc"])
    grounds = Grounds(actor="x", person=boss.person, assertion=agree(boss, on(code)))
    outcomes = together(lambda number: attempt(crowded, code, tmp_path / str(number), grounds))
    assert outcomes == {"done": 1, "assertion-mismatch": THREADS - 1}
    assert crowded.store.signed[f"seal-{code}"] == 1


def test_sub_mandates_at_once_never_use_the_one_above_too_often(crowded: Hall, tmp_path: Path) -> None:
    made, other = crowded.establish(), crowded.establish()
    uscc = made["licence"]["uscc"]
    firm = Grantee(kind=GranteeKind.ENTERPRISE, id=other["licence"]["uscc"])
    above = lend(crowded.office, uscc, firm, max_uses=3, automatic=True, substitution=True)
    below = [
        lend_to_machine(crowded.office, uscc, f"erp{number}", max_uses=3, parent=above.id) for number in range(THREADS)
    ]

    def act(number: int) -> str:
        grounds = Grounds(actor="x", machine=f"erp{number}", mandate=below[number].id)
        return attempt(crowded, code_of(made), tmp_path / str(number), grounds)

    outcomes = together(act)
    assert outcomes["done"] == 3
    assert set(outcomes) <= {"done", "mandate-uses", "mandate-state"}
    with crowded.office.reading() as work:
        states = {one.id: work.mandates.get(one.id) for one in below}
    assert {found.mandate.state.value for found in states.values() if found is not None} == {"void"}


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "/api/v1/seals/{code}", "read"),
        ("GET", "/api/v1/events", "audit"),
        ("POST", "/api/v1/seals/{code}/suspend", "issue"),
        ("POST", "/api/v1/enterprises", "register"),
    ],
)
def test_what_is_the_halls_over_all_enterprises_is_not_for_a_token_of_one(
    shared: Hall, method: str, path: str, scope: str
) -> None:
    made = shared.establish()
    headers = {"Authorization": f"Bearer {machine_token(shared, made['licence']['uscc'], scope)}"}
    body = {"reason": "x"} if path.endswith("suspend") else shared.entry()
    answer = shared.client.request(
        method, path.format(code=code_of(made)), headers=headers, json=body if method == "POST" else None
    )
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/forbidden")
