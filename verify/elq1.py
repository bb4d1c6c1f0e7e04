"""The text of a licence code: `ELQ1:` + Base45(zlib(COSE_Sign1(CWT))), bare or in the fragment of a URL.

docs/spec/qr.md is normative. Nothing that is read here is trusted: `verify.qr.check_qr` alone decides.
"""

import re
import zlib
from dataclasses import dataclass
from typing import Final

from verify import base45, cose, credential
from verify.credential import Credential
from verify.errors import EncodingError, MalformedTokenError
from verify.inflate import inflate

PREFIX: Final = "ELQ1:"
MAX_CHARS: Final = 3391  # what a version 40 symbol at level M holds in alphanumeric mode, ISO/IEC 18004 table 7
MAX_MESSAGE_BYTES: Final = 16_384  # a full record with a scope of 4,000 Chinese characters
MAX_URL_CHARS: Final = 256  # before the fragment
URL: Final = re.compile(rf"https?://[!-\"$-~]{{1,{MAX_URL_CHARS}}}/q#(?P<fragment>ELQ[0-9]:.*)", re.DOTALL)
ESCAPE: Final = re.compile(r"%([0-9A-Fa-f]{2})|%")
ESCAPED: Final = {"%": "%25", " ": "%20"}  # all of the Base45 alphabet that RFC 3986 §3.5 keeps out of a fragment


@dataclass(frozen=True, slots=True, kw_only=True)
class UncheckedToken:
    """A code that is spelled right. Its signature has not been looked at."""

    message: cose.Sign1
    claims: Credential


def encode_elq1(claims: Credential, *, kid: bytes, sign: cose.Sign) -> str:
    """Sign the claims and return the text of the code.

    Raises:
        EncodingError: the claims do not fit the format or the largest symbol.
    """
    message = cose.encode(credential.encode(claims), kid=kid, sign=sign)
    text = PREFIX + base45.encode(zlib.compress(message, 9))
    if len(text) > MAX_CHARS:
        raise EncodingError(f"the code would have {len(text)} characters, {MAX_CHARS} fit")
    return text


def parse(text: str) -> UncheckedToken:
    """Split the text of a code; nothing in it is trusted yet.

    Raises:
        MalformedTokenError: not ELQ1 in its one spelling.
    """
    if len(text) > MAX_CHARS:
        raise MalformedTokenError(f"longer than {MAX_CHARS} characters")
    if not text.startswith(PREFIX):
        raise MalformedTokenError("not an ELQ1 code")
    data = inflate(base45.decode(text.removeprefix(PREFIX)), max_bytes=MAX_MESSAGE_BYTES)
    message = cose.decode(data)
    if message.typ is not None:
        raise MalformedTokenError("a message of another type in a licence code")
    return UncheckedToken(message=message, claims=credential.decode(message.payload))


def payload_of(scanned: str) -> str:
    """Return the code out of what a scanner or a file gave: as it is, or out of the fragment of a URL.

    The URL is never fetched and its host says nothing. Line ends around the text are dropped; spaces belong to it.

    Raises:
        MalformedTokenError: an ELQ fragment whose percent-encoding is broken.
    """
    text = scanned.strip("\r\n")
    found = URL.fullmatch(text)
    return text if found is None else unescape(found["fragment"])


def escape(text: str) -> str:
    """Percent-encode what a URL's fragment cannot hold, in characters of the QR alphanumeric mode."""
    return "".join(ESCAPED.get(character, character) for character in text)


def unescape(fragment: str) -> str:
    """Undo the percent-encoding, also of characters that did not need it.

    Raises:
        MalformedTokenError: a per cent sign without two hexadecimal digits.
    """
    if any(found[1] is None for found in ESCAPE.finditer(fragment)):
        raise MalformedTokenError("a per cent sign without two hexadecimal digits")
    return ESCAPE.sub(lambda found: chr(int(found[1], 16)), fragment)
