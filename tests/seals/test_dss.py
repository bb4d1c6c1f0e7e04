"""The evidence in a document: complete, without repetitions, and never for a revoked certificate."""

# mypy: allow-untyped-calls
# pyHanko annotates only part of what it offers.

import io
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader

from seals import dss
from seals.archive import archive_pdf
from seals.errors import EvidenceError
from seals.ports import Evidence
from seals.signing import Level
from tests.support.sealing import NOW, LocalRevocation, default_key, make_leaf, make_pdf, pki, seal_bytes


class Fixed:
    """A source that answers the same whatever it is asked."""

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence

    def evidence(self, _: object) -> Evidence:
        return self._evidence


def chain() -> tuple[x509.Certificate, ...]:
    key = default_key()
    return (key.certificate, *key.chain)


def complete() -> Evidence:
    return pki().revocation.evidence(chain())


def test_a_certificate_without_evidence_is_named() -> None:
    only_root = Evidence(crls=(pki().root.crl(),))
    with pytest.raises(EvidenceError, match="合同专用章"):
        dss.collect(Fixed(only_root), [chain()])


def test_an_issuing_authority_needs_evidence_too() -> None:
    only_seal_ca = Evidence(crls=(pki().seal_ca.crl(),))
    with pytest.raises(EvidenceError, match="Test Seal CA"):
        dss.collect(Fixed(only_seal_ca), [chain()])


@pytest.mark.parametrize("by_ocsp", [False, True])
def test_a_revoked_certificate_is_named(*, by_ocsp: bool) -> None:
    certificate = default_key().certificate
    source = LocalRevocation(
        authorities=pki().revocation.authorities,
        by_ocsp=(certificate,) if by_ocsp else (),
        revoked=(certificate,),
    )
    with pytest.raises(EvidenceError, match=r"revoked: .*合同专用章"):
        dss.collect(source, [chain()])


def test_unreadable_evidence_is_an_error() -> None:
    with pytest.raises(EvidenceError, match="not readable"):
        dss.collect(Fixed(Evidence(crls=(b"x",))), [chain()])


def test_a_responder_marked_nocheck_needs_no_evidence() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name.from_rfc4514_string("CN=responder"))
        .issuer_name(x509.Name.from_rfc4514_string("CN=elsewhere"))
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(NOW)
        .not_valid_after(NOW + timedelta(days=1))
        .add_extension(x509.OCSPNoCheck(), critical=False)
        .sign(key, hashes.SHA256())
    )
    assert dss.collect(Fixed(Evidence()), [(certificate,)]).certificates == (certificate,)


def test_evidence_of_two_chains_is_merged() -> None:
    stamper = tuple(pki().timestamper.certificates())
    found = dss.collect(pki().revocation, [chain(), stamper, chain()])
    assert (len(found.crls), len(set(found.crls)), len(found.certificates)) == (3, 3, 5)


def updated(document: bytes, evidence: Evidence) -> bytes:
    writer = IncrementalPdfFileWriter(io.BytesIO(document))
    if not dss.write(writer, evidence):
        return document
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def test_known_evidence_is_not_written_again() -> None:
    once = updated(make_pdf(), complete())
    assert updated(once, complete()) == once


def test_new_evidence_joins_the_old() -> None:
    once = updated(make_pdf(), complete())
    more = Evidence(crls=(pki().root.crl((make_leaf(pki().root, "x", pki().root.key),)),))
    store = PdfFileReader(io.BytesIO(updated(once, more))).root["/DSS"]
    assert len(store["/CRLs"]) == len(complete().crls) + 1


@pytest.mark.parametrize("indirect", [False, True])
def test_a_store_of_another_make_is_kept_and_extended(*, indirect: bool) -> None:
    """Arrays may be objects of their own, and entries that we do not know stay."""
    writer = IncrementalPdfFileWriter(io.BytesIO(make_pdf()))
    foreign = writer.add_object(generic.StreamObject(stream_data=b"foreign"))
    array = generic.ArrayObject([foreign])
    store = generic.DictionaryObject(
        {
            pdf_name("/CRLs"): writer.add_object(array) if indirect else array,
            pdf_name("/VRI"): generic.DictionaryObject({pdf_name("/00"): generic.DictionaryObject()}),
        }
    )
    writer.root[pdf_name("/DSS")] = writer.add_object(store) if indirect else store
    writer.update_root()
    out = io.BytesIO()
    writer.write(out)
    sealed = seal_bytes(out.getvalue(), level=Level.B_LT)
    found = PdfFileReader(io.BytesIO(sealed)).root["/DSS"]
    assert [one.get_object().data == b"foreign" for one in found["/CRLs"]] == [True, False, False, False]
    assert "/00" in found["/VRI"]


def by_ocsp(*, revoked: bool = False) -> LocalRevocation:
    certificate = default_key().certificate
    return LocalRevocation(
        authorities=pki().revocation.authorities, by_ocsp=(certificate,), revoked=(certificate,) if revoked else ()
    )


def archived(document: bytes, source: LocalRevocation) -> generic.DictionaryObject:
    target = io.BytesIO()
    archive_pdf(io.BytesIO(document), target, timestamper=pki().timestamper, revocation=source, chains=[chain()])
    store: generic.DictionaryObject = PdfFileReader(target).root["/DSS"]
    return store


@pytest.mark.parametrize("revoked", [False, True])
def test_archiving_adds_what_stands_of_a_seal_that_came_without_evidence(*, revoked: bool) -> None:
    """A seal that was revoked since is archived, too: what its time-stamp proves is for the checker to say."""
    (answer,) = archived(seal_bytes(make_pdf()), by_ocsp(revoked=revoked))["/OCSPs"]
    assert (
        ocsp.load_der_ocsp_response(answer.get_object().data).serial_number == default_key().certificate.serial_number
    )


def test_archiving_asks_nothing_about_a_seal_that_has_its_evidence() -> None:
    with_evidence = updated(seal_bytes(make_pdf()), by_ocsp().evidence(chain()))
    later = replace(by_ocsp(), now=NOW + timedelta(hours=1))  # its answers would be others
    assert len(archived(with_evidence, later)["/OCSPs"]) == 1


def test_answers_in_a_store_that_cannot_be_read_prove_nothing() -> None:
    broken = updated(seal_bytes(make_pdf()), Evidence(ocsp_responses=(b"no answer",)))
    assert len(archived(broken, by_ocsp())["/OCSPs"]) == 2
