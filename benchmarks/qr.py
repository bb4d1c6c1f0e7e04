"""Checking a licence code offline: the whole check beside the least that anybody has to do for one.

Ours: strict decoding, the credential signer's path with CRLs, the status list and its signer, the claims. Theirs: Base45,
zlib, cbor2 and one ECDSA P-256 verification with a key that is simply believed.
"""

import zlib
from collections.abc import Iterator
from typing import Final

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from api.acts import publishing
from api.acts.office import Office
from benchmarks.harness import Options, Result, alone, interleave, options, tell
from benchmarks.service import established, service
from ca.authority import CREDENTIAL, ISSUING, ROOT
from verify.base45 import decode
from verify.keylist import parse_key_list
from verify.qr import PREFIX, check_qr
from verify.report import Verdict
from verify.trust import Trust

BENCH: Final = "qr"
AGAINST: Final = "base45, zlib, cbor2, one ECDSA verification"
HALF: Final = 32  # bytes of r and of s, RFC 9053 §2.1


def trust_of(office: Office) -> Trust:
    return Trust(
        anchors=(office.authority.certificate(ROOT),),
        certificates=(
            *(office.authority.certificate(name) for name in ISSUING),
            *parse_key_list(publishing.key_list(office)),
        ),
        crls=tuple(publishing.crl(office, name) for name in (ROOT, *ISSUING)),
        status_lists=(publishing.status_list(office, 0),),
    )


def bare(text: str, key: ec.EllipticCurvePublicKey) -> object:
    """Return the claims if the signature is good."""
    message = cbor2.loads(zlib.decompress(decode(text.removeprefix(PREFIX))))
    protected, _, payload, signature = getattr(message, "value", message)
    signed = cbor2.dumps(["Signature1", protected, b"", payload])  # RFC 9052 §4.4
    r, s = int.from_bytes(signature[:HALF]), int.from_bytes(signature[HALF:])
    key.verify(encode_dss_signature(r, s), signed, ec.ECDSA(hashes.SHA256()))
    return cbor2.loads(payload)


def results(asked: Options) -> Iterator[Result]:
    with service() as office:
        text = established(office).licence.elq1
        trust, now = trust_of(office), office.now()
        key = office.authority.certificate(CREDENTIAL).public_key()
        if not isinstance(key, ec.EllipticCurvePublicKey):
            raise TypeError("ELQ1 is signed with P-256")

        def ours() -> None:
            report = check_qr(text, trust, now=now)
            if report.verdict is not Verdict.PASSED:
                raise AssertionError(report.as_json())

        rounds, calls = asked.pick(quick=9, full=25), asked.pick(quick=30, full=100)
        pair = interleave(ours, lambda: bare(text, key), rounds=rounds, calls=calls)
        yield pair.result(BENCH, "check a code, everything given", "ms/code", AGAINST, scale=1000)
        value = alone(lambda: bare(text, key), rounds=rounds, calls=calls) * 1000
        yield Result(bench=BENCH, metric="the bare least, for scale", value=value, unit="ms/code")


if __name__ == "__main__":
    asked = options(__doc__)
    tell(results(asked), asked)
