"""Containers as EN 319 162-1 has them, and as other people's programs accept them."""

import hashlib
import io
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from asn1crypto import cms as reference
from cryptography.hazmat.primitives.serialization import Encoding

from hsm.signer import KeySpec
from seals.asic import MAX_FILES, ContainerFile, manifest_of, write_asic
from seals.errors import ContainerError, EvidenceError, SealStateError, TimestampError
from seals.signing import Level
from tests.support.boxes import FILES, LATER, LIST, SEAL, box, check, files_of, sealed, unpacked
from tests.support.pdf_judges import need, run
from tests.support.sealing import NOW, default_key, pki
from verify.report import Verdict


def folder_of(data: bytes, folder: Path) -> Path:
    need("unzip")
    folder.mkdir()
    (folder / "a.asice").write_bytes(data)
    code, text = run("unzip", "-t", folder / "a.asice")
    assert code == 0
    assert "No errors detected" in text
    assert run("unzip", "-q", folder / "a.asice", "-d", folder)[0] == 0
    (folder / "root.pem").write_bytes(_pem())
    return folder


def _pem() -> bytes:
    return pki().root.certificate.public_bytes(Encoding.PEM)


def openssl(folder: Path, *, manifest: str = LIST) -> tuple[int, str]:
    return run(
        "openssl", "cms", "-verify", "-binary", "-cades", "-inform", "DER", "-in", folder / SEAL,
        "-content", folder / manifest, "-CAfile", folder / "root.pem", "-purpose", "any", "-out", folder / "out",
    )  # fmt: skip


@pytest.mark.judge
@pytest.mark.parametrize("level", Level)
def test_openssl_and_unzip_accept_every_level(level: Level, tmp_path: Path) -> None:
    folder = folder_of(box(level), tmp_path / "box")
    code, text = openssl(folder)
    assert (code, "CAdES Verification successful" in text) == (0, True), text
    for name, data in FILES.items():
        assert (folder / name).read_bytes() == data


@pytest.mark.judge
@pytest.mark.parametrize("spec", [KeySpec.EC_P384, KeySpec.RSA_3072])
def test_openssl_accepts_every_kind_of_key(spec: KeySpec, tmp_path: Path) -> None:
    folder = folder_of(sealed(key=pki().key(spec), level=Level.B_LT), tmp_path / "box")
    assert "CAdES Verification successful" in openssl(folder)[1]


@pytest.mark.judge
def test_openssl_refuses_another_list_of_files(tmp_path: Path) -> None:
    folder = folder_of(box(), tmp_path / "box")
    (folder / LIST).write_bytes((folder / LIST).read_bytes().replace(b"%20", b"+").replace(b"csv", b"txt"))
    code, text = openssl(folder)
    assert code != 0
    assert "successful" not in text


@pytest.mark.judge
def test_openssl_and_sha256sum_accept_the_archive_time_stamp_and_what_it_lists(tmp_path: Path) -> None:
    folder = folder_of(box(), tmp_path / "box")
    code, text = run(
        "openssl", "ts", "-verify", "-token_in", "-in", folder / "META-INF/timestamp001.tst",
        "-data", folder / "META-INF/ASiCArchiveManifest.xml", "-CAfile", folder / "root.pem",
    )  # fmt: skip
    assert (code, "Verification: OK" in text) == (0, True), text
    listed = (folder / "META-INF/ASiCArchiveManifest.xml").read_text(encoding="utf-8")
    assert listed.count("DataObjectReference URI") == len(FILES) + 2


def test_the_type_stands_first_unpacked_and_all_the_rest_in_order() -> None:
    data = box()
    assert data[30:38] == b"mimetype"
    assert data[38:69] == b"application/vnd.etsi.asic-e+zip"
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        assert opened.namelist()[: 1 + len(FILES)] == ["mimetype", *FILES]
        assert opened.infolist()[0].compress_type == zipfile.ZIP_STORED
        assert opened.testzip() is None


def test_what_checks_it_later_travels_in_the_signature() -> None:
    signed = reference.ContentInfo.load(unpacked(box(Level.B_LT))[SEAL])["content"]
    assert {one.name for one in signed["crls"]} == {"crl"}
    assert "signing_time" in {one["type"].native for one in signed["signer_infos"][0]["signed_attrs"]}


def test_ocsp_answers_travel_as_other_revocation_information() -> None:
    key = default_key()
    source = type(pki().revocation)(authorities=pki().revocation.authorities, by_ocsp=(key.certificate,))
    made = sealed(level=Level.B_LT, revocation=source)
    signed = reference.ContentInfo.load(unpacked(made)[SEAL])["content"]
    assert signed["version"].native == "v5"
    assert sorted(one.name for one in signed["crls"]) == ["crl", "crl", "other"]
    report = check(made)
    assert report.verdict is Verdict.PASSED
    assert report.signatures[0].revocation is not None
    assert "OCSP" in report.signatures[0].revocation


def test_the_same_files_make_the_same_manifest_and_it_is_what_is_signed() -> None:
    manifest = manifest_of(files_of(FILES))
    assert manifest == manifest_of(files_of(FILES))
    assert manifest == unpacked(box())[LIST]


def test_files_that_changed_since_they_were_shown_are_refused_and_nothing_is_kept() -> None:
    agreed = hashlib.sha256(manifest_of(files_of(FILES))).digest()
    assert sealed(agreed=agreed, level=Level.B_B)
    target = io.BytesIO()
    used: list[bytes] = []
    with pytest.raises(ContainerError, match="agreed"):
        write_asic(
            target, files_of({**FILES, "合同.pdf": b"%PDF-1.7 another"}), key=default_key(), level=Level.B_B, now=NOW,
            agreed=agreed, authorise=used.append,
        )  # fmt: skip
    assert target.getvalue() == b""
    assert used == []


def test_the_bytes_that_are_authorised_are_those_that_are_signed() -> None:
    seen: list[bytes] = []
    made = sealed(authorise=seen.append, level=Level.B_B)
    signer = reference.ContentInfo.load(unpacked(made)[SEAL])["content"]["signer_infos"][0]
    assert seen == [signer["signed_attrs"].untag().dump()]


def test_a_refusal_before_the_key_is_used_leaves_nothing() -> None:
    def refuse(_: bytes) -> None:
        raise RuntimeError("not now")

    target = io.BytesIO(b"old")
    with pytest.raises(RuntimeError):
        write_asic(target, files_of(FILES), key=default_key(), level=Level.B_B, now=NOW, authorise=refuse)
    assert target.getvalue() == b""


@pytest.mark.parametrize(
    "names",
    [[], ["../a"], ["META-INF/x"], ["meta-inf/x"], ["mimetype"], ["MIMETYPE"], ["a", "a"], ["a", "A"], ["a\x00"]],
    ids=str,
)
def test_names_that_cannot_be_in_one_container_are_refused(names: list[str]) -> None:
    files = [ContainerFile(name=name, content=io.BytesIO(b"x")) for name in names]
    with pytest.raises(ContainerError):
        write_asic(io.BytesIO(), files, key=default_key(), level=Level.B_B, now=NOW)


def test_as_many_files_as_the_limit_and_no_more() -> None:
    files = [ContainerFile(name=f"{number}", content=io.BytesIO(b"x")) for number in range(MAX_FILES + 1)]
    assert write_asic(io.BytesIO(), files[:MAX_FILES], key=default_key(), level=Level.B_B, now=NOW).files
    with pytest.raises(ContainerError):
        write_asic(io.BytesIO(), files, key=default_key(), level=Level.B_B, now=NOW)


def test_a_level_that_cannot_be_reached_is_refused() -> None:
    given = {"key": default_key(), "now": NOW}
    with pytest.raises(TimestampError):
        write_asic(io.BytesIO(), files_of(FILES), level=Level.B_T, **given)  # type: ignore[arg-type] # see above
    with pytest.raises(EvidenceError):
        write_asic(
            io.BytesIO(), files_of(FILES), level=Level.B_LT, timestamper=pki().timestamper, **given  # type: ignore[arg-type] # see above
        )  # fmt: skip
    with pytest.raises(SealStateError):
        write_asic(io.BytesIO(), files_of(FILES), level=Level.B_B, key=default_key(), now=NOW.replace(year=2090))


def test_a_large_file_is_copied_and_not_held(tmp_path: Path) -> None:
    path = tmp_path / "large.bin"
    with path.open("wb") as file:
        for number in range(64):
            file.write(bytes([number]) * (1 << 20))
    with path.open("rb") as content, (tmp_path / "a.asice").open("w+b") as target:
        tracemalloc.start()
        write_asic(
            target, [ContainerFile(name="large.bin", content=content)], key=default_key(), level=Level.B_B, now=NOW
        )
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 16 << 20
    assert check((tmp_path / "a.asice").read_bytes(), now=LATER).signatures[0].covers_whole_document
