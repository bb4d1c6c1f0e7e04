"""Tables of envelopes."""

from typing import Final

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text, UniqueConstraint

from api.db.tables import UtcDateTime, metadata

envelopes: Final = Table(
    "envelopes",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("uscc", String(18), nullable=False),  # whose envelope it is: the initiator's enterprise
    Column("actor", String(64), nullable=False),
    Column("person", String(32)),
    Column("title", String(200), nullable=False),
    Column("matter", String(64), nullable=False),
    Column("amount", String(32)),  # decimal text
    Column("currency", String(3), nullable=False),
    Column("level", String(8), nullable=False),  # PAdES level of each seal
    Column("on_outage", String(8), nullable=False),  # wait, degrade
    Column("at_least", Integer),  # signing parties that suffice; none: all
    Column("state", String(16), nullable=False),
    Column("reason", String(512)),
    Column("deadline", UtcDateTime),
    Column("reminders", Integer, nullable=False),
    Column("rescinds", String(32)),
    Column("rescission_reason", String(32)),
    Column("made_at", UtcDateTime, nullable=False),
    Column("sent_at", UtcDateTime),
    Column("ended_at", UtcDateTime),
    Column("archived_at", UtcDateTime),  # every document at B-LTA, report and archive made
    Column("report", String(128)),  # objects
    Column("report_sha256", LargeBinary),
    Column("archive", String(128)),
    Column("archive_sha256", LargeBinary),
    Column("attempts", Integer, nullable=False),  # of the completion
    Column("retry_at", UtcDateTime),
    Column("failure", String(512)),
    Column("lock_process", String(32)),  # who makes report and archive now
    Column("lock_token", String(32)),
    Column("lock_until", UtcDateTime),
)
Index("ix_envelopes_state", envelopes.c.state)
Index("ix_envelopes_uscc", envelopes.c.uscc)
Index("ix_envelopes_rescinds", envelopes.c.rescinds)

envelope_documents: Final = Table(
    "envelope_documents",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("envelope", String(32), ForeignKey("envelopes.id"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("name", String(200), nullable=False),
    Column("pages", Integer, nullable=False),
    Column("fields", Text, nullable=False),  # JSON: what the initiator placed
    Column("layout", Text, nullable=False),  # JSON: as frozen
    Column("source_object", String(128), nullable=False),
    Column("source_sha256", LargeBinary, nullable=False),
    Column("source_size", Integer, nullable=False),
    Column("frozen_object", String(128)),
    Column("frozen_sha256", LargeBinary),
    Column("frozen_size", Integer),
    Column("current_object", String(128)),
    Column("current_sha256", LargeBinary),
    Column("current_size", Integer),
    Column("revision", Integer, nullable=False),  # of `current`; 0 is the frozen one
    Column("archived", Boolean, nullable=False),
    Column("lock_process", String(32)),
    Column("lock_token", String(32)),
    Column("lock_until", UtcDateTime),
    UniqueConstraint("envelope", "position"),
)

envelope_parties: Final = Table(
    "envelope_parties",
    metadata,
    Column("envelope", String(32), ForeignKey("envelopes.id"), primary_key=True),
    Column("id", String(32), primary_key=True),  # named by the initiator, such as "buyer"
    Column("position", Integer, nullable=False),
    Column("name", String(64), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("role", String(16), nullable=False),
    Column("step", Integer, nullable=False),
    Column("required", Boolean, nullable=False),
    Column("uscc", String(18)),
    Column("person", String(32)),  # of a person party; of an enterprise's: the handler it was transferred to
    Column("contact", String(128), nullable=False),
    Column("invitation", LargeBinary),  # SHA-256 of the code that a person without an account was sent
    Column("state", String(16), nullable=False),
    Column("reason_code", String(64)),
    Column("reason", String(512)),
    Column("attempts", Integer, nullable=False),
    Column("retry_at", UtcDateTime),
    Column("grounds", Text, nullable=False),  # JSON: actor, person, machine, assertion, mandate, request
    Column("viewed_at", UtcDateTime),
    Column("answered_at", UtcDateTime),
)
Index("ix_envelope_parties_uscc", envelope_parties.c.uscc)
Index("ix_envelope_parties_person", envelope_parties.c.person)
Index("ix_envelope_parties_state", envelope_parties.c.state)

envelope_slots: Final = Table(
    "envelope_slots",
    metadata,
    Column("document", String(32), ForeignKey("envelope_documents.id"), primary_key=True),
    Column("id", String(64), primary_key=True),  # of the slot in the frozen layout
    Column("envelope", String(32), ForeignKey("envelopes.id"), nullable=False),
    Column("party", String(32), nullable=False),
    Column("kinds", String(128), nullable=False),  # seal kinds that are allowed, blank-separated; none: all
    Column("state", String(16), nullable=False),  # open, authorised, done
    Column("seal", String(14)),
    Column("seal_use", String(32)),
    Column("field_values", Text, nullable=False),  # JSON: what the party filled in
    Column("level", String(8)),
    Column("revision", Integer),  # that it made
    Column("sha256", LargeBinary),  # of that revision
    Column("serial", String(40)),  # of the certificate that signed
    Column("time", UtcDateTime),  # of its time-stamp
    Column("done_at", UtcDateTime),
    Column("prepared_object", String(128)),  # filled and not signed, for a client of the party's own
    Column("prepared_sha256", LargeBinary),
    Column("prepared_from", Integer),  # the revision that it was made from
)
Index("ix_envelope_slots_envelope", envelope_slots.c.envelope)

envelope_steps: Final = Table(
    "envelope_steps",
    metadata,
    Column("envelope", String(32), ForeignKey("envelopes.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", String(64), nullable=False),
    Column("act", String(64), nullable=False),
    Column("detail", Text, nullable=False),  # JSON
    Column("sha256", LargeBinary, nullable=False),  # over the step before and this one
)

envelope_attachments: Final = Table(
    "envelope_attachments",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("envelope", String(32), ForeignKey("envelopes.id"), nullable=False),
    Column("name", String(200), nullable=False),
    Column("media_type", String(100), nullable=False),
    Column("object", String(128), nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    Column("size", Integer, nullable=False),
    Column("actor", String(64), nullable=False),
    Column("at", UtcDateTime, nullable=False),
)
Index("ix_envelope_attachments_envelope", envelope_attachments.c.envelope)

envelope_links: Final = Table(
    "envelope_links",
    metadata,
    Column("envelope", String(32), ForeignKey("envelopes.id"), primary_key=True),
    Column("kind", String(16), primary_key=True),  # rescinds, call-off-of, amends
    Column("target", String(32), ForeignKey("envelopes.id"), primary_key=True),
    Column("sha256", LargeBinary, nullable=False),  # of the concluded file that is meant
)
Index("ix_envelope_links_target", envelope_links.c.target)

envelope_files: Final = Table(  # every state of every file: whoever brings one learns what became of it
    "envelope_files",
    metadata,
    Column("sha256", LargeBinary, primary_key=True),
    Column("envelope", String(32), ForeignKey("envelopes.id"), primary_key=True),
    Column("document", String(32), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("object", String(128), nullable=False),
    Column("size", Integer, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

envelope_templates: Final = Table(
    "envelope_templates",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("uscc", String(18), nullable=False),
    Column("name", String(200), nullable=False),
    Column("body", Text, nullable=False),  # JSON: the plan with roles instead of parties, documents, fields
    Column("actor", String(64), nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("withdrawn_at", UtcDateTime),
)
Index("ix_envelope_templates_uscc", envelope_templates.c.uscc)
