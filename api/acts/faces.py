"""The faces of licences and seals as files: certificates, QR codes, pictures."""

import json
from functools import lru_cache
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from api.acts.office import Office
from api.db.licences import StoredLicence
from api.errors import NotFoundError
from ca.credential import licence_url
from ca.qr_picture import qr_picture
from ca.qr_picture import qr_svg as svg_of
from seals.appearance import draw
from seals.drawing import Drawing
from seals.face import SealFace
from seals.fonts import SealFont
from seals.model import FormXObject, SealKind
from seals.pdf_form import to_form
from seals.png import to_png
from seals.register import Seal
from seals.svg import to_svg

PNG_DPI: Final = 300
PICTURES_KEPT: Final = 512  # some tens of kilobytes each


def face_as_json(face: SealFace) -> str:
    """What is kept of a seal's face: enough to draw it again, the same."""
    return json.dumps(
        {
            "kind": face.kind.value,
            "name": face.name,
            "code": face.code,
            "representative": face.representative,
            "line": face.line,
            "uscc": face.uscc,
            "size_mm": face.size_mm,
            "star": face.star,
        },
        ensure_ascii=False,
        sort_keys=True,
    )


def face_of(text: str) -> SealFace:
    """Read back what `face_as_json` wrote."""
    values = json.loads(text)
    return SealFace(**{**values, "kind": SealKind(values["kind"])})


@lru_cache(maxsize=PICTURES_KEPT)
def _drawn(face: str, font: SealFont, figures: SealFont) -> Drawing:
    return draw(face_of(face), font, figures=figures)


@lru_cache(maxsize=PICTURES_KEPT)
def _formed(face: str, font: SealFont, figures: SealFont) -> FormXObject:
    return to_form(_drawn(face, font, figures))


def picture_of(office: Office, seal: Seal) -> FormXObject:
    return _formed(seal.face, office.seal_font, office.figure_font)


def picture_of_face(office: Office, face: SealFace) -> FormXObject:
    return _formed(face_as_json(face), office.seal_font, office.figure_font)


def seal_svg(office: Office, seal: Seal) -> str:
    return to_svg(_drawn(seal.face, office.seal_font, office.figure_font))


def seal_png(office: Office, seal: Seal) -> bytes:
    return to_png(_drawn(seal.face, office.seal_font, office.figure_font), dpi=PNG_DPI)


def certificate_der(office: Office, serial: int) -> bytes:
    """Return a certificate that was delivered.

    Raises:
        NotFoundError: there is none of this serial number.
    """
    with office.reading() as work:
        record = work.certificates.get(serial)
    if record is None or record.der is None:
        raise NotFoundError(f"there is no certificate {serial:x}")
    return record.der


def certificate_pem(office: Office, serial: int) -> bytes:
    return x509.load_der_x509_certificate(certificate_der(office, serial)).public_bytes(Encoding.PEM)


def scanned_text(office: Office, row: StoredLicence) -> str:
    """What a printed code holds: the address of the check page with the credential behind the `#`."""
    return licence_url(office.public_url, row.elq1)


def qr_png(office: Office, row: StoredLicence) -> bytes:
    return qr_picture(scanned_text(office, row))


def qr_svg(office: Office, row: StoredLicence) -> str:
    return svg_of(scanned_text(office, row))
