"""Mass sealing."""

import sqlalchemy as sa
from alembic import op

from api.db.tables import UtcDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "batches",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("seal", sa.String(length=14), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("level", sa.String(length=8), nullable=False),
        sa.Column("placement", sa.Text(), nullable=False),
        sa.Column("purpose", sa.String(length=256), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("person", sa.String(length=32), nullable=True),
        sa.Column("machine", sa.String(length=32), nullable=True),
        sa.Column("assertion", sa.String(length=32), nullable=True),
        sa.Column("mandate", sa.String(length=32), nullable=True),
        sa.Column("matter", sa.String(length=64), nullable=False),
        sa.Column("owner", sa.String(length=32), nullable=False),
        sa.Column("source_kind", sa.String(length=16), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("detail", sa.String(length=512), nullable=False),
        sa.Column("wait_until", UtcDateTime(), nullable=True),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=True),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.Column("manifest", sa.String(length=128), nullable=True),
        sa.Column("manifest_signature", sa.String(length=128), nullable=True),
        sa.ForeignKeyConstraint(["seal"], ["seals.code"], name=op.f("fk_batches_seal")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batches")),
    )
    op.create_index("ix_batches_state", "batches", ["state"])
    op.create_index("ix_batches_owner", "batches", ["owner", "made_at"])
    op.create_table(
        "batch_items",
        sa.Column("batch", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=1024), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("process", sa.String(length=32), nullable=True),
        sa.Column("claim", sa.String(length=32), nullable=True),
        sa.Column("use", sa.String(length=32), nullable=True),
        sa.Column("lost", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=48), nullable=True),
        sa.Column("detail", sa.String(length=512), nullable=True),
        sa.Column("result", sa.String(length=1280), nullable=True),
        sa.Column("result_sha256", sa.LargeBinary(), nullable=True),
        sa.Column("result_size", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["batch"], ["batches.id"], name=op.f("fk_batch_items_batch")),
        sa.PrimaryKeyConstraint("batch", "number", name=op.f("pk_batch_items")),
        sa.UniqueConstraint("batch", "name", name=op.f("uq_batch_items_batch_name")),
    )
    op.create_index("ix_batch_items_state", "batch_items", ["batch", "state", "number"])
    op.create_index("ix_batch_items_process", "batch_items", ["process"])
