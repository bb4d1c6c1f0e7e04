"""The QR face and the sealed PDF face of a licence that is being issued."""

from dataclasses import replace
from io import BytesIO

from api.acts.evidence import OfficeEvidence
from api.acts.faces import picture_of_face
from api.acts.office import Office
from api.acts.timestamping import OfficeTimeStamper
from api.scratch import scratch_file
from ca.authority import AUTHORITY_SEAL, CREDENTIAL
from ca.credential import issue_credential, licence_url
from ca.licence_pdf import licence_pdf
from ca.licences import Licence
from seals.face import SealFace
from seals.model import SealKind
from seals.placement import AtPosition
from seals.signing import Level, SealingKey, seal_pdf
from verify.keylist import kid_of
from verify.status import MAX_ENTRIES


def status_place(base_url: str, status_index: int) -> tuple[str, int]:
    """The status list that a place lies in, by its address, and the place within it."""
    return f"{base_url}/pki/status/{status_index // MAX_ENTRIES}", status_index % MAX_ENTRIES


def qr_face(office: Office, licence: Licence) -> str:
    """Return the signed ELQ1 text."""
    authority = office.authority
    uri, place = status_place(authority.base_url, licence.status_index)
    with office.lease(authority.key(CREDENTIAL)) as signer:
        return issue_credential(
            replace(licence, status_index=place),
            iss=authority.base_url,
            kid=kid_of(authority.certificate(CREDENTIAL)),
            sign=lambda message: signer.sign(message, signer.default_algorithm),
            now=office.now(),
            valid_for=licence.expires_at - licence.issued_at,
            status_uri=uri,
        )


def sealed_pdf(office: Office, licence: Licence, elq1: str) -> str:
    """Set the licence, seal it visibly with the authority's own seal at B-LT, and return its name in the object store."""
    authority = office.authority
    now = office.now()
    document = licence_pdf(licence, qr_text=licence_url(office.public_url, elq1), fonts=office.licence_fonts, now=now)
    certificate = authority.certificate(AUTHORITY_SEAL)
    with (
        scratch_file(office.scratch) as target,
        office.lease(authority.key(AUTHORITY_SEAL)) as signer,
    ):
        seal_pdf(
            BytesIO(document.pdf),
            target,
            key=SealingKey(
                certificate=certificate,
                chain=authority.chain_of(certificate),
                signer=signer,
                algorithm=signer.default_algorithm,
            ),
            placement=AtPosition(page=document.seal_page, x_mm=document.seal_x_mm, y_mm=document.seal_y_mm),
            picture=picture_of_face(office, authority_face(office)),
            level=Level.B_LT,
            timestamper=OfficeTimeStamper(office),
            revocation=OfficeEvidence(office),
            now=now,
            reason=f"营业执照 {licence.number}",
        )
        target.seek(0)
        return office.objects.put("licence", ".pdf", target)


def authority_face(office: Office) -> SealFace:
    """The authority's own seal: no code, as it is on no register of enterprises."""
    return SealFace(kind=SealKind.AUTHORITY, name=office.authority.name)
