"""Groups that buy together."""

from typing import Final

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, String, Table

from api.db.tables import UtcDateTime, metadata

groups: Final = Table(
    "groups",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("uscc", String(18), nullable=False),  # who began it
    Column("envelope", String(32), ForeignKey("envelopes.id"), nullable=False, unique=True),  # of the charter
    Column("state", String(16), nullable=False),
    Column("charter_sha256", String(64)),  # of the charter after its last seal: the group's name for the world
    Column("made_at", UtcDateTime, nullable=False),
    Column("state_at", UtcDateTime, nullable=False),
)

group_members: Final = Table(
    "group_members",
    metadata,
    Column("group", String(32), ForeignKey("groups.id"), primary_key=True),
    Column("uscc", String(18), primary_key=True),
    Column("name", String(64), nullable=False),  # as of the charter
)
Index("ix_group_members_uscc", group_members.c.uscc)

elections: Final = Table(
    "elections",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("group", String(32), ForeignKey("groups.id"), nullable=False),
    Column("threshold", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("elected", String(18)),
    Column("record", LargeBinary),  # JSON in one spelling
    Column("made_at", UtcDateTime, nullable=False),
    Column("closed_at", UtcDateTime),
)
Index("ix_elections_group", elections.c.group)

ballots: Final = Table(
    "ballots",
    metadata,
    Column("election", String(32), ForeignKey("elections.id"), primary_key=True),
    Column("voter", String(18), primary_key=True),
    Column("candidate", String(18), nullable=False),
    Column("person", String(32), nullable=False),
    Column("assertion", String(32), nullable=False),
    Column("challenge_sha256", String(64), nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

joint_mandates: Final = Table(
    "joint_mandates",
    metadata,
    Column("id", String(32), primary_key=True),  # of the mandate, too, once all have signed
    Column("group", String(32), ForeignKey("groups.id"), nullable=False),
    Column("election", String(32), ForeignKey("elections.id"), nullable=False),
    Column("payload", LargeBinary, nullable=False),  # what each principal signs
    Column("credential", LargeBinary),  # once all have signed
    Column("made_by", String(32), nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("given_at", UtcDateTime),
)
Index("ix_joint_mandates_group", joint_mandates.c.group)

joint_signatures: Final = Table(
    "joint_signatures",
    metadata,
    Column("mandate", String(32), ForeignKey("joint_mandates.id"), primary_key=True),
    Column("principal", String(18), primary_key=True),
    Column("person", String(32), nullable=False),
    Column("assertion", String(32), nullable=False),
    Column("seal_use", String(32), nullable=False),
    Column("cms", LargeBinary, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

frameworks: Final = Table(
    "frameworks",
    metadata,
    Column("envelope", String(32), ForeignKey("envelopes.id"), primary_key=True),
    Column("group", String(32), ForeignKey("groups.id"), nullable=False),
    Column("mandate", String(32), ForeignKey("joint_mandates.id"), nullable=False),
    Column("limit", String(32), nullable=False),  # decimal text
    Column("currency", String(3), nullable=False),
    Column("not_before", UtcDateTime, nullable=False),
    Column("not_after", UtcDateTime, nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
)
Index("ix_frameworks_group", frameworks.c.group)

call_offs: Final = Table(
    "call_offs",
    metadata,
    Column("envelope", String(32), ForeignKey("envelopes.id"), primary_key=True),
    Column("framework", String(32), ForeignKey("frameworks.envelope"), nullable=False),
    Column("uscc", String(18), nullable=False),  # the member that orders, and that alone is obliged
    Column("amount", String(32), nullable=False),  # decimal text
    Column("currency", String(3), nullable=False),
    Column("state", String(16), nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("state_at", UtcDateTime, nullable=False),
)
Index("ix_call_offs_framework", call_offs.c.framework)
