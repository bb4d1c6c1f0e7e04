"""Joint mandates of three enterprises whose seals the PKI of the sealing tests issued."""

import io
from datetime import UTC, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID

from hsm.signer import KeySpec
from seals.attaching import attach
from seals.detached import sign_detached
from seals.pdf_input import Limits, open_document
from seals.revision import Copy, plain
from seals.signing import Level, SealingKey, evidence_for
from seals.slots import Attachment
from tests.support.keys import MemorySigner, make_key
from tests.support.sealing import NOW, _builder, _usage, make_pdf, pki, seal_bytes
from verify import oids
from verify.extensions import SealInfo
from verify.joint_mandate import Body, Credential, JointMandate
from verify.joint_mandate_pdf import FILE_NAME
from verify.report import Finding, SignatureReport, Verdict
from verify.trust import Trust

BODIES = tuple(Body(uscc=f"9133010600000000{place}X", name=f"联采成员{place}有限公司") for place in range(1, 4))
ATTORNEY = BODIES[1]
MANDATE = JointMandate(
    id="a" * 32,
    group="b" * 64,
    election_sha256="c" * 64,
    principals=BODIES,
    attorney=ATTORNEY,
    kinds=("contract",),
    matters=("框架采购", "运输"),
    max_amount="5000000.5",
    currency="CNY",
    not_before=NOW - timedelta(days=1),
    not_after=NOW + timedelta(days=30),
    status="https://example.com/api/v1/joint-mandates/" + "a" * 32,
)


@cache
def seal_key(body: Body, kind: str = "official") -> SealingKey:
    """A seal of this enterprise, with its code and credit code in the certificate."""
    private = make_key(KeySpec.EC_P256)
    signer = MemorySigner(private)
    authority = pki().seal_ca
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, body.name),
            x509.NameAttribute(oids.ORGANIZATION_IDENTIFIER, f"NTRCN-{body.uscc}"),
            x509.NameAttribute(NameOID.COMMON_NAME, f"{body.name}{kind}"),
        ]
    )
    info = asn1.encode_der(SealInfo(kind=kind, code=asn1.PrintableString("33010600000017")))
    certificate = (
        _builder(subject, authority.certificate.subject, private, authority.key)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(content_commitment=True), critical=True)
        .add_extension(x509.UnrecognizedExtension(oids.EXTENSION_SEAL, info), critical=False)
        .sign(authority.key, hashes.SHA384())
    )
    return SealingKey(
        certificate=certificate,
        chain=(authority.certificate, pki().root.certificate),
        signer=signer,
        algorithm=signer.default_algorithm,
    )


def signature(payload: bytes, key: SealingKey) -> bytes:
    """What a principal puts under the mandate."""
    seen: list[bytes] = []
    stamper = pki().timestamper
    evidence = evidence_for(Level.B_LT, key, timestamper=stamper, revocation=pki().revocation)
    made = sign_detached(payload, key=key, timestamper=stamper, evidence=evidence, now=NOW, authorise=seen.append)
    assert len(seen) == 1
    return made.signature


@cache
def credential() -> Credential:
    """The mandate with the official seals of all three under it."""
    payload = MANDATE.payload()
    return Credential(mandate=MANDATE, signatures={one.uscc: signature(payload, seal_key(one)) for one in BODIES})


def trust() -> Trust:
    return Trust(anchors=(pki().root.certificate,))


def report_of(body: Body = ATTORNEY, **changes: Any) -> SignatureReport:
    """A seal of this enterprise as a check of a file reports it."""
    values: dict[str, Any] = {
        "field": "Seal1",
        "kind": "seal",
        "findings": (Finding("signature.intact", Verdict.PASSED, "", ""),),
        "signer": body.name,
        "organization_identifier": f"NTRCN-{body.uscc}",
        "seal_kind": "contract",
        "time": NOW.astimezone(UTC),
    }
    return SignatureReport(**(values | changes))


def carrying(data: bytes, *, document: bytes | None = None, name: str = FILE_NAME) -> bytes:
    """A PDF with this file in it."""
    opened = open_document(io.BytesIO(document or make_pdf()), Limits())
    attach(opened.writer, [Attachment(name=name, media_type="application/json", data=data)])
    target = io.BytesIO()
    copy = Copy(target, "sha256")
    copy.append_from(opened.stream)
    copy.append(plain(copy, opened.writer, seed=name.encode()))
    return target.getvalue()


def sealed_by(document: bytes, body: Body, kind: str = "contract") -> bytes:
    return seal_bytes(document, key=seal_key(body, kind), level=Level.B_LT)
