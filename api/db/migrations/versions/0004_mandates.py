"""Mandates, approval rules and seal-use requests."""

import sqlalchemy as sa
from alembic import op

from api.db.tables import UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "mandates",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("grantee_kind", sa.String(length=16), nullable=False),
        sa.Column("grantee", sa.String(length=32), nullable=False),
        sa.Column("kinds", sa.String(length=128), nullable=False),
        sa.Column("seals", sa.Text(), nullable=False),
        sa.Column("matters", sa.Text(), nullable=False),
        sa.Column("max_amount", sa.String(length=32), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("max_pages", sa.Integer(), nullable=True),
        sa.Column("not_before", UtcDateTime(), nullable=False),
        sa.Column("not_after", UtcDateTime(), nullable=False),
        sa.Column("max_uses", sa.Integer(), nullable=True),
        sa.Column("uses", sa.Integer(), nullable=False),
        sa.Column("automatic", sa.Boolean(), nullable=False),
        sa.Column("substitution", sa.Boolean(), nullable=False),
        sa.Column("parent", sa.String(length=32), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("offered_by", sa.String(length=64), nullable=False),
        sa.Column("grant_assertion", sa.String(length=32), nullable=True),
        sa.Column("accept_assertion", sa.String(length=32), nullable=True),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("state_at", UtcDateTime(), nullable=False),
        sa.Column("why", sa.String(length=256), nullable=False),
        sa.ForeignKeyConstraint(["parent"], ["mandates.id"], name=op.f("fk_mandates_parent")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mandates")),
    )
    op.create_index("ix_mandates_end", "mandates", ["state", "not_after"])
    op.create_index("ix_mandates_grantee", "mandates", ["grantee", "state"])
    op.create_index("ix_mandates_parent", "mandates", ["parent"])
    op.create_table(
        "mandate_grantors",
        sa.Column("mandate", sa.String(length=32), nullable=False),
        sa.Column("uscc", sa.String(length=18), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("licence", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["licence"], ["licences.number"], name=op.f("fk_mandate_grantors_licence")),
        sa.ForeignKeyConstraint(["mandate"], ["mandates.id"], name=op.f("fk_mandate_grantors_mandate")),
        sa.ForeignKeyConstraint(["uscc"], ["enterprises.uscc"], name=op.f("fk_mandate_grantors_uscc")),
        sa.PrimaryKeyConstraint("mandate", "uscc", name=op.f("pk_mandate_grantors")),
    )
    op.create_index("ix_mandate_grantors_uscc", "mandate_grantors", ["uscc"])
    op.create_table(
        "approval_rules",
        sa.Column("seal", sa.String(length=14), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("set_by", sa.String(length=32), nullable=False),
        sa.Column("set_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["seal"], ["seals.code"], name=op.f("fk_approval_rules_seal")),
        sa.PrimaryKeyConstraint("seal", name=op.f("pk_approval_rules")),
    )
    op.create_table(
        "seal_requests",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("basis", sa.String(length=16), nullable=False),
        sa.Column("seal", sa.String(length=14), nullable=False),
        sa.Column("uscc", sa.String(length=18), nullable=False),
        sa.Column("person", sa.String(length=32), nullable=False),
        sa.Column("mandate", sa.String(length=32), nullable=True),
        sa.Column("assertion", sa.String(length=32), nullable=True),
        sa.Column("documents", sa.Text(), nullable=False),
        sa.Column("object", sa.String(length=128), nullable=True),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("placement", sa.Text(), nullable=False),
        sa.Column("purpose", sa.String(length=256), nullable=False),
        sa.Column("matter", sa.String(length=64), nullable=False),
        sa.Column("amount", sa.String(length=32), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=True),
        sa.Column("rule", sa.Text(), nullable=True),
        sa.Column("envelope", sa.String(length=32), nullable=True),
        sa.Column("party", sa.String(length=32), nullable=True),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("deadline", UtcDateTime(), nullable=False),
        sa.Column("state_at", UtcDateTime(), nullable=False),
        sa.Column("failure", sa.String(length=512), nullable=True),
        sa.Column("use", sa.String(length=32), nullable=True),
        sa.Column("process", sa.String(length=32), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["mandate"], ["mandates.id"], name=op.f("fk_seal_requests_mandate")),
        sa.ForeignKeyConstraint(["seal"], ["seals.code"], name=op.f("fk_seal_requests_seal")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seal_requests")),
    )
    op.create_index("ix_seal_requests_envelope", "seal_requests", ["envelope", "party"])
    op.create_index("ix_seal_requests_person", "seal_requests", ["person", "asked_at"])
    op.create_index("ix_seal_requests_state", "seal_requests", ["state", "deadline"])
    op.create_index("ix_seal_requests_uscc", "seal_requests", ["uscc", "asked_at"])
    op.create_table(
        "request_decisions",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("request", sa.String(length=32), nullable=False),
        sa.Column("person", sa.String(length=32), nullable=False),
        sa.Column("approved", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(length=256), nullable=False),
        sa.Column("assertion", sa.String(length=32), nullable=True),
        sa.Column("intent_sha256", sa.LargeBinary(), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["request"], ["seal_requests.id"], name=op.f("fk_request_decisions_request")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_request_decisions")),
        sa.UniqueConstraint("request", "person", name=op.f("uq_request_decisions_request_person")),
    )
    op.create_index("ix_seal_uses_assertion", "seal_uses", ["assertion"])
    op.create_index("ix_seal_uses_request", "seal_uses", ["request"])
