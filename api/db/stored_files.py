"""Which files of the object store the rows of the database name: every column that holds such a name."""

import json
from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import Column, Connection, select

from api.db.envelopes_tables import (
    envelope_attachments,
    envelope_documents,
    envelope_files,
    envelope_slots,
    envelope_templates,
    envelopes,
)
from api.db.mandates_tables import seal_requests
from api.db.people_tables import person_uses
from api.db.tables import licences, seal_uses

COLUMNS: Final[tuple[Column[Any], ...]] = (
    envelope_documents.c.source_object,
    envelope_documents.c.frozen_object,
    envelope_documents.c.current_object,
    envelope_slots.c.prepared_object,
    envelope_attachments.c.object,
    envelope_files.c.object,
    envelopes.c.report,
    envelopes.c.archive,
    seal_requests.c.object,
    seal_uses.c.object,
    person_uses.c.object,
    licences.c.pdf,
)


def named_files(connection: Connection, kind: str) -> Iterator[str]:
    """Every name of this kind that a row holds. Templates come last: what one took over from a draft is named by either."""
    for column in COLUMNS:
        yield from connection.scalars(select(column).where(column.startswith(f"{kind}/", autoescape=True)))
    for body in connection.scalars(select(envelope_templates.c.body)):
        yield from (one["object"] for one in json.loads(body)["documents"])
