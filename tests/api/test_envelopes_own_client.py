"""A party that signs with a client of its own: what comes back is looked at before it becomes a revision."""

import io
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from httpx import Response

from api.acts.uses import UseOrder, open_use
from seals.placement import Invisible
from seals.register import Grounds
from seals.signing import Level, seal_pdf
from tests.support.envelopes import Company, Draft, agree, companies, drafted, party, slot
from tests.support.office import Hall, open_hall
from tests.support.rights import lend_to_machine
from tests.support.sealing import make_pdf

CERTIFY = 2


@dataclass(frozen=True, slots=True)
class Scene:
    hall: Hall
    buyer: Company
    seller: Company
    mandate: str


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with open_hall(tmp_path_factory.mktemp("market")) as hall:
        buyer, seller = companies(hall, 2)
        mandate = lend_to_machine(hall.office, seller.uscc, "their-client", matters=("*",))
        yield Scene(hall, buyer, seller, mandate.id)


@pytest.fixture
def contract(scene: Scene) -> Draft:
    """The buyer is sealed here, the seller signs by itself."""
    made = drafted(scene.hall, scene.buyer, make_pdf(2))
    planned = made.plan(
        [party(scene.buyer, "buyer"), party(scene.seller, "seller")],
        [slot("buyer", seam=True), slot("seller", row=1, seam=True, own_client=True)],
        level="B-B",
    )
    assert planned.status_code == 200, planned.text
    assert made.send().status_code == 200
    return made


def asked(contract: Draft, who: Company, name: str) -> Response:
    return contract.post(f"/documents/{contract.documents[0]}/prepared", {"slot": name}, who.chief)


def prepared(scene: Scene, contract: Draft) -> Response:
    answer = asked(contract, scene.seller, "seller")
    assert answer.status_code == 200, answer.text
    return answer


def signed(scene: Scene, given: Response, *, kind: str = "contract", certify: int | None) -> bytes:
    """What the client does: the key of the seal over the attributes, on record as one use."""
    office, code = scene.hall.office, scene.seller.seals[kind]
    grounds = Grounds(actor="their client", machine="their-client", mandate=scene.mandate)
    order = UseOrder(seal=code, grounds=grounds, purpose="contract", level="hash", document_sha256=bytes(32))
    target = io.BytesIO()
    with open_use(office, order) as using:
        seal_pdf(
            io.BytesIO(given.content),
            target,
            key=using.key,
            placement=Invisible(),
            picture=None,
            level=Level.B_B,
            now=office.now(),
            field=given.headers["Vermilion-Field"],
            certify=certify,
            authorise=using.authorise,
        )
        with office.work() as work:
            using.done(work, sealed_sha256=bytes(32), name=None, at=office.now())
            work.commit()
    return target.getvalue()


def handed_in(scene: Scene, contract: Draft, file: bytes) -> Response:
    return scene.hall.client.post(
        f"{contract.path}/documents/{contract.documents[0]}/revisions",
        files={"document": ("signed.pdf", file, "application/pdf")},
        data={"slot": "seller"},
        headers=scene.seller.chief.headers(),
    )


def test_what_the_client_signed_becomes_the_newest_revision(scene: Scene, contract: Draft) -> None:
    agree(contract, "buyer", scene.buyer.chief)
    given = prepared(scene, contract)
    assert given.headers["Vermilion-Revision"] == "1"
    answer = handed_in(scene, contract, signed(scene, given, certify=None))
    assert answer.status_code == 200, answer.text
    assert answer.json()["state"] == "completed"
    assert contract.party("seller")["slots"][0]["serial"]
    assert handed_in(scene, contract, given.content).status_code == 409


def test_a_revision_of_an_older_one_is_refused_with_the_newest(scene: Scene, contract: Draft) -> None:
    given = prepared(scene, contract)
    file = signed(scene, given, certify=CERTIFY)
    agree(contract, "buyer", scene.buyer.chief)
    answer = handed_in(scene, contract, file)
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/revision-moved")
    assert "revision 1" in answer.json()["detail"]
    assert contract.party("seller")["state"] == "invited"


def test_what_is_not_only_the_signature_or_not_of_the_seal_is_refused(scene: Scene, contract: Draft) -> None:
    given = prepared(scene, contract)
    for file in (given.content, make_pdf(), given.content + b"\n%%EOF\n"):
        answer = handed_in(scene, contract, file)
        assert (answer.status_code, answer.json()["type"]) == (422, "/problems/document-refused"), answer.text
    uncertified = handed_in(scene, contract, signed(scene, given, certify=None))
    assert (uncertified.status_code, uncertified.json()["reason"]) == (422, "not-only-signed")
    other = handed_in(scene, contract, signed(scene, given, kind="finance", certify=CERTIFY))
    assert (other.status_code, other.json()["type"]) == (409, "/problems/seal-unusable")
    assert handed_in(scene, contract, signed(scene, given, certify=CERTIFY)).status_code == 200


def test_a_slot_that_the_service_seals_is_not_given_out(scene: Scene, contract: Draft) -> None:
    assert asked(contract, scene.buyer, "buyer").status_code == 409
    assert asked(contract, scene.buyer, "seller").status_code == 403
    assert asked(contract, scene.seller, "nobody").status_code == 404


def test_looking_at_the_address_prepares_nothing(scene: Scene, contract: Draft) -> None:
    path = f"/documents/{contract.documents[0]}/prepared?slot=seller"
    assert contract.get(scene.seller.chief, path).status_code == 405
    assert contract.party("seller")["state"] == "invited"
