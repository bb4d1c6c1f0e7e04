"""The public side of a certification authority: what issuing, CRLs and OCSP need to know of it."""

from dataclasses import dataclass

from cryptography import x509

from ca.errors import ProfileError
from ca.keys import checked_key
from hsm.algorithms import default_algorithm, require_fit, spec_of
from hsm.errors import MechanismError
from hsm.signer import KeySpec, PublicKey, SignatureAlgorithm


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """A CA by its certificate. Made by `of`, which reads everything else from it once."""

    name: str  # entity name, such as "seal"
    certificate: x509.Certificate
    algorithm: SignatureAlgorithm
    public_key: PublicKey
    spec: KeySpec
    key_identifier: bytes
    ca_url: str
    crl_url: str
    ocsp_url: str

    def __hash__(self) -> int:
        """By key alone: issuers are keys of caches, asked several times for each certificate."""
        return hash(self.key_identifier)

    @classmethod
    def of(
        cls,
        name: str,
        certificate: x509.Certificate,
        *,
        ca_url: str,
        crl_url: str,
        ocsp_url: str,
        algorithm: SignatureAlgorithm | None = None,
    ) -> "Issuer":
        """Read the certificate. Without `algorithm`, the default of the key's kind signs.

        Raises:
            ProfileError: no CA certificate, no key identifier, a key we do not use, or an algorithm that it cannot do.
        """
        key = checked_key(certificate.public_key())
        spec = spec_of(key)
        algorithm = algorithm or default_algorithm(spec)
        try:
            require_fit(spec, algorithm)
            constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
            identifier = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        except (x509.ExtensionNotFound, MechanismError) as exc:
            raise ProfileError(f"{name!r} cannot issue: {exc}") from exc
        if not constraints.ca:
            raise ProfileError(f"{name!r} cannot issue: its certificate is not a CA's")
        return cls(
            name=name,
            certificate=certificate,
            algorithm=algorithm,
            public_key=key,
            spec=spec,
            key_identifier=identifier.digest,
            ca_url=ca_url,
            crl_url=crl_url,
            ocsp_url=ocsp_url,
        )
