"""What a certificate has to be meant for."""

from dataclasses import dataclass
from typing import Final

from verify.certificates import Certificate
from verify.report import Finding
from verify.words import finding

# Extended usages that say "not for documents" when they stand alone.
NOT_FOR_DOCUMENTS: Final = frozenset({"server_auth", "code_signing", "time_stamping", "ocsp_signing"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Purpose:
    """`key_usage`: one of these has to be there, if any is. Names as asn1crypto has them."""

    key_usage: frozenset[str] = frozenset()
    extended: str | None = None  # has to be there, alone and critical (RFC 3161 §2.3)
    not_only: frozenset[str] = frozenset()  # extended usages that do not do alone

    def finding_for(self, certificate: Certificate) -> Finding:
        what = self._objection(certificate)
        if what is None:
            return finding("certificate.purpose", subject=certificate.subject)
        return finding("certificate.wrong-purpose", subject=certificate.subject, what=what)

    def _objection(self, certificate: Certificate) -> str | None:
        usage, extended = certificate.key_usage, certificate.extended_key_usage
        if self.key_usage and usage is not None and not self.key_usage & usage:
            return f"key usage: {', '.join(sorted(usage)) or 'none'}"
        if self.extended is not None and (
            extended != (self.extended,) or "extended_key_usage" not in certificate.parsed.critical_extensions
        ):
            return f"extended key usage: {', '.join(extended or ()) or 'none'}"
        if self.not_only and extended and self.not_only.issuperset(extended):
            return f"extended key usage: {', '.join(extended)}"
        return None


ANY: Final = Purpose()
SIGNING: Final = Purpose(
    key_usage=frozenset({"digital_signature", "non_repudiation"}), not_only=NOT_FOR_DOCUMENTS
)  # ETSI EN 319 412-2 §4.3.2
TIME_STAMPING: Final = Purpose(key_usage=frozenset({"digital_signature", "non_repudiation"}), extended="time_stamping")
