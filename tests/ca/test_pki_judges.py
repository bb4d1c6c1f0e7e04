"""What independent programs say of certificates, CRLs, OCSP answers and time-stamps that were just made."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from ca import ocsp as our_ocsp
from ca.authority import ISSUING
from ca.certificate_states import GOOD, Reason, Standing
from ca.timestamps import TimestampRequest, parse_request, stamp, token_of
from hsm.signer import KeySpec
from tests.support.pki import NOW, Pki, der, make_pki, pem, shared_pki
from tests.support.pki_judges import at, pkilint, said

pytestmark = pytest.mark.judge
KINDS = [
    (KeySpec.EC_P384, KeySpec.EC_P256),
    (KeySpec.RSA_3072, KeySpec.RSA_3072),
    (KeySpec.ED25519, KeySpec.ED25519),
]
LATER = NOW + timedelta(hours=1)


@pytest.fixture(params=KINDS, ids=[ca.value for ca, _ in KINDS])
def pki(request: pytest.FixtureRequest) -> Pki:
    return shared_pki(*request.param)


def standings() -> dict[str, Standing]:
    return {
        "good": GOOD,
        "suspended": GOOD.suspend(at=NOW),
        "revoked": GOOD.revoke(Reason.KEY_COMPROMISE, at=NOW),
    }


def test_pkilint_finds_nothing_in_any_certificate_of_the_ceremony(pki: Pki, tmp_path: Path) -> None:
    for name, entity in pki.authority.entities.items():
        path = pki.write(tmp_path, entity.certificate, name)
        assert pkilint("lint_pkix_cert", path) == "", name
    etsi = ("-t", "NCP-LEGAL-PERSON-CERTIFICATE")
    assert pkilint("lint_etsi_cert", tmp_path / "authority-seal.pem", *etsi) == ""


@pytest.mark.parametrize("profile", ["seal", "licence"])
@pytest.mark.parametrize("key", [KeySpec.EC_P256, KeySpec.RSA_3072, KeySpec.ED25519])
def test_pkilint_and_etsi_find_nothing_in_an_enterprise_certificate(
    pki: Pki, profile: str, key: KeySpec, tmp_path: Path
) -> None:
    path = pki.write(tmp_path, pki.issue(profile, spec=key)[0])
    assert pkilint("lint_pkix_cert", path) == ""
    assert pkilint("lint_etsi_cert", path, "-t", "NCP-LEGAL-PERSON-CERTIFICATE") == ""


def test_pkilint_objects_to_a_ca_as_a_legal_person(pki: Pki, tmp_path: Path) -> None:
    path = pki.write(tmp_path, pki.authority.certificate("seal"))
    assert "organization_identifier" in pkilint("lint_etsi_cert", path, "-t", "NCP-LEGAL-PERSON-CERTIFICATE")


@pytest.mark.parametrize("profile", ["seal", "licence"])
def test_openssl_follows_standing_through_the_crl(pki: Pki, profile: str, tmp_path: Path) -> None:
    certificate, _ = pki.issue(profile)
    path = pki.write(tmp_path, certificate)
    (tmp_path / "root.crl").write_bytes(pki.authority.root_crl)
    expected = {"good": f"{path}: OK", "suspended": "certificate revoked", "revoked": "certificate revoked"}
    for name, standing in standings().items():
        entries = {} if name == "good" else {certificate.serial_number: standing}
        (tmp_path / "ca.crl").write_bytes(pki.crl(profile, entries))
        crls: list[str] = []
        for file in ("root", "ca"):
            said(
                "openssl",
                "crl",
                "-inform",
                "DER",
                "-in",
                tmp_path / f"{file}.crl",
                "-out",
                tmp_path / f"{file}.pem.crl",
            )
            crls += ["-CRLfile", str(tmp_path / f"{file}.pem.crl")]
        text = said(
            "openssl", "verify", "-x509_strict", "-crl_check_all", *crls, "-attime", at(LATER),
            "-CAfile", tmp_path / "root.pem", "-untrusted", tmp_path / "chain.pem", path,
        )  # fmt: skip
        assert expected[name] in text, name


def test_openssl_accepts_every_certificate_of_the_ceremony(pki: Pki, tmp_path: Path) -> None:
    for name, entity in pki.authority.entities.items():
        path = pki.write(tmp_path, entity.certificate, name)
        text = said(
            "openssl", "verify", "-x509_strict", "-attime", at(LATER),
            "-CAfile", tmp_path / "root.pem", "-untrusted", tmp_path / "chain.pem", path,
        )  # fmt: skip
        assert text.strip() == f"{path}: OK"


def test_gnutls_accepts_every_certificate_and_crl_of_a_ceremony_of_today(
    tmp_path: Path,
) -> None:
    """Its certtool takes no time, so this PKI begins now."""
    pki = make_pki(now=datetime.now(UTC) - timedelta(minutes=1))
    pki.write(tmp_path)
    for name, entity in pki.authority.entities.items():
        chain = tmp_path / f"{name}-chain.pem"
        path = (entity.certificate, *pki.authority.chain_of(entity.certificate))
        chain.write_bytes(b"".join(pem(one) for one in path))
        text = said("certtool", "--verify", "--load-ca-certificate", tmp_path / "root.pem", "--infile", chain)
        assert "Chain verification output: Verified. The certificate is trusted." in text, (name, text)
    for name, crl in pki.authority.crls.items():
        (tmp_path / "crl.der").write_bytes(crl)
        (tmp_path / "ca.der").write_bytes(der(pki.authority.certificate(name)))
        text = said(
            "certtool", "--verify-crl", "--inder", "--load-ca-certificate", tmp_path / "ca.der",
            "--infile", tmp_path / "crl.der",
        )  # fmt: skip
        assert "Verified" in text, text
        assert "Not verified" not in text


@pytest.mark.parametrize("issuer", ["root", *ISSUING])
def test_openssl_and_pkilint_accept_crls(pki: Pki, issuer: str, tmp_path: Path) -> None:
    listed = pki.authority.certificate("seal").serial_number
    for number, entries in enumerate([{}, {listed: GOOD.revoke(Reason.SUPERSEDED, at=NOW), 7: GOOD.suspend(at=NOW)}]):
        path = tmp_path / f"{number}.crl"
        path.write_bytes(pki.crl(issuer, entries))
        pki.write(tmp_path, pki.authority.certificate(issuer), "issuer")
        (tmp_path / "issuer.der").write_bytes(der(pki.authority.certificate(issuer)))
        assert "verify OK" in said(
            "openssl", "crl", "-inform", "DER", "-in", path, "-CAfile", tmp_path / "issuer.pem", "-noout"
        )
        kind = "ARL" if issuer == "root" else "CRL"
        assert pkilint("lint_crl", path, "-t", kind, "-p", "PKIX") == ""


def test_pkilint_accepts_a_crl_with_a_distribution_point(pki: Pki, tmp_path: Path) -> None:
    path = tmp_path / "part.crl"
    path.write_bytes(pki.crl("seal", distribution_point=pki.authority.crl_url("seal")))
    assert pkilint("lint_crl", path, "-t", "CRL", "-p", "PKIX") == ""
    assert "X509v3 Issuing Distribution Point: critical" in said(
        "openssl", "crl", "-inform", "DER", "-in", path, "-text"
    )


@pytest.mark.parametrize("digest", ["sha1", "sha256"])
@pytest.mark.parametrize("nonce", [True, False], ids=["nonce", "no nonce"])
def test_openssl_and_pkilint_accept_ocsp_answers(pki: Pki, digest: str, *, nonce: bool, tmp_path: Path) -> None:
    certificate, _ = pki.issue("seal")
    path, request, answer = pki.write(tmp_path, certificate), tmp_path / "request.der", tmp_path / "answer.der"
    pki.write(tmp_path, pki.authority.certificate("seal"), "issuer")
    said(
        "openssl", "ocsp", f"-{digest}", "-issuer", tmp_path / "issuer.pem", "-cert", path,
        "-nonce" if nonce else "-no_nonce", "-reqout", request,
    )  # fmt: skip
    question = our_ocsp.parse_request(request.read_bytes())
    assert our_ocsp.IssuerIndex.of(pki.authority.issuers()).find(question) == "seal"
    for word, standing in [*standings().items(), ("unknown", None)]:
        with pki.store.lease(pki.authority.key("ocsp-seal")) as signer:
            answer.write_bytes(
                our_ocsp.respond(
                    question,
                    standing,
                    responder=pki.authority.responder("ocsp-seal"),
                    signer=signer,
                    now=NOW,
                    fresh_for=timedelta(hours=8),
                )
            )
        trust = (
            "-CAfile", tmp_path / "root.pem", "-verify_other", tmp_path / "chain.pem", "-attime", at(LATER),
            "-validity_period", "999999999",
        )  # fmt: skip
        text = said("openssl", "ocsp", "-respin", answer, "-reqin", request, *trust)
        assert text.strip() == "Response verify OK" if nonce else "WARNING: no nonce" not in text
        text = said(
            "openssl", "ocsp", "-respin", answer, "-no_nonce", f"-{digest}", "-issuer", tmp_path / "issuer.pem",
            "-cert", path, *trust,
        )  # fmt: skip
        expected = {"suspended": "revoked"}.get(word, word)
        assert "Response verify OK" in text, text
        assert f"{path}: {expected}" in text, text
        if word == "suspended":
            assert "Reason: certificateHold" in text
        assert pkilint("lint_ocsp_response", answer) == ""


def test_openssl_refuses_an_ocsp_answer_of_another_responder(pki: Pki, tmp_path: Path) -> None:
    certificate, _ = pki.issue("seal")
    path, answer = pki.write(tmp_path, certificate), tmp_path / "answer.der"
    pki.write(tmp_path, pki.authority.certificate("seal"), "issuer")
    request = ocsp.OCSPRequestBuilder().add_certificate(certificate, pki.authority.certificate("seal"), hashes.SHA256())
    question = our_ocsp.parse_request(request.build().public_bytes(Encoding.DER))
    with pki.store.lease(pki.authority.key("ocsp-licence")) as signer:
        responder = pki.authority.responder("ocsp-licence")
        answer.write_bytes(
            our_ocsp.respond(question, GOOD, responder=responder, signer=signer, now=NOW, fresh_for=timedelta(hours=8))
        )
    text = said(
        "openssl", "ocsp", "-respin", answer, "-no_nonce", "-sha256", "-issuer", tmp_path / "issuer.pem", "-cert", path,
        "-CAfile", tmp_path / "root.pem", "-verify_other", tmp_path / "chain.pem", "-attime", at(LATER),
    )  # fmt: skip
    assert "Response Verify Failure" in text
    assert "Response verify OK" not in text


@pytest.mark.parametrize("digest", ["sha256", "sha384", "sha512"])
@pytest.mark.parametrize("with_certificate", [True, False], ids=["certReq", "no certReq"])
def test_openssl_accepts_time_stamps(pki: Pki, digest: str, *, with_certificate: bool, tmp_path: Path) -> None:
    data, query, reply = tmp_path / "data", tmp_path / "query.tsq", tmp_path / "reply.tsr"
    data.write_bytes(b"contract")
    said(
        "openssl", "ts", "-query", "-data", data, f"-{digest}", *(["-cert"] if with_certificate else []), "-out", query
    )
    authority = pki.authority
    asked = parse_request(query.read_bytes(), policies=authority.timestamp_policies)
    assert isinstance(asked, TimestampRequest)
    certificate = authority.certificate("tsa")
    with pki.store.lease(authority.key("tsa")) as signer:
        reply.write_bytes(
            stamp(
                asked,
                serial=pki.serial(),
                now=NOW,
                policy=authority.timestamp_policies[0],
                signer=signer,
                certificate=certificate,
                chain=authority.chain_of(certificate),
            )
        )
    pki.write(tmp_path, certificate, "tsa")
    (tmp_path / "untrusted.pem").write_bytes((tmp_path / "chain.pem").read_bytes() + pem(certificate))
    trust = ("-CAfile", tmp_path / "root.pem", "-untrusted", tmp_path / "untrusted.pem", "-attime", at(LATER))
    for source in (("-data", data), ("-queryfile", query)):
        assert "Verification: OK" in said("openssl", "ts", "-verify", *source, "-in", reply, *trust)
    data.write_bytes(b"another contract")
    assert "message imprint mismatch" in said("openssl", "ts", "-verify", "-data", data, "-in", reply, *trust)
    (tmp_path / "token.der").write_bytes(token_of(reply.read_bytes()))
    data.write_bytes(b"contract")
    token = ("-in", tmp_path / "token.der", "-token_in")
    assert "Verification: OK" in said("openssl", "ts", "-verify", "-data", data, *token, *trust)
