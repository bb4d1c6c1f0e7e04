"""The session pool, the gate of the module and the cache of handles, on their own."""

import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest
from pkcs11.exceptions import SessionCount

from hsm.errors import DeviceError, KeyBusyError
from hsm.library import Gate
from hsm.link import HandleCache
from hsm.session import SessionPool


def test_sessions_are_opened_as_needed_and_used_again() -> None:
    numbers = count(1)
    pool = SessionPool(lambda: next(numbers), size=2, wait_s=0)
    with pool.lend() as one:
        assert one == 1
    with pool.lend() as one, pool.lend() as other:
        assert (one, other) == (1, 2)
        with pytest.raises(KeyBusyError), pool.lend():
            pass
    assert sorted(pool.drain()) == [1, 2]
    with pool.lend() as fresh:
        assert fresh == 3


def test_a_session_is_never_lent_to_two_threads() -> None:
    numbers = count(1)
    pool = SessionPool(lambda: next(numbers), size=3, wait_s=10)
    in_use: set[int] = set()
    lock = threading.Lock()

    def work(_number: int) -> None:
        for _ in range(50):
            with pool.lend() as session:
                with lock:
                    assert session not in in_use
                    in_use.add(session)
                with lock:
                    in_use.remove(session)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, range(8)))
    assert len(pool.drain()) <= 3


def test_a_session_comes_back_when_its_user_fails() -> None:
    pool = SessionPool(lambda: 7, size=1, wait_s=0)
    with pytest.raises(ZeroDivisionError), pool.lend():
        raise ZeroDivisionError
    with pool.lend() as session:
        assert session == 7


def test_the_tokens_own_limit_of_sessions_is_respected() -> None:
    left = [1, 2]

    def open_session() -> int:
        if not left:
            raise SessionCount
        return left.pop()

    pool = SessionPool(open_session, size=9, wait_s=0)
    with pool.lend(), pool.lend():
        for _ in range(2):
            with pytest.raises(KeyBusyError), pool.lend():
                pass
    with pool.lend(), pool.lend():
        pass


def test_a_token_that_allows_no_session_at_all_says_so() -> None:
    def full() -> int:
        raise SessionCount

    with pytest.raises(SessionCount), SessionPool(full, size=1, wait_s=0).lend():
        pass


def test_nobody_enters_a_closed_gate_and_nobody_closes_one_with_people_inside() -> None:
    gate = Gate()
    with gate.inside(0), gate.inside(0), pytest.raises(DeviceError), gate.alone(0):
        pass
    with gate.alone(0):
        with pytest.raises(KeyBusyError), gate.inside(0):
            pass
        with pytest.raises(DeviceError), gate.alone(0):
            pass
    with gate.inside(0):
        pass


def test_whoever_waits_at_the_gate_gets_in_when_it_opens() -> None:
    gate = Gate()
    with ThreadPoolExecutor(2) as threads:
        with gate.alone(1):
            waiting = [threads.submit(_pass_through, gate), threads.submit(_be_alone, gate)]
        assert [done.result(10) for done in waiting] == [True, True]


def _pass_through(gate: Gate) -> bool:
    with gate.inside(10):
        return True


def _be_alone(gate: Gate) -> bool:
    with gate.alone(10):
        return True


def test_a_handle_is_thrown_away_only_when_nobody_uses_it() -> None:
    cache = HandleCache(keep=0)
    assert cache.take(b"a") is None
    assert cache.put(b"a", 1) == 1
    assert cache.take(b"a") == 1
    cache.give_back(b"a")
    assert not cache.waste
    cache.give_back(b"a")
    assert list(cache.waste) == [1]
    assert cache.take(b"a") is None


def test_of_two_threads_that_unwrapped_one_key_both_use_the_first_handle() -> None:
    cache = HandleCache(keep=0)
    assert cache.put(b"a", 1) == 1
    assert cache.put(b"a", 2) == 1
    assert list(cache.waste) == [2]


def test_the_handle_that_was_used_longest_ago_goes_first() -> None:
    cache = HandleCache(keep=2)
    for number, name in enumerate((b"a", b"b", b"c")):
        cache.put(name, number)
        cache.give_back(name)
    assert list(cache.waste) == [0]
