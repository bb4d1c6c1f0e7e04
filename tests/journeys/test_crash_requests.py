"""kill -9 between any two steps of the last approval of a seal-use request; after a restart it is sealed, once."""

import secrets
from collections import Counter
from io import BytesIO
from pathlib import Path
from typing import Final

import pytest

from api.acts import accounts, applying, request_views, requests
from api.acts.ceremony import hold
from api.acts.establish import establish
from api.acts.office import Office
from api.acts.registry import register
from api.acts.requests import Asking
from api.bootstrap import running_office, utc_now
from api.db.people import Member, Person, Role
from api.demo import samples
from api.demo.people import DemoPerson
from api.tasks import apply_requests
from hsm.keyfile import KdfCost
from hsm.software import SoftwareStore
from seals.requests import RequestState
from tests.journeys.test_crash import PASSPHRASE, every_signature_has_its_intent, killed, nothing_is_open, uses
from tests.support.crash import Act, settings_of
from tests.support.office import plan
from tests.support.sealing import make_pdf

PLACE: Final = {
    "level": "B-LT", "placement": "position", "page": 1, "x_mm": 100.0, "y_mm": 100.0, "keyword": "", "index": 1,
}  # fmt: skip


class Scene:
    """A request that waits for the passkey of one approver."""

    def __init__(self, folder: Path) -> None:
        """Hold the ceremony, establish an enterprise and ask for its contract seal."""
        (folder / "keys").mkdir()
        (folder / "keys" / "passphrase").write_text(PASSPHRASE)
        cheap = KdfCost(memory_kib=8 * 1024, passes=1, lanes=1)
        store = SoftwareStore.create(folder / "keys" / "software.keys", PASSPHRASE.encode(), cost=cheap)
        hold(plan(store=store.name), folder / "authority", stores={store.name: store}, now=utc_now())
        store.close()
        self.folder = folder
        with running_office(settings_of(folder)) as office:
            self.request = self._ask(office)
            self._write_act(office)

    def _ask(self, office: Office) -> str:
        uscc = register(office, samples.enterprise(samples.BUYER), actor="t").uscc
        made = establish(office, uscc, actor="t")
        code = next(seal.code for seal in made.seals if seal.kind.value == "contract")
        self.boss = DemoPerson.representative_of(office, uscc)
        asker = Person(id=secrets.token_hex(16), name="李经办", contact="", state="active", made_at=office.now())
        with office.work() as work:
            work.people.add(asker)
            work.people.appoint(
                Member(
                    id=secrets.token_hex(16), person=asker.id, name=asker.name, uscc=uscc, role=Role.USER,
                    since=office.now(), by="t",
                )
            )  # fmt: skip
            work.commit()
        asking = Asking(
            seal=code, placement=PLACE, name="a.pdf", purpose="采购合同", matter="", amount=None, currency=""
        )
        return requests.ask(office, asker, asking, BytesIO(make_pdf())).id

    def _write_act(self, office: Office) -> None:
        session = accounts.finish_login(office, self.boss.authenticator.assert_(accounts.begin_login(office)))  # noqa: PT009 - of an authenticator
        (self.folder / "boss.token").write_text(session.secret)
        opened = requests.begin(office, self.boss.person.id, self.request)
        credential = self.boss.authenticator.assert_(opened.options)  # noqa: PT009 - as above
        body = {"decision": "approve", "credential": credential}
        Act(path=f"/api/v1/seal-requests/{self.request}/decision", scope="boss", body=body).write(
            self.folder, "approve"
        )


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return Scene(tmp_path_factory.mktemp("scene"))


def test_an_approved_request_is_sealed_once_whenever_the_service_was_killed(scene: Scene, tmp_path: Path) -> None:
    folders = killed(scene.folder, tmp_path, "approve")
    assert len(folders) > 8
    before: Counter[str] = Counter()
    for folder in folders:
        with running_office(settings_of(folder)) as office:
            nothing_is_open(office)
            every_signature_has_its_intent(office, folder)
            found = request_views.request(office, scene.request)
            before[found.state.value] += 1
            apply_requests.run(office)
            assert apply_requests.run(office) == ""  # nothing is left to do
            done = request_views.request(office, scene.request)
            assert (done.state, done.failure, done.process) == (RequestState.SEALED, None, None), folder.name
            assert applying.apply(office, scene.request).use == done.use
            outcomes = {row.id: row.state for row in uses(office)}
            assert Counter(outcomes.values())["done"] == 1, folder.name
            assert outcomes[done.use] == "done"
    assert set(before) == {"approved", "sealed"}  # the first thing that outlives the process is the approval
    assert before["approved"] >= 5
