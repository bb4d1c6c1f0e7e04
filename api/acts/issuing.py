"""Issue certificates, record before sign: reserved, intent, signed; the caller's own transaction delivers them."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from prometheus_client import Counter

from api.acts.office import Office
from api.acts.recovery import void_all
from api.errors import ClockError
from ca import lint, serials
from ca.certificate_states import Life
from ca.errors import IntentError
from ca.issuance import Draft, Info, draft, plan, sign_intent
from ca.issuer import Issuer
from ca.ports import CertificateRecord, Intent, Reservation
from ca.profiles import Profile
from hsm.algorithms import load_public_key
from hsm.signer import KeyRef
from seals.register import StoredKey

ISSUED = Counter("vermilion_certificates", "Certificates issued", ["profile"])
AT_A_TIME: Final = 4  # signatures of one batch on a device; other work needs sessions too
BACKDATED: Final = timedelta(minutes=1)  # a checker's clock may be a little behind ours


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One certificate to be issued. The key is in a store of ours, its reference goes on record first."""

    profile: Profile
    issuer: str
    subject: x509.Name
    whose: str  # USCC or entity
    key: StoredKey
    info: Info | None
    valid_for: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A certificate that is signed and on record, not yet delivered."""

    serial: int
    der: bytes


def issue(office: Office, requests: Sequence[Request]) -> list[Issued]:
    """Issue certificates that belong together; each of the three steps is one commit for all of them.

    Raises:
        ProfileError, LintError: a draft is not as it must be; no key was used.
        IntentError: what is on record is not what would be signed.
        HsmError: the issuer's key could not be used; the serials are void.
    """
    if not requests:
        return []
    now = office.now().replace(microsecond=0)
    numbers = [
        serials.serial_number(instance=office.settings.instance, random=office.random(serials.RANDOM_BYTES))
        for _ in requests
    ]
    _reserve(office, requests, numbers, now=now)
    try:
        issuers = {name: office.authority.issuer(name) for name in {request.issuer for request in requests}}
        drafts = [
            _draft(request, number, issuers[request.issuer], now=now)
            for request, number in zip(requests, numbers, strict=True)
        ]
        _intend(office, drafts)
        issued = _sign(office, [request.issuer for request in requests], numbers)
        with office.work() as work:
            work.certificates.signed((one.serial, one.der) for one in issued)
            work.commit()
    except Exception:
        with suppress(Exception):  # the first error is the one to tell; the next start resolves what this cannot
            abandon(office, numbers)
        raise
    for request in requests:
        ISSUED.labels(request.profile.name).inc()
    return issued


def abandon(office: Office, numbers: Sequence[int]) -> None:
    """Void certificates that will not be handed out, and revoke those that may have been signed."""
    with office.work() as work:
        open_states = {Life.RESERVED.value, Life.INTENT.value, Life.SIGNED.value}
        rows = [row for row in work.certificates.find(numbers).values() if row.state in open_states]
        void_all(work, rows, now=office.now())
        work.commit()


def _reserve(office: Office, requests: Sequence[Request], numbers: Sequence[int], *, now: datetime) -> None:
    with office.work() as work:
        work.keys.add([request.key for request in requests])
        work.certificates.reserve(
            [
                Reservation(
                    serial=number,
                    issuer=request.issuer,
                    profile=request.profile.name,
                    subject=request.whose,
                    key_id=request.key.id,
                )
                for request, number in zip(requests, numbers, strict=True)
            ],
            process=office.process,
            now=now,
        )
        work.commit()


def _draft(request: Request, number: int, issuer: Issuer, *, now: datetime) -> Draft:
    begins = issuer.certificate.not_valid_before_utc
    if now < begins:
        raise ClockError(f"the clock says {now.isoformat()}, which is before the CA itself began")
    planned = plan(
        request.profile,
        issuer=issuer,
        subject=request.subject,
        public_key=load_public_key(request.key.ref.spki),
        serial=number,
        not_before=max(now - BACKDATED, begins),
        valid_for=min(request.valid_for, issuer.certificate.not_valid_after_utc - now),
        info=request.info,
    )
    return draft(planned, lint=lint.check)


def _intend(office: Office, drafts: Sequence[Draft]) -> None:
    with office.work() as work:
        work.certificates.intend(
            [
                Intent(
                    serial=one.certificate.serial_number,
                    tbs=one.tbs,
                    tbs_sha256=one.tbs_sha256,
                    not_before=one.certificate.not_valid_before_utc,
                    not_after=one.certificate.not_valid_after_utc,
                )
                for one in drafts
            ]
        )
        work.commit()


def _sign(office: Office, issuers: Sequence[str], numbers: Sequence[int]) -> list[Issued]:
    """Sign what the ledger says, read back: without a committed intent a key is not touched."""
    with office.reading() as work:
        records = work.certificates.find(numbers)
    intents: dict[str, list[tuple[int, bytes]]] = {name: [] for name in issuers}
    for name, number in zip(issuers, numbers, strict=True):
        intents[name].append((number, _intent_of(records.get(number), name, number)))
    issued = {one.serial: one for name, rows in intents.items() for one in _sign_under(office, name, rows)}
    return [issued[number] for number in numbers]


def _sign_under(office: Office, name: str, intents: Sequence[tuple[int, bytes]]) -> list[Issued]:
    """Sign under one issuer's key; a device is given several at a time, as it is on its own meanwhile."""
    issuer = office.authority.issuer(name)
    ref = _key_of(office, name)
    with office.lease(ref) as signer:

        def sign(intent: tuple[int, bytes]) -> Issued:
            number, tbs = intent
            der = sign_intent(tbs, signer=signer, algorithm=issuer.algorithm, issuer_public_key=issuer.public_key)
            return Issued(serial=number, der=der)

        if len(intents) == 1 or not office.stores[ref.store].hardware:
            return [sign(one) for one in intents]
        with ThreadPoolExecutor(max_workers=min(len(intents), AT_A_TIME)) as pool:
            return list(pool.map(sign, intents))


def _intent_of(record: CertificateRecord | None, issuer: str, number: int) -> bytes:
    if record is None or record.state != Life.INTENT.value or record.tbs is None or record.issuer != issuer:
        raise IntentError(f"there is no committed intent for certificate {number:x}")
    return record.tbs


def _key_of(office: Office, entity: str) -> KeyRef:
    return office.authority.key(entity)
