"""CRLs: recorded before they are signed, complete, numbered, and fast enough for many entries."""

import time
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from ca.certificate_states import GOOD, Reason, Standing
from ca.crl import MAX_FRESH_FOR, Entry, crl_draft, sign_crl_intent
from ca.der import wrap
from ca.errors import IntentError, ProfileError
from ca.issuance import draft
from ca.keys import throwaway
from ca.lint import check
from hsm.algorithms import identifier
from tests.support.keys import MemorySigner, make_key
from tests.support.pki import NOW, shared_pki

PKI = shared_pki()
SEAL_CA = PKI.authority.issuer("seal")
WEEK = timedelta(days=7)


def signed(tbs: bytes) -> bytes:
    with PKI.store.lease(PKI.authority.key("seal")) as signer:
        return sign_crl_intent(tbs, signer=signer, algorithm=SEAL_CA.algorithm, issuer_public_key=SEAL_CA.public_key)


def test_a_crl_says_who_is_revoked_since_when_and_why() -> None:
    standings = {
        1: GOOD.revoke(Reason.KEY_COMPROMISE, at=NOW),
        2: GOOD.suspend(at=NOW + timedelta(hours=1)),
        3: GOOD.revoke(Reason.UNSPECIFIED, at=NOW),
    }
    crl = x509.load_der_x509_crl(PKI.crl("seal", standings, number=41))
    found = {
        one.serial_number: (one.revocation_date_utc, [extension.value for extension in one.extensions]) for one in crl
    }
    assert found == {
        1: (NOW, [x509.CRLReason(x509.ReasonFlags.key_compromise)]),
        2: (NOW + timedelta(hours=1), [x509.CRLReason(x509.ReasonFlags.certificate_hold)]),
        3: (NOW, []),  # "unspecified" should be absent: RFC 5280 §5.3.1
    }
    assert crl.is_signature_valid(SEAL_CA.public_key)
    assert crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == 41
    key_identifier = crl.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
    assert key_identifier == SEAL_CA.key_identifier
    assert (crl.last_update_utc, crl.next_update_utc) == (NOW, NOW + WEEK)


def test_the_crl_holds_exactly_the_recorded_bytes() -> None:
    drafted = crl_draft(SEAL_CA, [], number=1, now=NOW, fresh_for=WEEK)
    assert x509.load_der_x509_crl(signed(drafted.tbs)).tbs_certlist_bytes == drafted.tbs
    assert len(drafted.tbs_sha256) == 32


def test_the_bytes_are_those_that_the_library_would_write() -> None:
    entries = [
        Entry(serial=1, since=NOW, reason=Reason.KEY_COMPROMISE),
        Entry(serial=0xFF, since=NOW.replace(year=2049), reason=Reason.UNSPECIFIED),
        Entry(serial=1 << 150, since=NOW.replace(year=2050), reason=Reason.HOLD),
    ]
    ours = crl_draft(SEAL_CA, entries, number=128, now=NOW, fresh_for=WEEK, distribution_point="http://a.example/1.crl")
    builder = x509.CertificateRevocationListBuilder(
        issuer_name=SEAL_CA.certificate.subject,
        last_update=NOW.replace(tzinfo=None),
        next_update=(NOW + WEEK).replace(tzinfo=None),
    )
    for extension in x509.load_der_x509_crl(signed(ours.tbs)).extensions:
        builder = builder.add_extension(extension.value, critical=extension.critical)
    for entry in entries:
        line = x509.RevokedCertificateBuilder(entry.serial, entry.since.replace(tzinfo=None))
        if entry.reason is not Reason.UNSPECIFIED:
            line = line.add_extension(x509.CRLReason(entry.reason.flag), critical=False)
        builder = builder.add_revoked_certificate(line.build())
    assert builder.sign(throwaway(SEAL_CA.spec), hashes.SHA384()).tbs_certlist_bytes == ours.tbs


@pytest.mark.parametrize("serial", [0, -1, 1 << 159])
def test_an_entry_without_a_proper_serial_number_or_time_is_refused(serial: int) -> None:
    for entry in (
        Entry(serial=serial, since=NOW, reason=Reason.SUPERSEDED),
        Entry(serial=1, since=NOW.replace(tzinfo=None), reason=Reason.SUPERSEDED),
    ):
        with pytest.raises(ProfileError):
            crl_draft(SEAL_CA, [entry], number=1, now=NOW, fresh_for=WEEK)


def test_a_distribution_point_is_critical_and_absent_from_a_list_of_everything() -> None:
    whole = x509.load_der_x509_crl(PKI.crl("seal"))
    part = x509.load_der_x509_crl(PKI.crl("seal", distribution_point="http://a.example/1.crl"))
    assert [extension.critical for extension in whole.extensions] == [False, False]
    point = part.extensions.get_extension_for_class(x509.IssuingDistributionPoint)
    assert point.critical
    assert point.value.full_name == [x509.UniformResourceIdentifier("http://a.example/1.crl")]


@pytest.mark.parametrize(
    ("number", "fresh_for", "good"),
    [
        (0, WEEK, False),
        (1, WEEK, True),
        ((1 << 159) - 1, WEEK, True),
        (1 << 159, WEEK, False),
        (1, timedelta(), False),
        (1, timedelta(seconds=1), True),
        (1, MAX_FRESH_FOR, True),
        (1, MAX_FRESH_FOR + timedelta(seconds=1), False),
    ],
)
def test_number_and_freshness_have_limits(number: int, fresh_for: timedelta, *, good: bool) -> None:
    if good:
        assert crl_draft(SEAL_CA, [], number=number, now=NOW, fresh_for=fresh_for).tbs
    else:
        with pytest.raises(ProfileError):
            crl_draft(SEAL_CA, [], number=number, now=NOW, fresh_for=fresh_for)


def test_a_certificate_cannot_stand_twice_and_a_good_one_not_at_all() -> None:
    entry = Entry(serial=5, since=NOW, reason=Reason.SUPERSEDED)
    with pytest.raises(ProfileError, match="twice"):
        crl_draft(SEAL_CA, [entry, entry], number=1, now=NOW, fresh_for=WEEK)
    for standing in (GOOD, Standing()):
        with pytest.raises(ProfileError, match="good"):
            Entry.of(5, standing)


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ProfileError, match="zone"):
        crl_draft(SEAL_CA, [], number=1, now=NOW.replace(tzinfo=None), fresh_for=WEEK)


def test_a_crl_is_signed_by_the_issuers_key_only() -> None:
    drafted = crl_draft(SEAL_CA, [], number=1, now=NOW, fresh_for=WEEK)
    stranger = MemorySigner(make_key(SEAL_CA.spec))
    with pytest.raises(IntentError, match="not that of the issuer"):
        sign_crl_intent(drafted.tbs, signer=stranger, algorithm=SEAL_CA.algorithm, issuer_public_key=SEAL_CA.public_key)


@pytest.mark.parametrize(
    "tbs",
    [b"", b"\x30\x00", wrap(0x30, b"\x02\x01\x01", identifier(SEAL_CA.algorithm))],
    ids=["empty", "no field", "no CRL"],
)
def test_bytes_that_are_no_crl_are_not_handed_out(tbs: bytes) -> None:
    with pytest.raises(IntentError):
        signed(tbs)


def test_the_bytes_of_a_certificate_are_not_signed_as_a_crl() -> None:
    with pytest.raises(IntentError):
        signed(draft(PKI.plan(), lint=check).tbs)


def test_a_list_of_twenty_thousand_takes_no_more_than_seconds() -> None:
    """A list that is copied for each entry takes a hundred times as long."""
    entries = [Entry(serial=(1 << 130) + number, since=NOW, reason=Reason.SUPERSEDED) for number in range(20_000)]
    started = time.process_time()
    tbs = crl_draft(SEAL_CA, entries, number=1, now=NOW, fresh_for=WEEK).tbs
    assert time.process_time() - started < 5
    assert len(x509.load_der_x509_crl(signed(tbs))) == 20_000
