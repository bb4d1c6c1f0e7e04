"""Distinguished names, made from the register and never from a request."""

import re
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.x509.oid import NameOID

from ca.errors import ProfileError

MAX_NAME_CHARS: Final = 64  # ub-organization-name and ub-common-name, RFC 5280 appendix A.1
MAX_COMMON_NAME_OCTETS: Final = 64  # of UTF-8: RFC 5280 counts characters, but widely used libraries count octets
COUNTRY: Final = "CN"
ORGANIZATION_IDENTIFIER_FORM: Final = re.compile(  # ETSI EN 319 412-1 §5.1.4; the code as in GB 32100-2015 §4.3
    r"NTRCN-[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}"
)
PERSON_NUMBER_FORM: Final = re.compile(r"[0-9a-f]{32}")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufffd]")


@dataclass(frozen=True, slots=True, kw_only=True)
class LegalPerson:
    """Who a licence or seal certificate is for (ETSI EN 319 412-3 §4.2.1)."""

    organization: str  # full registered name
    uscc: str
    common_name: str  # a name it is known by: `common_name` makes one that fits

    def name(self) -> x509.Name:
        """Return C, O, organizationIdentifier and CN, once each.

        Raises:
            ProfileError: a name is empty, too long or holds invisible characters; or no credit code.
        """
        identifier = f"NTRCN-{self.uscc}"
        if not ORGANIZATION_IDENTIFIER_FORM.fullmatch(identifier):
            raise ProfileError(f"{self.uscc!r} is not written as a unified social credit code")
        return x509.Name(
            [
                x509.NameAttribute(NameOID.COUNTRY_NAME, COUNTRY),
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, _fitting(self.organization, "organization name")),
                x509.NameAttribute(NameOID.ORGANIZATION_IDENTIFIER, identifier),
                x509.NameAttribute(NameOID.COMMON_NAME, _fitting_common_name(self.common_name)),
            ]
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class NaturalPerson:
    """Who a one-time certificate is for (ETSI EN 319 412-2 §4.2.4)."""

    surname: str  # the whole name as the person is known by: Chinese names are not divided here
    common_name: str
    serial_number: str  # tells persons of one name apart; opaque, never an identity number

    def name(self) -> x509.Name:
        """Return C, surname, CN and serialNumber, once each.

        Raises:
            ProfileError: a name is empty, too long or holds invisible characters; or a serial number of another form.
        """
        if not PERSON_NUMBER_FORM.fullmatch(self.serial_number):
            raise ProfileError("a person's number has 32 hexadecimal digits")
        return x509.Name(
            [
                x509.NameAttribute(NameOID.COUNTRY_NAME, COUNTRY),
                x509.NameAttribute(NameOID.SURNAME, _fitting(self.surname, "name")),
                x509.NameAttribute(NameOID.COMMON_NAME, _fitting_common_name(self.common_name)),
                x509.NameAttribute(NameOID.SERIAL_NUMBER, self.serial_number),
            ]
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceName:
    """Who a CA, responder or time-stamping certificate is for: a service of the authority."""

    organization: str
    common_name: str

    def name(self) -> x509.Name:
        """Return C, O and CN.

        Raises:
            ProfileError: a name is empty, too long or holds invisible characters.
        """
        return x509.Name(
            [
                x509.NameAttribute(NameOID.COUNTRY_NAME, COUNTRY),
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, _fitting(self.organization, "organization name")),
                x509.NameAttribute(NameOID.COMMON_NAME, _fitting_common_name(self.common_name)),
            ]
        )


def common_name(name: str, suffix: str = "") -> str:
    """Return `name` and `suffix` in at most 64 octets; a name that is too long loses its end to an ellipsis.

    The full registered name stands in O; CN need not repeat it (ETSI EN 319 412-3 §4.2.1).
    """
    whole = f"{name} {suffix}".strip()
    kept = len(name)
    while len(whole.encode()) > MAX_COMMON_NAME_OCTETS and kept:
        kept -= 1
        whole = f"{name[:kept].rstrip()}… {suffix}".strip()
    return whole


def _fitting_common_name(text: str) -> str:
    if (size := len(text.encode())) > MAX_COMMON_NAME_OCTETS:
        raise ProfileError(
            f"the common name has {size} octets in UTF-8, at most {MAX_COMMON_NAME_OCTETS} can be read everywhere; "
            "shorten it, the full name stands beside it"
        )
    return _fitting(text, "common name")


def _fitting(text: str, what: str) -> str:
    if not text or text != text.strip():
        raise ProfileError(f"the {what} is empty or has blanks around it")
    if len(text) > MAX_NAME_CHARS:
        raise ProfileError(
            f"the {what} has {len(text)} characters; a certificate holds at most {MAX_NAME_CHARS} (RFC 5280 appendix A.1)"
        )
    if stray := _CONTROL.search(text):
        raise ProfileError(f"the {what} holds the invisible character U+{ord(stray[0]):04X}")
    return text
