"""Envelopes: documents, parties, slots, history, attachments, links and templates."""

import sqlalchemy as sa
from alembic import op

from api.db.tables import UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _envelopes()
    _envelope_documents()
    _envelope_parties()
    _envelope_slots()
    _envelope_steps()
    _envelope_attachments()
    _envelope_links()
    _envelope_files()
    _envelope_templates()


def _envelopes() -> None:
    op.create_table(
        "envelopes",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("uscc", sa.String(length=18), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("person", sa.String(length=32), nullable=True),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("matter", sa.String(length=64), nullable=False),
        sa.Column("amount", sa.String(length=32), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("level", sa.String(length=8), nullable=False),
        sa.Column("on_outage", sa.String(length=8), nullable=False),
        sa.Column("at_least", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=512), nullable=True),
        sa.Column("deadline", UtcDateTime(), nullable=True),
        sa.Column("reminders", sa.Integer(), nullable=False),
        sa.Column("rescinds", sa.String(length=32), nullable=True),
        sa.Column("rescission_reason", sa.String(length=32), nullable=True),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("sent_at", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("archived_at", UtcDateTime(), nullable=True),
        sa.Column("report", sa.String(length=128), nullable=True),
        sa.Column("report_sha256", sa.LargeBinary(), nullable=True),
        sa.Column("archive", sa.String(length=128), nullable=True),
        sa.Column("archive_sha256", sa.LargeBinary(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("retry_at", UtcDateTime(), nullable=True),
        sa.Column("failure", sa.String(length=512), nullable=True),
        sa.Column("lock_process", sa.String(length=32), nullable=True),
        sa.Column("lock_token", sa.String(length=32), nullable=True),
        sa.Column("lock_until", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_envelopes")),
    )
    op.create_index("ix_envelopes_rescinds", "envelopes", ["rescinds"])
    op.create_index("ix_envelopes_state", "envelopes", ["state"])
    op.create_index("ix_envelopes_uscc", "envelopes", ["uscc"])


def _envelope_documents() -> None:
    op.create_table(
        "envelope_documents",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("envelope", sa.String(length=32), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("layout", sa.Text(), nullable=False),
        sa.Column("source_object", sa.String(length=128), nullable=False),
        sa.Column("source_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("source_size", sa.Integer(), nullable=False),
        sa.Column("frozen_object", sa.String(length=128), nullable=True),
        sa.Column("frozen_sha256", sa.LargeBinary(), nullable=True),
        sa.Column("frozen_size", sa.Integer(), nullable=True),
        sa.Column("current_object", sa.String(length=128), nullable=True),
        sa.Column("current_sha256", sa.LargeBinary(), nullable=True),
        sa.Column("current_size", sa.Integer(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("archived", sa.Boolean(), nullable=False),
        sa.Column("lock_process", sa.String(length=32), nullable=True),
        sa.Column("lock_token", sa.String(length=32), nullable=True),
        sa.Column("lock_until", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["envelope"], ["envelopes.id"], name=op.f("fk_envelope_documents_envelope")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_envelope_documents")),
        sa.UniqueConstraint("envelope", "position", name=op.f("uq_envelope_documents_envelope_position")),
    )


def _envelope_parties() -> None:
    op.create_table(
        "envelope_parties",
        sa.Column("envelope", sa.String(length=32), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("required", sa.Boolean(), nullable=False),
        sa.Column("uscc", sa.String(length=18), nullable=True),
        sa.Column("person", sa.String(length=32), nullable=True),
        sa.Column("contact", sa.String(length=128), nullable=False),
        sa.Column("invitation", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason_code", sa.String(length=64), nullable=True),
        sa.Column("reason", sa.String(length=512), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("retry_at", UtcDateTime(), nullable=True),
        sa.Column("grounds", sa.Text(), nullable=False),
        sa.Column("viewed_at", UtcDateTime(), nullable=True),
        sa.Column("answered_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["envelope"], ["envelopes.id"], name=op.f("fk_envelope_parties_envelope")),
        sa.PrimaryKeyConstraint("envelope", "id", name=op.f("pk_envelope_parties")),
    )
    op.create_index("ix_envelope_parties_person", "envelope_parties", ["person"])
    op.create_index("ix_envelope_parties_state", "envelope_parties", ["state"])
    op.create_index("ix_envelope_parties_uscc", "envelope_parties", ["uscc"])


def _envelope_slots() -> None:
    op.create_table(
        "envelope_slots",
        sa.Column("document", sa.String(length=32), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("envelope", sa.String(length=32), nullable=False),
        sa.Column("party", sa.String(length=32), nullable=False),
        sa.Column("kinds", sa.String(length=128), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("seal", sa.String(length=14), nullable=True),
        sa.Column("seal_use", sa.String(length=32), nullable=True),
        sa.Column("field_values", sa.Text(), nullable=False),
        sa.Column("level", sa.String(length=8), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=True),
        sa.Column("sha256", sa.LargeBinary(), nullable=True),
        sa.Column("serial", sa.String(length=40), nullable=True),
        sa.Column("time", UtcDateTime(), nullable=True),
        sa.Column("done_at", UtcDateTime(), nullable=True),
        sa.Column("prepared_object", sa.String(length=128), nullable=True),
        sa.Column("prepared_sha256", sa.LargeBinary(), nullable=True),
        sa.Column("prepared_from", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["document"], ["envelope_documents.id"], name=op.f("fk_envelope_slots_document")),
        sa.ForeignKeyConstraint(["envelope"], ["envelopes.id"], name=op.f("fk_envelope_slots_envelope")),
        sa.PrimaryKeyConstraint("document", "id", name=op.f("pk_envelope_slots")),
    )
    op.create_index("ix_envelope_slots_envelope", "envelope_slots", ["envelope"])


def _envelope_steps() -> None:
    op.create_table(
        "envelope_steps",
        sa.Column("envelope", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("act", sa.String(length=64), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["envelope"], ["envelopes.id"], name=op.f("fk_envelope_steps_envelope")),
        sa.PrimaryKeyConstraint("envelope", "number", name=op.f("pk_envelope_steps")),
    )


def _envelope_attachments() -> None:
    op.create_table(
        "envelope_attachments",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("envelope", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("media_type", sa.String(length=100), nullable=False),
        sa.Column("object", sa.String(length=128), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["envelope"], ["envelopes.id"], name=op.f("fk_envelope_attachments_envelope")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_envelope_attachments")),
    )
    op.create_index("ix_envelope_attachments_envelope", "envelope_attachments", ["envelope"])


def _envelope_links() -> None:
    op.create_table(
        "envelope_links",
        sa.Column("envelope", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("target", sa.String(length=32), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["envelope"], ["envelopes.id"], name=op.f("fk_envelope_links_envelope")),
        sa.ForeignKeyConstraint(["target"], ["envelopes.id"], name=op.f("fk_envelope_links_target")),
        sa.PrimaryKeyConstraint("envelope", "kind", "target", name=op.f("pk_envelope_links")),
    )
    op.create_index("ix_envelope_links_target", "envelope_links", ["target"])


def _envelope_files() -> None:
    op.create_table(
        "envelope_files",
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("envelope", sa.String(length=32), nullable=False),
        sa.Column("document", sa.String(length=32), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("object", sa.String(length=128), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["envelope"], ["envelopes.id"], name=op.f("fk_envelope_files_envelope")),
        sa.PrimaryKeyConstraint("sha256", "envelope", name=op.f("pk_envelope_files")),
    )


def _envelope_templates() -> None:
    op.create_table(
        "envelope_templates",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("uscc", sa.String(length=18), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("withdrawn_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_envelope_templates")),
    )
    op.create_index("ix_envelope_templates_uscc", "envelope_templates", ["uscc"])
