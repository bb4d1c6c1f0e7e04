"""What a check is given to judge by. All of it is signed data except the anchors, which the verifier chose."""

from dataclasses import dataclass

from cryptography import x509


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """Roots the verifier believes, and signed material found beside them that helps to build and judge paths.

    Only `anchors` are believed. The rest may come from anywhere: each piece is checked before it counts.
    """

    anchors: tuple[x509.Certificate, ...] = ()
    certificates: tuple[x509.Certificate, ...] = ()  # issuing CAs and credential signers (the published key list)
    crls: tuple[bytes, ...] = ()  # DER
    ocsp_responses: tuple[bytes, ...] = ()  # DER OCSPResponse
    status_lists: tuple[bytes, ...] = ()  # Token Status List CWTs
