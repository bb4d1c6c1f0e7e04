"""OCSP: answers a second, from request bytes to signed answer, beside the builder of `cryptography` with the same key.

Theirs parses, builds and signs `good`, and looks nothing up. Over HTTP (where wrk is installed) there is nothing to compare.
"""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from api.acts import faces, publishing
from api.acts.office import Office
from api.demo import samples
from benchmarks.harness import Options, Pair, Result, interleave, options, tell
from benchmarks.service import established, service
from ca.certificate_states import GOOD
from ca.ocsp import parse_request, respond
from hsm.adapter import private_key_for
from tests.support.served import serving

BENCH: Final = "ocsp"
AGAINST: Final = "OCSPResponseBuilder, same key"
SCRIPT: Final = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/ocsp-request"
local file = io.open("{path}", "rb")
wrk.body = file:read("*all")
file:close()
"""


def theirs(office: Office, certificate: x509.Certificate, issuer: x509.Certificate, request: bytes) -> bytes:
    asked = ocsp.load_der_ocsp_request(request)
    if asked.serial_number != certificate.serial_number:
        raise LookupError("another certificate")
    now = office.now().replace(microsecond=0)
    entity = office.authority.entity("ocsp-seal")
    builder = (
        ocsp.OCSPResponseBuilder()
        .add_response(
            certificate,
            issuer,
            hashes.SHA256(),
            ocsp.OCSPCertStatus.GOOD,
            now,
            now + office.settings.ocsp_fresh_for,
            None,
            None,
        )
        .responder_id(ocsp.OCSPResponderEncoding.HASH, entity.certificate)
        .certificates([entity.certificate])
    )
    with office.lease(entity.ref) as signer:
        return builder.sign(private_key_for(signer), hashes.SHA256()).public_bytes(Encoding.DER)


def answered(office: Office, request: bytes) -> bytes:
    """Our own protocol code alone, without the ledger."""
    with office.lease(office.authority.key("ocsp-seal")) as signer:
        return respond(
            parse_request(request),
            GOOD,
            responder=office.authority.responder("ocsp-seal"),
            signer=signer,
            now=office.now(),
            fresh_for=office.settings.ocsp_fresh_for,
        )


def per_second(pair: Pair) -> Pair:
    return Pair(ours=1 / pair.ours, theirs=1 / pair.theirs, rounds=pair.rounds)


def request_for(certificate: x509.Certificate, issuer: x509.Certificate) -> bytes:
    asked = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, hashes.SHA256())
    return asked.build().public_bytes(Encoding.DER)


def over_http(asked: Options) -> Iterator[Result]:
    """Ask a served instance on loopback, client and server on the same cores."""
    with tempfile.TemporaryDirectory(prefix="vermilion-bench-") as name, serving(Path(name) / "data") as running:
        made = running.establish(samples.BUYER)
        pem = running.client.get(made["seals"][0]["faces"]["pem"]).content
        issuer = x509.load_pem_x509_certificate(running.client.get("/pki/ca/seal.pem").content)
        body, script = Path(name) / "request.der", Path(name) / "post.lua"
        body.write_bytes(request_for(x509.load_pem_x509_certificate(pem), issuer))
        script.write_text(SCRIPT.format(path=body), encoding="utf-8")
        seconds = asked.pick(quick=5, full=20)
        command = ["wrk", "-t1", "-c8", f"-d{seconds}s", "-s", str(script), f"{running.base_url}/pki/ocsp"]
        said = subprocess.run(command, check=True, capture_output=True, text=True, timeout=seconds + 30).stdout
    if "Non-2xx" in said:
        raise RuntimeError(said)
    rate = float(re.findall(r"Requests/sec:\s+([0-9.]+)", said)[0])
    yield Result(bench=BENCH, metric="over HTTP, one process, 8 connections", value=rate, unit="answers/s")


def results(asked: Options) -> Iterator[Result]:
    with service() as office:
        seal = established(office).seals[0]
        certificate = x509.load_der_x509_certificate(faces.certificate_der(office, seal.serial))
        issuer = office.authority.certificate("seal")
        request = request_for(certificate, issuer)
        rounds, calls = asked.pick(quick=9, full=25), asked.pick(quick=100, full=400)
        for metric, ours in (
            ("parse, ledger, sign", lambda: publishing.ocsp(office, request)),
            ("parse, sign", lambda: answered(office, request)),
        ):
            pair = interleave(ours, lambda: theirs(office, certificate, issuer, request), rounds=rounds, calls=calls)
            yield per_second(pair).result(BENCH, metric, "answers/s", AGAINST)
    if shutil.which("wrk"):
        yield from over_http(asked)


if __name__ == "__main__":
    asked = options(__doc__)
    tell(results(asked), asked)
