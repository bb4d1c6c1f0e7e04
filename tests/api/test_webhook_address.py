"""Where a webhook may lead, and that a name which changes its mind leads nowhere else."""

from ipaddress import ip_address

import pytest

from api.acts.webhook_address import AddressRefusedError, is_public, pinned, resolve_host, target_of
from api.errors import BadInputError

PUBLIC = "93.184.216.34"


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://example.com/", "https"),
        ("ftp://example.com/", "https"),
        ("https:///path", "host"),
        ("//example.com/", "https"),
        ("https://user@example.com/", "user"),
        ("https://user:pw@example.com/", "user"),
        ("https://:pw@example.com/", "user"),
        ("https://example.com/#x", "fragment"),
        ("https://example.com:99999/", "read"),
        ("https://example.com:x/", "read"),
        ("https://[::1/", "read"),
        ("https://exam ple.com/", "blanks"),
        ("https://example.com/\r\nX: y", "blanks"),
        ("https://example.com\\@127.0.0.1/", "blanks"),
        ("https://例子.测试/", "ASCII"),
        ("https://example.com/" + "a" * 2029, "2048"),
        ("https://127.0.0.1/", "public"),
        ("https://10.0.0.1/", "public"),
        ("https://169.254.169.254/latest/meta-data", "public"),
        ("https://[::1]/", "public"),
        ("https://[::ffff:127.0.0.1]/", "public"),
        ("https://[fe80::1]/", "public"),
        ("https://224.0.0.1/", "public"),
        ("https://0.0.0.0/", "public"),
    ],
)
def test_an_address_that_should_not_be_called_is_refused_when_it_is_entered(url: str, why: str) -> None:
    with pytest.raises(BadInputError, match=why):
        target_of(url, hosts=())


def test_a_good_address_is_taken_apart_and_shown_without_its_query() -> None:
    target = target_of("https://Example.com:8443/a/b?key=secret", hosts=())
    assert (target.host, target.port, target.path) == ("example.com", 8443, "/a/b?key=secret")
    assert target.shown == "https://example.com:8443/a/b?…"
    assert target.authority == "example.com:8443"
    assert target_of("https://example.com", hosts=()).shown == "https://example.com/"
    assert target_of("https://[2606:2800:220:1::1]/", hosts=()).authority == "[2606:2800:220:1::1]"
    longest = "https://example.com/" + "a" * 2028
    assert target_of(longest, hosts=()).shown == longest


@pytest.mark.parametrize(
    ("address", "public"),
    [
        (PUBLIC, True),
        ("2606:2800:220:1::1", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("100.64.0.1", False),
        ("169.254.169.254", False),
        ("0.0.0.0", False),  # noqa: S104 - nothing is bound
        ("255.255.255.255", False),
        ("224.0.0.1", False),
        ("239.1.2.3", False),
        ("::1", False),
        ("::", False),
        ("fe80::1", False),
        ("fc00::1", False),
        ("ff02::1", False),
        ("::ffff:10.0.0.1", False),
        (f"::ffff:{PUBLIC}", True),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::5db8:d822", True),
        ("64:ff9b:1::7f00:1", False),  # NAT64 of a network's own, RFC 8215
        ("::127.0.0.1", False),
        ("::ffff:0:127.0.0.1", False),  # IPv4-translated, RFC 2765 §2.1
        ("fec0::1", False),
        ("4000::1", False),
        ("2002:7f00:1::", False),
        ("2001:0:7f00:1::", False),
    ],
)
def test_which_addresses_are_public(address: str, *, public: bool) -> None:
    assert is_public(ip_address(address)) is public


def test_the_name_is_resolved_once_and_the_connection_goes_to_what_was_looked_at() -> None:
    answers = [[PUBLIC], ["127.0.0.1"]]
    target = target_of("https://rebind.example/", hosts=())
    assert pinned(target, hosts=(), resolve=lambda *_: answers.pop(0)) == PUBLIC
    assert answers == [["127.0.0.1"]]


@pytest.mark.parametrize("found", [["127.0.0.1"], [PUBLIC, "10.0.0.1"], ["10.0.0.1", PUBLIC], ["::1"]])
def test_one_private_address_among_the_answers_is_one_too_many(found: list[str]) -> None:
    target = target_of("https://inside.example/", hosts=())
    with pytest.raises(AddressRefusedError, match="private"):
        pinned(target, hosts=(), resolve=lambda *_: found)


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f.1", "localhost", "localhost."])
def test_other_spellings_of_this_machine_are_found_out_by_what_they_resolve_to(host: str) -> None:
    target = target_of(f"https://{host}/", hosts=())
    with pytest.raises(AddressRefusedError, match="private"):
        pinned(target, hosts=(), resolve=resolve_host)


def test_a_name_that_nobody_knows_is_refused() -> None:
    def unknown(host: str, port: int) -> list[str]:
        raise OSError("no such host")

    target = target_of("https://nowhere.example/", hosts=())
    for resolve in (unknown, lambda *_: [], lambda *_: ["not an address"]):
        with pytest.raises(AddressRefusedError, match="not known"):
            pinned(target, hosts=(), resolve=resolve)


def test_an_operator_may_name_private_hosts_and_plain_http_stays_on_this_machine() -> None:
    hosts = ("erp.internal",)
    secure, plain = target_of("https://erp.internal/", hosts=hosts), target_of("http://erp.internal/", hosts=hosts)
    assert pinned(secure, hosts=hosts, resolve=lambda *_: ["10.0.0.5"]) == "10.0.0.5"
    assert pinned(plain, hosts=hosts, resolve=lambda *_: ["127.0.0.1"]) == "127.0.0.1"
    with pytest.raises(AddressRefusedError, match="http is for"):
        pinned(plain, hosts=hosts, resolve=lambda *_: ["10.0.0.5"])
    with pytest.raises(BadInputError):
        target_of("http://other.internal/", hosts=hosts)
