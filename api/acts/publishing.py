"""What the authority publishes about its certificates and licences: OCSP answers, CRLs, status lists, keys."""

from datetime import timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from prometheus_client import Counter

from api.acts.office import Office
from api.db.ledger import StoredCrl
from api.errors import ClockError, NotFoundError
from ca import ocsp as protocol
from ca.authority import CREDENTIAL, ISSUING
from ca.certificate_states import Standing
from ca.crl import Entry, crl_draft, sign_crl_intent
from ca.errors import MalformedRequestError
from ca.ocsp import OcspQuestion, ResponseStatus
from ca.status_list import STATUS_OF, issue_status_list
from verify.keylist import key_list as list_of_keys
from verify.keylist import kid_of
from verify.status import MAX_ENTRIES

ANSWERED = Counter("vermilion_ocsp_answers", "OCSP answers by outcome", ["outcome"])
RENEW_AT: Final = 2  # a list is made anew when half of its time is over
LIST_ROOM: Final = 1024  # a status list has places for a multiple of this many licences


def ocsp(office: Office, request: bytes) -> bytes:
    """Answer an OCSP request; whatever comes in, an OCSP response goes out."""
    try:
        question = protocol.parse_request(request)
    except MalformedRequestError:
        return _refused(ResponseStatus.MALFORMED_REQUEST)
    name = office.ocsp_index.find(question)
    if name is None:
        return _refused(ResponseStatus.UNAUTHORIZED)
    ANSWERED.labels("answered").inc()
    return ocsp_answer(office, name, question)


def ocsp_of_path(office: Office, path: str) -> bytes:
    """Answer an OCSP request that came in the path of a GET."""
    try:
        return ocsp(office, protocol.request_of_path(path))
    except MalformedRequestError:
        return _refused(ResponseStatus.MALFORMED_REQUEST)


def _refused(status: ResponseStatus) -> bytes:
    ANSWERED.labels(status.name.lower()).inc()
    return protocol.refuse(status)


def ocsp_answer(office: Office, issuer: str, question: OcspQuestion) -> bytes:
    """Sign what the ledger says now of the certificate asked for."""
    entity = f"ocsp-{issuer}"
    with office.lease(office.authority.key(entity)) as signer:
        return protocol.respond(
            question,
            _standing(office, issuer, question.serial),
            responder=office.authority.responder(entity),
            signer=signer,
            now=office.now(),
            fresh_for=office.settings.ocsp_fresh_for,
        )


def _standing(office: Office, issuer: str, serial: int) -> Standing | None:
    with office.reading() as work:
        return work.certificates.standing(serial, issuer=issuer)


def crl(office: Office, name: str) -> bytes:
    """Return the newest CRL of an issuer, made anew if it is old or somebody was revoked since.

    Raises:
        NotFoundError: no such issuer.
    """
    if name == "root":
        return office.authority.crls["root"]  # of the ceremony: the root is offline
    if name not in ISSUING:
        raise NotFoundError(f"there is no CRL of {name}")
    now = office.now()
    with office.reading() as work:
        newest = work.ledger.newest_crl(name)
        changes = work.ledger.changes_of(name)
    stale = newest is None or now > newest.this_update + office.settings.crl_fresh_for / RENEW_AT
    if newest is not None and not stale and newest.changes == changes:
        return newest.der
    return publish_crl(office, name).der


def publish_crl(office: Office, name: str) -> StoredCrl:
    """Make, record, sign and store the next CRL of an issuer.

    Raises:
        ClockError: the clock went back behind the last list; nothing was signed.
    """
    issuer = office.authority.issuer(name)
    now = office.now().replace(microsecond=0)
    fresh_for = office.settings.crl_fresh_for
    with office.work() as work:
        # the counter's row stays locked until the commit: one list of an issuer at a time
        number = _number_of_the_ceremony(office, name) + work.ledger.count(f"crl-{name}")
        newest = work.ledger.newest_crl(name)
        if newest is not None and newest.this_update > now + timedelta(seconds=1):
            raise ClockError(f"the clock says {now.isoformat()}, the last CRL is of {newest.this_update.isoformat()}")
        changes = work.ledger.changes_of(name)  # read before the list: what is counted is on it
        draft = crl_draft(
            issuer,
            [Entry.of(one.serial, one.standing) for one in work.certificates.revoked(name)],
            number=number,
            now=now,
            fresh_for=fresh_for,
            distribution_point=issuer.crl_url,
        )
        work.ledger.intend_crl(
            name,
            number,
            draft.tbs,
            process=office.process,
            this_update=now,
            next_update=now + fresh_for,
            changes=changes,
        )
        work.commit()
    with office.lease(office.authority.key(name)) as signer:
        der = sign_crl_intent(draft.tbs, signer=signer, algorithm=issuer.algorithm, issuer_public_key=issuer.public_key)
    with office.work() as work:
        work.ledger.signed_crl(name, number, der)
        work.commit()
    return StoredCrl(issuer=name, number=number, der=der, this_update=now, next_update=now + fresh_for, changes=changes)


def _number_of_the_ceremony(office: Office, name: str) -> int:
    """The list that the ceremony left counts, too: no two lists of an issuer have one number (RFC 5280 §5.2.3)."""
    held = x509.load_der_x509_crl(office.authority.crls[name])
    return held.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


def ca_certificate(office: Office, name: str) -> x509.Certificate:
    """Return a CA's certificate.

    Raises:
        NotFoundError: no such CA.
    """
    if name not in {"root", *ISSUING}:
        raise NotFoundError(f"there is no CA called {name}")
    return office.authority.certificate(name)


def ca_der(office: Office, name: str) -> bytes:
    return ca_certificate(office, name).public_bytes(Encoding.DER)


def ca_pem(office: Office, name: str) -> bytes:
    """One CA's certificate as PEM, or `chain`: all issuing CAs."""
    names = ISSUING if name == "chain" else (name,)
    return b"".join(ca_certificate(office, one).public_bytes(Encoding.PEM) for one in names)


def status_list(office: Office, number: int) -> bytes:
    """Return one Token Status List, made anew when a licence changed and at least every half of its time.

    Raises:
        NotFoundError: no licence has a place in it.
    """
    with office.reading() as work:
        changes, places = work.licences.changes(), work.licences.places()
    if number and places <= number * MAX_ENTRIES:
        raise NotFoundError(f"there is no status list {number}")
    period = int(office.now().timestamp() // (office.settings.status_fresh_for.total_seconds() / RENEW_AT))
    return office.memory.recall(f"status-{number}", (changes, period), lambda: _new_status_list(office, number, places))


def _new_status_list(office: Office, number: int, places: int) -> bytes:
    with office.reading() as work:
        states = work.licences.states()
    first = number * MAX_ENTRIES
    size = min(MAX_ENTRIES, max(places - first, 1))
    authority = office.authority
    with office.lease(authority.key(CREDENTIAL)) as signer:
        return issue_status_list(
            {index - first: STATUS_OF[state] for index, state in states if first <= index < first + size},
            size=-(-size // LIST_ROOM) * LIST_ROOM,
            uri=f"{authority.base_url}/pki/status/{number}",
            kid=kid_of(authority.certificate(CREDENTIAL)),
            sign=lambda message: signer.sign(message, signer.default_algorithm),
            now=office.now(),
            valid_for=office.settings.status_fresh_for,
        )


def key_list(office: Office) -> bytes:
    """Return the list of keys that sign QR credentials."""
    return list_of_keys([office.authority.certificate(CREDENTIAL), office.authority.certificate("service")])
