"""A batch of certificates: in the order that was asked for, on a device several at a time, each under its own issuer."""

import secrets
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives.asymmetric import ec

from api.acts.issuing import Request, issue
from api.acts.office import Office
from api.db.certificates import MAX_ASKED
from ca.ports import Reservation
from ca.subjects import LegalPerson
from hsm.algorithms import load_public_key
from hsm.signer import KeySpec
from seals.register import StoredKey
from tests.support.office import Clock, fresh_store, open_office
from verify.extensions import LicenceInfo, SealInfo

NAME, USCC = "杭州朱砂印务有限公司", "91330106MA2CFLDG4R"


def request(office: Office, profile: str, number: int) -> Request:
    ref = office.store.generate(KeySpec.EC_P256, label=f"leaf-{number}", resident=False)
    seal = SealInfo(kind="contract", code=asn1.PrintableString(f"{33010600000000 + number}"))
    licence = LicenceInfo(uscc=asn1.PrintableString(USCC), version=number)
    return Request(
        profile=office.authority.profile(profile),
        issuer=profile,
        subject=LegalPerson(organization=NAME, uscc=USCC, common_name=f"No. {number}").name(),
        whose=USCC,
        key=StoredKey(id=secrets.token_hex(16), ref=ref, made_at=office.now()),
        info=seal if profile == "seal" else licence,
        valid_for=timedelta(days=365),
    )


@pytest.mark.parametrize("hardware", [False, True], ids=["software", "device"])
def test_a_mixed_batch_comes_back_in_its_order_each_under_its_issuer(hardware: bool, tmp_path: Path) -> None:  # noqa: FBT001 - a parameter of the test
    store = fresh_store()
    store.hardware = hardware
    with open_office(tmp_path, store, Clock()) as office:
        profiles = ["licence", *["seal"] * 9, "licence", "seal"]
        requests = [request(office, profile, number) for number, profile in enumerate(profiles, start=1)]
        issued = issue(office, requests)
        for asked, one in zip(requests, issued, strict=True):
            certificate = x509.load_der_x509_certificate(one.der)
            issuer = office.authority.certificate(asked.issuer)
            certificate.verify_directly_issued_by(issuer)
            assert certificate.serial_number == one.serial
            assert certificate.subject == asked.subject
            key = certificate.public_key()
            assert isinstance(key, ec.EllipticCurvePublicKey)
            assert key == load_public_key(asked.key.ref.spki)
        with office.reading() as work:
            found = work.certificates.find([one.serial for one in issued])
        assert {one.serial: found[one.serial].der for one in issued} == {one.serial: one.der for one in issued}
        assert {row.state for row in found.values()} == {"signed"}


@pytest.mark.parametrize("count", [0, MAX_ASKED, MAX_ASKED + 1])
def test_any_number_of_records_is_found_at_once(count: int, tmp_path: Path) -> None:
    with open_office(tmp_path, fresh_store(), Clock()) as office, office.work() as work:
        serials = [1 << 140 | number for number in range(count)]
        rows = [
            Reservation(serial=serial, issuer="seal", profile="seal", subject="x", key_id=None) for serial in serials
        ]
        if rows:
            work.certificates.reserve(rows, process=office.process, now=office.now())
        assert sorted(work.certificates.find(serials)) == serials
        assert work.certificates.find([1]) == {}


def test_ocsp_knows_only_what_the_issuer_signed(tmp_path: Path) -> None:
    with open_office(tmp_path, fresh_store(), Clock()) as office:
        (one,) = issue(office, [request(office, "seal", 1)])
        reserved = Reservation(serial=5 << 136, issuer="seal", profile="seal", subject="x", key_id=None)
        with office.work() as work:
            work.certificates.reserve([reserved], process=office.process, now=office.now())
            found = work.certificates.standing(one.serial, issuer="seal")
            assert found is not None
            assert found.status.value == "good"
            assert work.certificates.standing(one.serial, issuer="licence") is None
            assert work.certificates.standing(reserved.serial, issuer="seal") is None
            work.certificates.void([reserved.serial], revoked=False, now=office.now())
            assert work.certificates.standing(reserved.serial, issuer="seal") is None
            assert work.certificates.standing(7, issuer="seal") is None
