"""Revocation evidence from our own ledger, for files that have to be checked years later."""

from collections.abc import Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp as requests

from api.acts import publishing
from api.acts.office import Office
from ca.authority import ISSUING
from ca.ocsp import parse_request
from seals.errors import EvidenceError
from seals.ports import Evidence


@dataclass(frozen=True, slots=True)
class OfficeEvidence:
    """Implements `seals.ports.RevocationSource` without the network: the answers that the OCSP responder would give."""

    office: Office

    def evidence(self, chain: Sequence[x509.Certificate]) -> Evidence:
        """OCSP for what our issuing CAs issued, the root's CRL for those CAs.

        Raises:
            EvidenceError: a certificate that this authority did not issue.
        """
        answers: list[bytes] = []
        lists: list[bytes] = []
        responders: list[x509.Certificate] = []
        authority = self.office.authority
        names = {authority.certificate(name).subject: name for name in ("root", *ISSUING)}
        for certificate in chain:
            if certificate.issuer == certificate.subject:
                continue
            name = names.get(certificate.issuer)
            if name is None:
                raise EvidenceError(f"{certificate.subject.rfc4514_string()} was not issued by this authority")
            if name == "root":
                lists.append(publishing.crl(self.office, "root"))
                continue
            answers.append(self._answer(name, certificate))
            responders.append(authority.certificate(f"ocsp-{name}"))
        return Evidence(
            ocsp_responses=tuple(dict.fromkeys(answers)),
            crls=tuple(dict.fromkeys(lists)),
            certificates=tuple(dict.fromkeys(responders)),
        )

    def _answer(self, name: str, certificate: x509.Certificate) -> bytes:
        issuer = self.office.authority.certificate(name)
        asked = requests.OCSPRequestBuilder().add_certificate(certificate, issuer, hashes.SHA256()).build()
        question = parse_request(asked.public_bytes(Encoding.DER))
        return publishing.ocsp_answer(self.office, name, question)
