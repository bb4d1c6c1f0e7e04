"""The authority's status list."""

from datetime import timedelta
from typing import Any

import pytest

from ca.errors import CredentialError
from ca.status_list import issue_status_list
from tests.support.qr_pki import NOW, STATUS_URI, key, signing
from verify import cose
from verify.status import MAX_ENTRIES, Status, parse_status_list

KID = b"12345678"


def issued(statuses: dict[int, Status], **changes: Any) -> bytes:
    values: dict[str, Any] = {"size": 16, "uri": STATUS_URI, "kid": KID, "sign": signing("a"), "now": NOW}
    return issue_status_list(statuses, **(values | changes))


def test_each_place_says_what_it_was_given_and_all_others_are_valid() -> None:
    given = {0: Status.INVALID, 5: Status.SUSPENDED, 7: Status.VALID, 15: Status.INVALID}
    read = parse_status_list(issued(given, now=NOW.replace(microsecond=9)))
    assert [read.list.status(place) for place in range(16)] == [given.get(place, Status.VALID) for place in range(16)]
    assert read.list.expires_at == NOW + timedelta(days=7)
    assert cose.is_signed_by(read.message, key("a").public_key())


@pytest.mark.parametrize(
    ("statuses", "changes"),
    [
        ({16: Status.VALID}, {}),
        ({-1: Status.VALID}, {}),
        ({}, {"size": 0}),
        ({}, {"size": 6}),
        ({}, {"size": MAX_ENTRIES + 4}),
        ({}, {"uri": "nowhere"}),
    ],
)
def test_a_list_that_cannot_be_is_refused(statuses: dict[int, Status], changes: dict[str, Any]) -> None:
    with pytest.raises(CredentialError):
        issued(statuses, **changes)


def test_a_list_of_a_million_licences_stays_small() -> None:
    revoked = dict.fromkeys(range(0, MAX_ENTRIES, 1000), Status.INVALID)
    data = issued(revoked, size=MAX_ENTRIES)
    assert len(data) < 10_000
    assert parse_status_list(data).list.status(1000) is Status.INVALID
