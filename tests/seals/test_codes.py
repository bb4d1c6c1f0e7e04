import pytest

from seals.codes import MAX_SERIAL, SealCode, check_code, make_code, parse_code
from seals.errors import SealCodeError

USCC = "91330106MA2CFG1234"


def test_a_code_is_the_region_of_the_credit_code_and_the_serial_number() -> None:
    assert make_code(USCC, serial=1) == "33010600000001"
    assert make_code(USCC, serial=MAX_SERIAL) == "33010699999999"


@pytest.mark.parametrize("serial", [0, -1, MAX_SERIAL + 1])
def test_serial_numbers_outside_the_region_s_range_are_refused(serial: int) -> None:
    with pytest.raises(SealCodeError, match="serial number"):
        make_code(USCC, serial=serial)


@pytest.mark.parametrize("uscc", ["", USCC[:17], USCC + "1", "9133010SMA2CFG1234", "91330106MA2CFG123O", USCC + "\n"])
def test_a_region_is_only_taken_from_a_credit_code(uscc: str) -> None:
    with pytest.raises(SealCodeError, match="credit code"):
        make_code(uscc, serial=1)


@pytest.mark.parametrize("text", ["33010600000001", "32050000011053"])
def test_a_code_comes_back_from_its_parts(text: str) -> None:
    check_code(text)
    assert str(parse_code(text)) == text
    assert parse_code(text) == SealCode(region=text[:6], serial=int(text[6:]))


@pytest.mark.parametrize(
    "text",
    ["", "3301060000001", "330106000000011", "3301060000000A", "３3010600000001", " 3301060000001", "33010600000001\n"],
)
def test_only_fourteen_ascii_digits_are_a_code(text: str) -> None:
    with pytest.raises(SealCodeError, match="14 digits"):
        parse_code(text)


def test_serial_number_nought_is_no_code() -> None:
    with pytest.raises(SealCodeError, match="begin with 1"):
        parse_code("33010600000000")
