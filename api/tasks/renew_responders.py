"""Give each OCSP responder a new key and certificate in time: they cannot be revoked, so they are short-lived."""

import secrets
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Final

from cryptography import x509

from api.acts import issuing
from api.acts.office import Office
from ca.authority import ISSUING, Authority, Entity
from hsm.errors import HsmError
from hsm.signer import KeyRef
from seals.register import StoredKey

BEFORE_END: Final = timedelta(days=30)


def run(office: Office) -> str:
    """Renew those that end soon; returns which."""
    soon = office.now() + BEFORE_END
    renewed = []
    for name in ISSUING:
        entity = office.authority.entity(f"ocsp-{name}")
        if entity.certificate.not_valid_after_utc < soon:
            office.authority_file.replace(renew(office, name))
            renewed.append(entity.name)
    return f"renewed {', '.join(renewed)}" if renewed else ""


def renew(office: Office, issuer: str) -> Authority:
    """Issue a responder's certificate for a fresh key, record before sign, and return the authority with it."""
    authority = office.authority
    old = authority.entity(f"ocsp-{issuer}")
    label = f"vermilion-{old.name}-{office.now():%Y%m%d}-{secrets.token_hex(3)}"
    store = office.stores[old.ref.store]
    ref = store.generate(old.ref.spec, label=label, resident=True)
    try:
        made = issuing.issue(office, [_request(office, authority, old, issuer, ref)])[0]
    except BaseException:
        with suppress(HsmError):  # the first error is the one to tell; tokens have little room for keys of no use
            store.delete(ref)
        raise
    with office.work() as work:
        work.certificates.deliver([made.serial])
        work.ledger.note(at=office.now(), actor="worker", act="responder.renew", subject=old.name)
        work.commit()
    certificate = x509.load_der_x509_certificate(made.der)
    return authority.with_entity(replace(old, certificate=certificate, ref=ref))


def _request(office: Office, authority: Authority, old: Entity, issuer: str, ref: KeyRef) -> issuing.Request:
    profile = authority.profile("ocsp-responder")
    return issuing.Request(
        profile=profile,
        issuer=issuer,
        subject=old.certificate.subject,
        whose=old.name,
        key=StoredKey(id=secrets.token_hex(16), ref=ref, made_at=office.now()),
        info=None,
        valid_for=profile.default_validity,
    )
