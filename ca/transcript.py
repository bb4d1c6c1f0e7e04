"""The transcript of a ceremony: what two people sign by hand and keep (ETSI EN 319 411-1 §6.5.1, ceremony report)."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ca.authority import Authority, Entity
from ca.ceremony_plan import CeremonyPlan

NO_HSM: Final = "software keys: no HSM"
HARDWARE: Final = "keys generated in a PKCS#11 token, unable to leave it"


def transcript_of(planned: CeremonyPlan, authority: Authority, *, now: datetime, hardware: Mapping[str, bool]) -> str:
    """Return the text. `hardware` tells which stores keep keys in hardware."""
    return "\n".join(_lines(planned, authority, now, hardware)) + "\n"


def _lines(planned: CeremonyPlan, authority: Authority, now: datetime, hardware: Mapping[str, bool]) -> Iterator[str]:
    yield "KEY CEREMONY"
    yield f"authority     {authority.name} / {authority.name_latin}"
    yield f"credit code   {authority.uscc}"
    yield f"region        {authority.region}"
    yield f"addresses     {authority.base_url}"
    yield f"time          {now.isoformat()}"
    yield f"generation    {planned.generation}, instance {planned.instance}"
    for store in sorted({one.store for one in planned.entities}):
        yield f"key store     {store}: {HARDWARE if hardware[store] else NO_HSM}"
    for entity in authority.entities.values():
        yield ""
        yield from _entity(entity)
    for name, der in authority.crls.items():
        crl = x509.load_der_x509_crl(der)
        number = crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
        yield ""
        yield f"CRL {name}"
        yield f"  number      {number}"
        yield f"  next update {_time(crl.next_update_utc)}"
        yield f"  SHA-256     {sha256(der).hexdigest()}"
    yield ""
    yield "Performed by:  name, date, signature"
    yield "Witnessed by:  name, date, signature"


def _entity(entity: Entity) -> Iterator[str]:
    certificate = entity.certificate
    yield f"ENTITY {entity.name}"
    yield f"  key         {entity.ref.label} in {entity.ref.store}, {entity.ref.spec}, signs with {entity.algorithm}"
    yield f"  SPKI        {sha256(entity.ref.spki).hexdigest()}"
    yield f"  profile     {entity.profile}, issued by {entity.issuer}"
    yield f"  subject     {certificate.subject.rfc4514_string()}"
    yield f"  serial      {certificate.serial_number:x}"
    yield f"  valid       {_time(certificate.not_valid_before_utc)} to {_time(certificate.not_valid_after_utc)}"
    yield f"  SHA-256     {sha256(certificate.public_bytes(Encoding.DER)).hexdigest()}"


def _time(moment: datetime | None) -> str:
    return "none" if moment is None else moment.isoformat()
