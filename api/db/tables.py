"""The tables. One row of `certificates` is one certificate through its whole life (docs/adr/0002)."""

from datetime import UTC, datetime
from typing import Final

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC time. SQLite drops the zone, so it is taken off before and put back after."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive times: which zone they are in is anyone's guess."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise TypeError("a time without a zone cannot be stored")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - signature of the base class
        """Give the zone back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

processes: Final = Table(
    "processes",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("host", String(255), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
)

enterprises: Final = Table(
    "enterprises",
    metadata,
    Column("uscc", String(18), primary_key=True),
    Column("name", String(64), nullable=False),
    Column("name_latin", String(64), nullable=False),
    Column("kind", String(64), nullable=False),
    Column("address", String(200), nullable=False),
    Column("legal_representative", String(64), nullable=False),
    Column("capital", String(32), nullable=False),  # decimal text: SQLite has no exact numbers
    Column("currency", String(3), nullable=False),
    Column("founded_on", Date, nullable=False),
    Column("term_until", Date),
    Column("scope", Text, nullable=False),
    Column("registered_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
)

keys: Final = Table(
    "keys",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("store", String(64), nullable=False),
    Column("spec", String(16), nullable=False),
    Column("label", String(128), nullable=False),
    Column("spki", LargeBinary, nullable=False),
    Column("wrapped", LargeBinary),
    Column("made_at", UtcDateTime, nullable=False),
)

certificates: Final = Table(
    "certificates",
    metadata,
    Column("serial", String(40), primary_key=True),  # hexadecimal, lower case; at most 20 octets, RFC 5280 §4.1.2.2
    Column("issuer", String(32), nullable=False),
    Column("profile", String(32), nullable=False),
    Column("state", String(16), nullable=False),
    Column("subject", String(64), nullable=False),  # whose it is: a USCC or an entity of the hierarchy
    Column("key_id", String(32), ForeignKey("keys.id")),
    Column("process", String(32), nullable=False),  # who is at work on it until it is delivered or void
    Column("reserved_at", UtcDateTime, nullable=False),
    Column("not_before", UtcDateTime),
    Column("not_after", UtcDateTime),
    Column("tbs", LargeBinary),
    Column("tbs_sha256", LargeBinary, unique=True),
    Column("der", LargeBinary),
    Column("status", String(16), nullable=False),
    Column("reason", String(32)),
    Column("status_at", UtcDateTime),
)
Index("ix_certificates_unfinished", certificates.c.state, postgresql_where=text("state <> 'delivered'"))
Index(
    "ix_certificates_revoked",
    certificates.c.issuer,
    certificates.c.status,
    sqlite_where=text("status <> 'good'"),
    postgresql_where=text("status <> 'good'"),
)

licences: Final = Table(
    "licences",
    metadata,
    Column("number", String(32), primary_key=True),
    Column("uscc", String(18), ForeignKey("enterprises.uscc"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("authority", String(64), nullable=False),
    Column("authority_latin", String(64), nullable=False),
    Column("snapshot", Text, nullable=False),  # JSON: the register's entry as licensed
    Column("issued_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("status_index", Integer, nullable=False, unique=True),
    Column("serial", String(40), ForeignKey("certificates.serial"), nullable=False),
    Column("elq1", Text, nullable=False),
    Column("pdf", String(128), nullable=False),  # name in the object store
    Column("state_at", UtcDateTime, nullable=False),
    UniqueConstraint("uscc", "version"),
)
Index(
    "uq_licences_one_in_force",
    licences.c.uscc,
    unique=True,
    sqlite_where=text("state IN ('active', 'suspended')"),
    postgresql_where=text("state IN ('active', 'suspended')"),
)

seals: Final = Table(
    "seals",
    metadata,
    Column("code", String(14), primary_key=True),
    Column("uscc", String(18), ForeignKey("enterprises.uscc"), nullable=False),
    Column("licence", String(32), ForeignKey("licences.number"), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("name", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("with_licence", Boolean, nullable=False),  # suspended by its licence, and to be resumed with it
    Column("serial", String(40), ForeignKey("certificates.serial"), nullable=False),
    Column("key_id", String(32), ForeignKey("keys.id"), nullable=False),
    Column("face", Text, nullable=False),  # JSON: what the picture is drawn from
    Column("made_at", UtcDateTime, nullable=False),
    Column("state_at", UtcDateTime, nullable=False),
)
Index("ix_seals_uscc", seals.c.uscc)
Index(
    "uq_seals_one_in_force",
    seals.c.uscc,
    seals.c.kind,
    unique=True,
    sqlite_where=text("state IN ('made', 'active', 'suspended') AND kind <> 'other'"),
    postgresql_where=text("state IN ('made', 'active', 'suspended') AND kind <> 'other'"),
)

seal_uses: Final = Table(
    "seal_uses",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("seal", String(14), ForeignKey("seals.code"), nullable=False),
    Column("state", String(16), nullable=False),  # asked, authorised, done, refused
    Column("actor", String(64), nullable=False),
    Column("person", String(32)),
    Column("machine", String(32)),
    Column("assertion", String(32)),
    Column("mandate", String(32)),
    Column("request", String(32)),
    Column("envelope", String(32)),
    Column("matter", String(64), nullable=False, server_default=""),
    Column("amount", String(32)),  # decimal text
    Column("currency", String(3), nullable=False, server_default=""),
    Column("pages", Integer),
    Column("purpose", String(256), nullable=False),
    Column("level", String(8), nullable=False),
    Column("document_sha256", LargeBinary),  # of the file that came in
    Column("intent_sha256", LargeBinary),  # of the bytes that the seal signs
    Column("sealed_sha256", LargeBinary),  # of the file that went out
    Column("object", String(128)),
    Column("process", String(32), nullable=False),
    Column("asked_at", UtcDateTime, nullable=False),
    Column("decided_at", UtcDateTime),
    Column("detail", String(512)),
)
Index("ix_seal_uses_seal", seal_uses.c.seal, seal_uses.c.asked_at)
Index("ix_seal_uses_mandate", seal_uses.c.mandate)
Index("ix_seal_uses_envelope", seal_uses.c.envelope)
Index("ix_seal_uses_assertion", seal_uses.c.assertion)
Index("ix_seal_uses_request", seal_uses.c.request)

crls: Final = Table(
    "crls",
    metadata,
    Column("issuer", String(32), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("state", String(16), nullable=False),  # intent, signed, void
    Column("process", String(32), nullable=False),
    Column("tbs", LargeBinary, nullable=False),
    Column("der", LargeBinary),
    Column("this_update", UtcDateTime, nullable=False),
    Column("next_update", UtcDateTime, nullable=False),
    Column("changes", Integer, nullable=False),  # how many status changes of the issuer it has seen
)

timestamps: Final = Table(
    "timestamps",
    metadata,
    Column("serial", String(40), primary_key=True),
    Column("state", String(16), nullable=False),  # intent, signed, void
    Column("process", String(32), nullable=False),
    Column("digest_name", String(16), nullable=False),
    Column("imprint", LargeBinary, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

counters: Final = Table(
    "counters",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", Integer, nullable=False),
)

tokens: Final = Table(
    "tokens",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("name", String(64), nullable=False),
    Column("sha256", LargeBinary, nullable=False, unique=True),
    Column("scopes", String(256), nullable=False),  # blank-separated, RFC 6749 §3.3
    Column("person", String(32)),  # whose session it is
    Column("client", String(32)),  # which registered client it was issued to
    Column("uscc", String(18)),  # the enterprise whose machine it belongs to
    Column("made_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime),
    Column("revoked_at", UtcDateTime),
)

replies: Final = Table(
    "replies",
    metadata,
    Column("actor", String(64), primary_key=True),
    Column("key", String(128), primary_key=True),  # the Idempotency-Key
    Column("request_sha256", LargeBinary, nullable=False),
    Column("status", Integer),  # None while the first request is at work
    Column("body", Text),
    Column("process", String(32), nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

events: Final = Table(
    "events",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", String(64), nullable=False),
    Column("act", String(64), nullable=False),
    Column("subject", String(64), nullable=False),
    Column("detail", Text, nullable=False),  # JSON, never a secret
)
Index("ix_events_subject", events.c.subject, events.c.id)

notices: Final = Table(
    "notices",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("at", UtcDateTime, nullable=False),
    Column("uscc", String(18), nullable=False),  # the enterprise it is for
    Column("kind", String(64), nullable=False),  # such as envelope.completed
    Column("subject", String(64), nullable=False),
    Column("body", Text, nullable=False),  # JSON, never a secret
)
Index("ix_notices_uscc", notices.c.uscc, notices.c.id)
