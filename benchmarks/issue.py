"""Issuing: P-256 certificates a second through the whole state machine, beside signing first and storing afterwards.

Ours: reserve serials, fix and lint every field, commit the exact bytes, read them back, sign, verify, store. Theirs: the
builder of `cryptography` signs with a key in memory, one INSERT, one commit a batch; nothing is recorded before, linted or
verified. Both write to SQLite with a write-ahead log and full synchronisation. Keys of leaves are made beforehand.
"""

import secrets
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from api.acts.establish import establish
from api.acts.issuing import Request, issue
from api.acts.office import Office
from api.bootstrap import utc_now
from api.demo.first_run import SOFTHSM_MODULES
from benchmarks.harness import Options, Result, alternate, options, tell
from benchmarks.service import ACTOR, new_enterprise, service
from ca.subjects import LegalPerson, common_name
from hsm.signer import KeyRef, KeySpec
from seals.register import StoredKey
from verify.extensions import SealInfo

BENCH: Final = "issue"
AGAINST: Final = "cryptography, sign then store, key in memory"
BATCHES: Final = (1, 6, 64)  # one; an enterprise's licence and seals; a piece of a bulk job
NAME: Final = "杭州朱砂印务有限公司"
USCC: Final = "91330106MA2CFLDG4R"
VALID_FOR: Final = timedelta(days=1095)


def request(office: Office, key: KeyRef) -> Request:
    name = LegalPerson(organization=NAME, uscc=USCC, common_name=common_name(NAME, "合同专用章")).name()
    return Request(
        profile=office.authority.profile("seal"),
        issuer="seal",
        subject=name,
        whose=USCC,
        key=StoredKey(id=secrets.token_hex(16), ref=key, made_at=office.now()),
        info=SealInfo(kind="contract", code=asn1.PrintableString("33010600000002")),
        valid_for=VALID_FOR,
    )


def ours(office: Office, keys: Sequence[KeyRef], *, batch: int, rounds: int) -> float:
    """Return certificates a second."""
    work = [[request(office, key) for key in keys[:batch]] for _ in range(rounds)]
    start = time.perf_counter()
    for one in work:
        issue(office, one)
    return batch * rounds / (time.perf_counter() - start)


class Naive:
    """Sign, then store."""

    def __init__(self, office: Office, database: Path, ca: KeySpec) -> None:
        issuer = office.authority.issuer("seal")
        self._curve = ec.SECP384R1() if ca is KeySpec.EC_P384 else ec.SECP256R1()
        self._digest = hashes.SHA384() if ca is KeySpec.EC_P384 else hashes.SHA256()
        self._key = ec.generate_private_key(self._curve)
        self._issuer = issuer.certificate.subject
        (like,) = (
            x509.load_der_x509_certificate(one.der)
            for one in issue(
                office, [request(office, office.store.generate(KeySpec.EC_P256, label="b", resident=False))]
            )
        )
        self._subject = like.subject
        self._public = like.public_key()
        self._extensions = list(like.extensions)
        self._connection = sqlite3.connect(database)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.execute("CREATE TABLE certificates (serial TEXT PRIMARY KEY, der BLOB NOT NULL)")

    def rate(self, *, batch: int, rounds: int) -> float:
        """Return certificates a second."""
        start = time.perf_counter()
        for _ in range(rounds):
            made = [self._sign() for _ in range(batch)]
            self._connection.executemany("INSERT INTO certificates VALUES (?, ?)", made)
            self._connection.commit()
        return batch * rounds / (time.perf_counter() - start)

    def _sign(self) -> tuple[str, bytes]:
        serial = x509.random_serial_number()
        now = utc_now().replace(microsecond=0)
        builder = x509.CertificateBuilder(
            issuer_name=self._issuer,
            subject_name=self._subject,
            public_key=self._public,
            serial_number=serial,
            not_valid_before=now,
            not_valid_after=now + VALID_FOR,
            extensions=self._extensions,
        )
        return f"{serial:x}", builder.sign(self._key, self._digest).public_bytes(Encoding.DER)

    def close(self) -> None:
        self._connection.close()


@contextmanager
def naive(office: Office, ca: KeySpec) -> Iterator[Naive]:
    with tempfile.TemporaryDirectory(prefix="vermilion-naive-") as folder:
        peer = Naive(office, Path(folder) / "naive.db", ca)
        try:
            yield peer
        finally:
            peer.close()


def establishments(office: Office, *, count: int) -> float:
    """Return enterprises a second, each with a licence, five seals, their keys, the sealed PDF and the QR credential."""
    codes = [new_enterprise(office) for _ in range(count)]
    start = time.perf_counter()
    for code in codes:
        establish(office, code, actor=ACTOR)
    return count / (time.perf_counter() - start)


def in_one_store(asked: Options, *, softhsm: bool, ca: KeySpec) -> Iterator[Result]:
    kind = f"{'SoftHSM' if softhsm else 'software keys'}, {'P-384' if ca is KeySpec.EC_P384 else 'P-256'} CA"
    with service(softhsm=softhsm, ca=ca) as office, naive(office, ca) as peer:
        keys = [
            office.store.generate(KeySpec.EC_P256, label=f"leaf-{one}", resident=False) for one in range(max(BATCHES))
        ]
        for batch in BATCHES:
            rounds = max(1, asked.pick(quick=64, full=256) // batch)
            mine = partial(ours, office, keys, batch=batch, rounds=rounds)
            theirs = partial(peer.rate, batch=batch, rounds=rounds)
            mine()  # unmeasured: statements are compiled once
            pair = alternate(mine, theirs, rounds=asked.pick(quick=3, full=11))
            yield pair.result(BENCH, f"batch of {batch}, {kind}", "certificates/s", AGAINST)
        if ca is KeySpec.EC_P384:
            establishments(office, count=1)
            value = establishments(office, count=asked.pick(quick=5, full=50))
            yield Result(bench=BENCH, metric=f"licence and five seals, {kind}", value=value, unit="enterprises/s")


def results(asked: Options) -> Iterator[Result]:
    yield from in_one_store(asked, softhsm=False, ca=KeySpec.EC_P384)
    yield from in_one_store(asked, softhsm=False, ca=KeySpec.EC_P256)
    if any(path.exists() for path in SOFTHSM_MODULES):
        yield from in_one_store(asked, softhsm=True, ca=KeySpec.EC_P384)


if __name__ == "__main__":
    asked = options(__doc__)
    tell(results(asked), asked)
