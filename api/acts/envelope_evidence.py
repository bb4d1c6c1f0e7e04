"""The rows of a concluded envelope as the facts of an evidence report (seals/evidence.py)."""

import json
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from importlib.metadata import version

from cryptography import x509

from api.acts.checking import check_file
from api.acts.envelope_layout import frozen_of
from api.acts.office import Office
from api.db.envelope_records import DocumentRecord, PartyRecord, SlotRecord, Whole
from api.db.people import StoredAssertion
from api.db.work import SqlUnitOfWork
from api.scratch import scratch_file
from seals.envelope_history import NOTHING, Step
from seals.envelopes import PartyKind
from seals.evidence import (
    ApprovalFact,
    AssertionFact,
    CertificateFact,
    DocumentFact,
    EnvironmentFact,
    EvidenceFile,
    GroundsFact,
    GroundsKind,
    IdentityFact,
    MandateFact,
    Means,
    PartyFact,
    PolicyFact,
    ReferenceFact,
    Relation,
    SignatureFact,
    StepFact,
)
from seals.evidence import PartyKind as FactKind
from seals.evidence_limits import limits_of
from seals.evidence_reader import ReadSignature, read_signatures
from seals.intent import Intent
from seals.layout import FieldKind
from seals.mandates import Mandate
from verify.report import SignatureReport, Verdict

USER_VERIFIED = 0x04  # of the flags of authenticator data, WebAuthn §6.1
FLAGS_AT = 32  # after the hash of the relying party


def evidence_of(office: Office, whole: Whole) -> EvidenceFile:
    """Gather who, what, when, how proven and by which key."""
    reports = {one.id: _checked(office, one) for one in whole.documents}
    read = [_read(office, one) for one in whole.documents]
    with office.reading() as work:
        record, now = whole.record, office.now()
        steps = work.envelopes.steps(whole.id)
        signatures = tuple(_as_read(one, read[one.document - 1]) for one in _signatures(work, whole, reports))
        wanted = [fact.grounds for fact in signatures if fact.grounds is not None]
        assertions = dict.fromkeys(
            [one.assertion for one in wanted if one.assertion is not None]
            + [part.grounds["assertion"] for part in whole.parties if part.grounds.get("assertion")]
            + [made.assertion for one in wanted for made in one.approvals if made.assertion is not None]
        )
        return EvidenceFile(
            number=f"{whole.id}-{now:%Y%m%d%H%M%S}",
            envelope=whole.id,
            title=record.title,
            state=record.state.value,
            authority=office.authority.name,
            authority_latin=office.authority.name_latin,
            created_at=record.made_at,
            concluded_at=record.ended_at,
            produced_at=now,
            documents=tuple(_document(one, reports[one.id]) for one in whole.documents),
            parties=tuple(_party(work, one) for one in whole.parties),
            signatures=signatures,
            assertions=tuple(
                _assertion(work, found) for name in assertions if (found := work.people.assertion(name)) is not None
            ),
            steps=tuple(_steps(steps)),
            references=tuple(_references(work, whole)),
            policies=tuple(_policies(whole, steps)),
            environment=EnvironmentFact(
                service=f"Vermilion {version('vermilion')}",
                key_store=office.store.name,
                hardware=office.store.hardware,
                storage="object store of the service; every file is recorded by its SHA-256",
                clock="clock of the service, guarded against going back",
            ),
        )


def _checked(office: Office, document: DocumentRecord) -> dict[str, SignatureReport]:
    """What our own check says of each signature of the concluded file, by its field."""
    with scratch_file(office.scratch) as file:
        file.writelines(office.objects.stream(document.current_object or ""))
        file.seek(0)
        return {one.field: one for one in check_file(office, file).signatures}


def _read(office: Office, document: DocumentRecord) -> dict[str, ReadSignature]:
    """What the concluded file itself says of the keys and times of its signatures."""
    with scratch_file(office.scratch) as file:
        file.writelines(office.objects.stream(document.current_object or ""))
        file.seek(0)
        return read_signatures(file)


def _as_read(fact: SignatureFact, read: dict[str, ReadSignature]) -> SignatureFact:
    found = read.get(fact.field)
    if found is None:
        return fact
    return replace(
        fact, algorithm=found.algorithm, stamp=found.stamp, certificate=found.certificate or fact.certificate
    )


def _document(one: DocumentRecord, found: dict[str, SignatureReport]) -> DocumentFact:
    return DocumentFact(
        name=one.name, frozen_sha256=one.frozen_sha256 or b"", concluded_sha256=one.current_sha256 or b"",
        size=one.current_size or 0, pages=one.pages, revisions=max(one.revision, len(found)) + 1,
    )  # fmt: skip


def _persons(one: PartyRecord) -> list[str]:
    """Who acted for the party, here or with a client of its own."""
    held = [one.grounds, *one.grounds.get("slots", {}).values()]
    return list(dict.fromkeys(each["person"] for each in held if each.get("person")))


def _party(work: SqlUnitOfWork, one: PartyRecord) -> PartyFact:
    representative, identified = "", []
    if one.uscc is not None:
        licence = work.licences.in_force(one.uscc)
        if licence is not None:
            representative = licence.licence.enterprise.legal_representative
            identified.append(
                IdentityFact(
                    means=Means.LICENCE, reference=licence.licence.number, detail=str(licence.licence.version),
                    at=licence.licence.issued_at,
                )
            )  # fmt: skip
    for person in _persons(one):
        if one.uscc is not None and (member := work.people.member(person, one.uscc)) is not None:
            identified.append(
                IdentityFact(means=Means.MEMBERSHIP, reference=member.role.value, detail=member.name, at=member.since)
            )
        identified += [
            IdentityFact(means=Means.PASSKEY, reference=passkey.id.hex(), detail=passkey.label, at=passkey.made_at)
            for passkey in work.people.passkeys_of(person)
        ]
    return PartyFact(
        kind=FactKind.ENTERPRISE if one.kind is PartyKind.ENTERPRISE else FactKind.PERSON,
        name=one.name, code=one.uscc or one.person or "", role=one.role.value, capacity=one.id,
        representative=representative, identified=tuple(identified),
    )  # fmt: skip


def _signatures(
    work: SqlUnitOfWork, whole: Whole, reports: dict[str, dict[str, SignatureReport]]
) -> Iterator[SignatureFact]:
    parties = {one.id: place for place, one in enumerate(whole.parties, start=1)}
    for place, document in enumerate(whole.documents, start=1):
        fields = {
            one.slot: one.name
            for one in frozen_of(document.layout, document.frozen_sha256 or b"").fields
            if one.kind is FieldKind.SIGNATURE
        }
        done = [one for one in whole.slots if one.document == document.id and one.state == "done"]
        for slot in sorted(done, key=lambda one: one.revision or 0):
            report = reports[document.id].get(fields.get(slot.id, ""))
            party = whole.parties[parties[slot.party] - 1]
            yield replace(
                _signature(work, slot, party, report),
                document=place,
                party=parties[slot.party],
                field=fields.get(slot.id, slot.id),
                document_sha256=document.frozen_sha256,
            )


def _signature(
    work: SqlUnitOfWork, slot: SlotRecord, party: PartyRecord, report: SignatureReport | None
) -> SignatureFact:
    seal = None if slot.seal is None else work.seals.get(slot.seal)
    use = None if slot.seal_use is None or seal is None else work.uses.get(slot.seal_use)
    return SignatureFact(
        document=1,
        party=1,
        field=slot.id,
        seal_code=slot.seal,
        seal_kind=None if seal is None else seal.kind.value,
        level=slot.level or "",
        certificate=_certificate(work, slot.serial),
        signed_at=slot.done_at,
        use=slot.seal_use or "",
        intent_sha256=None if use is None else use.intent_sha256,
        sealed_sha256=slot.sha256,
        grounds=_grounds(work, slot, party),
        verdict=Verdict.INDETERMINATE if report is None else report.verdict,
        findings=()
        if report is None
        else tuple(one.text for one in report.findings if one.verdict is not Verdict.PASSED),
    )


def _certificate(work: SqlUnitOfWork, serial: str | None) -> CertificateFact | None:
    record = None if serial is None else work.certificates.get(int(serial, 16))
    if record is None or record.der is None:
        return None
    one = x509.load_der_x509_certificate(record.der)
    return CertificateFact(
        subject=one.subject.rfc4514_string(), issuer=one.issuer.rfc4514_string(), serial=f"{one.serial_number:x}",
        not_before=one.not_valid_before_utc, not_after=one.not_valid_after_utc, sha256=_sha256(record.der),
    )  # fmt: skip


def _sha256(data: bytes) -> bytes:
    return sha256(data).digest()


def _grounds(work: SqlUnitOfWork, slot: SlotRecord, party: PartyRecord) -> GroundsFact:
    held = {**party.grounds, **party.grounds.get("slots", {}).get(f"{slot.document}/{slot.id}", {})}
    request = held.get("request")
    mandate = None if held.get("mandate") is None else work.mandates.get(held["mandate"])
    kind = GroundsKind.PERSON
    if party.kind is PartyKind.ENTERPRISE:
        kind = GroundsKind.REPRESENTATIVE
        if held.get("remote"):
            kind = GroundsKind.REMOTE
        elif request is not None:
            kind = GroundsKind.REQUEST
        elif mandate is not None:
            kind = GroundsKind.MANDATE if held.get("person") else GroundsKind.AUTOMATIC
    return GroundsFact(
        kind=kind,
        actor=str(held.get("actor", "")),
        person=held.get("person"),
        machine=held.get("machine"),
        assertion=held.get("assertion"),
        mandate=None if mandate is None else _mandate(mandate.mandate),
        request=request,
        approvals=() if request is None else tuple(_approvals(work, request)),
    )


def _mandate(one: Mandate) -> MandateFact:
    return MandateFact(
        id=one.id, grantors=tuple(one.grantors), grantee=f"{one.grantee.kind}: {one.grantee.id}",
        text=one.text, limits=limits_of(one), not_before=one.not_before, not_after=one.not_after,
    )  # fmt: skip


def _approvals(work: SqlUnitOfWork, request: str) -> Iterator[ApprovalFact]:
    for one in work.requests.decisions(request):
        person = work.people.get(one.decision.person)
        yield ApprovalFact(
            request=request, person="" if person is None else person.name, person_id=one.decision.person,
            decision="approved" if one.decision.approved else "refused", at=one.at, assertion=one.assertion,
            reason=one.decision.reason,
        )  # fmt: skip


def _assertion(work: SqlUnitOfWork, one: StoredAssertion) -> AssertionFact:
    person = work.people.get(one.person)
    return AssertionFact(
        id=one.id, person="" if person is None else person.name, person_id=one.person, credential=one.credential.hex(),
        intent=one.intent, challenge=Intent.parse(one.intent.encode()).challenge(),
        user_verified=bool(one.authenticator_data[FLAGS_AT] & USER_VERIFIED), origin=one.origin, at=one.at,
    )  # fmt: skip


def _steps(steps: list[Step]) -> Iterator[StepFact]:
    before = NOTHING
    for one in steps:
        yield StepFact(
            number=one.number, at=one.at, actor=one.actor, act=one.act,
            detail=json.dumps(one.detail, ensure_ascii=False, sort_keys=True), hash=one.sha256, previous=before,
        )  # fmt: skip
        before = one.sha256


RELATIONS = {"rescinds": Relation.RESCINDS, "call-off-of": Relation.FRAMEWORK, "amends": Relation.ATTACHMENT}
BACKWARDS = {"rescinds": Relation.RESCINDED_BY, "call-off-of": Relation.CALL_OFF, "amends": Relation.ATTACHMENT}


def _references(work: SqlUnitOfWork, whole: Whole) -> Iterator[ReferenceFact]:
    for one in work.envelopes.links(whole.id):
        found = work.envelopes.record(one.target)
        yield ReferenceFact(
            relation=RELATIONS[one.kind], id=one.target, title="" if found is None else found.title, sha256=one.sha256,
            at=None if found is None else found.ended_at,
        )  # fmt: skip
    for one in work.envelopes.links_to(whole.id):
        found = work.envelopes.record(one.envelope)
        if found is not None and found.state.value == "completed":
            yield ReferenceFact(
                relation=BACKWARDS[one.kind], id=one.envelope, title=found.title, sha256=one.sha256, at=found.ended_at
            )


def _policies(whole: Whole, steps: list[Step]) -> Iterator[PolicyFact]:
    outages = [one for one in steps if "timestamp_outage" in one.detail]
    yield PolicyFact(
        name="timestamp", rule=whole.record.on_outage.value,
        outcome="sealed at B-B, archive time-stamp added later" if outages else "every seal has its time-stamp",
        at=outages[0].at if outages else None,
    )  # fmt: skip
    rule = (
        "all signing parties" if whole.record.at_least is None else f"at least {whole.record.at_least} signing parties"
    )
    yield PolicyFact(name="completion", rule=rule, outcome=whole.record.state.value, at=whole.record.ended_at)
