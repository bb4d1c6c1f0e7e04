"""Signing hashes that were authorised: reserve the row, sign with no transaction open, complete.

Each row is signed once. What fails before the key is used is released and may be sent again; what may have been signed
is burnt. After `kill -9` api/acts/recovery.py decides the same from the records.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final, TypeVar

from api.acts import remote
from api.acts.office import Office
from api.acts.remote_algorithms import as_sha256, digest_name, signature_algorithm
from api.acts.remote_rights import Caller
from api.acts.uses import OpenUse, UseOrder, open_use
from api.db.remote import OPEN, Authorisation, AuthorisedHash
from api.errors import OAuthError
from hsm.algorithms import algorithms_of, spec_of
from hsm.errors import KeyBusyError, MechanismError
from hsm.signer import SignatureAlgorithm

LEVEL: Final = "hash"
MAX_PURPOSE: Final = 256  # column of seal_uses
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOrder:
    """What a client wants signed, with the handle that allows it."""

    credential: str
    sad: str
    hashes: tuple[bytes, ...]
    hash_oid: str | None
    sign_oid: str
    parameters: bytes | None  # DER of the signature algorithm's parameters


@dataclass(slots=True)
class Turn:
    """One reserved hash on its way through the key."""

    office: Office
    row: AuthorisedHash
    touched: bool = field(default=False)  # the key may have been used

    def authorise(self, using: OpenUse, intended: Callable[[], None]) -> None:
        """Name the use on the row, then have the use authorised; from here on the key may be used."""
        with self.office.work() as work:
            work.remote.name_use(self.row.authorisation, self.row.number, using.asked.id)
            work.commit()
        intended()
        self.touched = True

    def end(self, error: BaseException | None) -> None:
        """Give the row back, or burn it."""
        unused = not self.touched or isinstance(error, (KeyBusyError, MechanismError))
        with self.office.work() as work:
            close = work.remote.release if unused else work.remote.consume
            close(self.row.authorisation, self.row.number)
            work.commit()


def sign_hashes(office: Office, caller: Caller, order: SignOrder) -> list[bytes]:
    """Sign the hashes in their order, every one or none to tell of.

    Raises:
        OAuthError: the SAD is not good for this, or an algorithm does not fit.
        RightError, SealUnusableError: the right or the seal was taken away since.
        HsmError: the key could not be used.
    """
    digest = digest_name(order.hash_oid, order.hashes)
    algorithm = signature_algorithm(order.sign_oid, digest, order.parameters)
    found, rows = reserve(
        office, caller, sad=order.sad, credential=order.credential, hashes=order.hashes, digest=digest
    )

    def sign(row: AuthorisedHash) -> bytes:
        return _sign(office, caller, found, row, algorithm)

    return in_turn(office, rows, sign)


def reserve(
    office: Office, caller: Caller, *, sad: str, credential: str, hashes: Sequence[bytes], digest: str
) -> tuple[Authorisation, list[AuthorisedHash]]:
    """Take a row for every hash, or none at all.

    Raises:
        OAuthError: the SAD is not good, or a hash is not authorised, or not so often.
    """
    with office.work() as work:
        found = remote.opened(office, work, caller, sad, credential)
        if found.hash_algorithm != digest:
            raise OAuthError("invalid_request", "Invalid parameter hashAlgo: another one was authorised")
        free = [one for one in work.remote.hashes(found.id) if one.state.value in OPEN]
        rows = []
        for one in hashes:
            row = next((line for line in free if line.hash == one), None)
            if row is None or not work.remote.reserve(found.id, row.number, process=office.process, at=office.now()):
                raise OAuthError("invalid_request", "Hash is not authorized by the SAD")
            free.remove(row)
            rows.append(row)
        work.commit()
    return found, rows


def in_turn(office: Office, rows: Sequence[AuthorisedHash], sign: Callable[[AuthorisedHash], Made]) -> list[Made]:
    """Sign row after row; when one fails, those that were not begun are released."""
    made: list[Made] = []
    try:
        for row in rows:
            made.append(sign(row))  # noqa: PERF401 - how many were made tells which rows are left
    except BaseException:
        with office.work() as work:
            for row in rows[len(made) + 1 :]:
                work.remote.release(row.authorisation, row.number)
            work.commit()
        raise
    return made


def use_order(found: Authorisation, row: AuthorisedHash, caller: Caller, *, level: str) -> UseOrder:
    """The use of the seal that a row stands for; its document is what the person agreed to."""
    return UseOrder(
        seal=found.credential,
        grounds=remote.grounds_of(found, caller),
        purpose=(found.description or remote.DEFAULT_PURPOSE)[:MAX_PURPOSE],
        level=level,
        document_sha256=as_sha256(row.hash),
    )


def require_fit(using: OpenUse, algorithm: SignatureAlgorithm) -> None:
    """Ask before anything is counted or burnt.

    Raises:
        OAuthError: the seal's key does not sign with this algorithm.
    """
    if algorithm not in algorithms_of(spec_of(using.key.signer.public_key())):
        raise OAuthError("invalid_request", "Invalid parameter signAlgo: it does not fit the key")


def _sign(
    office: Office, caller: Caller, found: Authorisation, row: AuthorisedHash, algorithm: SignatureAlgorithm
) -> bytes:
    turn = Turn(office, row)
    try:
        with open_use(office, use_order(found, row, caller, level=LEVEL)) as using:
            require_fit(using, algorithm)
            turn.authorise(using, lambda: using.authorise_bytes(as_sha256(row.hash)))
            signature = using.key.signer.sign_digest(row.hash, algorithm)
            with office.work() as work:
                using.done(
                    work, sealed_sha256=sha256(signature).digest(), name=None, at=office.now(), authorisation=found.id
                )
                work.remote.consume(row.authorisation, row.number)
                work.commit()
    except BaseException as exc:
        turn.end(exc)
        raise
    return signature
