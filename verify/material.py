"""Gather trust material from files: anchors that the verifier names, and signed material that lies beside them."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from cryptography import x509

from verify.errors import MalformedCertificateError, VerifyError
from verify.keylist import parse_key_list
from verify.trust import Trust

MAX_FILE_BYTES: Final = 32 << 20  # a CRL of some hundred thousand lines
MAX_FILES: Final = 256
BESIDE: Final = (".pem", ".cer", ".crt", ".crl", ".cwt", ".json")


class MaterialError(VerifyError):
    """A file that was named as trust material cannot be read as such; says which."""


def anchors_of(path: Path) -> tuple[x509.Certificate, ...]:
    """Return the certificates of a PEM or DER file that the verifier chose to believe.

    Raises:
        MaterialError: it cannot be read, or holds none.
    """
    try:
        data = _read(path)
        return tuple(_certificates(data))
    except (OSError, ValueError, MalformedCertificateError) as exc:
        raise MaterialError(f"{path.name} is not a certificate in PEM or DER") from exc


def gather(anchors: Iterable[x509.Certificate], folders: Iterable[Path]) -> Trust:
    """Collect certificates, CRLs, key lists and status lists that lie in `folders`. What cannot be read is passed over:

    it is material, not a claim, and a check that lacks something says so.
    """
    certificates: list[x509.Certificate] = []
    crls: list[bytes] = []
    lists: list[bytes] = []
    for path in _files(folders):
        try:
            data = _read(path)
            match path.suffix:
                case ".crl":
                    crls.append(data)
                case ".cwt":
                    lists.append(data)
                case ".json":
                    certificates += parse_key_list(data)
                case _:
                    certificates += _certificates(data)
        except (OSError, ValueError, MalformedCertificateError):
            continue
    return Trust(
        anchors=tuple(anchors),
        certificates=tuple(dict.fromkeys(certificates)),
        crls=tuple(dict.fromkeys(crls)),
        status_lists=tuple(dict.fromkeys(lists)),
    )


def _files(folders: Iterable[Path]) -> list[Path]:
    found = (path for folder in dict.fromkeys(folders) if folder.is_dir() for path in sorted(folder.iterdir()))
    return [path for path in found if path.suffix in BESIDE and path.is_file()][:MAX_FILES]


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        data = file.read(MAX_FILE_BYTES + 1)
    if len(data) > MAX_FILE_BYTES:
        raise ValueError("too long")
    return data


def _certificates(data: bytes) -> list[x509.Certificate]:
    if b"-----BEGIN CERTIFICATE-----" in data:
        return x509.load_pem_x509_certificates(data)
    return [x509.load_der_x509_certificate(data)]
