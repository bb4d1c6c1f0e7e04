"""Hold the key ceremony: keys and certificates come into being, every step on a journal first, and nothing is overwritten."""

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from api.acts.access import SCOPES, hash_of, new_secret
from api.authority_file import AUTHORITY_FILE, TOKEN_FILE, write_new
from api.errors import SettingsError
from ca.authority import ISSUING, ROOT, Authority
from ca.ceremony import JournalEntry, perform
from ca.ceremony_plan import CeremonyPlan
from hsm.signer import KeyStore

FIRST_TOKEN_VALID_FOR: Final = timedelta(days=30)  # long enough to make others
JOURNAL_FILE: Final = "ceremony.journal"
TRANSCRIPT_FILE: Final = "transcript.txt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What a ceremony left; the token's secret is nowhere else."""

    authority: Authority
    token: str
    token_expires_at: datetime


def hold(plan: CeremonyPlan, folder: Path, *, stores: Mapping[str, KeyStore], now: datetime) -> Held:
    """Perform the ceremony and write the authority's folder.

    Raises:
        SettingsError: the folder has an authority already.
        CaError, HsmError: see `ca.ceremony.perform`.
    """
    if (folder / AUTHORITY_FILE).exists():
        raise SettingsError(f"{folder} has an authority already; a ceremony never overwrites one")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / JOURNAL_FILE).open("a", encoding="utf-8") as journal:

        def note(entry: JournalEntry) -> None:
            """On disk before the key is used."""
            journal.write(
                f"{entry.event}\t{entry.entity}\t{entry.label}\t{entry.what}\t{entry.sha256.hex()}\t{entry.data.hex()}\n"
            )
            journal.flush()
            os.fsync(journal.fileno())

        authority = perform(plan, stores=stores, now=now, random=secrets.token_bytes, journal=note)
    secret, expires_at = new_secret(), now + FIRST_TOKEN_VALID_FOR
    token = {
        "id": secrets.token_hex(8),
        "name": "ceremony",
        "sha256": hash_of(secret).hex(),
        "scopes": sorted(SCOPES),
        "made_at": now.isoformat(),
        "expires_at": expires_at.isoformat(),
    }
    for name, entity in authority.entities.items():
        write_new(folder / f"{name}.pem", entity.certificate.public_bytes(Encoding.PEM))
    write_new(folder / "chain.pem", chain_pem(authority))
    for name in (ROOT, *ISSUING):
        write_new(folder / f"ca-{name}.crl", authority.crls[name])
    write_new(folder / TRANSCRIPT_FILE, authority.transcript.encode())
    write_new(folder / TOKEN_FILE, json.dumps(token, indent=1).encode(), mode=0o600)
    # Last: its presence says that the ceremony is complete.
    write_new(folder / AUTHORITY_FILE, json.dumps(authority.to_mapping(), ensure_ascii=False, indent=1).encode())
    return Held(authority=authority, token=secret, token_expires_at=expires_at)


def chain_pem(authority: Authority) -> bytes:
    """The issuing CAs, PEM."""
    chain: list[x509.Certificate] = [authority.certificate(name) for name in ISSUING]
    return b"".join(one.public_bytes(Encoding.PEM) for one in chain)
