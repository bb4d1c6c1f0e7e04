"""A container is judged as a whole: every byte, every file, everything that stands over it."""

import hashlib
import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import cms as reference
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from seals.signing import Level
from tests.support.boxes import (
    FILES,
    LATER,
    LIST,
    SEAL,
    box,
    check,
    files_of,
    mimetype,
    packed,
    said,
    sealed,
    unpacked,
    with_files,
)
from tests.support.sealing import NOW, default_key, make_pdf, pki, seal_bytes
from verify import asic, cms
from verify.__main__ import main
from verify.algorithms import SIGNATURE_ALGORITHMS
from verify.asic import AsicLimits
from verify.asic_manifest import DataObject, Manifest, manifest_xml
from verify.files import check_file
from verify.report import Verdict
from verify.trust import Trust
from verify.zip_box import BoxLimits

ARCHIVE = "META-INF/ASiCArchiveManifest.xml"
TOKEN = "META-INF/timestamp001.tst"


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def listed(*names: str, over: str = SEAL, of: dict[str, bytes] | None = None) -> bytes:
    """A manifest over files with their right digests."""
    files = of or unpacked(box())
    objects = tuple(
        DataObject(name=name, digest_name="sha256", digest=hashlib.sha256(files[name]).digest()) for name in names
    )
    return manifest_xml(Manifest(signature=over, signature_type="", objects=objects))


@pytest.mark.parametrize("level", Level)
def test_a_container_passes_and_its_level_is_told(level: Level) -> None:
    report = check(box(level), now=LATER)
    expected = Verdict.PASSED if level.with_evidence else Verdict.INDETERMINATE  # without evidence: revocation unknown
    assert report.verdict is expected, said(report)
    seal = report.signatures[0]
    assert seal.level == level.value
    assert seal.covers_whole_document
    assert seal.claimed_time == NOW
    assert seal.time_source == ("time-stamp" if level.with_evidence else "now")
    assert report.kind == "asic"
    assert report.facts["files"] == list(FILES)
    assert len(report.signatures) == (2 if level is Level.B_LTA else 1)


def test_an_archive_time_stamp_covers_everything_and_is_reported_as_one() -> None:
    stamp = check(box()).signatures[1]
    assert (stamp.kind, stamp.field, stamp.signer) == ("timestamp", TOKEN, "Test TSA")
    assert stamp.time_source == "document time-stamp"
    assert stamp.covers_whole_document


def test_without_a_believed_root_nothing_passes() -> None:
    report = check(box(), trusted=False)
    assert report.verdict is Verdict.INDETERMINATE
    assert "path.unknown-issuer" in said(report)
    assert report.signatures[1].time_source == "claimed"


@pytest.mark.parametrize("name", FILES)
def test_an_altered_file_is_named(name: str) -> None:
    report = check(with_files(box(), {name: FILES[name] + b" "}))
    assert report.verdict is Verdict.FAILED
    wrong = [one for one in report.signatures[0].findings if one.id == "asic.file-altered"]
    assert len(wrong) == 1
    assert name in wrong[0].text
    assert name in wrong[0].text_zh
    assert not report.signatures[0].covers_whole_document


def test_a_file_that_is_gone_is_named() -> None:
    report = check(with_files(box(), {"data/readings.csv": None}))
    assert said(report)[0] == "asic.file-missing"
    assert report.verdict is Verdict.FAILED


def test_a_file_that_nobody_signed_is_told() -> None:
    report = check(with_files(box(), {"amendment.pdf": b"%PDF-1.7 and what we also agreed"}))
    assert report.verdict is Verdict.INDETERMINATE
    assert said(report) == ["asic.uncovered"]
    assert "amendment.pdf" in report.findings[1].text
    assert not any(one.covers_whole_document for one in report.signatures)


def test_many_files_that_nobody_signed_are_counted() -> None:
    report = check(with_files(box(), {f"{number:03}.txt": b"x" for number in range(asic.MAX_NAMED + 1)}))
    assert f"({asic.MAX_NAMED + 1})" in report.findings[1].text


def test_an_altered_manifest_is_an_altered_content() -> None:
    other = listed("data/readings.csv", over=SEAL)
    report = check(with_files(box(Level.B_LT), {LIST: other}))
    assert "signature.altered" in said(report)
    assert report.verdict is Verdict.FAILED


def test_a_manifest_that_cannot_be_read_fails() -> None:
    report = check(with_files(box(Level.B_LT), {LIST: b"<a/>"}))
    assert said(report)[-1] == "asic.manifest" or "asic.manifest" in said(report)
    assert report.verdict is Verdict.FAILED
    assert report.signatures[0].signer is None


@pytest.mark.parametrize("signature", [None, b"", b"\x30\x03\x02\x01\x01"], ids=["missing", "empty", "no CMS"])
def test_a_signature_that_is_not_there_or_not_one_fails(signature: bytes | None) -> None:
    report = check(with_files(box(Level.B_LT), {SEAL: signature}))
    assert "signature.unreadable" in said(report)
    assert report.verdict is Verdict.FAILED
    assert report.signatures[0].level is None


def test_a_signature_outside_of_its_folder_does_not_count() -> None:
    files = unpacked(box(Level.B_LT))
    moved = {SEAL: None, "seal.p7s": files[SEAL], LIST: listed(*FILES, over="seal.p7s", of=files)}
    assert "signature.unreadable" in said(check(with_files(box(Level.B_LT), moved)))


def with_signature(**changes: object) -> bytes:
    """The container with a seal made anew over its manifest, its parts changed."""
    key = default_key()
    files = unpacked(box(Level.B_LT))
    given: dict[str, Any] = {
        "content_type": cms.ID_DATA,
        "content": None,
        "message_digest": hashlib.sha256(files[LIST]).digest(),
        "digest_name": "sha256",
        "signer_certificate": key.certificate,
        "certificates": [],
        "signature_algorithm": SIGNATURE_ALGORITHMS[key.algorithm],
        "sign": lambda data: key.signer.sign(data, key.algorithm),
    }
    return with_files(box(Level.B_LT), {SEAL: cms.signed_data(**(given | changes))})


def test_a_seal_without_its_certificate_names_nobody() -> None:
    assert "signature.no-certificate" in said(check(with_signature()))


def test_a_seal_with_a_content_of_its_own_is_refused() -> None:
    assert "signature.unreadable" in said(check(with_signature(content=b"something else")))


def without_attributes() -> bytes:
    """The container with a seal that is right over its manifest and says nothing else."""
    files, key = unpacked(box(Level.B_LT)), default_key()
    there = reference.ContentInfo.load(files[SEAL])["content"]
    made = reference.SignedData(
        {
            "version": "v1",
            "digest_algorithms": [{"algorithm": "sha256"}],
            "encap_content_info": {"content_type": "data"},
            "certificates": there["certificates"],
            "signer_infos": [
                {
                    "version": "v1",
                    "sid": there["signer_infos"][0]["sid"],
                    "digest_algorithm": {"algorithm": "sha256"},
                    "signature_algorithm": {"algorithm": "sha256_ecdsa"},
                    "signature": key.signer.sign(files[LIST], key.algorithm),
                }
            ],
        }
    )
    seal = reference.ContentInfo({"content_type": "signed_data", "content": made}).dump()
    return with_files(box(Level.B_LT), {SEAL: seal})


def test_a_seal_without_signed_attributes_is_told_to_bind_nothing() -> None:
    report = check(without_attributes())
    assert "signature.unbound" in said(report)
    assert report.signatures[0].level is None


def test_a_damaged_certificate_in_a_seal_is_told() -> None:
    key = default_key()
    broken = bytearray(der(key.certificate))
    broken[-1] ^= 1
    report = check(with_signature(certificates=[bytes(broken), der(pki().seal_ca.certificate)]))
    assert "signature.container" in said(report)
    assert report.verdict is Verdict.FAILED


def test_a_seal_whose_certificate_cannot_be_read_is_told() -> None:
    encoded = der(default_key().certificate)
    sha384, sha256 = bytes.fromhex("06082a8648ce3d040303"), bytes.fromhex("06082a8648ce3d040302")
    outer = encoded.rindex(sha384)  # it names its algorithm twice, and now two of them
    broken = encoded[:outer] + sha256 + encoded[outer + len(sha256) :]
    report = check(with_signature(certificates=[broken, der(pki().seal_ca.certificate)]))
    assert "certificate.malformed" in said(report)
    assert report.verdict is Verdict.FAILED


def test_a_seal_that_was_forged_is_told() -> None:
    key = default_key()
    forged = with_signature(
        sign=lambda data: key.signer.sign(data + b"!", key.algorithm), certificates=[der(key.certificate)]
    )
    assert "signature.forged" in said(check(forged))


def test_the_archive_time_stamp_over_another_list_proves_nothing() -> None:
    files = unpacked(box())
    report = check(with_files(box(), {ARCHIVE: listed(*FILES, over=TOKEN, of=files)}))
    assert "timestamp.wrong" in said(report)
    assert report.signatures[0].level == "B-LT"


def test_an_archive_time_stamp_that_is_not_there_fails() -> None:
    report = check(with_files(box(), {TOKEN: None}))
    assert "signature.unreadable" in said(report)
    assert report.verdict is Verdict.FAILED


def test_a_container_without_a_seal_is_indeterminate() -> None:
    files = unpacked(box())
    report = check(packed([mimetype(), *((name, files[name]) for name in FILES)]))
    assert said(report) == ["asic.no-signature"]
    assert report.verdict is Verdict.INDETERMINATE


def test_signatures_of_other_kinds_are_named_and_do_not_pass() -> None:
    report = check(with_files(box(), {"META-INF/signatures.xml": b"<x/>"}))
    assert said(report) == ["signature.unsupported"]
    assert "META-INF/signatures.xml" in report.findings[1].text


@pytest.mark.parametrize(
    "files",
    [
        [("a.txt", b"x")],
        [("a.txt", b"x"), mimetype()],
        [("mimetype", b"application/zip")],
        [("mimetype", b"application/vnd.etsi.asic-e+zip\n")],
    ],
    ids=["none", "not first", "another", "another spelling"],
)
def test_an_archive_that_is_no_container_is_not_judged(files: list[tuple[str, bytes]]) -> None:
    report = check(packed(files))
    assert [one.id for one in report.findings] == ["asic.not-asic"]
    assert report.verdict is Verdict.INDETERMINATE


def test_more_signatures_than_the_limit_are_not_judged() -> None:
    assert check(box(), limits=AsicLimits(max_signatures=2)).verdict is Verdict.PASSED
    assert said(check(box(), limits=AsicLimits(max_signatures=1))) == ["asic.too-complex"]


def test_a_signature_longer_than_the_limit_is_not_read() -> None:
    size = len(unpacked(box(Level.B_LT))[SEAL])
    assert check(box(Level.B_LT), limits=AsicLimits(max_contents=size)).verdict is Verdict.PASSED
    assert said(check(box(Level.B_LT), limits=AsicLimits(max_contents=size - 1))) == ["asic.too-complex"]


def test_whatever_a_parser_raises_becomes_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> None:
        raise RecursionError

    monkeypatch.setattr(asic, "material_of", fail)
    assert said(check(box())) == ["asic.broken"]


def test_any_file_check_recognises_a_container(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trust = Trust(anchors=(pki().root.certificate,))
    assert check_file(io.BytesIO(box()), trust, now=LATER).kind == "asic"
    path, root = tmp_path / "a.asice", tmp_path / "root.pem"
    path.write_bytes(box())
    root.write_bytes(pki().root.certificate.public_bytes(Encoding.PEM))
    main([str(path), "--trust", str(root)])
    assert "META-INF/signature001.p7s" in capsys.readouterr().out


def test_sealed_files_in_a_container_stay_what_they_are() -> None:
    pdf = seal_bytes(make_pdf(), level=Level.B_B)
    made = sealed({"a.pdf": pdf}, level=Level.B_LT)
    assert check(made).verdict is Verdict.PASSED
    assert unpacked(made)["a.pdf"] == pdf
    assert zipfile.is_zipfile(io.BytesIO(made))
    assert files_of({"a.pdf": pdf})[0].name == "a.pdf"
    assert BoxLimits().max_entries > 1
