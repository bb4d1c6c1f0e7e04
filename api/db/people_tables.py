"""People, their passkeys and what they agreed to."""

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, LargeBinary, String, Table, Text, text

from api.db.tables import UtcDateTime, metadata

persons: Final = Table(
    "persons",
    metadata,
    Column("id", String(32), primary_key=True),  # random; also the WebAuthn user handle
    Column("name", String(64), nullable=False),
    Column("contact", String(128), nullable=False),
    Column("state", String(16), nullable=False),  # active, closed
    Column("made_at", UtcDateTime, nullable=False),
)

members: Final = Table(
    "members",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("person", String(32), ForeignKey("persons.id"), nullable=False),
    Column("uscc", String(18), ForeignKey("enterprises.uscc"), nullable=False),
    Column("role", String(16), nullable=False),  # representative, manager, user, auditor
    Column("since", UtcDateTime, nullable=False),
    Column("by", String(64), nullable=False),
    Column("ended_at", UtcDateTime),
    Column("ended_by", String(64)),
)
Index(
    "uq_members_one_role",  # manage, use and audit stay disjoint
    members.c.person,
    members.c.uscc,
    unique=True,
    sqlite_where=text("ended_at IS NULL"),
    postgresql_where=text("ended_at IS NULL"),
)
Index(
    "uq_members_one_representative",
    members.c.uscc,
    unique=True,
    sqlite_where=text("ended_at IS NULL AND role = 'representative'"),
    postgresql_where=text("ended_at IS NULL AND role = 'representative'"),
)
Index("ix_members_uscc", members.c.uscc, members.c.since)

passkeys: Final = Table(
    "passkeys",
    metadata,
    Column("id", LargeBinary, primary_key=True),  # credential id, at most 1023 octets: WebAuthn L3 §4
    Column("person", String(32), ForeignKey("persons.id"), nullable=False),
    Column("public_key", LargeBinary, nullable=False),  # COSE_Key
    Column("sign_count", BigInteger, nullable=False),  # 32 bits, unsigned
    Column("transports", String(128), nullable=False),  # blank-separated
    Column("aaguid", String(36), nullable=False),
    Column("backed_up", Boolean, nullable=False),
    Column("label", String(64), nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("last_used_at", UtcDateTime),
    Column("revoked_at", UtcDateTime),
)
Index("ix_passkeys_person", passkeys.c.person)

invitations: Final = Table(
    "invitations",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("sha256", LargeBinary, nullable=False, unique=True),  # of the one-time code
    Column("uscc", String(18), ForeignKey("enterprises.uscc"), nullable=False),
    Column("role", String(16), nullable=False),
    Column("name", String(64), nullable=False),
    Column("contact", String(128), nullable=False),
    Column("by", String(64), nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime),
    Column("person", String(32)),  # who redeemed it
)

challenges: Final = Table(
    "challenges",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("kind", String(16), nullable=False),  # register, login, intent
    Column("person", String(32)),  # whose; at a first registration who it will be
    Column("invitation", String(32), ForeignKey("invitations.id")),
    Column("place", String(64)),  # hash of the code for a place in an envelope
    Column("challenge", LargeBinary, nullable=False, unique=True),
    Column("intent", Text),  # canonical JSON; the challenge is its SHA-256
    Column("made_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime),
)
Index("ix_challenges_expires_at", challenges.c.expires_at)

assertions: Final = Table(
    "assertions",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("person", String(32), ForeignKey("persons.id"), nullable=False),
    Column("credential", LargeBinary, ForeignKey("passkeys.id"), nullable=False),
    Column("challenge", String(32), ForeignKey("challenges.id"), nullable=False, unique=True),
    Column("intent", Text, nullable=False),
    Column("client_data_json", LargeBinary, nullable=False),
    Column("authenticator_data", LargeBinary, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    Column("public_key", LargeBinary, nullable=False),  # COSE_Key as it was then
    Column("rp_id", String(253), nullable=False),
    Column("origin", String(255), nullable=False),
    Column("at", UtcDateTime, nullable=False),
)
Index("ix_assertions_person", assertions.c.person, assertions.c.at)

person_uses: Final = Table(
    "person_uses",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("person", String(32), ForeignKey("persons.id"), nullable=False),
    Column("state", String(16), nullable=False),  # asked, authorised, done, refused
    Column("assertion", String(32), ForeignKey("assertions.id"), nullable=False),
    Column("envelope", String(32)),
    Column("purpose", String(512), nullable=False),
    Column("level", String(8), nullable=False),
    Column("document_sha256", LargeBinary, nullable=False),  # of what was agreed to
    Column("serial", String(40), ForeignKey("certificates.serial")),  # of the one-time certificate
    Column("intent_sha256", LargeBinary),  # of the bytes that the key signs
    Column("signed_sha256", LargeBinary),  # of the file that went out
    Column("object", String(128)),
    Column("process", String(32), nullable=False),
    Column("asked_at", UtcDateTime, nullable=False),
    Column("decided_at", UtcDateTime),
    Column("detail", String(512)),
)
Index("ix_person_uses_person", person_uses.c.person, person_uses.c.asked_at)
Index("uq_person_uses_one_document", person_uses.c.assertion, person_uses.c.document_sha256,
      unique=True, sqlite_where=text("state <> 'refused'"), postgresql_where=text("state <> 'refused'"))  # fmt: skip
Index("ix_person_uses_unfinished", person_uses.c.process, person_uses.c.state)
