"""Time-stamps: a unique serial on record before the key is used; a clock that went back stamps nothing."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from prometheus_client import Counter

from api.acts.office import Office
from api.errors import ClockError, ServiceError
from ca.authority import TSA
from ca.der import wrap
from ca.serials import RANDOM_BYTES, serial_number
from ca.timestamps import Failure, Rejection, TimestampRequest, parse_request, stamp, token_of
from hsm.errors import HsmError
from seals.errors import TimestampError
from verify.algorithms import digest_algorithm

log = logging.getLogger("vermilion.timestamps")
STAMPED = Counter("vermilion_timestamps", "Time-stamps by outcome", ["outcome"])
SEQUENCE: Final = 0x30  # X.690 §8.9
OCTET_STRING: Final = 0x04  # X.690 §8.7
MAX_BACKWARD: Final = timedelta(seconds=2)  # what processes of one instance may differ by


def answer(office: Office, request: bytes) -> bytes:
    """Answer a TimeStampReq; whatever comes in, a TimeStampResp goes out.

    Raises:
        HsmError, DatabaseBusyError, DatabaseGoneError: the service cannot work; worth a retry.
    """
    asked = parse_request(request, policies=office.authority.profile("timestamp").policies)
    if isinstance(asked, Rejection):
        STAMPED.labels("rejected").inc()
        return asked.response()
    try:
        return _stamp(office, asked)
    except ClockError as exc:
        log.error("no time-stamp: %s", exc)  # noqa: TRY400 - the sentence says it all
        STAMPED.labels("rejected").inc()
        text = "the clock of this service cannot be relied on at present"
        return Rejection(failure=Failure.TIME_NOT_AVAILABLE, text=text).response()


def _stamp(office: Office, asked: TimestampRequest) -> bytes:
    serial = serial_number(instance=office.settings.instance, random=office.random(RANDOM_BYTES))
    now = _record(office, asked, serial)
    authority = office.authority
    certificate = authority.certificate(TSA)
    with office.lease(authority.key(TSA)) as signer:
        response = stamp(
            asked,
            serial=serial,
            now=now,
            policy=authority.profile("timestamp").policies[0],
            signer=signer,
            certificate=certificate,
            chain=[one for one in authority.chain_of(certificate) if one.issuer != one.subject],
        )
    with office.work() as work:
        work.ledger.signed_timestamp(serial)
        work.commit()
    STAMPED.labels("granted").inc()
    return response


def _record(office: Office, asked: TimestampRequest, serial: int) -> datetime:
    """Commit the serial, the imprint and the time that the token will say.

    Raises:
        ClockError: the clock is behind what was stamped already.
    """
    with office.work() as work:
        now = office.now()  # inside the transaction, so that times follow the order of the records
        newest = work.ledger.newest_timestamp()
        if newest is not None and now < newest - MAX_BACKWARD:
            raise ClockError(f"the clock says {now.isoformat()}, the last time-stamp is of {newest.isoformat()}")
        work.ledger.intend_timestamp(
            serial, process=office.process, digest_name=asked.digest_name, imprint=asked.digest, at=now
        )
        work.commit()
    return now


@dataclass(frozen=True, slots=True)
class OfficeTimeStamper:
    """Implements `seals.ports.TimeStamper` with the authority's own service, in the same process."""

    office: Office

    def stamp(self, digest: bytes, digest_name: str) -> bytes:
        """Return a token over the digest.

        Raises:
            TimestampError: the service cannot stamp now.
        """
        asked = TimestampRequest(
            digest_name=digest_name,
            digest=digest,
            imprint=wrap(SEQUENCE, digest_algorithm(digest_name), wrap(OCTET_STRING, digest)),
            policy=None,
            nonce=None,
            certificate_wanted=True,
        )
        try:
            return token_of(_stamp(self.office, asked))
        except (HsmError, ServiceError) as exc:
            raise TimestampError(f"the time-stamping service cannot work now: {exc}") from exc

    def certificates(self) -> Sequence[x509.Certificate]:
        certificate = self.office.authority.certificate(TSA)
        return (certificate, *self.office.authority.chain_of(certificate))
