"""What a joint mandate says about a seal: for whom, under what, good then; and what is wrong with a bad one."""

import base64
import io
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils import embed
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from seals.signing import Level
from tests.support.joint_mandates import (
    ATTORNEY,
    BODIES,
    MANDATE,
    carrying,
    credential,
    report_of,
    seal_key,
    sealed_by,
    signature,
    trust,
)
from tests.support.sealing import NOW, make_ca, make_pdf, pki, seal_bytes
from verify import cms
from verify.algorithms import SIGNATURE_ALGORITHMS
from verify.errors import MalformedMandateError
from verify.joint_mandate import MAX_BYTES, Credential, JointMandate, check_mandate, judge_principals
from verify.pdf import check_pdf
from verify.report import SignatureReport, Verdict
from verify.trust import Trust

LATER = NOW + timedelta(days=2)


def said(one: Credential, seal: SignatureReport | None = None, **more: Any) -> list[tuple[str, Verdict]]:
    found = check_mandate(one, seal or report_of(), more.pop("trust", trust()), now=LATER)
    return [(each.id, each.verdict) for each in found]


def spelt(change: Callable[[dict[str, Any]], None], value: bytes) -> bytes:
    found = json.loads(value)
    change(found)
    return json.dumps(found, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


# -- the format


def test_a_mandate_and_its_file_come_back_as_they_were_written() -> None:
    assert JointMandate.parse(MANDATE.payload()) == MANDATE
    assert Credential.decode(credential().encode()) == credential()
    free = replace(MANDATE, max_amount=None, currency="")
    assert JointMandate.parse(free.payload()) == free


def test_the_payload_is_canonical_json_of_the_documented_members() -> None:
    found = json.loads(MANDATE.payload())
    assert MANDATE.payload() == json.dumps(found, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    assert (found["type"], found["version"], found["substitution"]) == ("vermilion/joint-mandate", 1, "not_allowed")
    assert found["principals"][0] == {"uscc": BODIES[0].uscc, "name": BODIES[0].name}


@pytest.mark.parametrize(
    "change",
    [
        {"id": "A" * 32},
        {"id": "a" * 31},
        {"group": "b" * 63},
        {"election_sha256": "C" * 64},
        {"principals": BODIES[:1]},
        {"principals": (*BODIES, BODIES[2])},
        {"principals": BODIES[::-1]},
        {"principals": (replace(BODIES[0], uscc="9" * 17), BODIES[1])},
        {"principals": (replace(BODIES[0], name=""), BODIES[1])},
        {"attorney": replace(ATTORNEY, name="章" * 201)},
        {"attorney": replace(ATTORNEY, uscc="x" * 18)},
        {"kinds": ()},
        {"kinds": ("contract", "contract")},
        {"matters": ("",)},
        {"matters": tuple(f"m{one}" for one in range(33))},
        {"max_amount": None},
        {"currency": ""},
        {"max_amount": "05"},
        {"max_amount": "1.50"},
        {"max_amount": "1e3"},
        {"max_amount": "-1"},
        {"currency": "cny"},
        {"not_after": MANDATE.not_before - timedelta(seconds=1)},
        {"status": "s" * 201},
    ],
    ids=range(24),
)
def test_what_can_be_no_mandate_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(MalformedMandateError):
        JointMandate.parse(replace(MANDATE, **change).payload())


def test_limits_are_inclusive() -> None:
    longest = replace(
        MANDATE,
        attorney=replace(ATTORNEY, name="章" * 200),
        matters=tuple(f"m{one}" for one in range(32)),
        not_after=MANDATE.not_before,
        status="s" * 200,
        max_amount="999999999999999999.99",
    )
    assert JointMandate.parse(longest.payload()) == longest


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        b"[" * 100_000,
        MANDATE.payload() + b" ",
        spelt(lambda one: one.update(version=2), MANDATE.payload()),
        spelt(lambda one: one.update(more=1), MANDATE.payload()),
        spelt(lambda one: one.update(id=7), MANDATE.payload()),
        spelt(lambda one: one.update(substitution="allowed"), MANDATE.payload()),
        spelt(lambda one: one.update(scope=[]), MANDATE.payload()),
        spelt(lambda one: one.update(not_before="2026-02-30T00:00:00Z"), MANDATE.payload()),
        spelt(lambda one: one.update(not_before="2026-03-02T10:00:00+08:00"), MANDATE.payload()),
        MANDATE.payload().replace(ATTORNEY.name.encode(), b"\\ud800"),
    ],
    ids=range(14),
)
def test_a_payload_in_any_other_spelling_is_refused(payload: bytes) -> None:
    with pytest.raises(MalformedMandateError):
        JointMandate.parse(payload)


def test_times_are_written_in_utc_whatever_the_zone() -> None:
    east = replace(MANDATE, not_before=MANDATE.not_before.astimezone(timezone(timedelta(hours=8))))
    assert east.payload() == MANDATE.payload()


@pytest.mark.parametrize(
    "data",
    [
        b"{}",
        b"not json",
        b" " * (MAX_BYTES + 1),
        credential().encode() + b"\n",
        spelt(lambda one: one.update(payload="*"), credential().encode()),
        spelt(lambda one: one.update(payload=base64.b64encode(b"{}").decode()), credential().encode()),
        spelt(lambda one: one["signatures"].reverse(), credential().encode()),
        spelt(lambda one: one["signatures"].append(one["signatures"][0]), credential().encode()),
        spelt(lambda one: one["signatures"][0].update(cms=7), credential().encode()),
        replace(credential(), signatures={BODIES[0].uscc: b"0" * (128 * 1024 + 1)}).encode(),
    ],
    ids=range(10),
)
def test_a_file_in_any_other_spelling_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedMandateError):
        Credential.decode(data)


# -- what it says about a seal


def test_a_good_mandate_says_for_whom_under_what_and_when() -> None:
    (found,) = check_mandate(credential(), report_of(), trust(), now=LATER)
    assert (found.id, found.verdict) == ("mandate.joint", Verdict.PASSED)
    names = [one.name for one in BODIES]
    moment = NOW.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert found.text.startswith(
        f"Sealed by {ATTORNEY.name} for {', '.join(names)} under the joint mandate {MANDATE.id}, valid at {moment} "
        "(框架采购, 运输; at most 5000000.5 CNY)."
    )
    assert f"由{ATTORNEY.name}代表{'、'.join(names)}依据联合授权 {MANDATE.id} 盖章" in found.text_zh
    assert MANDATE.status in found.text


def test_a_mandate_without_a_limit_in_money_says_so() -> None:
    free = replace(MANDATE, max_amount=None, currency="")
    signatures = {one.uscc: signature(free.payload(), seal_key(one)) for one in BODIES}
    (found,) = check_mandate(Credential(mandate=free, signatures=signatures), report_of(), trust(), now=LATER)
    assert "no limit in money" in found.text
    assert "不限金额" in found.text_zh


def test_it_says_nothing_about_the_seal_of_anybody_else() -> None:
    assert said(credential(), report_of(BODIES[0])) == []
    assert said(credential(), report_of(organization_identifier=None)) == []


@pytest.mark.parametrize(
    ("moment", "wanted"),
    [
        (MANDATE.not_before, "mandate.joint"),
        (MANDATE.not_after, "mandate.joint"),
        (MANDATE.not_before - timedelta(seconds=1), "mandate.period"),
        (MANDATE.not_after + timedelta(seconds=1), "mandate.period"),
        (None, "mandate.period"),
    ],
)
def test_the_seal_was_used_within_the_period(moment: datetime | None, wanted: str) -> None:
    assert [ident for ident, _ in said(credential(), report_of(time=moment))] == [wanted]


@pytest.mark.parametrize("kind", ["official", None])
def test_the_seal_is_of_a_kind_that_is_named(kind: str | None) -> None:
    assert said(credential(), report_of(seal_kind=kind)) == [("mandate.seal-kind", Verdict.FAILED)]


def test_every_principal_has_signed() -> None:
    for missing in BODIES:
        left = {uscc: made for uscc, made in credential().signatures.items() if uscc != missing.uscc}
        assert said(replace(credential(), signatures=left)) == [("mandate.unsigned", Verdict.FAILED)]


def with_signature(made: bytes, of: int = 0) -> Credential:
    return replace(credential(), signatures={**credential().signatures, BODIES[of].uscc: made})


def test_a_signature_by_somebody_else_is_none() -> None:
    swapped = with_signature(credential().signatures[BODIES[2].uscc])
    assert said(swapped) == [("mandate.other-signer", Verdict.FAILED)]
    renamed = seal_key(replace(BODIES[0], name="另一家有限公司"))
    assert said(with_signature(signature(MANDATE.payload(), renamed))) == [("mandate.other-signer", Verdict.FAILED)]


def test_a_signature_over_another_mandate_is_none() -> None:
    other = signature(replace(MANDATE, max_amount="9").payload(), seal_key(BODIES[0]))
    assert said(with_signature(other)) == [("mandate.principal", Verdict.FAILED)]


def test_a_signature_with_another_seal_than_the_official_one_is_not_enough() -> None:
    contract = signature(MANDATE.payload(), seal_key(BODIES[0], "contract"))
    assert said(with_signature(contract)) == [("mandate.principal-seal", Verdict.FAILED)]


@pytest.mark.parametrize("made", [b"", b"no cms", credential().signatures[BODIES[0].uscc][:-1]], ids=range(3))
def test_a_signature_that_cannot_be_read_is_none(made: bytes) -> None:
    assert said(with_signature(made)) == [("mandate.unsigned", Verdict.FAILED)]


def test_a_signature_that_brings_a_content_of_its_own_is_none() -> None:
    key, payload = seal_key(BODIES[0]), MANDATE.payload()
    own = cms.signed_data(
        content_type=cms.ID_DATA,
        content=payload,
        message_digest=sha256(payload).digest(),
        digest_name="sha256",
        signer_certificate=key.certificate,
        certificates=[key.certificate.public_bytes(Encoding.DER)],
        signature_algorithm=SIGNATURE_ALGORITHMS[key.algorithm],
        sign=lambda attributes: key.signer.sign(attributes, key.algorithm),
    )
    assert said(with_signature(own)) == [("mandate.unsigned", Verdict.FAILED)]


def test_a_signature_of_somebody_who_is_no_principal_is_reported() -> None:
    more = replace(credential(), signatures={**credential().signatures, "9" * 18: b"x"})
    assert said(more) == [("mandate.foreign", Verdict.FAILED)]


def test_a_principal_whose_certificate_was_revoked_before_has_not_signed() -> None:
    authority = pki().seal_ca
    revoked = authority.crl([seal_key(BODIES[0]).certificate], now=NOW - timedelta(hours=2))
    judged = replace(trust(), crls=(revoked,))
    assert said(credential(), trust=judged) == [("mandate.principal", Verdict.FAILED)]


def test_under_another_root_nobody_has_signed() -> None:
    other = Trust(anchors=(make_ca("Another Root").certificate,))
    assert {ident for ident, _ in said(credential(), trust=other)} == {"mandate.principal"}
    reports = judge_principals(credential(), other, now=LATER)
    assert Verdict.PASSED not in {None if one is None else one.verdict for one in reports.values()}


# -- in a PDF


def of_attorney(document: bytes) -> list[str]:
    report = check_pdf(io.BytesIO(document), trust(), now=LATER)
    (seal,) = [one for one in report.signatures if one.organization_identifier == f"NTRCN-{ATTORNEY.uscc}"]
    return [one.id for one in seal.findings if one.id.startswith("mandate.")]


def test_a_sealed_file_answers_for_whom_it_was_sealed() -> None:
    both = sealed_by(sealed_by(carrying(credential().encode()), ATTORNEY), BODIES[0])
    report = check_pdf(io.BytesIO(both), trust(), now=LATER)
    assert report.verdict is Verdict.PASSED, report.as_json()
    assert of_attorney(both) == ["mandate.joint"]
    (other,) = [one for one in report.signatures if one.signer == BODIES[0].name]
    assert not [one for one in other.findings if one.id.startswith("mandate.")]


def test_a_mandate_that_was_put_in_after_the_seal_counts_for_nothing() -> None:
    sealed = sealed_by(make_pdf(), ATTORNEY)
    assert of_attorney(sealed) == []
    writer = IncrementalPdfFileWriter(io.BytesIO(sealed))
    stream = embed.EmbeddedFileObject.from_file_data(writer, credential().encode())
    embed.embed_file(
        writer,
        embed.FileSpec(
            file_spec_string="joint-mandate.json", embedded_data=stream, af_relationship=pdf_name("/Supplement")
        ),
    )
    out = io.BytesIO()
    writer.write(out)
    assert of_attorney(out.getvalue()) == []


def test_a_broken_mandate_in_the_file_is_said() -> None:
    assert of_attorney(sealed_by(carrying(b"{}"), ATTORNEY)) == ["mandate.unreadable"]


def test_other_files_in_the_file_are_none_of_its_business() -> None:
    assert of_attorney(sealed_by(carrying(b"{}", name="notes.json"), ATTORNEY)) == []


def test_a_time_stamp_or_a_signature_without_a_seal_gets_no_word_about_mandates() -> None:
    document = seal_bytes(carrying(credential().encode()), level=Level.B_LTA)
    report = check_pdf(io.BytesIO(document), trust(), now=LATER)
    assert {one.kind for one in report.signatures} == {"signature", "timestamp"}
    assert not [said for one in report.signatures for said in one.findings if said.id.startswith("mandate.")]
