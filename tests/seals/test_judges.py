"""Independent programs accept what we seal: poppler, MuPDF, qpdf, OpenSSL; pyHanko gives a second opinion."""

import asyncio
import io
import os
import subprocess
from pathlib import Path

import pytest
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import ades, validate_pdf_signature
from pyhanko.sign.validation.policy_decl import PdfSignatureValidationSpec, SignatureValidationSpec
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.policy_decl import REQUIRE_REVINFO, CertRevTrustPolicy
from pyhanko_certvalidator.registry import SimpleTrustManager

from hsm.signer import KeySpec, SignatureAlgorithm
from seals.placement import AtPosition, Invisible, Placement
from seals.signing import Level, seal_pdf
from tests.support.pdf_facts import signatures
from tests.support.pdf_judges import mutool, need, pdfsig, qpdf
from tests.support.sealing import NOW, PICTURE, default_key, make_pdf, pki, seal_bytes

pytestmark = pytest.mark.judge

PLACES: dict[str, Placement] = {"visible": AtPosition(page=-1, x_mm=150, y_mm=200), "invisible": Invisible()}


def root() -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(pki().root.certificate.public_bytes(Encoding.DER))


def judge_all(
    document: bytes, folder: Path, nss: Path, *, seals: int, level: Level = Level.B_B, mupdf: bool = True
) -> None:
    file = folder / "sealed.pdf"
    file.write_bytes(document)
    verdicts = [one for one in pdfsig(file, nss) if not one.field.startswith("Timestamp")]
    assert len(verdicts) == seals
    assert all(one.valid and one.trusted for one in verdicts)
    assert [one.whole_document for one in verdicts][-1] is (level is not Level.B_LTA)
    if mupdf:
        judged = [one for one in mutool(file) if "not signed" not in one]  # so it calls document time-stamps
        assert judged == (["edited"] * seals if level is Level.B_LTA else ["edited"] * (seals - 1) + ["unchanged"])
    assert qpdf(file) == 0


@pytest.mark.parametrize("stream_xrefs", [False, True], ids=["table", "stream"])
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("level", Level)
def test_judges_accept_every_level(level: Level, place: str, tmp_path: Path, nss: Path, *, stream_xrefs: bool) -> None:
    document = seal_bytes(make_pdf(2, stream_xrefs=stream_xrefs), level=level, placement=PLACES[place])
    judge_all(document, tmp_path, nss, seals=1, level=level)


@pytest.mark.parametrize("level", Level)
@pytest.mark.parametrize("count", [2, 5])
def test_judges_accept_several_seals_one_after_another(count: int, level: Level, tmp_path: Path, nss: Path) -> None:
    """Each by another party: of two signatures by one certificate pdfsig trusts only the first, whoever made them."""
    document = make_pdf(2)
    for number in range(count):
        place = AtPosition(page=1, x_mm=30 + 30 * number, y_mm=100)
        document = seal_bytes(document, level=level, placement=place, key=pki().key(name=f"Party {number}"))
    judge_all(document, tmp_path, nss, seals=count, level=level)


@pytest.mark.parametrize("certify", [1, 2, 3])
def test_judges_accept_a_certifying_seal(certify: int, tmp_path: Path, nss: Path) -> None:
    document = seal_bytes(make_pdf(), level=Level.B_LT, certify=certify)
    judge_all(document, tmp_path, nss, seals=1, level=Level.B_LT)


def test_judges_accept_a_seal_after_a_certifying_one(tmp_path: Path, nss: Path) -> None:
    certified = seal_bytes(make_pdf(), certify=2, key=pki().key(name="Party A"))
    document = seal_bytes(certified, placement=PLACES["visible"], key=pki().key(name="Party B"))
    judge_all(document, tmp_path, nss, seals=2)


@pytest.mark.parametrize(
    ("spec", "algorithm"),
    [
        (KeySpec.EC_P256, SignatureAlgorithm.ECDSA_SHA256),
        (KeySpec.EC_P256, SignatureAlgorithm.ECDSA_SHA512),
        (KeySpec.EC_P384, SignatureAlgorithm.ECDSA_SHA384),
        (KeySpec.RSA_3072, SignatureAlgorithm.RSA_PKCS1_SHA256),
        (KeySpec.RSA_3072, SignatureAlgorithm.RSA_PKCS1_SHA512),
        (KeySpec.RSA_3072, SignatureAlgorithm.RSA_PSS_SHA256),
    ],
)
def test_judges_accept_other_algorithms(
    spec: KeySpec, algorithm: SignatureAlgorithm, tmp_path: Path, nss: Path
) -> None:
    document = seal_bytes(make_pdf(), level=Level.B_T, key=pki().key(spec, algorithm))
    pss = "pss" in algorithm  # which MuPDF 1.21 does not know
    judge_all(document, tmp_path, nss, seals=1, level=Level.B_T, mupdf=not pss)


@pytest.mark.parametrize("algorithm", [SignatureAlgorithm.ECDSA_SHA256, SignatureAlgorithm.RSA_PSS_SHA256])
def test_openssl_verifies_the_embedded_cms(algorithm: SignatureAlgorithm, tmp_path: Path) -> None:
    need("openssl")
    spec = KeySpec.RSA_3072 if "rsa" in algorithm else KeySpec.EC_P256
    found = signatures(seal_bytes(make_pdf(), level=Level.B_LT, key=pki().key(spec, algorithm)))[0]
    (tmp_path / "x.p7s").write_bytes(found.cms)
    (tmp_path / "x.bin").write_bytes(found.signed)
    (tmp_path / "root.pem").write_bytes(pki().root.certificate.public_bytes(Encoding.PEM))
    command = ["openssl", "cms", "-verify", "-cades", "-inform", "DER", "-in", "x.p7s", "-content", "x.bin", "-binary"]
    command += ["-CAfile", "root.pem", "-purpose", "any", "-out", os.devnull]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=30)
    assert "CAdES Verification successful" in done.stderr
    (tmp_path / "x.bin").write_bytes(found.signed + b"\n")
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=30)
    assert "successful" not in done.stderr


def test_openssl_verifies_the_time_stamp_over_the_signature(tmp_path: Path) -> None:
    need("openssl")
    signer = signatures(seal_bytes(make_pdf(), level=Level.B_T))[0].content["signer_infos"][0]
    (tmp_path / "token").write_bytes(signer["unsigned_attrs"][0]["values"][0].dump())
    (tmp_path / "data").write_bytes(signer["signature"].native)
    (tmp_path / "root.pem").write_bytes(pki().root.certificate.public_bytes(Encoding.PEM))
    command = ["openssl", "ts", "-verify", "-data", "data", "-in", "token", "-token_in", "-CAfile", "root.pem"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=30)
    assert "Verification: OK" in done.stdout + done.stderr


def test_poppler_sees_a_changed_byte(tmp_path: Path, nss: Path) -> None:
    document = bytearray(seal_bytes(make_pdf(), level=Level.B_LT))
    document[document.index(b"Contract")] ^= 1
    (tmp_path / "x.pdf").write_bytes(document)
    assert "Digest Mismatch" in pdfsig(tmp_path / "x.pdf", nss)[0].text


@pytest.mark.parametrize("spec", [KeySpec.EC_P256, KeySpec.RSA_3072, KeySpec.ED25519])
@pytest.mark.parametrize("level", Level)
def test_second_opinion_of_pyhanko(level: Level, spec: KeySpec) -> None:
    document = make_pdf()
    for _ in range(2):
        document = seal_bytes(document, level=level, placement=PLACES["visible"], key=pki().key(spec))
    context = ValidationContext(trust_roots=[root()], allow_fetching=False)
    found = [
        validate_pdf_signature(one, context) for one in PdfFileReader(io.BytesIO(document)).embedded_regular_signatures
    ]
    assert [one.bottom_line for one in found] == [True, True]
    expected = ModificationLevel.LTA_UPDATES if level is Level.B_LTA else ModificationLevel.NONE
    assert found[-1].modification_level is expected


def test_evidence_written_before_the_time_stamp_makes_ades_lta() -> None:
    """The store lies in the revision of the seal itself; ETSI EN 319 102-1 §5.6 is content with that."""
    trust = CertValidationPolicySpec(
        trust_manager=SimpleTrustManager.build(trust_roots=[root()]),
        revinfo_policy=CertRevTrustPolicy(revocation_checking_policy=REQUIRE_REVINFO),
    )
    spec = PdfSignatureValidationSpec(signature_validation_spec=SignatureValidationSpec(cert_validation_policy=trust))
    document = seal_bytes(seal_bytes(make_pdf(), level=Level.B_LTA), level=Level.B_LTA)
    for one in PdfFileReader(io.BytesIO(document)).embedded_regular_signatures:
        result = asyncio.run(ades.ades_lta_validation(one, pdf_validation_spec=spec))
        assert str(result.ades_subindic) == "AdESPassed.OK"


def test_offsets_of_nine_digits_are_written_right(tmp_path: Path, nss: Path) -> None:
    """Beyond 100 000 000 bytes the numbers of /ByteRange get longer."""
    small = make_pdf(content=b"BT ET")
    padding = b"%" + b"-" * 99_999 + b"\n"
    file, sealed = tmp_path / "large.pdf", tmp_path / "sealed.pdf"
    count = 1_001
    with file.open("wb") as out:
        out.write(small)
        for _ in range(count):
            out.write(padding)
        out.write(b"startxref\n%d\n%%%%EOF\n" % small.rindex(b"xref\n", 0, small.rindex(b"trailer")))
    with file.open("rb") as source, sealed.open("w+b") as target:
        seal_pdf(
            source, target, key=default_key(), placement=PLACES["visible"], picture=PICTURE, level=Level.B_B, now=NOW
        )
    verdict = pdfsig(sealed, nss)[0]
    assert verdict.valid
    assert verdict.whole_document
    assert mutool(sealed) == ["unchanged"]
