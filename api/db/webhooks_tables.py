"""Webhooks and their deliveries."""

from typing import Final

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint

from api.db.tables import UtcDateTime, metadata

webhooks: Final = Table(
    "webhooks",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("uscc", String(18), ForeignKey("enterprises.uscc"), nullable=False),
    Column("url", Text, nullable=False),  # its query may hold the key of a robot: never shown
    Column("shape", String(16), nullable=False),
    Column("secret", String(128), nullable=False),  # in clear: an HMAC needs it; never shown after it was made
    Column("old_secret", String(128)),  # signs along until then, so that a receiver can change over
    Column("old_secret_until", UtcDateTime),
    Column("kinds", Text, nullable=False),  # blank-separated patterns; empty: all
    Column("state", String(16), nullable=False),  # active, paused, disabled
    Column("made_by", String(64), nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("state_at", UtcDateTime, nullable=False),
    Column("failing_since", UtcDateTime),  # the first failure after the last success
    Column("held_by", String(32)),  # who is delivering to it right now
    Column("held_until", UtcDateTime),
)
Index("ix_webhooks_uscc", webhooks.c.uscc)

deliveries: Final = Table(
    "deliveries",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("webhook", String(32), ForeignKey("webhooks.id"), nullable=False),
    Column("notice", Integer, ForeignKey("notices.id"), nullable=False),
    Column("state", String(16), nullable=False),  # waiting, delivered, failed, given-up
    Column("attempts", Integer, nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("next_at", UtcDateTime),  # None: no further attempt is planned
    Column("last_at", UtcDateTime),
    Column("last_status", Integer),
    Column("last_error", String(256)),
    Column("response", String(512)),  # how the answer began
    UniqueConstraint("webhook", "notice"),  # a notice is one delivery of each webhook, whoever looks
)
Index("ix_deliveries_due", deliveries.c.next_at)
