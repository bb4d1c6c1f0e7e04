"""kill -9 between any two steps of sealing an envelope: nothing is lost, and each slot ends with exactly one signature."""

import json
import subprocess
import sys
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import pytest

from api.acts.access import add_token, authenticate
from api.acts.checking import check_file
from api.acts.envelope_access import Who, who_of
from api.acts.envelope_drafting import PartyPlan, Plan, add_document, create, set_plan
from api.acts.envelope_machine import agree
from api.acts.envelope_run import pursue
from api.acts.envelope_sending import send
from api.acts.office import Office
from api.bootstrap import running_office
from api.db.envelope_records import Whole
from api.db.tables import tokens
from hsm.keyfile import KdfCost
from hsm.software import SoftwareStore
from seals.envelopes import PartyKind, PartyRole
from tests.journeys.test_crash import PASSPHRASE, fill, nothing_is_open, uses
from tests.support.crash import Act, settings_of
from tests.support.rights import lend_to_machine
from tests.support.sealing import make_pdf
from verify.report import Verdict

EVERY: Final = 7  # a kill after every seventh step: the whole of them takes minutes


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sent envelope whose one party, an enterprise with a machine, is about to seal a document."""
    folder = tmp_path_factory.mktemp("envelope-base")
    (folder / "keys").mkdir()
    (folder / "keys" / "passphrase").write_text(PASSPHRASE)
    cheap = KdfCost(memory_kib=8 * 1024, passes=1, lanes=1)
    fill(folder, SoftwareStore.create(folder / "keys" / "software.keys", PASSPHRASE.encode(), cost=cheap))
    with running_office(settings_of(folder)) as office:
        with office.reading() as work:
            seal = next(one for one in work.seals.page(after="", limit=50) if one.kind.value == "contract")
        secret, mandate = machine_of(office, seal.uscc)
        (folder / "machine.token").write_text(secret)
        who = who_of(office, authenticate(office, secret), "machine")
        envelope = sent(office, who, seal.uscc)
    body: dict[str, Any] = {"choices": [], "mandate": mandate}
    Act(path=f"/api/v1/envelopes/{envelope}/parties/maker/seal", scope="machine", body=body).write(folder, "envelope")
    (folder / "envelope.id").write_text(envelope)
    return folder


def machine_of(office: Office, uscc: str) -> tuple[str, str]:
    """A token of the enterprise's own, and a mandate for automatic use."""
    token, secret = add_token(office, name="erp", scopes=frozenset({"seal"}), valid_for=timedelta(days=1))
    with office.engine.begin() as connection:
        connection.execute(tokens.update().where(tokens.c.id == token.id).values(uscc=uscc))
    return secret, lend_to_machine(office, uscc, token.id, matters=("*",)).id


def sent(office: Office, who: Who, uscc: str) -> str:
    made = create(office, who, uscc=uscc, title="Statement")
    made = add_document(office, who, made.id, BytesIO(make_pdf(2)), name="statement.pdf")
    slot = {
        "party": "maker",
        "kinds": ["contract"],
        "spots": [{"at": "position", "page": 1, "x_mm": 60, "y_mm": 60}],
        "seam": {"y_mm": 120},
    }
    party = PartyPlan(id="maker", kind=PartyKind.ENTERPRISE, role=PartyRole.SIGN, step=0, required=True, uscc=uscc)
    plan = Plan(title="Statement", parties=[party], slots={one.id: [slot] for one in made.documents})
    set_plan(office, who, made.id, plan)
    send(office, who, made.id)
    return made.id


def killed(base: Path, out: Path) -> list[Path]:
    command = [sys.executable, "-m", "tests.support.crash", str(base), str(out), "envelope", str(EVERY)]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=400, check=False, cwd=Path(__file__).parents[2]
    )
    assert done.returncode == 0, done.stderr
    return sorted(out.iterdir(), key=lambda folder: int(folder.name))


def test_an_envelope_killed_at_any_step_ends_with_one_signature_in_each_slot(base: Path, tmp_path: Path) -> None:
    folders = killed(base, tmp_path)
    assert len(folders) > 3
    before: set[str] = set()
    for folder in folders:
        with running_office(settings_of(folder)) as office:
            nothing_is_open(office)
            envelope = (folder / "envelope.id").read_text()
            before.add(states(office, envelope))
            if states(office, envelope) == "invited":
                agreed(office, folder, envelope)
            pursue(office, envelope)
            whole = is_whole(office, envelope)
            assert [row.state for row in uses(office)].count("done") == len(whole.slots), folder.name
    assert before & {"authorised", "sealing"}
    assert "completed" in before


def agreed(office: Office, folder: Path, envelope: str) -> None:
    """Ask once more, as a client does that got no answer."""
    who = who_of(office, authenticate(office, (folder / "machine.token").read_text()), "machine")
    agree(office, who, envelope, "maker", (), mandate=Act.read(folder, "envelope").body["mandate"])


def states(office: Office, envelope: str) -> str:
    with office.reading() as work:
        whole = work.envelopes.get(envelope)
    assert whole is not None
    return "completed" if whole.record.state.value == "completed" else whole.parties[0].state.value


def is_whole(office: Office, envelope: str) -> Whole:
    """Completed and archived, each file with its one seal and the time-stamp, each good."""
    with office.reading() as work:
        whole = work.envelopes.get(envelope)
    assert whole is not None
    assert (whole.record.state.value, whole.record.failure) == ("completed", None), json.dumps(str(whole.record))
    assert whole.record.archived_at is not None
    for document in whole.documents:
        report = check_file(office, BytesIO(office.objects.read(document.current_object or "")))
        assert [one.kind for one in report.signatures] == ["seal", "timestamp"]
        assert {one.verdict for one in report.signatures} == {Verdict.PASSED}
    return whole
