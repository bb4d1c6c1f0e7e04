"""Remote signing: clients, authorisations and one row for each authorised hash."""

from typing import Final

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text

from api.db.tables import UtcDateTime, metadata

clients: Final = Table(
    "clients",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("name", String(64), nullable=False),
    Column(
        "uscc", String(18), ForeignKey("enterprises.uscc")
    ),  # whose machine it is; None: only people sign through it
    Column("secret_sha256", LargeBinary),  # None: a public client, RFC 6749 §2.1
    Column("redirect_uris", Text, nullable=False),  # one a line
    Column("scopes", String(256), nullable=False),  # blank-separated, RFC 6749 §3.3
    Column("made_at", UtcDateTime, nullable=False),
    Column("revoked_at", UtcDateTime),
)

codes: Final = Table(
    "codes",
    metadata,
    Column("sha256", LargeBinary, primary_key=True),  # of the authorization code
    Column("client", String(32), ForeignKey("clients.id"), nullable=False),
    Column("person", String(32), nullable=False),
    Column("redirect_uri", Text, nullable=False),
    Column("scope", String(32), nullable=False),
    Column("challenge", String(128), nullable=False),  # PKCE, S256
    Column("details", Text, nullable=False),  # JSON: credential, hashes and assertion; of scope `credential` only
    Column("expires_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime),
    Column("token", String(32)),  # what it was exchanged for: both end when it comes a second time
    Column("authorisation", String(32)),
)

signing_authorisations: Final = Table(
    "signing_authorisations",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("sha256", LargeBinary, nullable=False, unique=True),  # of the signature activation data
    Column("credential", String(14), ForeignKey("seals.code"), nullable=False),
    Column("person", String(32)),
    Column("machine", String(32)),
    Column("client", String(32)),
    Column("token", String(32)),  # the bearer token that it was given to; None: to the client, by a code
    Column("assertion", String(32)),
    Column("mandate", String(32)),
    Column("hash_algorithm", String(16), nullable=False),
    Column("num_signatures", Integer, nullable=False),
    Column("description", String(512), nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("revoked_at", UtcDateTime),
)
Index("ix_signing_authorisations_credential", signing_authorisations.c.credential)

authorised_hashes: Final = Table(
    "authorised_hashes",
    metadata,
    Column("authorisation", String(32), ForeignKey("signing_authorisations.id"), primary_key=True),
    Column("number", Integer, primary_key=True),  # one row is one occurrence: the same hash twice is two rows
    Column("hash", LargeBinary, nullable=False),
    Column("hash_algorithm", String(16), nullable=False),
    Column("state", String(16), nullable=False),  # authorised, reserved, consumed, released
    Column("use", String(32)),
    Column("process", String(32)),  # who is at work on it while it is reserved
    Column("reserved_at", UtcDateTime),
)
Index("ix_authorised_hashes_reserved", authorised_hashes.c.state, authorised_hashes.c.process)
