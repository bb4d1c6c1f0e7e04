"""Sealing: what is promised about the file, the key and the record."""

import hashlib
import io
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.reader import PdfFileReader

from hsm.errors import DeviceError
from hsm.signer import KeySpec, SignatureAlgorithm
from seals.archive import archive_pdf
from seals.errors import DocumentRefusedError, EvidenceError, PlacementError, Reason, SealStateError, TimestampError
from seals.placement import AtPosition, InField, Invisible
from seals.signing import Level, SealIntent, seal_pdf
from tests.support.keys import MemorySigner, make_key
from tests.support.pdf_facts import signatures
from tests.support.sealing import (
    NOW,
    PICTURE,
    LocalRevocation,
    LocalTimeStamper,
    default_key,
    make_pdf,
    pki,
    seal_bytes,
    seal_file,
)

CORNER = AtPosition(page=-1, x_mm=150, y_mm=250)


class BrokenSigner(MemorySigner):
    """A device that fails when it is used."""

    def sign(self, message: bytes, algorithm: SignatureAlgorithm) -> bytes:
        raise DeviceError("gone")


def test_the_document_is_kept_byte_for_byte_and_only_appended_to() -> None:
    document = make_pdf(3)
    assert seal_bytes(document, placement=CORNER).startswith(document)


@pytest.mark.parametrize("level", Level)
def test_the_signature_covers_every_byte_but_itself(level: Level) -> None:
    sealed, result = seal_file(make_pdf(), level=level, placement=CORNER)
    found = signatures(result)[0]
    assert found.byte_range[0] == 0
    assert hashlib.sha256(found.signed).digest() == sealed.digest
    assert found.cms == sealed.signature
    if level is not Level.B_LTA:
        assert sum(found.byte_range[2:]) == len(result)
    assert (sealed.size, sealed.file_digest) == (len(result), hashlib.sha256(result).digest())


def test_what_is_signed_is_recorded_before_the_key_is_used() -> None:
    order: list[str] = []
    intents: list[SealIntent] = []

    class Watched(MemorySigner):
        def sign(self, message: bytes, algorithm: SignatureAlgorithm) -> bytes:
            order.append("sign")
            assert message == intents[-1].attributes
            return super().sign(message, algorithm)

    def authorise(intent: SealIntent) -> None:
        order.append("authorise")
        intents.append(intent)

    key = default_key()
    assert isinstance(key.signer, MemorySigner)
    sealed, _ = seal_file(
        make_pdf(), key=replace(key, signer=Watched(key.signer.key)), placement=CORNER, authorise=authorise
    )
    assert order == ["authorise", "sign"]
    assert (intents[0].field, intents[0].page, intents[0].digest) == (sealed.field, 1, sealed.digest)
    assert sealed.digest in intents[0].attributes


def test_nothing_is_signed_and_the_target_stays_empty_when_the_record_cannot_be_made() -> None:
    class NeverUsed(MemorySigner):
        def sign(self, message: bytes, algorithm: SignatureAlgorithm) -> bytes:
            raise AssertionError("the key was used")

    def authorise(intent: SealIntent) -> None:
        raise OSError("no record today")

    key = default_key()
    assert isinstance(key.signer, MemorySigner)
    target = io.BytesIO(b"left from before")
    with pytest.raises(OSError, match="no record"):
        seal_pdf(
            io.BytesIO(make_pdf()),
            target,
            key=replace(key, signer=NeverUsed(key.signer.key)),
            placement=Invisible(),
            picture=None,
            level=Level.B_B,
            now=NOW,
            authorise=authorise,
        )
    assert target.getvalue() == b""


def test_the_target_stays_empty_when_the_key_fails() -> None:
    key = default_key()
    assert isinstance(key.signer, MemorySigner)
    target = io.BytesIO()
    with pytest.raises(DeviceError):
        seal_pdf(
            io.BytesIO(make_pdf()),
            target,
            key=replace(key, signer=BrokenSigner(key.signer.key)),
            placement=Invisible(),
            picture=None,
            level=Level.B_B,
            now=NOW,
        )
    assert target.getvalue() == b""


def test_a_key_that_is_not_the_certificates_never_signs() -> None:
    key = replace(default_key(), signer=MemorySigner(make_key(KeySpec.EC_P256)))
    with pytest.raises(SealStateError, match="not of this key"):
        seal_bytes(make_pdf(), key=key)


@pytest.mark.parametrize(("offset", "valid"), [(0, True), (1, False)])
def test_the_certificate_is_valid_up_to_its_last_second(offset: int, *, valid: bool) -> None:
    certificate = default_key().certificate
    late = certificate.not_valid_after_utc + timedelta(seconds=offset)
    early = certificate.not_valid_before_utc - timedelta(seconds=offset)
    for moment in (late, early):
        if valid:
            assert seal_bytes(make_pdf(), now=moment)
        else:
            with pytest.raises(SealStateError, match="not valid at this time"):
                seal_bytes(make_pdf(), now=moment)


def test_no_signing_time_attribute_but_the_claimed_time_in_the_dictionary() -> None:
    result = seal_bytes(make_pdf(), reason="合同盖章", location="深圳", contact="seal@example.org")
    signer = signatures(result)[0].content["signer_infos"][0]
    assert "signing_time" not in {one["type"].native for one in signer["signed_attrs"]}
    dictionary = PdfFileReader(io.BytesIO(result)).embedded_signatures[0].sig_object
    assert dictionary["/M"] == f"D:{NOW:%Y%m%d%H%M%S}Z" or str(dictionary["/M"]).startswith(f"D:{NOW:%Y%m%d%H%M%S}")
    assert (dictionary["/Reason"], dictionary["/Location"], dictionary["/ContactInfo"]) == (
        "合同盖章", "深圳", "seal@example.org",
    )  # fmt: skip
    assert dictionary["/SubFilter"] == "/ETSI.CAdES.detached"


def test_the_root_certificate_is_not_embedded_but_the_issuer_is() -> None:
    embedded = {one.chosen.dump() for one in signatures(seal_bytes(make_pdf()))[0].content["certificates"]}
    key = default_key()
    assert embedded == {one.public_bytes(Encoding.DER) for one in (key.certificate, key.chain[0])}


@pytest.mark.parametrize("level", [Level.B_T, Level.B_LT, Level.B_LTA])
def test_from_b_t_on_the_signature_is_time_stamped(level: Level) -> None:
    sealed, result = seal_file(make_pdf(), level=level)
    unsigned = signatures(result)[0].content["signer_infos"][0]["unsigned_attrs"]
    assert [one["type"].native for one in unsigned] == ["signature_time_stamp_token"]
    assert sealed.time == NOW


def test_evidence_is_in_the_same_revision_as_the_seal() -> None:
    sealed, result = seal_file(make_pdf(), level=Level.B_LT)
    store = PdfFileReader(io.BytesIO(result)).root["/DSS"]
    assert sealed.revisions == 1
    assert (len(store["/Certs"]), len(store["/CRLs"])) == (5, 3)  # seal, TSA, two CAs, the root; a CRL of each CA
    assert "/OCSPs" not in store


def test_a_later_seal_adds_no_evidence_twice() -> None:
    once = seal_bytes(make_pdf(), level=Level.B_LT)
    other = pki().key(name="财务专用章")
    twice = seal_bytes(once, level=Level.B_LT, key=other)
    store = PdfFileReader(io.BytesIO(twice)).root["/DSS"]
    assert (len(store["/Certs"]), len(store["/CRLs"])) == (6, 3)


def test_archiving_adds_a_document_time_stamp_over_all_before_it() -> None:
    sealed, result = seal_file(make_pdf(), level=Level.B_LTA)
    seal, stamp = signatures(result)
    imprint = stamp.content["encap_content_info"]["content"].parsed["message_imprint"]["hashed_message"].native
    assert sealed.revisions == 2
    assert sum(stamp.byte_range[2:]) == len(result)
    assert imprint == hashlib.sha256(stamp.signed).digest()
    assert sum(seal.byte_range[2:]) < stamp.byte_range[1]


def test_an_archived_document_can_be_archived_again() -> None:
    first = seal_bytes(make_pdf(), level=Level.B_LT)
    for _ in range(2):
        target = io.BytesIO()
        size = archive_pdf(io.BytesIO(first), target, timestamper=pki().timestamper, revocation=pki().revocation)
        assert size == len(target.getvalue())
        assert target.getvalue().startswith(first)
        first = target.getvalue()
    reader = PdfFileReader(io.BytesIO(first))
    names = [one.field_name for one in reader.embedded_timestamp_signatures]
    assert names == ["Timestamp-00001", "Timestamp-00002"]


def test_a_failed_archiving_leaves_the_target_empty() -> None:
    target = io.BytesIO(b"old")
    with pytest.raises(DocumentRefusedError):
        archive_pdf(io.BytesIO(b"no PDF"), target, timestamper=pki().timestamper, revocation=pki().revocation)
    assert target.getvalue() == b""


def test_a_level_that_needs_what_is_not_there_is_an_error_and_no_lower_level() -> None:
    with pytest.raises(TimestampError):
        seal_bytes(make_pdf(), level=Level.B_T, timestamper=None)
    with pytest.raises(EvidenceError):
        seal_bytes(make_pdf(), level=Level.B_LT, revocation=None)


def test_a_time_stamping_authority_that_fails_stops_the_sealing() -> None:
    class Down(LocalTimeStamper):
        def stamp(self, digest: bytes, digest_name: str) -> bytes:
            raise TimestampError("connection refused")

    up = pki().timestamper
    with pytest.raises(TimestampError, match="refused"):
        seal_bytes(
            make_pdf(),
            level=Level.B_T,
            timestamper=Down(certificate=up.certificate, key=up.key, chain=up.chain),
        )


def test_a_token_larger_than_expected_is_given_room_in_a_second_attempt() -> None:
    up = pki().timestamper
    large = LocalTimeStamper(certificate=up.certificate, key=up.key, chain=up.chain, padding=20_000)
    attempts: list[int] = []
    sealed, result = seal_file(
        make_pdf(),
        level=Level.B_LTA,
        timestamper=large,
        authorise=lambda intent: attempts.append(intent.attempt),
    )
    assert attempts == [1, 2]
    assert hashlib.sha256(signatures(result)[0].signed).digest() == sealed.digest


def test_a_token_that_keeps_growing_is_an_error() -> None:
    class Growing(LocalTimeStamper):
        def stamp(self, digest: bytes, digest_name: str) -> bytes:
            self.padding += 10_000
            return super().stamp(digest, digest_name)

    up = pki().timestamper
    for level in (Level.B_T, Level.B_LTA):
        growing = Growing(certificate=up.certificate, key=up.key, chain=up.chain)
        with pytest.raises(TimestampError, match="grew"):
            seal_bytes(make_pdf(), level=level, timestamper=growing)


def test_a_revoked_seal_does_not_get_a_level_with_evidence() -> None:
    key = default_key()
    revoked = LocalRevocation(authorities=pki().revocation.authorities, revoked=(key.certificate,))
    with pytest.raises(EvidenceError, match="revoked"):
        seal_bytes(make_pdf(), level=Level.B_LT, revocation=revoked)


def test_ocsp_responses_serve_as_evidence() -> None:
    source = LocalRevocation(authorities=pki().revocation.authorities, by_ocsp=(default_key().certificate,))
    store = PdfFileReader(io.BytesIO(seal_bytes(make_pdf(), level=Level.B_LT, revocation=source))).root["/DSS"]
    assert (len(store["/OCSPs"]), len(store["/CRLs"])) == (1, 2)


def test_the_same_picture_is_kept_once_in_the_file() -> None:
    once = seal_bytes(make_pdf(), placement=CORNER)
    twice = seal_bytes(once, placement=AtPosition(page=1, x_mm=50, y_mm=100))
    assert (once.count(b"/Subtype /Form"), twice.count(b"/Subtype /Form")) == (1, 1)
    other = replace(PICTURE, content=PICTURE.content + b" ")
    thrice = seal_bytes(twice, placement=AtPosition(page=1, x_mm=50, y_mm=200), picture=other)
    assert thrice.count(b"/Subtype /Form") == 2


def test_names_of_new_fields_are_free_and_none_begins_another() -> None:
    document = make_pdf()
    for number in range(1, 4):
        sealed, document = seal_file(document)
        assert sealed.field == f"Seal-{number:05d}"


def test_a_field_can_be_named_but_not_signed_twice() -> None:
    sealed, document = seal_file(make_pdf(), field="甲方")
    assert sealed.field == "甲方"
    with pytest.raises(DocumentRefusedError) as refused:
        seal_bytes(document, field="甲方")
    assert refused.value.reason is Reason.LOCKED


@pytest.mark.parametrize("name", ["a.b", "x" * 101])
def test_a_new_field_cannot_have_a_compound_or_endless_name(name: str) -> None:
    with pytest.raises(PlacementError):
        seal_bytes(make_pdf(), field=name)


def test_a_field_that_is_not_there_cannot_be_filled() -> None:
    with pytest.raises(PlacementError, match="no empty signature field"):
        seal_bytes(make_pdf(), field="Party A", placement=InField())


def test_a_visible_seal_needs_a_picture() -> None:
    with pytest.raises(PlacementError, match="picture"):
        seal_bytes(make_pdf(), placement=CORNER, picture=None)


def test_a_second_seal_is_refused_after_certification_without_changes() -> None:
    certified = seal_bytes(make_pdf(), certify=1)
    with pytest.raises(DocumentRefusedError) as refused:
        seal_bytes(certified)
    assert refused.value.reason is Reason.CERTIFIED


@pytest.mark.parametrize("permission", [2, 3])
def test_a_second_seal_is_possible_after_certification_for_signing(permission: int) -> None:
    assert len(signatures(seal_bytes(seal_bytes(make_pdf(), certify=permission)))) == 2


@pytest.mark.parametrize("permission", [0, 4])
def test_there_are_three_levels_of_certification(permission: int) -> None:
    with pytest.raises(PlacementError):
        seal_bytes(make_pdf(), certify=permission)


def test_only_the_first_signature_certifies() -> None:
    with pytest.raises(DocumentRefusedError) as refused:
        seal_bytes(seal_bytes(make_pdf()), certify=2)
    assert refused.value.reason is Reason.LOCKED


def test_further_changes_can_go_into_the_revision_of_the_seal() -> None:
    sealed, result = seal_file(
        make_pdf(),
        prepare=lambda writer: writer.root.__setitem__("/Lang", writer.root["/Type"]) or writer.update_root(),
    )
    assert sealed.revisions == 1
    assert PdfFileReader(io.BytesIO(result)).root["/Lang"] == "/Catalog"


def test_the_same_document_and_time_give_the_same_bytes_to_sign() -> None:
    document = make_pdf()
    assert seal_file(document)[0].digest == seal_file(document)[0].digest


def test_files_are_sealed_from_disk_to_disk(tmp_path: Path) -> None:
    (tmp_path / "in.pdf").write_bytes(make_pdf())
    with (tmp_path / "in.pdf").open("rb") as source, (tmp_path / "out.pdf").open("w+b") as target:
        seal_pdf(
            source,
            target,
            key=default_key(),
            placement=CORNER,
            picture=PICTURE,
            level=Level.B_LTA,
            timestamper=pki().timestamper,
            revocation=pki().revocation,
            now=NOW,
        )
    assert len(signatures((tmp_path / "out.pdf").read_bytes())) == 2


def test_a_document_certified_without_changes_can_still_be_archived() -> None:
    """ISO 32000-2 table 257: document time-stamps and evidence are no changes in the sense of P=1."""
    certified = seal_bytes(make_pdf(), level=Level.B_LTA, certify=1)
    target = io.BytesIO()
    archive_pdf(io.BytesIO(certified), target, timestamper=pki().timestamper, revocation=pki().revocation)
    assert len(signatures(target.getvalue())) == 3
