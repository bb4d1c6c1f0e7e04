"""Groups that buy together."""

import sqlalchemy as sa
from alembic import op

from api.db.tables import UtcDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _charters()
    _elections()
    _mandates()
    _contracts()


def _charters() -> None:
    op.create_table(
        "groups",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("uscc", sa.String(length=18), nullable=False),
        sa.Column("envelope", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("charter_sha256", sa.String(length=64), nullable=True),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("state_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["envelope"], ["envelopes.id"], name=op.f("fk_groups_envelope_envelopes")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_groups")),
        sa.UniqueConstraint("envelope", name=op.f("uq_groups_envelope")),
    )
    op.create_table(
        "group_members",
        sa.Column("group", sa.String(length=32), nullable=False),
        sa.Column("uscc", sa.String(length=18), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["group"], ["groups.id"], name=op.f("fk_group_members_group_groups")),
        sa.PrimaryKeyConstraint("group", "uscc", name=op.f("pk_group_members")),
    )
    op.create_index("ix_group_members_uscc", "group_members", ["uscc"])


def _elections() -> None:
    op.create_table(
        "elections",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("group", sa.String(length=32), nullable=False),
        sa.Column("threshold", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("elected", sa.String(length=18), nullable=True),
        sa.Column("record", sa.LargeBinary(), nullable=True),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["group"], ["groups.id"], name=op.f("fk_elections_group_groups")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_elections")),
    )
    op.create_index("ix_elections_group", "elections", ["group"])
    op.create_table(
        "ballots",
        sa.Column("election", sa.String(length=32), nullable=False),
        sa.Column("voter", sa.String(length=18), nullable=False),
        sa.Column("candidate", sa.String(length=18), nullable=False),
        sa.Column("person", sa.String(length=32), nullable=False),
        sa.Column("assertion", sa.String(length=32), nullable=False),
        sa.Column("challenge_sha256", sa.String(length=64), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["election"], ["elections.id"], name=op.f("fk_ballots_election_elections")),
        sa.PrimaryKeyConstraint("election", "voter", name=op.f("pk_ballots")),
    )


def _mandates() -> None:
    op.create_table(
        "joint_mandates",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("group", sa.String(length=32), nullable=False),
        sa.Column("election", sa.String(length=32), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("credential", sa.LargeBinary(), nullable=True),
        sa.Column("made_by", sa.String(length=32), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("given_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["group"], ["groups.id"], name=op.f("fk_joint_mandates_group_groups")),
        sa.ForeignKeyConstraint(["election"], ["elections.id"], name=op.f("fk_joint_mandates_election_elections")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_joint_mandates")),
    )
    op.create_index("ix_joint_mandates_group", "joint_mandates", ["group"])
    op.create_table(
        "joint_signatures",
        sa.Column("mandate", sa.String(length=32), nullable=False),
        sa.Column("principal", sa.String(length=18), nullable=False),
        sa.Column("person", sa.String(length=32), nullable=False),
        sa.Column("assertion", sa.String(length=32), nullable=False),
        sa.Column("seal_use", sa.String(length=32), nullable=False),
        sa.Column("cms", sa.LargeBinary(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["mandate"], ["joint_mandates.id"], name=op.f("fk_joint_signatures_mandate_joint_mandates")
        ),
        sa.PrimaryKeyConstraint("mandate", "principal", name=op.f("pk_joint_signatures")),
    )


def _contracts() -> None:
    op.create_table(
        "frameworks",
        sa.Column("envelope", sa.String(length=32), nullable=False),
        sa.Column("group", sa.String(length=32), nullable=False),
        sa.Column("mandate", sa.String(length=32), nullable=False),
        sa.Column("limit", sa.String(length=32), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("not_before", UtcDateTime(), nullable=False),
        sa.Column("not_after", UtcDateTime(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["envelope"], ["envelopes.id"], name=op.f("fk_frameworks_envelope_envelopes")),
        sa.ForeignKeyConstraint(["group"], ["groups.id"], name=op.f("fk_frameworks_group_groups")),
        sa.ForeignKeyConstraint(["mandate"], ["joint_mandates.id"], name=op.f("fk_frameworks_mandate_joint_mandates")),
        sa.PrimaryKeyConstraint("envelope", name=op.f("pk_frameworks")),
    )
    op.create_index("ix_frameworks_group", "frameworks", ["group"])
    op.create_table(
        "call_offs",
        sa.Column("envelope", sa.String(length=32), nullable=False),
        sa.Column("framework", sa.String(length=32), nullable=False),
        sa.Column("uscc", sa.String(length=18), nullable=False),
        sa.Column("amount", sa.String(length=32), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("state_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["envelope"], ["envelopes.id"], name=op.f("fk_call_offs_envelope_envelopes")),
        sa.ForeignKeyConstraint(["framework"], ["frameworks.envelope"], name=op.f("fk_call_offs_framework_frameworks")),
        sa.PrimaryKeyConstraint("envelope", name=op.f("pk_call_offs")),
    )
    op.create_index("ix_call_offs_framework", "call_offs", ["framework"])
