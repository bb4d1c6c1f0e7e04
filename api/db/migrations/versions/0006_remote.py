"""Remote signing: clients, authorisations and one row for each authorised hash."""

import sqlalchemy as sa
from alembic import op

from api.db.tables import UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "clients",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("uscc", sa.String(length=18), nullable=True),
        sa.Column("secret_sha256", sa.LargeBinary(), nullable=True),
        sa.Column("redirect_uris", sa.Text(), nullable=False),
        sa.Column("scopes", sa.String(length=256), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["uscc"], ["enterprises.uscc"], name=op.f("fk_clients_uscc")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clients")),
    )
    op.create_table(
        "codes",
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("client", sa.String(length=32), nullable=False),
        sa.Column("person", sa.String(length=32), nullable=False),
        sa.Column("redirect_uri", sa.Text(), nullable=False),
        sa.Column("scope", sa.String(length=32), nullable=False),
        sa.Column("challenge", sa.String(length=128), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.Column("token", sa.String(length=32), nullable=True),
        sa.Column("authorisation", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(["client"], ["clients.id"], name=op.f("fk_codes_client")),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_codes")),
    )
    op.create_table(
        "signing_authorisations",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("credential", sa.String(length=14), nullable=False),
        sa.Column("person", sa.String(length=32), nullable=True),
        sa.Column("machine", sa.String(length=32), nullable=True),
        sa.Column("client", sa.String(length=32), nullable=True),
        sa.Column("token", sa.String(length=32), nullable=True),
        sa.Column("assertion", sa.String(length=32), nullable=True),
        sa.Column("mandate", sa.String(length=32), nullable=True),
        sa.Column("hash_algorithm", sa.String(length=16), nullable=False),
        sa.Column("num_signatures", sa.Integer(), nullable=False),
        sa.Column("description", sa.String(length=512), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["credential"], ["seals.code"], name=op.f("fk_signing_authorisations_credential")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signing_authorisations")),
        sa.UniqueConstraint("sha256", name=op.f("uq_signing_authorisations_sha256")),
    )
    op.create_index("ix_signing_authorisations_credential", "signing_authorisations", ["credential"])
    op.create_table(
        "authorised_hashes",
        sa.Column("authorisation", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("hash_algorithm", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("use", sa.String(length=32), nullable=True),
        sa.Column("process", sa.String(length=32), nullable=True),
        sa.Column("reserved_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["authorisation"], ["signing_authorisations.id"], name=op.f("fk_authorised_hashes_authorisation")
        ),
        sa.PrimaryKeyConstraint("authorisation", "number", name=op.f("pk_authorised_hashes")),
    )
    op.create_index("ix_authorised_hashes_reserved", "authorised_hashes", ["state", "process"])
