"""What became of the contract that a file is: looked up by the hashes of its states, whoever brings it."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO, Final

from api.acts.office import Office
from api.db.envelope_records import FileRecord, Whole
from api.db.work import SqlUnitOfWork
from seals.envelope_states import EnvelopeState
from verify.report import Finding, Report
from verify.words import finding

PIECE_BYTES: Final = 1 << 20
OVERLAP_BYTES: Final = 128  # a /ByteRange is shorter
MAX_RANGES: Final = 200
RANGE: Final = re.compile(rb"/ByteRange\s*\[\s*0\s+\d{1,12}\s+(\d{1,12})\s+(\d{1,12})\s*\]")


def with_standing(office: Office, file: BinaryIO, report: Report) -> Report:
    """Return the report with a finding about the contract, if the register knows the file or a state that it holds."""
    digests = list(states_of(file))
    with office.reading() as work:
        known = {one.sha256: one for one in work.envelopes.by_file(digests)}
        newest = next((known[one] for one in digests if one in known), None)
        whole = None if newest is None else work.envelopes.get(newest.envelope)
        if newest is None or whole is None or newest.revision == 0:
            return report
        said = _finding(work, whole, newest, office)
    facts = {"envelope": whole.id, "state": whole.record.state.value, "revision": newest.revision}
    return replace(report, findings=(*report.findings, said), facts={**report.facts, "contract": facts})


def states_of(file: BinaryIO) -> Iterator[bytes]:
    """SHA-256 of the file, then of each signed state that it holds, the longest first."""
    ends, size = _ends(file)
    wanted = sorted({end for end in ends if end < size}, reverse=True)[:MAX_RANGES]
    found = _prefixes(file, sorted([*wanted, size]))
    for end in (size, *wanted):
        yield found[end]


def _ends(file: BinaryIO) -> tuple[set[int], int]:
    """Where the ranges that signatures cover end. Untrusted: a wrong one leads to a hash that nobody knows."""
    ends: set[int] = set()
    file.seek(0)
    size, tail = 0, b""
    while piece := file.read(PIECE_BYTES):
        size += len(piece)
        for match in RANGE.finditer(tail + piece):
            ends.add(int(match[1]) + int(match[2]))
        tail = piece[-OVERLAP_BYTES:]
    return ends, size


def _prefixes(file: BinaryIO, ends: list[int]) -> dict[int, bytes]:
    """SHA-256 of the file up to each of these ends, in one pass."""
    hasher, at, found = hashlib.sha256(), 0, {}
    file.seek(0)
    for end in ends:
        while at < end and (piece := file.read(min(PIECE_BYTES, end - at))):
            hasher.update(piece)
            at += len(piece)
        found[end] = hasher.copy().digest()
    file.seek(0)
    return found


def _finding(work: SqlUnitOfWork, whole: Whole, newest: FileRecord, office: Office) -> Finding:
    record = whole.record
    if record.state is EnvelopeState.RESCINDED:
        done = next(
            (one for one in work.envelopes.rescissions_of(whole.id) if one.state is EnvelopeState.COMPLETED), None
        )
        when = None if done is None else done.ended_at
        day = "" if when is None else f"{when.astimezone(office.zone):%Y-%m-%d}"
        return finding("contract.rescinded", day=day, by="" if done is None else done.id)
    if record.state is EnvelopeState.SENT:
        return finding("contract.open")
    if record.state is not EnvelopeState.COMPLETED:
        return finding("contract.ended", state=record.state.value)
    last = max((one.revision or 0 for one in whole.slots if one.document == newest.document), default=0)
    if newest.revision < last:
        return finding("contract.earlier")
    day = "" if record.ended_at is None else f"{record.ended_at.astimezone(office.zone):%Y-%m-%d}"
    return finding("contract.concluded", day=day, envelope=whole.id)
