"""The key ceremony: all keys of the authority, all their certificates, first CRLs, and a transcript to sign by hand.

Every signature is announced to the journal with what will be signed before the key is used, and with the result after it.
Either all of it stands at the end, or none of the keys that were made.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final, TypeAlias

from cryptography import x509
from cryptography.hazmat import asn1

from ca import lint
from ca.authority import AUTHORITY_SEAL, ISSUING, ROOT, Authority, Entity
from ca.ceremony_plan import CeremonyPlan, EntityPlan, standard_mapping
from ca.crl import crl_draft, sign_crl_intent
from ca.errors import CeremonyError
from ca.issuance import Info, Plan, draft, plan, plan_root, sign_intent
from ca.keys import throwaway
from ca.serials import RANDOM_BYTES, serial_number
from ca.subjects import LegalPerson, ServiceName, common_name
from ca.transcript import transcript_of
from hsm.algorithms import load_public_key, spki_of
from hsm.errors import HsmError, KeyExistsError, KeyNotFoundError, MechanismError, WrongKeyError
from hsm.signer import KeyRef, KeyStore, Signer
from verify.extensions import SealInfo

__all__ = ["Authority", "CeremonyPlan", "Entity", "JournalEntry", "perform", "standard_mapping"]

FIRST_CRL_NUMBER: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """One line of the journal."""

    event: str  # "key", "intent", "signed" or "abandoned"
    entity: str
    label: str  # of the key that was made, is about to sign, or has signed
    what: str  # "key", "certificate" or "crl"
    sha256: bytes
    data: bytes  # the public key, the TBS to be signed, or what was signed; DER


Journal: TypeAlias = Callable[[JournalEntry], None]
Random: TypeAlias = Callable[[int], bytes]


def perform(
    planned: CeremonyPlan, *, stores: Mapping[str, KeyStore], now: datetime, random: Random, journal: Journal
) -> Authority:
    """Make the authority. `stores` are by the names that the plan uses; the root may be in one of its own.

    Raises:
        CeremonyError: the plan names a store that is not there.
        KeyExistsError: a key of this generation exists; nothing was made.
        HsmError, CaError: something failed; the keys that were made are deleted again.
    """
    now = now.replace(microsecond=0)
    _refuse_existing(planned, stores)
    ceremony = _Ceremony(planned, stores, now, random, journal)
    try:
        for entity in planned.entities:
            ceremony.make_key(entity)
        for entity in planned.entities:
            ceremony.certify(entity)
        crls = {name: ceremony.first_crl(name) for name in (ROOT, *ISSUING)}
    except BaseException:
        ceremony.abandon()
        raise
    authority = ceremony.authority(crls)
    hardware = {name: store.hardware for name, store in stores.items()}
    return ceremony.authority(crls, transcript_of(planned, authority, now=now, hardware=hardware))


def _refuse_existing(planned: CeremonyPlan, stores: Mapping[str, KeyStore]) -> None:
    """Look for every label before the first key is made."""
    for entity in planned.entities:
        if entity.store not in stores:
            raise CeremonyError(f"entities.{entity.name}.store: there is no key store {entity.store!r}")
    for entity in planned.entities:
        if _exists(stores[entity.store], entity, planned.label(entity.name)):
            raise KeyExistsError(f"a key {planned.label(entity.name)!r} exists in {entity.store!r}")


def _exists(store: KeyStore, entity: EntityPlan, label: str) -> bool:
    """Ask for the label with a public key that is surely not its own: an existing key is told by another error."""
    spki = spki_of(throwaway(entity.key).public_key())
    try:
        with store.lease(KeyRef(store=entity.store, spec=entity.key, label=label, spki=spki)):
            return True
    except KeyNotFoundError:
        return False  # `generate` looks once more
    except (WrongKeyError, MechanismError):
        return True


class _Ceremony:
    """The state of one run."""

    def __init__(
        self,
        planned: CeremonyPlan,
        stores: Mapping[str, KeyStore],
        now: datetime,
        random: Random,
        journal: Journal,
    ) -> None:
        self._planned = planned
        self._stores = stores
        self._now = now
        self._random = random
        self._journal = journal
        self._refs: dict[str, KeyRef] = {}
        self._entities: dict[str, Entity] = {}

    def make_key(self, entity: EntityPlan) -> None:
        label = self._planned.label(entity.name)
        ref = self._stores[entity.store].generate(entity.key, label=label, resident=True)
        self._refs[entity.name] = ref
        self._note("key", entity.name, label, "key", ref.spki)

    def certify(self, entity: EntityPlan) -> None:
        """Plan, draft, announce, sign, announce."""
        planned = self._plan(entity)
        drafted = draft(planned, lint=lint.check)
        issuer = entity.role.issuer
        issuer_key = planned.public_key if planned.issuer is None else planned.issuer.public_key
        self._note("intent", entity.name, self._refs[issuer].label, "certificate", drafted.tbs)
        with self._lease(issuer) as signer:
            der = sign_intent(drafted.tbs, signer=signer, algorithm=planned.algorithm, issuer_public_key=issuer_key)
        self._note("signed", entity.name, self._refs[issuer].label, "certificate", der)
        self._entities[entity.name] = Entity(
            name=entity.name,
            profile=entity.role.profile,
            issuer=issuer,
            certificate=x509.load_der_x509_certificate(der),
            ref=self._refs[entity.name],
            algorithm=entity.algorithm,
        )

    def first_crl(self, name: str) -> bytes:
        issuer = self.authority({}).issuer(name)
        fresh_for = self._planned.arl_fresh_for if name == ROOT else self._planned.crl_fresh_for
        drafted = crl_draft(
            issuer,
            [],
            number=FIRST_CRL_NUMBER,
            now=self._now,
            fresh_for=fresh_for,
            distribution_point=None if name == ROOT else issuer.crl_url,  # the root's own certificate names none
        )
        self._note("intent", name, self._refs[name].label, "crl", drafted.tbs)
        with self._lease(name) as signer:
            der = sign_crl_intent(
                drafted.tbs, signer=signer, algorithm=issuer.algorithm, issuer_public_key=issuer.public_key
            )
        self._note("signed", name, self._refs[name].label, "crl", der)
        return der

    def authority(self, crls: Mapping[str, bytes], transcript: str = "") -> Authority:
        planned = self._planned
        return Authority(
            name=planned.name,
            name_latin=planned.name_latin,
            uscc=planned.uscc,
            region=planned.region,
            base_url=planned.base_url,
            entities=dict(self._entities),
            policies=planned.policies,
            qc_statements=planned.qc_statements,
            crls=crls,
            transcript=transcript,
        )

    def abandon(self) -> None:
        """Delete the keys of this run: a half-made authority must not be found by anyone."""
        for name, ref in self._refs.items():
            with suppress(HsmError):  # as many as can be deleted; the first error is the one that is told
                self._stores[ref.store].delete(ref)
            with suppress(Exception):  # the journal may be what failed
                self._note("abandoned", name, ref.label, "key", ref.spki)

    def _plan(self, entity: EntityPlan) -> Plan:
        authority = self.authority({})
        profile = authority.profile(entity.role.profile)
        key = load_public_key(self._refs[entity.name].spki)
        serial = serial_number(instance=self._planned.instance, random=self._random(RANDOM_BYTES))
        subject = self._subject(entity)
        if entity.role.issuer == entity.name:
            return plan_root(
                profile,
                subject=subject,
                public_key=key,
                algorithm=entity.algorithm,
                serial=serial,
                not_before=self._now,
                valid_for=entity.valid_for,
            )
        return plan(
            profile,
            issuer=authority.issuer(entity.role.issuer),
            subject=subject,
            public_key=key,
            serial=serial,
            not_before=self._now,
            valid_for=entity.valid_for,
            info=self._info(entity),
        )

    def _subject(self, entity: EntityPlan) -> x509.Name:
        planned = self._planned
        if entity.name == AUTHORITY_SEAL:
            return LegalPerson(
                organization=planned.name, uscc=planned.uscc, common_name=common_name(planned.name)
            ).name()
        title = f"{entity.role.title} G{planned.generation}"
        return ServiceName(organization=planned.name, common_name=common_name(planned.name_latin, title)).name()

    def _info(self, entity: EntityPlan) -> Info | None:
        if entity.name != AUTHORITY_SEAL:
            return None
        return SealInfo(kind="authority", code=asn1.PrintableString(self._planned.seal_code))

    def _lease(self, name: str) -> AbstractContextManager[Signer]:
        ref = self._refs[name]
        return self._stores[ref.store].lease(ref)

    def _note(self, event: str, entity: str, label: str, what: str, data: bytes) -> None:
        self._journal(
            JournalEntry(event=event, entity=entity, label=label, what=what, sha256=sha256(data).digest(), data=data)
        )
