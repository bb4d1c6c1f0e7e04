"""Who stands behind a use of a seal, whose a token is, and notices for enterprises."""

import sqlalchemy as sa
from alembic import op

from api.db.tables import UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name, length in (("person", 32), ("machine", 32), ("assertion", 32), ("mandate", 32)):
        op.add_column("seal_uses", sa.Column(name, sa.String(length=length), nullable=True))
    for name in ("request", "envelope"):
        op.add_column("seal_uses", sa.Column(name, sa.String(length=32), nullable=True))
    op.add_column("seal_uses", sa.Column("matter", sa.String(length=64), nullable=False, server_default=""))
    op.add_column("seal_uses", sa.Column("amount", sa.String(length=32), nullable=True))
    op.add_column("seal_uses", sa.Column("currency", sa.String(length=3), nullable=False, server_default=""))
    op.add_column("seal_uses", sa.Column("pages", sa.Integer(), nullable=True))
    op.create_index("ix_seal_uses_mandate", "seal_uses", ["mandate"])
    op.create_index("ix_seal_uses_envelope", "seal_uses", ["envelope"])
    for name, length in (("person", 32), ("client", 32), ("uscc", 18)):
        op.add_column("tokens", sa.Column(name, sa.String(length=length), nullable=True))
    op.create_table(
        "notices",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("uscc", sa.String(length=18), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
    )
    op.create_index("ix_notices_uscc", "notices", ["uscc", "id"])
