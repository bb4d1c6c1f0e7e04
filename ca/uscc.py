"""The unified social credit code (GB 32100-2015), with both of its check characters."""

from typing import Final

from ca.errors import UsccError

LENGTH: Final = 18
ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # GB 32100-2015 §4.3: no I, O, S, V, Z
WEIGHTS: Final = (
    1,
    3,
    9,
    27,
    19,
    26,
    16,
    17,
    20,
    29,
    25,
    13,
    8,
    24,
    10,
    30,
    28,
)  # GB 32100-2015 annex A: 3^(i-1) mod 31
MODULUS: Final = 31
INNER_WEIGHTS: Final = (3, 7, 9, 10, 5, 8, 4, 2)  # GB 11714-1997 §3.2
INNER_MODULUS: Final = 11
INNER_CHECKS: Final = "0123456789X0"  # by 11 minus the remainder: 10 is X, 11 is 0
REGION: Final = slice(2, 8)  # characters 3 to 8, GB/T 2260
ORGANISATION: Final = slice(8, 16)  # characters 9 to 16; 17 is their check character


def check_uscc(text: str) -> str:
    """Return `text` if it is a credit code in its one spelling: 18 characters, upper case, both checks right.

    Raises:
        UsccError: names each character that is wrong and, for a check character, what it should be.
    """
    if len(text) != LENGTH:
        raise UsccError(f"a credit code has {LENGTH} characters, this has {len(text)}")
    wrong = [_stray(place, text[place - 1]) for place in range(1, LENGTH + 1) if text[place - 1] not in ALPHABET]
    wrong += [
        f"character {place} is {text[place - 1]!r}; characters 3 to 8 are the digits of a region"
        for place in range(3, 9)
        if text[place - 1] in ALPHABET[10:]
    ]
    if not wrong:
        wrong = _wrong_checks(text)
    if wrong:
        raise UsccError("; ".join(wrong))
    return text


def make_uscc(*, region: str, organisation: str, category: str = "91") -> str:
    """Return the code with both check characters for these parts (category 91: enterprise under market regulation).

    Raises:
        UsccError: a part has another length or a character that the code does not use.
    """
    if (len(category), len(region), len(organisation)) != (2, 6, 8) or not set(organisation) <= set(ALPHABET):
        raise UsccError("a credit code is made of a category of 2, a region of 6 and an organisation of 8 characters")
    body = category + region + organisation + _inner_check(organisation)
    if not set(body) <= set(ALPHABET):
        raise UsccError("a character that credit codes do not use")
    return check_uscc(body + _outer_check(body))


def region_of(uscc: str) -> str:
    """The six digits of the region (GB/T 2260) in a checked code."""
    return uscc[REGION]


def _wrong_checks(text: str) -> list[str]:
    wrong = []
    if text[16] != (inner := _inner_check(text[ORGANISATION])):
        wrong.append(
            f"character 17, the check character of the organisation code {text[ORGANISATION]} (GB 11714), "
            f"is {text[16]!r} and should be {inner!r}"
        )
    if text[17] != (outer := _outer_check(text[:17])):
        wrong.append(
            f"character 18, the check character of the whole code (GB 32100), is {text[17]!r} and should be {outer!r}"
        )
    return wrong


def _stray(place: int, character: str) -> str:
    if character.upper() in ALPHABET and character.isascii():
        return f"character {place} is {character!r}; credit codes are written in upper case"
    return f"character {place} is {character!r}, which credit codes do not use"


def _inner_check(organisation: str) -> str:
    # GB 11714 counts A=10 to Z=35, unlike the outer code, which skips five letters
    total = sum(int(character, 36) * weight for character, weight in zip(organisation, INNER_WEIGHTS, strict=True))
    return INNER_CHECKS[INNER_MODULUS - total % INNER_MODULUS]


def _outer_check(body: str) -> str:
    total = sum(ALPHABET.index(character) * weight for character, weight in zip(body, WEIGHTS, strict=True))
    return ALPHABET[-total % MODULUS]
