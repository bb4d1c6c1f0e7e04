"""Serial numbers and the two state machines of a certificate."""

from datetime import timedelta

import pytest

from ca.certificate_states import (
    GOOD,
    LIFE,
    STATUS,
    Life,
    Reason,
    Standing,
    Status,
    advance,
    void_needs_revocation,
)
from ca.errors import ProfileError, StateError
from ca.serials import MAX_OCTETS, instance_of, octets, serial_number
from tests.support.pki import NOW

LATER = NOW + timedelta(days=3)


def test_a_serial_number_holds_its_instance_and_136_random_bits() -> None:
    random = bytes(range(17))
    assert serial_number(instance=7, random=random) == int.from_bytes(b"\x07" + random, "big")
    assert instance_of(serial_number(instance=255, random=b"\xff" * 17)) == 255


@pytest.mark.parametrize("instance", [1, 0x7F, 0x80, 255])
def test_a_serial_number_is_positive_and_short_enough_for_every_instance(instance: int) -> None:
    for random in (b"\x00" * 17, b"\xff" * 17):
        serial = serial_number(instance=instance, random=random)
        assert serial > 0
        assert octets(serial) <= MAX_OCTETS
        assert octets(serial) == len(serial.to_bytes((serial.bit_length() // 8) + 1, "big", signed=True))


@pytest.mark.parametrize(("instance", "size"), [(0, 17), (256, 17), (-1, 17), (1, 16), (1, 18)])
def test_a_serial_number_of_another_shape_is_refused(instance: int, size: int) -> None:
    with pytest.raises(ProfileError):
        serial_number(instance=instance, random=b"\x01" * size)


@pytest.mark.parametrize("state", Life)
@pytest.mark.parametrize("to", Life)
def test_a_certificate_goes_only_along_the_drawn_steps(state: Life, to: Life) -> None:
    if to in LIFE[state]:
        assert advance(state, to) is to
    else:
        with pytest.raises(StateError, match=f"from {state} to {to}"):
            advance(state, to)


def test_nothing_is_signed_without_an_intent_and_nothing_follows_delivery_or_void() -> None:
    assert Life.SIGNED not in LIFE[Life.RESERVED]
    assert LIFE[Life.DELIVERED] == LIFE[Life.VOID] == frozenset()


def test_voiding_revokes_as_soon_as_the_key_may_have_been_used() -> None:
    assert [state for state in Life if void_needs_revocation(state)] == [Life.INTENT, Life.SIGNED]


def test_a_hold_can_be_lifted_and_can_become_a_revocation_that_dates_from_the_hold() -> None:
    held = GOOD.suspend(at=NOW)
    assert held == Standing(status=Status.SUSPENDED, since=NOW, reason=Reason.HOLD)
    assert held.reinstate() == GOOD
    assert held.revoke(Reason.SUPERSEDED, at=LATER) == Standing(
        status=Status.REVOKED, since=NOW, reason=Reason.SUPERSEDED
    )


def test_revocation_is_final() -> None:
    revoked = GOOD.revoke(Reason.KEY_COMPROMISE, at=NOW)
    assert STATUS[Status.REVOKED] == frozenset()
    for step in (
        revoked.reinstate,
        lambda: revoked.suspend(at=LATER),
        lambda: revoked.revoke(Reason.SUPERSEDED, at=LATER),
    ):
        with pytest.raises(StateError):
            step()


def test_a_hold_is_no_reason_to_revoke_and_a_good_certificate_cannot_be_reinstated() -> None:
    with pytest.raises(StateError, match="suspension"):
        GOOD.revoke(Reason.HOLD, at=NOW)
    with pytest.raises(StateError):
        GOOD.reinstate()
    with pytest.raises(StateError):
        GOOD.suspend(at=NOW).suspend(at=LATER)


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_one_of_rfc_5280(reason: Reason) -> None:
    assert reason.flag.value == reason.value
