"""`vermilion demo` from end to end, in processes of its own, and what independent programs say of every file it leaves."""

import json
import shutil
import subprocess
from hashlib import sha256
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from PIL import Image, ImageStat

from tests.support import judges
from tests.support.brought import PAGES, scan
from tests.support.judges import Done, Published, check, vermilion
from tests.support.pdf_judges import make_nss, mutool, need, pdfsig, qpdf

KINDS = ("official", "finance", "invoice", "contract", "representative")
CONTRACT_FILES = {
    "root.pem", "chain.pem", "ca-root.crl", "ca-licence.crl", "ca-seal.crl", "ca-service.crl", "enterprise.json",
    "licence.pdf", "licence.pem", "licence.elq1", "licence.png", "contract.pdf", "contract-sealed.pdf", "report.json",
    *(f"seals/{kind}.{suffix}" for kind in KINDS for suffix in ("pem", "png", "svg")),
}  # fmt: skip
CHECKABLE = ("licence.pdf", "licence.elq1", "licence.png", "contract-sealed.pdf")
PDFS = {"licence.pdf": 1, "contract-sealed.pdf": 2}  # with their signatures
CERTIFICATES = ("licence.pem", *(f"seals/{kind}.pem" for kind in KINDS))
LOOPBACK_ADDRESS = "etsi.internal_domain_name"  # a demo publishes on 127.0.0.1, which ETSI's linter rightly notices
DOCUMENT_REFUSED, BAD_INPUT = 65, 64


def root_of(directory: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate((directory / "root.pem").read_bytes())


def parts_of(report: dict[str, Any]) -> tuple[set[str], set[str]]:
    """The verdicts in a report: of its findings, and of its signatures."""
    return {one["verdict"] for one in report["findings"]}, {one["verdict"] for one in report["signatures"]}


# --- the command -----------------------------------------------------------------------------------------------------


@pytest.mark.softhsm
def test_demo_leaves_every_file_of_the_contract(demo_run: tuple[Path, Done]) -> None:
    directory, done = demo_run
    assert done.code == 0, done.out + done.err
    present = {str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file()}
    assert present >= CONTRACT_FILES
    assert all((directory / name).stat().st_size for name in CONTRACT_FILES)
    assert "Every check passed." in done.out


@pytest.mark.softhsm
def test_report_of_the_demo_tells_what_was_checked_and_the_hash_of_each_file(demo: Path) -> None:
    report = json.loads((demo / "report.json").read_text(encoding="utf-8"))
    assert report["verdict"] == "passed"
    assert report["keys"] == "PKCS#11 token"
    assert {name: one["verdict"] for name, one in report["checks"].items()} == dict.fromkeys(CHECKABLE, "passed")
    assert report["files"].keys() >= CONTRACT_FILES - {"report.json"}
    for name, digest in report["files"].items():
        assert sha256((demo / name).read_bytes()).hexdigest() == digest, name


@pytest.mark.softhsm
def test_no_private_key_lies_in_the_folder_in_clear(demo: Path) -> None:
    for path in demo.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert b"PRIVATE KEY" not in content, path
            assert bytes.fromhex("06072a8648ce3d020106082a8648ce3d03010704") not in content, path  # PKCS #8 of P-256


@pytest.mark.softhsm
@pytest.mark.parametrize("name", CHECKABLE)
def test_verify_passes_each_artefact_with_the_root_alone(demo: Path, name: str) -> None:
    done = check(demo / name, "--trust", demo / "root.pem", "--json")
    assert done.code == 0, done.out + done.err
    report = done.json()
    assert report["verdict"] == "passed"
    findings, signed = parts_of(report)
    assert findings == {"passed"}
    assert all({"id", "verdict", "text"} <= one.keys() for one in report["findings"])
    assert len(report["signatures"]) == PDFS.get(name, 0)
    assert signed <= {"passed"}
    for one in report["signatures"]:
        assert {"verdict", "signer", "level", "covers_whole_document", "changes_after"} <= one.keys()
        assert one["level"] == "B-LT"
        assert "by OCSP" in one["revocation"]
    if report["signatures"]:
        assert [one["covers_whole_document"] for one in report["signatures"]][-1] is True
        assert report["signatures"][-1]["changes_after"] == []


@pytest.mark.softhsm
@pytest.mark.parametrize("name", CHECKABLE)
def test_nothing_passes_without_trust(demo: Path, name: str) -> None:
    done = check(demo / name, "--json")
    assert done.code == 2, done.out + done.err
    assert done.json()["verdict"] == "indeterminate"


@pytest.mark.softhsm
def test_exit_codes_of_the_command_are_those_of_the_verdict(demo: Path, tmp_path: Path) -> None:
    sealed, root = demo / "contract-sealed.pdf", demo / "root.pem"
    changed = tmp_path / "changed.pdf"
    changed.write_bytes(sealed.read_bytes() + b"more")
    outcomes = [
        vermilion("verify", sealed, "--trust", root),
        vermilion("verify", changed, "--trust", root),
        vermilion("verify", sealed),
        vermilion("verify", tmp_path / "nowhere.pdf"),
    ]
    assert [one.code for one in outcomes] == [0, 1, 2, 64]
    assert [one.out.split(" ")[0] for one in outcomes[:3]] == ["passed", "failed", "indeterminate"]


@pytest.mark.softhsm
def test_the_root_of_another_authority_with_the_same_name_does_not_help(
    demo: Path, other_demo: tuple[Path, Done]
) -> None:
    for name in CHECKABLE:
        done = check(demo / name, "--trust", other_demo[0] / "root.pem", "--with", demo, "--json")
        assert done.code in {1, 2}, name
        assert done.json()["verdict"] != "passed"


@pytest.mark.softhsm
@pytest.mark.parametrize("name", PDFS)
def test_one_changed_byte_fails(demo: Path, name: str, tmp_path: Path) -> None:
    content = bytearray((demo / name).read_bytes())
    content[content.index(b"endstream") - 20] ^= 1
    (tmp_path / name).write_bytes(content)
    done = check(tmp_path / name, "--trust", demo / "root.pem", "--with", demo, "--json")
    assert done.code == 1, done.out + done.err
    assert done.json()["verdict"] == "failed"


@pytest.mark.softhsm
def test_bytes_after_the_end_fail(demo: Path, tmp_path: Path) -> None:
    sealed = tmp_path / "contract-sealed.pdf"
    sealed.write_bytes((demo / sealed.name).read_bytes() + b"1 0 obj\n<<>>\nendobj\n")
    done = check(sealed, "--trust", demo / "root.pem", "--with", demo, "--json")
    assert (done.code, done.json()["verdict"]) == (1, "failed")


def test_the_demo_overwrites_nothing(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    done = vermilion("demo", tmp_path)
    assert done.code == BAD_INPUT
    assert "not empty" in done.err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


# --- files that people bring -----------------------------------------------------------------------------------------


def accept_brought(source: Path, directory: Path, done: Done, *, pages: int, scratch: Path) -> None:
    """The command passed, our check passes, and so do the judges."""
    with pypdfium2.PdfDocument(source) as document:
        assert len(document) == pages
    assert done.code == 0, done.out + done.err
    assert done.json()["verdict"] == "passed"
    sealed = directory / "contract-sealed.pdf"
    assert sealed.read_bytes().startswith(source.read_bytes())
    checked = check(sealed, "--trust", directory / "root.pem", "--json")
    assert (checked.code, checked.json()["verdict"]) == (0, "passed")
    assert qpdf(sealed) == 0
    assert mutool(sealed) == ["edited", "unchanged"]
    found = pdfsig(sealed, make_nss(scratch, root_of(directory)), ocsp=False)
    assert [(one.valid, one.whole_document) for one in found] == [(True, False), (True, True)]


@pytest.mark.judge
def test_demo_seals_a_report_of_fifty_pages(folder: Path, other_demo: tuple[Path, Done], tmp_path: Path) -> None:
    accept_brought(folder / "report.pdf", *other_demo, pages=PAGES, scratch=tmp_path)


@pytest.mark.judge
def test_demo_seals_a_scanned_file(tmp_path: Path) -> None:
    source, directory = tmp_path / "scan.pdf", tmp_path / "demo"
    scan(source, pages=3)
    done = vermilion("demo", directory, "--pdf", source, "--json")
    accept_brought(source, directory, done, pages=3, scratch=tmp_path)


@pytest.mark.judge
def test_an_encrypted_file_is_refused_and_nothing_half_made_is_left(tmp_path: Path) -> None:
    need("qpdf")
    plain, locked, directory = tmp_path / "plain.pdf", tmp_path / "locked.pdf", tmp_path / "demo"
    scan(plain, pages=1)
    subprocess.run(["qpdf", "--encrypt", "user", "owner", "256", "--", str(plain), str(locked)], check=True)
    done = vermilion("demo", directory, "--pdf", locked)
    assert done.code == DOCUMENT_REFUSED, done.out + done.err
    assert "encrypted" in done.err or "password" in done.err
    assert "Traceback" not in done.err
    assert not (directory / "contract-sealed.pdf").exists()
    assert not (directory / "report.json").exists()


# --- the judges ------------------------------------------------------------------------------------------------------


@pytest.mark.judge
@pytest.mark.softhsm
@pytest.mark.parametrize("name", CERTIFICATES)
def test_openssl_and_gnutls_follow_each_certificate_to_the_root(
    demo: Path, published: Published, name: str, tmp_path: Path
) -> None:
    assert judges.openssl_verify(demo / name, published) == "OK"
    said = judges.certtool_verify(demo / name, published, tmp_path)
    assert "Chain verification output: Verified. The certificate is trusted." in said, said


@pytest.mark.judge
@pytest.mark.softhsm
@pytest.mark.parametrize("name", CERTIFICATES)
def test_pkilint_has_no_warning_about_a_certificate(demo: Path, name: str) -> None:
    assert judges.lint("lint_pkix_cert", demo / name) == (0, [])
    _, rules = judges.lint("lint_etsi_cert", demo / name, "-t", "NCP-LEGAL-PERSON-CERTIFICATE")
    assert set(rules) <= {LOOPBACK_ADDRESS}


@pytest.mark.judge
@pytest.mark.softhsm
@pytest.mark.parametrize("name", judges.ISSUERS)
def test_openssl_gnutls_and_pkilint_accept_each_crl(demo: Path, name: str, tmp_path: Path) -> None:
    authority = [
        root_of(demo),
        *x509.load_pem_x509_certificates((demo / "chain.pem").read_bytes()),
    ]
    certificate = dict(zip(judges.ISSUERS, authority, strict=True))[name]
    pem, der, crl = tmp_path / "ca.pem", tmp_path / "ca.der", demo / f"ca-{name}.crl"
    pem.write_bytes(certificate.public_bytes(Encoding.PEM))
    der.write_bytes(certificate.public_bytes(Encoding.DER))
    assert "verify OK" in judges.openssl_crl(crl, pem)
    said = judges.certtool_crl(crl, der)
    assert "Verified" in said, said
    assert "Not verified" not in said
    assert judges.lint("lint_crl", crl, "-t", "ARL" if name == "root" else "CRL", "-p", "PKIX") == (0, [])


@pytest.mark.judge
@pytest.mark.softhsm
def test_two_foreign_readers_see_the_code_on_the_picture_and_on_the_printed_licence(demo: Path, tmp_path: Path) -> None:
    payload = (demo / "licence.elq1").read_text(encoding="utf-8").strip()
    (printed,) = judges.render(demo / "licence.pdf", dpi=200, scratch=tmp_path)
    read = [*judges.zbar(demo / "licence.png"), *judges.zxing(demo / "licence.png")]
    read += [*judges.zbar(printed), *judges.zxing(printed)]
    assert len(read) == 4
    assert len(set(read)) == 1
    (tmp_path / "scanned.txt").write_text(read[0], encoding="utf-8")
    done = check(tmp_path / "scanned.txt", "--trust", demo / "root.pem", "--json")
    assert (done.code, done.json()["verdict"]) == (0, "passed")
    assert payload.startswith("ELQ1:")
    assert "/q#ELQ1:" in read[0]


@pytest.mark.judge
@pytest.mark.softhsm
def test_the_printed_licence_page_itself_can_be_checked_as_a_picture(demo: Path, tmp_path: Path) -> None:
    (printed,) = judges.render(demo / "licence.pdf", dpi=200, scratch=tmp_path)
    done = check(printed, "--trust", demo / "root.pem", "--json")
    assert (done.code, done.json()["verdict"]) == (0, "passed"), done.out


@pytest.mark.judge
@pytest.mark.softhsm
@pytest.mark.parametrize(("name", "count"), PDFS.items())
def test_poppler_mupdf_and_qpdf_accept_each_sealed_file(demo: Path, name: str, count: int, tmp_path: Path) -> None:
    found = pdfsig(demo / name, make_nss(tmp_path, root_of(demo)), ocsp=False)  # nobody serves at the demo's address
    assert [one.valid for one in found] == [True] * count, found
    assert [one.whole_document for one in found] == [False] * (count - 1) + [True]
    assert mutool(demo / name) == ["edited"] * (count - 1) + ["unchanged"]
    assert qpdf(demo / name) == 0


@pytest.mark.judge
@pytest.mark.softhsm
@pytest.mark.parametrize(("name", "count"), PDFS.items())
def test_openssl_accepts_the_signatures_and_time_stamps_inside(
    demo: Path, published: Published, name: str, count: int, tmp_path: Path
) -> None:
    assert judges.openssl_cms(demo / name, published, tmp_path) == ["CAdES Verification successful"] * count
    assert judges.openssl_ts(demo / name, published, tmp_path) == ["Verification: OK"] * count


@pytest.mark.judge
@pytest.mark.softhsm
@pytest.mark.parametrize("name", PDFS)
def test_every_font_is_embedded(demo: Path, name: str) -> None:
    found = judges.fonts(demo / name)
    assert found
    assert all(embedded for _, embedded in found), found


@pytest.mark.judge
@pytest.mark.softhsm
@pytest.mark.parametrize("kind", KINDS)
def test_each_seal_picture_is_a_picture_on_a_transparent_ground(demo: Path, kind: str) -> None:
    with Image.open(demo / "seals" / f"{kind}.png") as image:
        assert image.mode == "RGBA"
        assert image.getchannel("A").getextrema()[0] == 0  # transparent somewhere
        opaque = image.getchannel("A").point(lambda value: 255 * (value == 255))
        red, green, blue = (round(value) for value in ImageStat.Stat(image.convert("RGB"), opaque).mean)
    assert red > 150
    assert max(green, blue) < 90
    svg = (demo / "seals" / f"{kind}.svg").read_text(encoding="utf-8")
    assert svg.startswith("<svg")
    assert "<text" not in svg  # outlines only: it looks the same without our fonts


@pytest.mark.softhsm
def test_a_copy_of_the_folder_without_its_state_is_all_that_a_verifier_needs(demo: Path, tmp_path: Path) -> None:
    public = tmp_path / "public"
    shutil.copytree(demo, public, ignore=shutil.ignore_patterns("state"))
    for name in CHECKABLE:
        assert check(public / name, "--trust", public / "root.pem").code == 0, name
