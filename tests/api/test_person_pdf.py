"""A person signs a PDF with a one-time key: on either key store, at B-LT, as our check and poppler see it."""

import io
import secrets
from hashlib import sha256
from pathlib import Path

import pytest

from api.acts import control
from api.acts.ceremony import hold
from api.acts.checking import check_file
from api.acts.evidence import OfficeEvidence
from api.acts.person_keys import PersonOrder, open_person_use
from api.acts.timestamping import OfficeTimeStamper
from api.db.person_uses import PersonUse
from seals.intent import DocumentIntent, Intent, IntentKind
from seals.placement import Invisible
from seals.register import UseState
from seals.signing import Level, seal_pdf
from tests.support.office import HELD_AT, Hall, open_hall, plan
from tests.support.pdf_judges import make_nss, pdfsig
from tests.support.people import enrol
from tests.support.sealing import make_pdf
from tests.support.softhsm import SoftHsm, softhsm
from verify.report import Verdict

__all__ = ["softhsm"]  # a fixture, found by its name


def sign(hall: Hall) -> tuple[PersonUse, bytes]:
    """Enrol somebody, let them agree to a document and sign it."""
    office, document = hall.office, make_pdf()
    person = enrol(hall, hall.register()["uscc"])
    digest = sha256(document).digest()
    intent = Intent(
        kind=IntentKind.SEAL,
        subject="a test",
        documents=(DocumentIntent(sha256=digest, seals=(), name="a.pdf"),),
        purpose="签字",
        nonce=secrets.token_bytes(32),
    )
    response = person.agree(control.begin(office, person.person, intent).options)
    agreed = control.confirm(office, person.person, response)
    order = PersonOrder(person=person.person, assertion=agreed.id, purpose="签字", level="B-LT", document_sha256=digest)
    target = io.BytesIO()
    with open_person_use(office, order) as using:
        made = seal_pdf(
            io.BytesIO(document),
            target,
            key=using.key,
            placement=Invisible(),
            picture=None,
            level=Level.B_LT,
            timestamper=OfficeTimeStamper(office),
            revocation=OfficeEvidence(office),
            now=office.now(),
            authorise=using.authorise,
        )
        signed = target.getvalue()
        with office.work() as work:
            done = using.done(work, sealed_sha256=sha256(signed).digest(), name=None, at=office.now(), field=made.field)
            work.commit()
    return done, signed


def test_our_check_passes_and_names_the_person(hall: Hall) -> None:
    done, signed = sign(hall)
    report = check_file(hall.office, io.BytesIO(signed))
    [signature] = report.signatures
    assert report.verdict is Verdict.PASSED, [one.id for one in signature.findings]
    assert (signature.kind, signature.signer, signature.level) == ("signature", "林知远", "B-LT")
    assert signature.covers_whole_document
    assert done.state is UseState.DONE
    assert done.signed_sha256 == sha256(signed).digest()


@pytest.mark.judge
def test_poppler_finds_the_signature_good_and_over_the_whole_document(hall: Hall, tmp_path: Path) -> None:
    _, signed = sign(hall)
    (tmp_path / "signed.pdf").write_bytes(signed)
    nss = make_nss(tmp_path, hall.office.authority.certificate("root"))
    [found] = pdfsig(tmp_path / "signed.pdf", nss, ocsp=False)
    assert (found.valid, found.whole_document) == (True, True)


@pytest.mark.softhsm
def test_a_token_makes_the_key_and_forgets_it(softhsm: SoftHsm, tmp_path: Path) -> None:
    store = softhsm.token().store()
    try:
        hold(plan(store=store.name), tmp_path / "authority", stores={store.name: store}, now=HELD_AT)
        with open_hall(tmp_path, store=store) as hall:
            done, signed = sign(hall)
            assert done.state is UseState.DONE
            assert check_file(hall.office, io.BytesIO(signed)).verdict is Verdict.PASSED
    finally:
        store.close()
