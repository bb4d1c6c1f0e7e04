"""Establish an enterprise: its electronic licence and five seals, in one act; and change it into its next version."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from cryptography.hazmat import asn1
from sqlalchemy.exc import IntegrityError

from api.acts import issuing
from api.acts.faces import face_as_json, picture_of_face
from api.acts.issuing import Issued, Request
from api.acts.licence_face import qr_face, sealed_pdf
from api.acts.licence_life import apply_to_seals, licence
from api.acts.mandate_life import void_for
from api.acts.office import Office
from api.acts.people import representative_changed
from api.acts.registry import enterprise
from api.db.licences import StoredLicence
from api.db.work import SqlUnitOfWork
from api.errors import LicenceInForceError, NotFoundError
from ca import licences
from ca.certificate_states import Reason
from ca.fonts import check_glyphs
from ca.licences import Licence, LicenceState, SealEffect
from ca.register import Enterprise, enterprise_as_mapping, enterprise_from_mapping
from ca.subjects import LegalPerson, common_name
from ca.uscc import region_of
from hsm.signer import KeySpec
from seals.codes import make_code
from seals.face import SealFace
from seals.model import SealKind
from seals.register import Seal, StoredKey
from seals.states import SealEvent, SealState, follow
from verify.extensions import LicenceInfo, SealInfo

FIVE: Final = (
    SealKind.OFFICIAL,
    SealKind.FINANCE,
    SealKind.INVOICE,
    SealKind.CONTRACT,
    SealKind.REPRESENTATIVE,
)
SUFFIX: Final = {  # after the name in the certificate's CN
    SealKind.OFFICIAL: "",
    SealKind.FINANCE: "财务专用章",
    SealKind.INVOICE: "发票专用章",
    SealKind.CONTRACT: "合同专用章",
    SealKind.REPRESENTATIVE: "法定代表人名章",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Establishment:
    """A licence and the seals that were made with it."""

    licence: StoredLicence
    seals: tuple[Seal, ...]


Then = Callable[[SqlUnitOfWork, Establishment], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Numbers:
    """What is taken from the counters before anything is made."""

    licence: str
    status_index: int
    codes: Mapping[SealKind, str]


def establish(office: Office, uscc: str, *, actor: str, then: Then | None = None) -> Establishment:
    """Issue the licence and five seals. On any error nothing of it stands, and what was signed is revoked.

    Raises:
        NotFoundError: the enterprise is not registered.
        LicenceInForceError: it has a licence already.
        AppearanceError, GlyphError: a name or field cannot be drawn; nothing was signed.
    """
    entry = enterprise(office, uscc)
    with office.reading() as work:
        if (there := work.licences.in_force(uscc)) is not None:
            raise LicenceInForceError(f"licence {there.licence.number} of {uscc} is {there.licence.state}")
        versions = work.licences.versions(uscc)
    _preflight(office, entry, FIVE)
    numbers = _take_numbers(office, entry, FIVE)
    now = office.now().replace(microsecond=0)
    made = Licence(
        number=numbers.licence,
        enterprise=entry,
        version=len(versions) + 1,
        state=LicenceState.ACTIVE,
        authority=office.authority.name,
        authority_latin=office.authority.name_latin,
        issued_at=now,
        expires_at=now + office.settings.licence_valid_for,
        status_index=numbers.status_index,
    )
    return _make(office, made, numbers, FIVE, actor=actor, then=then)


def change(
    office: Office, number: str, values: Mapping[str, Any], *, actor: str, then: Then | None = None
) -> Establishment:
    """Enter a change: the next version supersedes this one; seals that no longer tell the truth are made anew.

    Raises:
        NotFoundError: no such licence.
        RegisterError, StateError: the change cannot be.
    """
    old = licence(office, number).licence
    now = office.now().replace(microsecond=0)
    changed = enterprise_from_mapping(values, today=now.astimezone(office.zone).date())
    kinds = [
        kind
        for kind in FIVE
        if licences.effect_of_change(old.enterprise, changed, seal_kind=kind.value) is not SealEffect.KEEP
    ]
    _preflight(office, changed, kinds)
    numbers = _take_numbers(office, changed, kinds)
    _, new = licences.next_version(
        old,
        changed,
        number=numbers.licence,
        status_index=numbers.status_index,
        issued_at=now,
        expires_at=now + office.settings.licence_valid_for,
    )
    return _make(office, new, numbers, kinds, actor=actor, then=then, old=old)


def _preflight(office: Office, entry: Enterprise, kinds: Sequence[SealKind]) -> None:
    """Draw everything once before anything is on record: what cannot be drawn is refused here."""
    for kind in kinds:
        picture_of_face(office, _face(entry, kind, make_code(entry.uscc, serial=1)))
    texts = (value for value in enterprise_as_mapping(entry).values() if value is not None)
    check_glyphs(texts, office.licence_fonts)


def _face(entry: Enterprise, kind: SealKind, code: str) -> SealFace:
    return SealFace(
        kind=kind,
        name=entry.name,
        code=code,
        representative=entry.legal_representative if kind is SealKind.REPRESENTATIVE else "",
        uscc=entry.uscc if kind is SealKind.INVOICE else "",
    )


def _take_numbers(office: Office, entry: Enterprise, kinds: Sequence[SealKind]) -> _Numbers:
    region, year = region_of(entry.uscc), office.now().year
    with office.work() as work:
        serial = work.ledger.count(f"licence-{region}-{year}")
        index = work.ledger.count("status-index") - 1
        first = work.ledger.count(f"seal-{region}", by=len(kinds)) if kinds else 0
        work.commit()
    return _Numbers(
        licence=f"{region}{year}{serial:08d}",
        status_index=index,
        codes={kind: make_code(entry.uscc, serial=first + place) for place, kind in enumerate(kinds)},
    )


def _make(
    office: Office,
    new: Licence,
    numbers: _Numbers,
    kinds: Sequence[SealKind],
    *,
    actor: str,
    then: Then | None,
    old: Licence | None = None,
) -> Establishment:
    requests = [_licence_request(office, new), *(_seal_request(office, new, kind, numbers) for kind in kinds)]
    issued = issuing.issue(office, requests)
    pdf: str | None = None
    try:
        elq1 = qr_face(office, new)
        pdf = sealed_pdf(office, new, elq1)
        stored = StoredLicence(licence=new, serial=issued[0].serial, elq1=elq1, pdf=pdf, state_at=new.issued_at)
        made = tuple(
            _seal(new, kind, numbers, one, request.key)
            for kind, one, request in zip(kinds, issued[1:], requests[1:], strict=True)
        )
        result = Establishment(licence=stored, seals=made)
        _store(office, result, issued, actor=actor, then=then, old=old)
    except BaseException:
        with suppress(Exception):  # the first error is the one to tell; the next start resolves what this cannot
            issuing.abandon(office, [one.serial for one in issued])
            if pdf is not None:
                office.objects.delete(pdf)
        raise
    return result


def _store(
    office: Office,
    result: Establishment,
    issued: Sequence[Issued],
    *,
    actor: str,
    then: Then | None,
    old: Licence | None,
) -> None:
    new, now = result.licence.licence, office.now()
    try:
        with office.work() as work:
            kept = [] if old is None else _supersede(work, old, new, at=now, actor=actor)
            work.certificates.deliver([one.serial for one in issued])
            work.licences.add(result.licence)
            for code in kept:
                work.seals.rebind(code, new.number)
            if result.seals:
                work.seals.add(result.seals)
            work.ledger.note(
                at=now,
                actor=actor,
                act="licence.issue",
                subject=new.enterprise.uscc,
                licence=new.number,
                version=new.version,
                seals=[one.code for one in result.seals],
            )
            if then is not None:
                then(work, result)
            work.commit()
    except IntegrityError as exc:
        raise LicenceInForceError(f"{new.enterprise.uscc} got a licence from somebody else just now") from exc


def _supersede(work: SqlUnitOfWork, old: Licence, new: Licence, *, at: datetime, actor: str) -> list[str]:
    """End the old version, its certificate and the seals that no longer tell the truth; return the codes of those that stay."""
    before = work.licences.get(old.number)
    record = None if before is None else work.certificates.get(before.serial)
    if before is None or record is None:
        raise NotFoundError(f"there is no licence {old.number}")
    work.licences.set_state(licences.step(old, LicenceState.SUPERSEDED), before=old.state, at=at)
    work.certificates.stand(before.serial, record.standing.revoke(Reason.SUPERSEDED, at=at))
    work.enterprises.change(new.enterprise, now=at)
    uscc = new.enterprise.uscc
    void_for(work, uscc, why=f"licence {old.number} is superseded by {new.number}", at=at, actor=actor)
    if old.enterprise.legal_representative != new.enterprise.legal_representative:
        representative_changed(work, uscc, at=at, by=actor)
    if new.enterprise.legal_representative != old.enterprise.legal_representative:
        representative_changed(work, new.enterprise.uscc, at=at, by=actor)
    kept = []
    for one in work.seals.of_licence(old.number):
        effect = licences.effect_of_change(old.enterprise, new.enterprise, seal_kind=one.kind.value)
        apply_to_seals(work, [one], effect, reason=Reason.AFFILIATION_CHANGED, at=at, actor=actor)
        if effect is SealEffect.KEEP:
            kept.append(one.code)
    return kept


def _licence_request(office: Office, new: Licence) -> Request:
    entry = new.enterprise
    return Request(
        profile=office.authority.profile("licence"),
        issuer="licence",
        subject=LegalPerson(organization=entry.name, uscc=entry.uscc, common_name=common_name(entry.name)).name(),
        whose=entry.uscc,
        key=_new_key(office, f"licence-{new.number}"),
        info=LicenceInfo(uscc=asn1.PrintableString(entry.uscc), version=new.version),
        valid_for=office.settings.licence_valid_for,
    )


def _seal_request(office: Office, new: Licence, kind: SealKind, numbers: _Numbers) -> Request:
    entry, code = new.enterprise, numbers.codes[kind]
    return Request(
        profile=office.authority.profile("seal"),
        issuer="seal",
        subject=LegalPerson(
            organization=entry.name, uscc=entry.uscc, common_name=common_name(entry.name, SUFFIX[kind])
        ).name(),
        whose=entry.uscc,
        key=_new_key(office, f"seal-{code}"),
        info=SealInfo(kind=kind.value, code=asn1.PrintableString(code)),
        valid_for=office.settings.seal_valid_for,
    )


def _new_key(office: Office, label: str) -> StoredKey:
    """Generated in the store and wrapped under its master key; the reference is worth nothing elsewhere."""
    ref = office.store.generate(KeySpec.EC_P256, label=label, resident=False)
    return StoredKey(id=secrets.token_hex(16), ref=ref, made_at=office.now())


def _seal(new: Licence, kind: SealKind, numbers: _Numbers, issued: Issued, key: StoredKey) -> Seal:
    code = numbers.codes[kind]
    return Seal(
        code=code,
        uscc=new.enterprise.uscc,
        licence=new.number,
        kind=kind,
        name=new.enterprise.name,
        state=follow(SealState.MADE, SealEvent.ACTIVATE).value,  # handed over with the licence
        serial=issued.serial,
        key_id=key.id,
        face=face_as_json(_face(new.enterprise, kind, code)),
        made_at=new.issued_at,
        state_at=new.issued_at,
    )
