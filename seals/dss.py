"""The document security store (ISO 32000-2 §12.8.4.3, ETSI EN 319 142-1 §5.4.2): what a checker needs years later."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from hashlib import sha256

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from seals.errors import EvidenceError
from seals.objects import array, dictionary, elements, reference
from seals.ports import Evidence, RevocationSource


def collect(source: RevocationSource, chains: Iterable[tuple[x509.Certificate, ...]]) -> Evidence:
    """Return what proves that every certificate of the chains was good, and the certificates themselves.

    Raises:
        EvidenceError: something is missing, or a certificate is revoked; names it.
    """
    return _gather(source, chains, judge=_check)


def missing(
    writer: IncrementalPdfFileWriter, source: RevocationSource, chains: Iterable[tuple[x509.Certificate, ...]]
) -> Evidence:
    """Return evidence for the chains of whose signer the store of the document says nothing.

    It says how things stand now, good or bad: a seal that is there already is for the checker to judge.

    Raises:
        EvidenceError: it could not be had.
    """
    told = _answered(writer)
    return _gather(source, (chain for chain in chains if chain and chain[0].serial_number not in told))


def _answered(writer: IncrementalPdfFileWriter) -> set[int]:
    """Serial numbers of the certificates that OCSP responses of the store are about."""
    store = dictionary(writer.root, "/DSS")
    serials: set[int] = set()
    for one in () if store is None else elements(store, "/OCSPs"):
        if isinstance(one, generic.StreamObject):
            with suppress(ValueError):  # not readable, so it proves nothing
                serials |= {single.serial_number for single in ocsp.load_der_ocsp_response(one.data).responses}
    return serials


def _gather(
    source: RevocationSource,
    chains: Iterable[tuple[x509.Certificate, ...]],
    *,
    judge: Callable[[tuple[x509.Certificate, ...], Evidence], None] | None = None,
) -> Evidence:
    responses: dict[bytes, None] = {}
    crls: dict[bytes, None] = {}
    certificates: dict[x509.Certificate, None] = {}
    for chain in dict.fromkeys(chains):
        found = source.evidence(chain)
        if judge is not None:
            judge(chain, found)
        responses.update(dict.fromkeys(found.ocsp_responses))
        crls.update(dict.fromkeys(found.crls))
        certificates.update(dict.fromkeys((*chain, *found.certificates)))
    return Evidence(ocsp_responses=tuple(responses), crls=tuple(crls), certificates=tuple(certificates))


def write(writer: IncrementalPdfFileWriter, evidence: Evidence) -> bool:
    """Merge `evidence` into the store of the document; what is there already is not written again. False: no news."""
    if evidence == Evidence():
        return False  # what is there need not be read
    root = writer.root
    there = dictionary(root, "/DSS")
    store = there or generic.DictionaryObject({pdf_name("/Type"): pdf_name("/DSS")})
    certificates = [one.public_bytes(Encoding.DER) for one in evidence.certificates]
    news = [  # all three are merged, whatever the first one says
        _merge(writer, store, "/Certs", certificates),
        _merge(writer, store, "/OCSPs", evidence.ocsp_responses),
        _merge(writer, store, "/CRLs", evidence.crls),
    ]
    if not any(news):
        return False
    if there is None:
        root[pdf_name("/DSS")] = writer.add_object(store)
        writer.update_root()
    else:
        writer.update_container(store)
    return True


def _merge(
    writer: IncrementalPdfFileWriter, store: generic.DictionaryObject, key: str, values: Iterable[bytes]
) -> bool:
    known = {sha256(one.data).digest() for one in elements(store, key) if isinstance(one, generic.StreamObject)}
    fresh = [value for value in dict.fromkeys(values) if sha256(value).digest() not in known]
    if not fresh:
        return False
    merged = array(store, key) or generic.ArrayObject()
    for value in fresh:
        stream = generic.StreamObject(stream_data=value)
        stream.compress()
        merged.append(writer.add_object(stream))
    if reference(store, key) is None:
        store[pdf_name(key)] = merged
    else:
        writer.update_container(merged)
    return True


def together(*parts: Evidence) -> Evidence:
    """All of it, each thing once."""
    return Evidence(
        ocsp_responses=tuple(dict.fromkeys(one for part in parts for one in part.ocsp_responses)),
        crls=tuple(dict.fromkeys(one for part in parts for one in part.crls)),
        certificates=tuple(dict.fromkeys(one for part in parts for one in part.certificates)),
    )


def _check(chain: tuple[x509.Certificate, ...], evidence: Evidence) -> None:
    """See that each certificate but the root has evidence. Whether it convinces is for the checker to say."""
    try:
        crls = [x509.load_der_x509_crl(one) for one in evidence.crls]
        responses = [ocsp.load_der_ocsp_response(one) for one in evidence.ocsp_responses]
        for certificate in chain:
            if certificate.issuer != certificate.subject:
                _check_one(certificate, crls, responses)
    except ValueError as exc:
        raise EvidenceError("revocation evidence is not readable") from exc


def _check_one(
    certificate: x509.Certificate, crls: list[x509.CertificateRevocationList], responses: list[ocsp.OCSPResponse]
) -> None:
    name, serial = certificate.subject.rfc4514_string(), certificate.serial_number
    about = [
        single
        for response in responses
        if response.response_status == ocsp.OCSPResponseStatus.SUCCESSFUL
        for single in response.responses
        if single.serial_number == serial
    ]
    lists = [crl for crl in crls if crl.issuer == certificate.issuer]
    if any(single.certificate_status == ocsp.OCSPCertStatus.REVOKED for single in about) or any(
        crl.get_revoked_certificate_by_serial_number(serial) is not None for crl in lists
    ):
        raise EvidenceError(f"revoked: {name}")
    good = any(single.certificate_status == ocsp.OCSPCertStatus.GOOD for single in about)
    if not good and not lists and not _exempt(certificate):
        raise EvidenceError(f"no revocation evidence for {name}")


def _exempt(certificate: x509.Certificate) -> bool:
    """True for OCSP responders that are never asked about: id-pkix-ocsp-nocheck, RFC 6960 §4.2.2.2.1."""
    try:
        certificate.extensions.get_extension_for_class(x509.OCSPNoCheck)
    except x509.ExtensionNotFound:
        return False
    return True
