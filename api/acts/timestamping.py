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
    return _stamp_all(office, [asked])[0]


def _stamp_all(office: Office, asked: Sequence[TimestampRequest]) -> list[bytes]:
    """Answer requests of one digest algorithm: one record of all before the key is used, and one after."""
    serials = [serial_number(instance=office.settings.instance, random=office.random(RANDOM_BYTES)) for _ in asked]
    now = _record(office, asked, serials)
    authority = office.authority
    certificate = authority.certificate(TSA)
    chain = [one for one in authority.chain_of(certificate) if one.issuer != one.subject]
    with office.lease(authority.key(TSA)) as signer:
        responses = [
            stamp(
                one,
                serial=serial,
                now=now,
                policy=authority.profile("timestamp").policies[0],
                signer=signer,
                certificate=certificate,
                chain=chain,
            )
            for one, serial in zip(asked, serials, strict=True)
        ]
    with office.work() as work:
        work.ledger.signed_timestamps(serials)
        work.commit()
    STAMPED.labels("granted").inc(len(responses))
    return responses


def _record(office: Office, asked: Sequence[TimestampRequest], serials: Sequence[int]) -> datetime:
    """Commit the serials, the imprints and the time that the tokens will say.

    Raises:
        ClockError: the clock is behind what was stamped already.
    """
    with office.work() as work:
        now = office.now()  # inside the transaction, so that times follow the order of the records
        newest = work.ledger.newest_timestamp()
        if newest is not None and now < newest - MAX_BACKWARD:
            raise ClockError(f"the clock says {now.isoformat()}, the last time-stamp is of {newest.isoformat()}")
        stamps = [(serial, one.digest) for one, serial in zip(asked, serials, strict=True)]
        work.ledger.intend_timestamps(stamps, process=office.process, digest_name=asked[0].digest_name, at=now)
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
        return self.stamp_many([digest], digest_name)[0]

    def stamp_many(self, digests: Sequence[bytes], digest_name: str) -> list[bytes]:
        """Return a token over each digest, in their order; one commit before all of them and one after.

        Raises:
            TimestampError: the service cannot stamp now; none of them was handed out.
        """
        asked = [_request(digest, digest_name, nonce=None) for digest in digests]
        try:
            return [token_of(response) for response in _stamp_all(self.office, asked)] if asked else []
        except (HsmError, ServiceError) as exc:
            raise TimestampError(f"the time-stamping service cannot work now: {exc}") from exc

    def certificates(self) -> Sequence[x509.Certificate]:
        certificate = self.office.authority.certificate(TSA)
        return (certificate, *self.office.authority.chain_of(certificate))


def stamp_digest(office: Office, digest: bytes, digest_name: str, *, nonce: int | None = None) -> bytes:
    """Return a token over the digest.

    Raises:
        TimestampError: the service cannot stamp now.
    """
    try:
        return token_of(_stamp_all(office, [_request(digest, digest_name, nonce=nonce)])[0])
    except (HsmError, ServiceError) as exc:
        raise TimestampError(f"the time-stamping service cannot work now: {exc}") from exc


def _request(digest: bytes, digest_name: str, *, nonce: int | None) -> TimestampRequest:
    return TimestampRequest(
        digest_name=digest_name,
        digest=digest,
        imprint=wrap(SEQUENCE, digest_algorithm(digest_name), wrap(OCTET_STRING, digest)),
        policy=None,
        nonce=nonce,
        certificate_wanted=True,
    )
