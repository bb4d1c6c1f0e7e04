"""A running service and the programs of other people: they ask its OCSP, CRL and time-stamp addresses over the network."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from api.demo import samples
from tests.support import contracts, judges
from tests.support.judges import Published, check
from tests.support.pdf_judges import make_nss, mutool, need, pdfsig, run
from tests.support.served import Served, serving

pytestmark = pytest.mark.judge
OCSP_TYPE: Final = "application/ocsp-response"  # RFC 6960 appendix A
TSA_TYPE: Final = "application/timestamp-reply"  # RFC 3161 §3.4


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Two enterprises with licences and seals, a contract that both sealed, and what the service publishes."""

    service: Served
    folder: Path
    buyer: dict[str, Any]
    supplier: dict[str, Any]
    sealed: Path  # by the contract seals of both

    @property
    def root(self) -> Path:
        return self.folder / "root.pem"

    def issuer(self, name: str) -> Path:
        return self.service.fetch(f"/pki/ca/{name}.pem", self.folder / f"{name}-ca.pem")

    def seal(self, made: dict[str, Any], kind: str) -> dict[str, Any]:
        found: dict[str, Any] = next(one for one in made["seals"] if one["kind"] == kind)
        return found

    def certificate(self, made: dict[str, Any], kind: str) -> Path:
        one = self.seal(made, kind)
        return self.service.fetch(one["faces"]["pem"], self.folder / f"{one['code']}.pem")


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("live")
    with serving(folder / "data") as service:
        service.publish(folder)
        buyer, supplier = service.establish(samples.BUYER), service.establish(samples.SUPPLIER)
        file = folder / "contract.pdf"
        file.write_bytes(contracts.contract())
        for number, (made, keyword) in enumerate(
            ((buyer, contracts.FIRST_KEYWORD), (supplier, contracts.SECOND_KEYWORD))
        ):
            code = next(one["code"] for one in made["seals"] if one["kind"] == "contract")
            target = folder / f"sealed-{number}.pdf"
            file = service.seal(code, file, target, placement="keyword", keyword=keyword, reason="采购合同")
        yield Scene(service=service, folder=folder, buyer=buyer, supplier=supplier, sealed=file)


def openssl_ocsp(scene: Scene, certificate: Path, *options: str) -> str:
    """Ask the responder over HTTP as `openssl ocsp` does: the answer's verification, then the status."""
    return run(
        "openssl", "ocsp", *options, "-issuer", scene.issuer("seal"), "-cert", certificate,
        "-url", f"{scene.service.base_url}/pki/ocsp", "-CAfile", scene.root, "-verify_other",
        scene.folder / "chain.pem",
    )[1]  # fmt: skip


# --- before anything is taken back -----------------------------------------------------------------------------------


def test_poppler_trusts_both_seals_after_it_asked_the_responder(scene: Scene, tmp_path: Path) -> None:
    root = x509.load_pem_x509_certificate(scene.root.read_bytes())
    found = pdfsig(scene.sealed, make_nss(tmp_path, root))
    assert [(one.valid, one.trusted, one.whole_document) for one in found] == [(True, True, False), (True, True, True)]
    assert mutool(scene.sealed) == ["edited", "unchanged"]


@pytest.mark.parametrize("digest", ["-sha1", "-sha256"])
@pytest.mark.parametrize("nonce", ["-nonce", "-no_nonce"])
def test_openssl_gets_good_answers(scene: Scene, digest: str, nonce: str) -> None:
    said = openssl_ocsp(scene, scene.certificate(scene.supplier, "contract"), digest, nonce)
    assert "Response verify OK" in said
    assert re.search(r"\.pem: good$", said, re.MULTILINE), said
    assert "WARNING: no nonce" not in said


def test_gnutls_gets_a_good_answer(scene: Scene) -> None:
    need("ocsptool")
    said = run(
        "ocsptool", f"--ask={scene.service.base_url}/pki/ocsp", "--load-cert",
        scene.certificate(scene.supplier, "contract"), "--load-issuer", scene.issuer("seal"), "--load-trust",
        scene.issuer("seal"),
    )[1]  # fmt: skip
    assert "Certificate Status: good" in said
    assert "Verifying OCSP Response: Success." in said


def test_pkilint_has_no_warning_about_a_live_answer(scene: Scene, tmp_path: Path) -> None:
    certificate, answer = scene.certificate(scene.supplier, "finance"), tmp_path / "answer.der"
    said = openssl_ocsp(scene, certificate, "-sha256", "-nonce", "-respout", str(answer))
    assert "Response verify OK" in said
    assert judges.lint("lint_ocsp_response", answer) == (0, [])


def test_a_responder_does_not_answer_for_others(scene: Scene, tmp_path: Path) -> None:
    """The question names an issuer that is none of ours."""
    stranger, request = tmp_path / "stranger.pem", tmp_path / "request.der"
    subject = ("-subj", "/CN=Stranger", "-keyout", str(tmp_path / "key.pem"), "-out", str(stranger))
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", *subject)
    run("openssl", "ocsp", "-issuer", stranger, "-cert", stranger, "-reqout", request)
    answer = scene.service.client.post("/pki/ocsp", content=request.read_bytes())
    assert answer.headers["content-type"] == OCSP_TYPE
    (tmp_path / "answer.der").write_bytes(answer.content)
    assert "unauthorized (6)" in run("openssl", "ocsp", "-respin", tmp_path / "answer.der", "-resp_text")[1]


@pytest.mark.parametrize("digest", ["sha256", "sha384", "sha512"])
def test_openssl_accepts_live_time_stamps(scene: Scene, digest: str, tmp_path: Path) -> None:
    data, query, reply = tmp_path / "data", tmp_path / "query", tmp_path / "reply"
    data.write_bytes(b"contract")
    run("openssl", "ts", "-query", "-data", data, f"-{digest}", "-cert", "-out", query)
    answer = scene.service.client.post("/pki/tsa", content=query.read_bytes())
    assert answer.headers["content-type"] == TSA_TYPE
    reply.write_bytes(answer.content)
    trust = ("-CAfile", scene.root, "-untrusted", scene.folder / "chain.pem")
    for source in (("-data", data), ("-queryfile", query)):
        assert "Verification: OK" in run("openssl", "ts", "-verify", *source, "-in", reply, *trust)[1]
    data.write_bytes(b"another contract")
    said = run("openssl", "ts", "-verify", "-data", data, "-in", reply, *trust)[1]
    assert "message imprint mismatch" in said


def test_a_time_stamp_over_sha1_is_refused(scene: Scene, tmp_path: Path) -> None:
    data, query, reply = tmp_path / "data", tmp_path / "query", tmp_path / "reply"
    data.write_bytes(b"contract")
    run("openssl", "ts", "-query", "-data", data, "-sha1", "-out", query)
    reply.write_bytes(scene.service.client.post("/pki/tsa", content=query.read_bytes()).content)
    said = run("openssl", "ts", "-reply", "-in", reply, "-text")[1]
    assert "Status: Rejected" in said
    assert "unrecognized or unsupported algorithm" in said


def test_addresses_in_a_certificate_lead_to_its_issuer_and_its_list(scene: Scene, tmp_path: Path) -> None:
    text = run("openssl", "x509", "-in", scene.certificate(scene.buyer, "official"), "-noout", "-text")[1]
    addresses = dict(re.findall(r"(CA Issuers|OCSP) - URI:(\S+)", text))
    (list_address,) = re.findall(r"Full Name:\s+URI:(\S+)", text)
    assert addresses["OCSP"] == f"{scene.service.base_url}/pki/ocsp"
    issuer = scene.service.fetch(addresses["CA Issuers"], tmp_path / "issuer.der")
    crl = scene.service.fetch(list_address, tmp_path / "list.crl")
    assert x509.load_der_x509_certificate(issuer.read_bytes()) == x509.load_pem_x509_certificate(
        scene.issuer("seal").read_bytes()
    )
    assert "verify OK" in judges.openssl_crl(crl, scene.issuer("seal"))


# --- after ------------------------------------------------------------------------------------------------------------


def number_of(text: str) -> int:
    """`openssl crl -crlnumber` prints it in hexadecimal."""
    return int(re.findall(r"crlNumber=0x([0-9A-Fa-f]+)", text)[0], 16)


def test_a_suspended_seal_is_revoked_for_everybody_and_what_it_sealed_before_stays_good(
    scene: Scene, tmp_path: Path
) -> None:
    """The whole of the buyer's contract seal: good before, on hold after, gone for good in the end."""
    seal, certificate = scene.seal(scene.buyer, "contract"), scene.certificate(scene.buyer, "contract")
    issuer = scene.issuer("seal")
    before = judges.openssl_crl(scene.service.fetch("/pki/crl/seal.crl", tmp_path / "1.crl"), issuer)
    listed = f"Serial Number: {bytes.fromhex(seal['serial'].zfill(36)).hex().upper()}"
    assert listed not in before
    scene.service.decide(f"seals/{seal['code']}", "suspend")
    for digest in ("-sha1", "-sha256"):
        said = openssl_ocsp(scene, certificate, digest, "-nonce")
        assert "Response verify OK" in said
        assert f"{certificate}: revoked" in said
        assert "Reason: certificateHold" in said
    after = judges.openssl_crl(scene.service.fetch("/pki/crl/seal.crl", tmp_path / "2.crl"), issuer)
    assert "verify OK" in after
    assert listed in after
    assert number_of(after) > number_of(before)
    nss = make_nss(tmp_path, x509.load_pem_x509_certificate(scene.root.read_bytes()))
    found = pdfsig(scene.sealed, nss)
    assert [one.valid for one in found] == [True, True]
    assert "Certificate has been Revoked." in found[0].text
    assert found[1].trusted
    scene.service.publish(tmp_path / "published")
    trust = Published.of(tmp_path / "published", tmp_path / "scratch")
    assert "certificate revoked" in judges.openssl_verify(certificate, trust)
    assert "revoked" in judges.certtool_verify(certificate, trust, tmp_path)
    done = check(scene.sealed, "--trust", tmp_path / "published" / "root.pem", "--json")
    assert (done.code, done.json()["verdict"]) == (0, "passed"), done.out
    scene.service.decide(f"seals/{seal['code']}", "cancel")
    said = openssl_ocsp(scene, certificate, "-sha256", "-nonce")
    assert f"{certificate}: revoked" in said
    assert "certificateHold" not in said
    done = check(scene.sealed, "--trust", tmp_path / "published" / "root.pem", "--json")
    assert (done.code, done.json()["verdict"]) == (0, "passed"), done.out


def test_gnutls_sees_a_cancelled_seal_as_revoked(scene: Scene) -> None:
    need("ocsptool")
    seal = scene.seal(scene.buyer, "invoice")
    scene.service.decide(f"seals/{seal['code']}", "cancel")
    said = run(
        "ocsptool", f"--ask={scene.service.base_url}/pki/ocsp", "--load-cert",
        scene.certificate(scene.buyer, "invoice"), "--load-issuer", scene.issuer("seal"), "--load-trust",
        scene.issuer("seal"),
    )[1]  # fmt: skip
    assert "Certificate Status: revoked" in said
    assert "Verifying OCSP Response: Success." in said


def test_a_cancelled_seal_seals_no_more(scene: Scene) -> None:
    seal = scene.seal(scene.buyer, "finance")
    scene.service.decide(f"seals/{seal['code']}", "cancel")
    with (scene.folder / "contract.pdf").open("rb") as file:
        answer = scene.service.client.post(
            f"/api/v1/seals/{seal['code']}/uses", files={"document": ("x.pdf", file)}, data={"level": "B-LT"}
        )
    assert answer.status_code == 409
    assert answer.json()["type"] == "/problems/seal-unusable"


def test_the_code_of_a_suspended_licence_fails_online_and_offline(scene: Scene, tmp_path: Path) -> None:
    licence = scene.supplier["licence"]
    picture = scene.service.fetch(licence["faces"]["qr_png"], tmp_path / "licence.png")
    (scanned,) = judges.zbar(picture)
    expected = {"passed": 0, "failed": 1}
    for decision, verdict in (("", "passed"), ("suspend", "failed"), ("reinstate", "passed"), ("suspend", "failed")):
        if decision:
            scene.service.decide(f"licences/{licence['number']}", decision)
        online = scene.service.post("/api/v1/verify", json={"text": scanned}).json()
        assert online["verdict"] == verdict
        published = tmp_path / "published"
        scene.service.publish(published)
        done = check(picture, "--trust", published / "root.pem", "--json")
        assert (done.code, done.json()["verdict"]) == (expected[verdict], verdict), done.out


def test_every_certificate_authority_is_fetched_in_both_forms(scene: Scene) -> None:
    for name in judges.ISSUERS:
        der = scene.service.client.get(f"/pki/ca/{name}.cer")
        pem = scene.service.client.get(f"/pki/ca/{name}.pem")
        assert der.headers["content-type"] == "application/pkix-cert"
        assert x509.load_pem_x509_certificate(pem.content).public_bytes(Encoding.DER) == der.content
