"""One chunk of a batch: about a hundred files, three commits, one lease of the key.

Claim, fix every byte of all files, put all uses on record as authorised over the bytes to be signed, sign, put the
results aside, record all outcomes, give the results their names. Killed anywhere, each signature has its intent on
record, a result without a recorded outcome is never delivered, and its file is sealed once more (docs/spec/batches.md).
"""

import json
import logging
import secrets
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from hashlib import sha256
from threading import Lock
from typing import BinaryIO, Final

from api.acts import rights
from api.acts.batch_results import Results, results_of
from api.acts.batch_sources import Source, source_of
from api.acts.evidence import OfficeEvidence
from api.acts.faces import picture_of
from api.acts.office import Office
from api.acts.seal_life import certificate_of, seal
from api.acts.timestamping import OfficeTimeStamper
from api.acts.uses import SEALED
from api.db.batches import Batch, BatchState, Item, ItemState
from api.errors import NotFoundError, ObjectMissingError, SealUnusableError
from api.scratch import scratch_file, sha256_of
from ca.licences import LicenceState
from hsm.signer import KeyRef
from seals.errors import DocumentRefusedError, OutgrownError, PlacementError, RightError, SealStateError
from seals.pdf_input import Limits
from seals.placement import AtKeyword, AtPosition, Invisible, Placement
from seals.ports import Evidence
from seals.register import Seal, SealUse, UseState
from seals.signing import Level, Prepared, SealingKey, evidence_for, finish_seal, prepare_seal
from seals.states import SealState

log = logging.getLogger("vermilion.batches")
CHUNK_FILES: Final = 100
CHUNK_BYTES: Final = 64 << 20  # of input; twice that is in memory or on disk while a chunk is sealed
SPARE_BYTES: Final = 16 << 10  # more room for a signature, each time that one did not come to its place
MAX_LOST: Final = 5  # signatures over one file that went nowhere; then it is refused

_claims: set[str] = set()  # chunks that this process is at work on
_claims_lock: Final = Lock()


@dataclass(slots=True, kw_only=True)
class _File:
    """One file of the chunk on its way."""

    item: Item
    sha256: bytes
    target: BinaryIO
    prepared: Prepared
    use: str = field(default_factory=lambda: secrets.token_hex(16))
    signature: bytes = b""
    kept: str | None = None
    sealed_sha256: bytes = b""
    size: int = 0
    aside: bool = False


def placement_of(text: str) -> Placement:
    """Read the placement that a batch was made with."""
    facts = json.loads(text)
    kind = facts.pop("kind")
    return AtPosition(**facts) if kind == "position" else AtKeyword(**facts) if kind == "keyword" else Invisible()


def placement_as_json(placement: Placement) -> str:
    """The other way round."""
    if isinstance(placement, AtPosition):
        return json.dumps({"kind": "position", "page": placement.page, "x_mm": placement.x_mm, "y_mm": placement.y_mm})
    if isinstance(placement, AtKeyword):
        return json.dumps({"kind": "keyword", "text": placement.text, "index": placement.index}, ensure_ascii=False)
    return json.dumps({"kind": "invisible"})


def at_work_on() -> frozenset[str]:
    """The chunks that this process is sealing now."""
    with _claims_lock:
        return frozenset(_claims)


def seal_chunk(office: Office, batch_id: str) -> int:
    """Seal the next files of a batch that nobody else seals; returns how many were taken, 0 when none is left.

    Raises:
        HsmError, TimestampError, EvidenceError, ServiceError: nothing of the chunk is lost, its files wait again.
    """
    with _claimed(office, batch_id) as (batch, items, claim):
        if batch is not None and items:
            _Chunk(office, batch, items, claim).run()
        return len(items)


@contextmanager
def _claimed(office: Office, batch_id: str) -> Iterator[tuple[Batch | None, list[Item], str]]:
    claim = secrets.token_hex(16)
    with _claims_lock:
        _claims.add(claim)
    try:
        with office.work() as work:
            batch = work.batches.get(batch_id)
            items: list[Item] = []
            if batch is not None and batch.state is BatchState.SEALING:
                items = work.batches.claim(
                    batch_id, process=office.process, claim=claim, most=CHUNK_FILES, most_bytes=CHUNK_BYTES
                )
            work.commit()
        try:
            yield batch, items, claim
        except BaseException as exc:
            with suppress(Exception):  # the first error is the one to tell; what stays is let go by `let_go_of_lost`
                _let_go(office, batch_id, claim, exc)
            raise
    finally:
        with _claims_lock:
            _claims.discard(claim)


def _let_go(office: Office, batch_id: str, claim: str, error: BaseException) -> None:
    now = office.now()
    with office.work() as work:
        held = [item for item in work.batches.held() if item.batch == batch_id and item.claim == claim]
        for item in held:
            if item.use is not None:
                work.uses.refuse(item.use, detail=f"the batch stopped: {type(error).__name__}", at=now)
        work.batches.let_go(held)
        work.commit()


def let_go_of_lost(office: Office) -> int:
    """Let go of files whose process is gone, or forgot them; returns how many. Their uses are refused, each on record."""
    with office.work() as work:
        alive = {process.id for process in work.ledger.processes()}
        mine = at_work_on()
        lost = [
            item
            for item in work.batches.held()
            if item.process not in alive or (item.process == office.process and item.claim not in mine)
        ]
        for item in lost:
            if item.use is not None:
                work.uses.refuse(
                    item.use, detail="the service stopped before the sealed file was stored", at=office.now()
                )
        work.batches.let_go(lost)
        work.commit()
    return len(lost)


class _Chunk:
    """The files of one claim, and what becomes of each."""

    def __init__(self, office: Office, batch: Batch, items: Sequence[Item], claim: str) -> None:
        self._office = office
        self._batch = batch
        self._items = items
        self._claim = claim
        self._level = Level(batch.level)
        self._stamper = OfficeTimeStamper(office)
        self._source: Source = source_of(office, batch)
        self._results: Results = results_of(office, batch)
        self._refused: dict[int, tuple[Item, str, str]] = {}

    def run(self) -> None:
        one, ref = self._seal()
        with ExitStack() as stack:
            key = self._key(stack, one, ref)
            evidence = evidence_for(
                self._level, key, timestamper=self._stamper, revocation=OfficeEvidence(self._office)
            )
            files = list(self._prepare(stack, one, key, evidence))
            files = self._authorise(one, files)
            files = self._sign(key, files)
            self._record(files)

    def _seal(self) -> tuple[Seal, KeyRef]:
        one = seal(self._office, self._batch.seal)
        with self._office.reading() as work:
            ref = work.keys.get(one.key_id)
        if ref is None:
            raise NotFoundError(f"the key of seal {one.code} is not on record")
        return one, ref

    def _key(self, stack: ExitStack, one: Seal, ref: KeyRef) -> SealingKey:
        certificate = certificate_of(self._office, one.serial)
        signer = stack.enter_context(self._office.lease(ref))
        chain = self._office.authority.chain_of(certificate)
        return SealingKey(certificate=certificate, chain=chain, signer=signer, algorithm=signer.default_algorithm)

    # -- every byte but the signatures

    def _prepare(self, stack: ExitStack, one: Seal, key: SealingKey, evidence: Evidence) -> Iterator[_File]:
        placement = placement_of(self._batch.placement)
        picture = None if isinstance(placement, Invisible) else picture_of(self._office, one)
        now = self._office.now()
        for item in self._items:
            if item.lost > MAX_LOST:
                self._refuse(item, "signature-lost", f"{item.lost} signatures over this file went nowhere")
                continue
            try:
                with self._source.open(item) as source:
                    digest = sha256_of(source)
                    if item.sha256 is not None and item.sha256 != digest and self._batch.grounds.person is not None:
                        self._refuse(item, "changed", "the file is not the one that was agreed to")
                        continue
                    target = stack.enter_context(scratch_file(self._office.scratch))
                    prepared = prepare_seal(
                        source,
                        target,
                        key=key,
                        placement=placement,
                        picture=picture,
                        level=self._level,
                        timestamper=self._stamper,
                        evidence=evidence,
                        now=now,
                        reason=self._batch.purpose or None,
                        limits=Limits(max_bytes=self._office.settings.max_document_bytes),
                        spare_bytes=SPARE_BYTES * item.lost,
                    )
            except DocumentRefusedError as exc:
                self._refuse(item, exc.reason.value, str(exc))
            except PlacementError as exc:
                self._refuse(item, "placement", str(exc))
            except SealStateError as exc:
                self._refuse(item, "seal-unusable", str(exc))
            except (OSError, ObjectMissingError) as exc:
                self._refuse(item, "unreadable", f"the file cannot be read: {type(exc).__name__}")
            else:
                yield _File(item=item, sha256=digest, target=target, prepared=prepared)

    def _refuse(self, item: Item, reason: str, detail: str) -> None:
        self._refused[item.number] = (item, reason, detail[:512])

    # -- every intent on record before the first signature

    def _authorise(self, one: Seal, files: Sequence[_File]) -> list[_File]:
        office, batch = self._office, self._batch
        with office.work() as work:
            there = work.seals.lock(one.code)
            mine = work.batches.claimed(batch.id, self._claim)
            files = [file for file in files if file.item.number in mine]
            licence = None if there is None else work.licences.get(there.licence)
            if there is None or there.state != SealState.ACTIVE.value:
                return self._refuse_all(files, "seal-unusable", f"the seal is {there.state if there else 'gone'}")
            if licence is None or licence.licence.state is not LicenceState.ACTIVE:
                return self._refuse_all(files, "seal-unusable", "the licence of the seal is not active")
            grounds = [replace(batch.grounds, pages=file.prepared.pages) for file in files]
            try:
                answers = rights.spend_many(
                    office, work, there, grounds, documents=[file.sha256 for file in files], level=batch.level
                )
            except SealUnusableError as exc:
                return self._refuse_all(files, "seal-unusable", str(exc))
            allowed = []
            for file, answer in zip(files, answers, strict=True):
                if isinstance(answer, RightError):
                    self._refuse(file.item, answer.reason.value, str(answer))
                else:
                    allowed.append(file)
            work.uses.enter([self._use(file, UseState.AUTHORISED) for file in allowed])
            work.batches.use(batch.id, self._claim, {file.item.number: (file.use, file.sha256) for file in allowed})
            work.commit()
        return allowed

    def _refuse_all(self, files: Sequence[_File], reason: str, detail: str) -> list[_File]:
        for file in files:
            self._refuse(file.item, reason, detail)
        return []

    def _use(self, file: _File, state: UseState) -> SealUse:
        return SealUse(
            id=file.use,
            seal=self._batch.seal,
            state=state,
            grounds=replace(self._batch.grounds, pages=file.prepared.pages),
            purpose=self._batch.purpose,
            level=self._batch.level,
            asked_at=self._office.now(),
            process=self._office.process,
            document_sha256=file.sha256,
            intent_sha256=sha256(file.prepared.intent.attributes).digest(),
        )

    # -- the key at work

    def _sign(self, key: SealingKey, files: Sequence[_File]) -> list[_File]:
        try:
            for file in files:
                file.signature = key.signer.sign(file.prepared.intent.attributes, key.algorithm)
            tokens = self._tokens(files)
            fitting = [file for file, token in zip(files, tokens, strict=True) if self._put_aside(file, token)]
            self._results.settle([file.use for file in fitting])
        except BaseException:
            for file in files:
                if file.aside:
                    self._results.drop(file.use, file.kept)
            raise
        return fitting

    def _tokens(self, files: Sequence[_File]) -> Sequence[bytes | None]:
        if not self._level.stamped or not files:
            return [None] * len(files)
        imprints = [file.prepared.imprint_of(file.signature) for file in files]
        return self._stamper.stamp_many(imprints, files[0].prepared.intent.digest_name)

    def _put_aside(self, file: _File, token: bytes | None) -> bool:
        try:
            made = finish_seal(file.prepared, file.signature, token)
        except OutgrownError:
            return False  # with more room next time
        file.size = made.size
        file.sealed_sha256 = made.file_digest if made.digest_name == "sha256" else sha256_of(file.target)
        file.target.seek(0)
        file.kept = self._results.put_aside(file.use, file.target)
        file.aside = True
        return True

    # -- every outcome on record before the first delivery

    def _record(self, files: Sequence[_File]) -> None:
        office, batch = self._office, self._batch
        now = office.now()
        with office.work() as work:
            mine = work.batches.claimed(batch.id, self._claim)
            good = work.uses.authorised_of([file.use for file in files])
            done = [file for file in files if file.item.number in mine and file.use in good]
            work.uses.done_many([(file.use, file.sealed_sha256, file.kept) for file in done], at=now)
            sealed = [self._sealed(file) for file in done]
            refused = [entry for number, entry in self._refused.items() if number in mine]
            uses = [self._refused_use(*entry) for entry in refused]
            work.uses.enter(uses)
            work.batches.finish(
                [
                    *sealed,
                    *(
                        replace(item, state=ItemState.REFUSED, reason=reason, detail=detail, use=use.id)
                        for (item, reason, detail), use in zip(refused, uses, strict=True)
                    ),
                ]
            )
            lost = [
                item
                for item in work.batches.held()
                if item.batch == batch.id and item.claim == self._claim and item.use is not None
            ]
            for item in lost:
                work.uses.refuse(str(item.use), detail="the signature did not fit; it was discarded", at=now)
            work.batches.let_go(lost)
            if done:
                work.ledger.note(
                    at=now, actor=batch.grounds.actor, act="seal.batch", subject=batch.seal, batch=batch.id,
                    uses=[file.use for file in done],
                )  # fmt: skip
            work.commit()
        SEALED.labels("done").inc(len(done))
        SEALED.labels("refused").inc(len(refused))
        kept = {file.use for file in done}
        for file in files:
            if file.use not in kept:
                self._results.drop(file.use, file.kept)
        for item in sealed:
            self._results.deliver(item)

    def _sealed(self, file: _File) -> Item:
        return replace(
            file.item,
            state=ItemState.SEALED,
            use=file.use,
            sha256=file.sha256,
            result=file.kept or file.item.name,
            result_sha256=file.sealed_sha256,
            result_size=file.size,
        )

    def _refused_use(self, item: Item, reason: str, detail: str) -> SealUse:
        now = self._office.now()
        return SealUse(
            id=secrets.token_hex(16),
            seal=self._batch.seal,
            state=UseState.REFUSED,
            grounds=self._batch.grounds,
            purpose=self._batch.purpose,
            level=self._batch.level,
            asked_at=now,
            decided_at=now,
            process=self._office.process,
            document_sha256=item.sha256,
            detail=f"{reason}: {detail}"[:512],
        )
