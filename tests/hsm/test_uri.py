from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsm.errors import StoreAddressError
from hsm.uri import TokenAddress, parse

MODULE = "module-path=/usr/lib/softhsm/libsofthsm2.so"


def test_every_supported_attribute_is_read() -> None:
    address = parse(
        "pkcs11:token=The%20Token;manufacturer=Maker;serial=0815;model=M%2F1;slot-id=42"
        "?module-path=/opt/hsm%20x/lib.so&pin-source=file:/run/secrets/pin"
    )
    assert address == TokenAddress(
        module_path=Path("/opt/hsm x/lib.so"),
        token="The Token",
        manufacturer="Maker",
        serial="0815",
        model="M/1",
        slot_id=42,
        pin_file=Path("/run/secrets/pin"),
    )
    assert parse(str(address)) == address


@pytest.mark.parametrize("source", ["/run/pin", "file:/run/pin", "file:///run/pin"])
def test_the_pin_source_may_be_written_in_three_ways(source: str) -> None:
    assert parse(f"pkcs11:token=t?{MODULE}&pin-source={source}").pin_file == Path("/run/pin")


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "pkcs11:",
        "pkcs11:token=t",
        "PKCS11:token=t?" + MODULE,
        f"pkcs11:?{MODULE}",
        f"pkcs11:model=m?{MODULE}",
        f"pkcs11:token=?{MODULE}",
        f"pkcs11:token=a;token=b?{MODULE}",
        f"pkcs11:token=t;?{MODULE}",
        f"pkcs11:token=t;object=k?{MODULE}",
        f"pkcs11:token=t;x-vendor=1?{MODULE}",
        f"pkcs11:token=%2?{MODULE}",
        f"pkcs11:token=%ff?{MODULE}",
        f"pkcs11:token=%00?{MODULE}",
        f"pkcs11:token=a b?{MODULE}",
        f"pkcs11:Token=t?{MODULE}",
        f"pkcs11:token?{MODULE}",
        f"pkcs11:slot-id=01?{MODULE}",
        f"pkcs11:slot-id=-1?{MODULE}",
        f"pkcs11:slot-id=x?{MODULE}",
        f"pkcs11:slot-id=12345678901234567890?{MODULE}",
        f"pkcs11:token=t?{MODULE}&{MODULE}",
        f"pkcs11:token=t?{MODULE}&module-name=x",
        f"pkcs11:token=t?{MODULE}&token=x",
        f"pkcs11:token=t;{MODULE}",
        "pkcs11:token=t?module-path=relative.so",
        f"pkcs11:token=t?{MODULE}&pin-source=relative",
        f"pkcs11:token=t?{MODULE}&pin-source=|cat",
        f"pkcs11:token=t?{MODULE}&pin-source=https://example.org/pin",
        f"pkcs11:token=t?{MODULE}#fragment",
    ],
)
def test_what_is_not_understood_is_refused(uri: str) -> None:
    with pytest.raises(StoreAddressError):
        parse(uri)


@pytest.mark.parametrize(("name", "limit"), [("token", 32), ("serial", 16)])
def test_an_attribute_is_at_most_as_long_as_its_field_on_the_token(name: str, limit: int) -> None:
    assert parse(f"pkcs11:{name}={'x' * limit}?{MODULE}")
    with pytest.raises(StoreAddressError):
        parse(f"pkcs11:{name}={'x' * (limit + 1)}?{MODULE}")


def test_an_address_has_at_most_4096_characters() -> None:
    start = "pkcs11:token=t?module-path=/"
    assert parse(start + "x" * (4096 - len(start)))
    with pytest.raises(StoreAddressError):
        parse(start + "x" * (4097 - len(start)))


def test_a_pin_in_the_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(StoreAddressError) as caught:
        parse(f"pkcs11:token=t?{MODULE}&pin-value=4711-secret")
    assert "4711" not in repr(caught.value)


@given(st.text(min_size=1, max_size=8).filter(lambda text: "\x00" not in text), st.integers(0, 10**18))
def test_every_address_is_read_back_as_it_was_written(label: str, slot: int) -> None:
    try:
        label.encode()
    except UnicodeEncodeError:
        return
    address = TokenAddress(module_path=Path("/m"), token=label, slot_id=slot)
    assert parse(str(address)) == address


@given(st.text())
def test_any_text_is_an_address_or_refused(text: str) -> None:
    for uri in (text, "pkcs11:" + text, f"pkcs11:token={text}?{MODULE}"):
        try:
            parse(uri)
        except StoreAddressError:
            continue
