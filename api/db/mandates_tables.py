"""Mandates, approval rules and seal-use requests."""

from typing import Final

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from api.db.tables import UtcDateTime, metadata

mandates: Final = Table(
    "mandates",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("grantee_kind", String(16), nullable=False),
    Column("grantee", String(32), nullable=False),  # person, USCC, or token or client
    Column("kinds", String(128), nullable=False),  # blank-separated
    Column("seals", Text, nullable=False),  # blank-separated codes
    Column("matters", Text, nullable=False),  # JSON
    Column("max_amount", String(32)),  # decimal text
    Column("currency", String(3), nullable=False),
    Column("max_pages", Integer),
    Column("not_before", UtcDateTime, nullable=False),
    Column("not_after", UtcDateTime, nullable=False),
    Column("max_uses", Integer),
    Column("uses", Integer, nullable=False),
    Column("automatic", Boolean, nullable=False),
    Column("substitution", Boolean, nullable=False),
    Column("parent", String(32), ForeignKey("mandates.id")),
    Column("text", Text, nullable=False),
    Column("offered_by", String(64), nullable=False),  # person, or what else it stands on
    Column("grant_assertion", String(32)),
    Column("accept_assertion", String(32)),
    Column("made_at", UtcDateTime, nullable=False),
    Column("state_at", UtcDateTime, nullable=False),
    Column("why", String(256), nullable=False),  # of the present state
)
Index("ix_mandates_grantee", mandates.c.grantee, mandates.c.state)
Index("ix_mandates_parent", mandates.c.parent)
Index("ix_mandates_end", mandates.c.state, mandates.c.not_after)

mandate_grantors: Final = Table(
    "mandate_grantors",
    metadata,
    Column("mandate", String(32), ForeignKey("mandates.id"), primary_key=True),
    Column("uscc", String(18), ForeignKey("enterprises.uscc"), primary_key=True),
    Column("place", Integer, nullable=False),
    Column("licence", String(32), ForeignKey("licences.number"), nullable=False),  # stands and falls with it
)
Index("ix_mandate_grantors_uscc", mandate_grantors.c.uscc)

approval_rules: Final = Table(
    "approval_rules",
    metadata,
    Column("seal", String(14), ForeignKey("seals.code"), primary_key=True),
    Column("rule", Text, nullable=False),  # JSON
    Column("set_by", String(32), nullable=False),
    Column("set_at", UtcDateTime, nullable=False),
)

seal_requests: Final = Table(
    "seal_requests",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("basis", String(16), nullable=False),  # by which right: representative, mandate, approval
    Column("seal", String(14), ForeignKey("seals.code"), nullable=False),
    Column("uscc", String(18), nullable=False),  # whose seal it is
    Column("person", String(32), nullable=False),
    Column("mandate", String(32), ForeignKey("mandates.id")),
    Column("assertion", String(32)),
    Column("documents", Text, nullable=False),  # JSON: name, SHA-256 and seals of each
    Column("object", String(128)),  # the single file; those of an envelope lie with it
    Column("name", String(255), nullable=False),
    Column("placement", Text, nullable=False),  # JSON
    Column("purpose", String(256), nullable=False),
    Column("matter", String(64), nullable=False),
    Column("amount", String(32)),  # decimal text
    Column("currency", String(3), nullable=False),
    Column("pages", Integer),
    Column("rule", Text),  # JSON: the rule under which it was asked
    Column("envelope", String(32)),
    Column("party", String(32)),
    Column("asked_at", UtcDateTime, nullable=False),
    Column("deadline", UtcDateTime, nullable=False),
    Column("state_at", UtcDateTime, nullable=False),
    Column("failure", String(512)),
    Column("use", String(32)),
    Column("process", String(32)),  # who applies the seal right now
    Column("attempts", Integer, nullable=False),
)
Index("ix_seal_requests_person", seal_requests.c.person, seal_requests.c.asked_at)
Index("ix_seal_requests_uscc", seal_requests.c.uscc, seal_requests.c.asked_at)
Index("ix_seal_requests_state", seal_requests.c.state, seal_requests.c.deadline)
Index("ix_seal_requests_envelope", seal_requests.c.envelope, seal_requests.c.party)

request_decisions: Final = Table(
    "request_decisions",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("request", String(32), ForeignKey("seal_requests.id"), nullable=False),
    Column("person", String(32), nullable=False),
    Column("approved", Boolean, nullable=False),
    Column("reason", String(256), nullable=False),
    Column("assertion", String(32)),
    Column("intent_sha256", LargeBinary),  # what was agreed to, as hashed into the passkey's challenge
    Column("at", UtcDateTime, nullable=False),
    UniqueConstraint("request", "person"),
)
