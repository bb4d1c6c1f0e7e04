"""Mass sealing: one row for a batch, one for each of its files."""

from typing import Final

from sqlalchemy import (
    BigInteger,
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

batches: Final = Table(
    "batches",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("seal", String(14), ForeignKey("seals.code"), nullable=False),
    Column("state", String(16), nullable=False),  # waiting, sealing, done, cancelled, failed
    Column("level", String(8), nullable=False),
    Column("placement", Text, nullable=False),  # JSON
    Column("purpose", String(256), nullable=False),
    Column("actor", String(64), nullable=False),
    Column("person", String(32)),
    Column("machine", String(32)),
    Column("assertion", String(32)),
    Column("mandate", String(32)),
    Column("matter", String(64), nullable=False),
    Column("owner", String(32), nullable=False),  # identity of the token that made it; empty: the command line
    Column("source_kind", String(16), nullable=False),  # folder, archive, bucket
    Column("source", Text, nullable=False),
    Column("target", Text, nullable=False),  # empty: kept in the object store
    Column("host", String(255), nullable=False),  # whose folders are meant; empty: any
    Column("total", Integer, nullable=False),
    Column("round", Integer, nullable=False),  # how often its work was handed out
    Column("detail", String(512), nullable=False),  # why it failed, or waits
    Column("wait_until", UtcDateTime),
    Column("made_at", UtcDateTime, nullable=False),
    Column("started_at", UtcDateTime),
    Column("finished_at", UtcDateTime),
    Column("manifest", String(128)),
    Column("manifest_signature", String(128)),
)
Index("ix_batches_state", batches.c.state)
Index("ix_batches_owner", batches.c.owner, batches.c.made_at)

batch_items: Final = Table(
    "batch_items",
    metadata,
    Column("batch", String(32), ForeignKey("batches.id"), primary_key=True),
    Column("number", Integer, primary_key=True),  # from 1
    Column("name", String(1024), nullable=False),  # relative, with slashes; the result has the same
    Column("source", Text, nullable=False),  # path, key, or name in the object store
    Column("size", BigInteger, nullable=False),
    Column("sha256", LargeBinary),
    Column("state", String(16), nullable=False),  # waiting, sealing, sealed, refused
    Column("process", String(32)),  # who seals it right now
    Column("claim", String(32)),  # the chunk it is in
    Column("use", String(32)),
    Column("lost", Integer, nullable=False),  # signatures that went nowhere
    Column("reason", String(48)),
    Column("detail", String(512)),
    Column("result", String(1280)),
    Column("result_sha256", LargeBinary),
    Column("result_size", BigInteger),
    UniqueConstraint("batch", "name"),
)
Index("ix_batch_items_state", batch_items.c.batch, batch_items.c.state, batch_items.c.number)
Index("ix_batch_items_process", batch_items.c.process)
