"""A concluded contract of three parties as facts, with everything that an evidence report can show."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final

from seals import evidence as facts
from seals.intent import DocumentIntent, Intent, IntentKind
from verify.report import Verdict

AT: Final = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
LONG_NAME: Final = (
    "示范市高新技术产业开发区新材料新能源智能制造联合研究与产业化促进服务中心有限责任公司"  # 42 characters
)


def digest(text: str) -> bytes:
    return sha256(text.encode()).digest()


def intent(subject: str, *, kind: IntentKind = IntentKind.SEAL) -> Intent:
    return Intent(
        kind=kind,
        subject=subject,
        documents=(DocumentIntent(sha256=digest("base"), seals=("33010600000004",), name="采购合同.pdf"),),
        purpose="签署 2026 年度办公设备采购合同",
        nonce=digest(subject),
    )


def assertion(number: int, person: str, *, kind: IntentKind = IntentKind.SEAL) -> facts.AssertionFact:
    agreed = intent(f"env-{number}", kind=kind)
    return facts.AssertionFact(
        id=digest(f"assertion {number}").hex()[:32],
        person=person,
        person_id=f"p-{number:08d}",
        credential="Q29uY2x1ZGVkIGJ5IGEgcGFzc2tleSBvZiB0aGUgcGVyc29u",
        intent=agreed.canonical().decode(),
        challenge=agreed.challenge(),
        user_verified=True,
        origin="https://seal.example.gov.cn",
        at=AT + timedelta(minutes=number),
    )


def certificate(name: str) -> facts.CertificateFact:
    return facts.CertificateFact(
        subject=f"CN={name} 合同专用章,2.5.4.97=NTRCN-91330106MA7DQ5HY01,O={name},C=CN",
        issuer="CN=示范市市场监督管理局 电子印章 CA,O=示范市市场监督管理局,C=CN",
        serial="01a2b3c4d5e6f708192a3b4c5d6e7f8091a2",
        not_before=AT - timedelta(days=30),
        not_after=AT + timedelta(days=1065),
        sha256=digest(name),
    )


def party(name: str, code: str, capacity: str) -> facts.PartyFact:
    return facts.PartyFact(
        kind=facts.PartyKind.ENTERPRISE,
        name=name,
        code=code,
        role="sign",
        capacity=capacity,
        representative="林知远",
        identified=(
            facts.IdentityFact(means=facts.Means.LICENCE, reference="330106-2026-00000012", detail="第 3 版 version 3"),
            facts.IdentityFact(means=facts.Means.MEMBERSHIP, reference="representative", at=AT - timedelta(days=3)),
        ),
    )


def signature(place: int, grounds: facts.GroundsFact, name: str) -> facts.SignatureFact:
    at = AT + timedelta(minutes=10 * place)
    return facts.SignatureFact(
        document=1,
        party=place,
        field=f"P{place}Seal",
        seal_code="33010600000004",
        seal_kind="contract",
        level="B-LT",
        algorithm="ecdsa-sha256",
        certificate=certificate(name),
        stamp=facts.StampFact(time=at, authority="示范市市场监督管理局 时间戳", serial="0a1b2c3d4e5f"),
        signed_at=at,
        document_sha256=digest("base"),
        use=digest(f"use {place}").hex()[:32],
        intent_sha256=digest(f"attributes {place}"),
        sealed_sha256=digest(f"sealed {place}"),
        grounds=grounds,
        verdict=Verdict.PASSED,
    )


def steps(count: int) -> tuple[facts.StepFact, ...]:
    found: list[facts.StepFact] = []
    previous = b""
    for number in range(1, count + 1):
        one = facts.StepFact(
            number=number,
            at=AT + timedelta(seconds=30 * number),
            actor=("林知远", "沈砚秋", "系统 system")[number % 3],
            act=("envelope.opened", "field.filled", "seal.applied", "notice.sent")[number % 4],
            detail="采购合同.pdf，签名域 P1Seal，用印前摘要已记录" if number % 2 else "",
            hash=digest(f"{previous.hex()}{number}"),
            previous=previous,
        )
        previous = one.hash
        found.append(one)
    return tuple(found)


def sample(*, steps_count: int = 12) -> facts.EvidenceFile:
    """One by the representative, one under a mandate, one after two approvals."""
    first, second, third = "临江市青禾办公设备有限公司", "云溪丹青书画院有限公司", LONG_NAME
    mandate = facts.MandateFact(
        id=digest("mandate").hex()[:32],
        grantors=(f"{second}（91430603MA7DQ5HY3N）",),
        grantee="沈砚秋",
        text="授权沈砚秋以合同专用章签署办公设备采购合同，不得转授权。",
        limits=("单笔金额不超过 CNY 500,000.00", "每份不超过 60 页", "最多使用 20 次"),
        not_before=AT - timedelta(days=10),
        not_after=AT + timedelta(days=355),
        accepted_at=AT - timedelta(days=9),
    )
    approvals = tuple(
        facts.ApprovalFact(
            request=digest("request").hex()[:32],
            person=name,
            person_id=f"p-{number:08d}",
            decision="approved",
            at=AT + timedelta(minutes=number),
            assertion=digest(f"assertion {number}").hex()[:32],
            reason="金额与预算相符" if number == 3 else "",
        )
        for number, name in ((3, "周以宁"), (4, "顾南乔"))
    )
    kinds = facts.GroundsKind
    grounds = (
        facts.GroundsFact(
            kind=kinds.REPRESENTATIVE, actor="林知远", person="p-00000001", assertion=digest("assertion 1").hex()[:32]
        ),
        facts.GroundsFact(
            kind=kinds.MANDATE,
            actor="沈砚秋",
            person="p-00000002",
            assertion=digest("assertion 2").hex()[:32],
            mandate=mandate,
        ),
        facts.GroundsFact(
            kind=kinds.REQUEST, actor="许清和", person="p-00000005", request=digest("request").hex()[:32],
            approvals=approvals,
        ),
    )  # fmt: skip
    names = (first, second, third)
    codes = ("91330106MA2BKT5C8U", "91430603MA7DQ5HY3N", "91330106MA7NEWH10X")
    return facts.EvidenceFile(
        number="CZ-20260302-000017",
        envelope=digest("envelope").hex()[:32],
        title="2026 年度办公设备采购合同",
        state="completed",
        authority="示范市市场监督管理局",
        authority_latin="Demo City Administration for Market Regulation",
        created_at=AT - timedelta(days=1),
        concluded_at=AT + timedelta(hours=1),
        produced_at=AT + timedelta(hours=2),
        reference_numbers=("20260302-07",),
        documents=(
            facts.DocumentFact(
                name="采购合同.pdf", frozen_sha256=digest("base"), concluded_sha256=digest("concluded"),
                size=482_133, pages=30, revisions=5,
            ),
        ),
        parties=tuple(party(name, code, f"{place}方") for name, code, place in zip(names, codes, "甲乙丙", strict=True)),
        signatures=tuple(signature(place, one, names[place - 1]) for place, one in enumerate(grounds, start=1)),
        assertions=(
            assertion(1, "林知远"),
            assertion(2, "沈砚秋"),
            assertion(3, "周以宁", kind=IntentKind.APPROVE),
            assertion(4, "顾南乔", kind=IntentKind.APPROVE),
        ),
        steps=steps(steps_count),
        references=(
            facts.ReferenceFact(
                relation=facts.Relation.FRAMEWORK, id=digest("framework").hex()[:32], title="集团采购框架合同",
                sha256=digest("framework"), at=AT - timedelta(days=60),
            ),
        ),
        policies=(facts.PolicyFact(name="timestamp", rule="wait", outcome="未触发 not needed"),),
        environment=facts.EnvironmentFact(
            service="Vermilion 0.1.0", key_store="pkcs11: SoftHSM", hardware=True,
            storage="PostgreSQL 15；对象存储 s3", clock="NTP",
        ),
    )  # fmt: skip


def rescinded(file: facts.EvidenceFile) -> facts.EvidenceFile:
    by = facts.ReferenceFact(
        relation=facts.Relation.RESCINDED_BY, id=digest("rescission").hex()[:32], title="解除协议",
        sha256=digest("rescission"), at=AT + timedelta(days=9),
    )  # fmt: skip
    return replace(file, state="rescinded", references=(*file.references, by))
