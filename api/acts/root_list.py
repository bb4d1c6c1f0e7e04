"""The root's next list of revoked CAs: made in a later ceremony, on the journal before the root's key is used."""

import os
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509

from api.acts.ceremony import JOURNAL_FILE
from api.authority_file import AuthorityFile
from api.errors import BadInputError
from ca.authority import ISSUING, ROOT
from ca.certificate_states import Reason
from ca.crl import Entry, crl_draft, sign_crl_intent
from hsm.signer import KeyStore

CRL_FILE: Final = "ca-root.crl"


def next_root_list(
    file: AuthorityFile, store: KeyStore, *, revoke: str | None, fresh_for: timedelta, now: datetime
) -> x509.CertificateRevocationList:
    """Sign the next list, with everything the last one names and, if asked, one more CA; put it into the authority's folder.

    Raises:
        BadInputError: no such CA, or it is on the list already.
        CaError, HsmError: the list cannot be made; the old one stays.
    """
    authority = file.current()
    old = x509.load_der_x509_crl(authority.root_crl)
    entries = [_entry(one) for one in old]
    if revoke is not None:
        if revoke not in ISSUING:
            raise BadInputError(f"there is no issuing CA called {revoke}; there are {', '.join(ISSUING)}")
        serial = authority.certificate(revoke).serial_number
        if any(one.serial == serial for one in entries):
            raise BadInputError(f"the CA {revoke} is revoked already")
        entries.append(Entry(serial=serial, since=now, reason=Reason.CA_COMPROMISE))
    issuer = authority.issuer(ROOT)
    number = old.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number + 1
    draft = crl_draft(issuer, entries, number=number, now=now, fresh_for=fresh_for)
    with (file.folder / JOURNAL_FILE).open("a", encoding="utf-8") as journal:
        label = authority.key(ROOT).label
        journal.write(f"intent\t{ROOT}\t{label}\tcrl\t{draft.tbs_sha256.hex()}\t{draft.tbs.hex()}\n")
        journal.flush()
        os.fsync(journal.fileno())
    with store.lease(authority.key(ROOT)) as signer:
        der = sign_crl_intent(draft.tbs, signer=signer, algorithm=issuer.algorithm, issuer_public_key=issuer.public_key)
    file.replace(authority.with_crl(ROOT, der))
    (file.folder / CRL_FILE).write_bytes(der)
    return x509.load_der_x509_crl(der)


def _entry(one: x509.RevokedCertificate) -> Entry:
    try:
        flag = one.extensions.get_extension_for_class(x509.CRLReason).value.reason
        reason = Reason(flag.value)
    except x509.ExtensionNotFound:
        reason = Reason.UNSPECIFIED
    return Entry(serial=one.serial_number, since=one.revocation_date_utc, reason=reason)
