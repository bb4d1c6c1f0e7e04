"""The table of problems is complete, and its page is current."""

from collections.abc import Iterator

import pytest

from api import errors as service
from api.http.refusals import answer
from api.problems import INTERNAL, OF_STATUS, PROBLEMS, REQUEST, Problem, problem_for
from ca import errors as ca
from hsm import errors as hsm
from seals import errors as seals
from tools.problems_page import REASONS, TARGET, page
from verify import errors as verify

ROOTS = (service.ServiceError, ca.CaError, seals.SealError, verify.VerifyError, hsm.HsmError)
INSIDE = {  # what no input can cause; its sentence stays in the log
    "ServiceError", "CaError", "SealError", "VerifyError", "HsmError",
    "LintError", "IntentError", "DocumentError", "KeyNotFoundError", "WrongKeyError",
    "UnreadablePdfError", "MalformedSignatureError", "MalformedManifestError", "UnreadableBoxError",  # findings
    "OutgrownError",  # the caller tries again with more room
}  # fmt: skip


def all_kinds(root: type[Exception]) -> Iterator[type[Exception]]:
    yield root
    for kind in root.__subclasses__():
        yield from all_kinds(kind)


def all_problems() -> list[Problem]:
    return [*PROBLEMS.values(), *OF_STATUS.values(), REQUEST]


@pytest.mark.parametrize("root", ROOTS)
def test_every_error_of_ours_has_its_problem(root: type[Exception]) -> None:
    kinds = {kind for kind in all_kinds(root) if not kind.__module__.startswith("tests")}
    bare = {kind.__name__ for kind in kinds if problem_of(kind) is INTERNAL}
    assert bare <= INSIDE


def problem_of(kind: type[Exception]) -> Problem:
    return problem_for(kind.__new__(kind))


def test_one_name_means_one_problem() -> None:
    for problem in all_problems():
        same = [other for other in all_problems() if other.slug == problem.slug]
        assert {(one.status, one.title) for one in same} == {(problem.status, problem.title)}


def test_whatever_may_be_tried_again_says_when() -> None:
    for problem in all_problems():
        assert (problem.retry_after_s is not None) is (
            (problem.status in {429, 503} and problem.slug != "key-store-unsafe")
            or problem.slug == "idempotency-key-in-use"
        ), problem.slug


def test_an_answer_carries_the_media_type_and_the_headers_of_its_status() -> None:
    busy = answer(PROBLEMS[hsm.KeyBusyError], detail="wait")
    assert busy.headers["retry-after"] == "2"
    assert busy.headers["content-type"] == "application/problem+json"
    assert answer(PROBLEMS[service.UnauthenticatedError]).headers["www-authenticate"] == "Bearer"


def test_an_error_that_is_not_ours_is_internal() -> None:
    assert problem_for(ZeroDivisionError("x")) is INTERNAL
    assert not INTERNAL.show


def test_the_page_of_problems_is_what_the_table_says_today() -> None:
    assert TARGET.read_text(encoding="utf-8") == page()


def test_the_page_explains_every_reason_of_a_refused_document() -> None:
    assert set(REASONS) == set(seals.Reason)
    for reason in seals.Reason:
        assert f"`{reason.value}`" in page()
