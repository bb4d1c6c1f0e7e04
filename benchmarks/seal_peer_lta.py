"""PyHanko's side at B-LTA: the same time-stamping authority as ours and the same CRLs, from files that ours wrote."""

from datetime import datetime
from pathlib import Path

from asn1crypto import cms, crl, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from pyhanko.sign import signers
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.timestamps import TimeStamper
from pyhanko_certvalidator import ValidationContext

from seals.signing import SealingKey
from tests.support.sealing import NOW, LocalTimeStamper, pki


def write(folder: Path, key: SealingKey) -> None:
    """Leave what the peer needs: the authority's key and certificates, CRLs, the root."""
    authority = pki().timestamper
    for number, one in enumerate(authority.certificates()):
        (folder / f"tsa-{number}.crt").write_bytes(one.public_bytes(Encoding.DER))
    private = authority.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "tsa.pem").write_bytes(private)
    (folder / "root.crt").write_bytes(pki().root.certificate.public_bytes(Encoding.DER))
    chains = ((key.certificate, *key.chain), tuple(authority.certificates()))
    lists = dict.fromkeys(one for chain in chains for one in pki().revocation.evidence(chain).crls)
    for number, der in enumerate(lists):
        (folder / f"{number}.crl").write_bytes(der)


class Stamper(TimeStamper):
    """Our side's authority behind pyHanko's interface."""

    def __init__(self, folder: Path) -> None:
        """Read it from the folder."""
        super().__init__(include_nonce=False)  # type: ignore[no-untyped-call]  # pyHanko annotates only part
        key = load_pem_private_key((folder / "tsa.pem").read_bytes(), password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise TypeError("the authority's key is on a curve")
        files = sorted(folder.glob("tsa-*.crt"))
        first, *chain = (x509.load_der_x509_certificate(file.read_bytes()) for file in files)
        self._local = LocalTimeStamper(certificate=first, key=key, chain=tuple(chain))

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        imprint = req["message_imprint"]
        token = self._local.stamp(imprint["hashed_message"].native, imprint["hash_algorithm"]["algorithm"].native)
        return tsp.TimeStampResp(
            {"status": {"status": "granted"}, "time_stamp_token": cms.ContentInfo.load(token)}
        )  # fmt: skip


def metadata(folder: Path, *, moment: datetime = NOW) -> tuple[signers.PdfSignatureMetadata, TimeStamper]:
    """What pyHanko is told for B-LTA."""
    context = ValidationContext(
        trust_roots=[asn1_x509.Certificate.load((folder / "root.crt").read_bytes())],
        other_certs=[
            asn1_x509.Certificate.load(file.read_bytes())
            for file in [*sorted(folder.glob("*.der")), *sorted(folder.glob("tsa-*.crt"))]
        ],
        crls=[crl.CertificateList.load(file.read_bytes()) for file in sorted(folder.glob("*.crl"))],
        allow_fetching=False,
        moment=moment,
    )
    made = signers.PdfSignatureMetadata(
        field_name="Seal",
        subfilter=SigSeedSubFilter.PADES,
        md_algorithm="sha256",
        validation_context=context,
        embed_validation_info=True,
        use_pades_lta=True,
    )
    return made, Stamper(folder)
