"""What goes out over the remote signing interface: one core, the JSON of two versions of the specification."""

from base64 import b64encode
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from api.acts.oauth import issuer
from api.acts.office import Office
from api.acts.remote import MAX_HASHES
from api.acts.remote_algorithms import ALL_OIDS, OIDS_OF_SPEC, key_facts
from api.acts.remote_rights import Credential
from hsm.algorithms import spec_of
from hsm.signer import PublicKey

VERSIONS: Final = {"v1": "1.0.4.0", "v2": "2.0.0.2"}
METHODS: Final = {
    "v1": [
        "oauth2/authorize",
        "oauth2/token",
        "oauth2/revoke",
        "credentials/list",
        "credentials/info",
        "credentials/authorize",
        "credentials/extendTransaction",
        "signatures/signHash",
        "signatures/timestamp",
    ],
    "v2": [
        "oauth2/authorize",
        "oauth2/token",
        "oauth2/revoke",
        "credentials/list",
        "credentials/info",
        "credentials/authorize",
        "credentials/authorizeCheck",
        "credentials/getChallenge",
        "credentials/extendTransaction",
        "signatures/signHash",
        "signatures/signDoc",
        "signatures/timestamp",
    ],
}
SCAL: Final = "2"  # every authorisation names its hashes, EN 419 241-1 §5.4
LANG: Final = "zh-CN"
TIME: Final = "%Y%m%d%H%M%SZ"  # GeneralizedTime, CSC 1.0.4 §11.5
LEVELS: Final = ("AdES-B-B", "AdES-B-T", "AdES-B-LT", "AdES-B-LTA")


def info(office: Office, version: str) -> dict[str, Any]:
    """§11.1."""
    base = issuer(office)
    told: dict[str, Any] = {
        "specs": VERSIONS[version],
        "name": office.authority.name,
        "logo": f"{base}/static/mark.svg",
        "region": "CN",
        "lang": LANG,
        "description": "企业电子印章远程签署 Remote signing with electronic seals of enterprises",
        "authType": ["oauth2code", "oauth2client"],
        "oauth2": f"{base}/csc/{version}",
        "methods": METHODS[version],
    }
    if version == "v2":
        told |= {
            "oauth2Issuer": base,
            "asynchronousOperationMode": False,
            "validationInfo": False,
            "signAlgorithms": {"algos": list(ALL_OIDS)},
            "signature_formats": {
                "formats": ["P", "C"],
                "envelope_properties": [["Certification", "Revision"], ["Detached"]],
            },
            "conformance_levels": list(LEVELS),
        }
    return told


def credential(
    found: Credential, version: str, *, certificates: str, cert_info: bool, auth_info: bool
) -> dict[str, Any]:
    """§11.5: what a client needs to know of a credential before it can use it."""
    key = found.certificate.public_key()
    told: dict[str, Any] = {
        "description": f"{found.seal.name} {found.seal.kind.value}",
        "key": _key(key, enabled=found.enabled),  # type: ignore[arg-type]  # the authority certifies no other kinds of keys
        "cert": _certificate(found, certificates, cert_info=cert_info),
        "SCAL": SCAL,
        "multisign": MAX_HASHES,
        "lang": LANG,
    }
    mode = "implicit" if found.automatic else "oauth2code"
    if version == "v1":
        return told | {"authMode": mode}
    told["signatureQualifier"] = "eu_eidas_aeseal"  # an advanced electronic seal, CSC 2.0.0.2 §11.5
    return told | ({"auth": {"mode": mode}} if auth_info else {})


def _key(key: PublicKey, *, enabled: bool) -> dict[str, Any]:
    bits, curve = key_facts(key)
    told: dict[str, Any] = {
        "status": "enabled" if enabled else "disabled",
        "algo": list(OIDS_OF_SPEC[spec_of(key)]),
        "len": bits,
    }
    return told if curve is None else told | {"curve": curve}


def _certificate(found: Credential, certificates: str, *, cert_info: bool) -> dict[str, Any]:
    one = found.certificate
    told: dict[str, Any] = {"status": found.status}
    if certificates != "none":
        chain = (one, *found.chain) if certificates == "chain" else (one,)
        told["certificates"] = [_der(each) for each in chain]
    if cert_info:
        told |= {
            "issuerDN": one.issuer.rfc4514_string(),
            "serialNumber": f"{one.serial_number:X}",
            "subjectDN": one.subject.rfc4514_string(),
            "validFrom": one.not_valid_before_utc.strftime(TIME),
            "validTo": one.not_valid_after_utc.strftime(TIME),
        }
    return told


def _der(certificate: x509.Certificate) -> str:
    return b64encode(certificate.public_bytes(Encoding.DER)).decode()
