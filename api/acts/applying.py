"""After the last approval the seal is applied, once: at once where it can be, by the worker after a crash or a fault."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, Final

from api.acts import envelope_run, requests
from api.acts.office import Office
from api.acts.request_views import request
from api.acts.sealing import SealOrder, seal_document
from api.db.work import SqlUnitOfWork
from api.errors import ServiceError
from api.problems import problem_for
from api.scratch import scratch_file
from hsm.errors import HsmError
from seals.errors import DocumentRefusedError, RightError, SealError
from seals.register import Grounds, SealUse
from seals.requests import RequestEvent, RequestState, SealRequest, follow

log = logging.getLogger("vermilion.requests")
MAX_ATTEMPTS: Final = 20  # by the worker, while the fault is one that passes


def apply(office: Office, request_id: str) -> SealRequest:
    """Apply the seal of an approved request unless somebody is at it; returns the request as it is then.

    A failure is on the request with its reason. What passes by itself (a busy key, no time-stamp to be had) leaves the
    request approved: the worker tries again.

    Raises:
        NotFoundError: there is no such request.
    """
    one = request(office, request_id)
    if one.state is not RequestState.APPROVED:
        return one
    if one.envelope is not None:
        envelope_run.pursue(office, one.envelope)  # keeps failures at the party, and tries again by itself
        return request(office, request_id)
    with office.work() as work:
        mine = work.requests.claim(request_id, process=office.process)
        work.commit()
    if mine:
        try:
            _seal(office, request(office, request_id))
        except Exception as exc:
            _fail(office, request_id, exc)
            if not isinstance(exc, (SealError, HsmError, ServiceError)):
                raise
    return request(office, request_id)


def _seal(office: Office, one: SealRequest) -> None:
    person = _name(office, one.person)
    grounds = Grounds(
        actor=person,
        person=one.person,
        assertion=one.assertion,
        mandate=one.mandate,
        request=one.id,
        matter=one.matter,
        amount=one.amount,
        currency=one.currency,
        pages=one.pages,
    )

    def then(work: SqlUnitOfWork, use: SealUse) -> None:
        requests.mark_sealed(work, one.id, use=use.id, at=office.now())

    with document_of(office, one) as source:
        seal_document(office, one.seal, source, order_of(one), grounds=grounds, then=then)


@contextmanager
def document_of(office: Office, one: SealRequest) -> Iterator[BinaryIO]:
    """The file of the request, as it was handed in."""
    with scratch_file(office.scratch) as file:
        for piece in office.objects.stream(one.object or ""):
            file.write(piece)
        file.seek(0)
        yield file


def order_of(one: SealRequest) -> SealOrder:
    return SealOrder.of(**json.loads(one.placement), reason=one.purpose)


def _fail(office: Office, request_id: str, error: Exception) -> None:
    """Put the reason on the request, and let go of it."""
    problem = problem_for(error)
    reason = str(error.reason) if isinstance(error, (RightError, DocumentRefusedError)) else problem.slug
    said = f"{reason}: {error}" if problem.show else reason
    log.warning("request %s could not be applied: %s", request_id, said)
    with office.work() as work:
        one = work.requests.lock(request_id)
        if one is None or one.state is not RequestState.APPROVED:
            return
        passing = problem.retry_after_s is not None and one.attempts < MAX_ATTEMPTS
        after = one.state if passing else follow(one.state, RequestEvent.FAIL)
        at = office.now()
        work.requests.set_state(one.id, after, before=one.state, at=at, failure=said, process=None)
        work.ledger.note(at=at, actor="service", act="request.failed", subject=one.id, seal=one.seal, why=said)
        if not passing:
            work.notices.add(to=[one.uscc], kind="request.failed", subject=one.id, at=at, seal=one.seal, why=said)
        work.commit()


def _name(office: Office, person: str) -> str:
    with office.reading() as work:
        found = work.people.get(person)
    return person if found is None else found.name
