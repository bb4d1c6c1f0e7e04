"""Which domain passkeys are bound to, and whose pages may ask for them."""

import pytest

from api.acts.relying_party import settle
from api.errors import SettingsError


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "127.9.9.9"])
def test_on_this_machine_the_domain_is_localhost(host: str) -> None:
    party = settle(f"http://{host}:8000", rp_id="", further=())
    assert party.id == "localhost"
    assert {f"http://{host}:8000", "http://localhost:8000", "http://127.0.0.1:8000"} == set(party.origins)


def test_elsewhere_it_is_the_host_and_only_its_own_origin_may_ask() -> None:
    party = settle("https://seal.example.org/", rp_id="", further=())
    assert (party.id, party.origins) == ("seal.example.org", ("https://seal.example.org",))
    assert settle("https://seal.example.org:8443", rp_id="", further=()).origins == ("https://seal.example.org:8443",)


def test_the_domain_may_be_one_above_the_host_and_further_origins_below_it() -> None:
    party = settle("https://seal.example.org", rp_id="example.org", further=("https://app.example.org:444/x",))
    assert party.id == "example.org"
    assert party.origins == ("https://seal.example.org", "https://app.example.org:444")


@pytest.mark.parametrize(
    ("url", "rp_id", "further"),
    [
        ("http://seal.example.org", "", ()),  # no TLS
        ("https://192.0.2.7", "", ()),  # an address is no domain
        ("https://[2001:db8::1]", "", ()),
        ("http://192.168.1.5:8000", "", ()),
        ("https://seal.example.org", "example.com", ()),
        ("https://seal.example.org", "ample.org", ()),
        ("https://seal.example.org", "localhost", ()),
        ("https://seal.example.org", "Seal.Example.Org", ()),
        ("https://seal.example.org", "192.0.2.7", ()),
        ("https://seal.example.org", "", ("https://evil.example",)),
        ("https://seal.example.org", "", ("http://seal.example.org",)),
        ("http://127.0.0.1:8000", "", ("http://evil.example",)),
        ("http://127.0.0.1:8000", "", ("https://localhost.evil.example",)),
        ("ftp://localhost", "", ()),
        ("seal.example.org", "", ()),
        ("https://seal.example.org:port", "", ()),
        ("https://", "", ()),
    ],
)
def test_what_is_not_known_to_be_safe_is_refused(url: str, rp_id: str, further: tuple[str, ...]) -> None:
    with pytest.raises(SettingsError):
        settle(url, rp_id=rp_id, further=further)
