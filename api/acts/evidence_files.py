"""The evidence of a concluded contract as files: a report sealed by the authority, and one archive with everything."""

from collections.abc import Sequence
from dataclasses import dataclass

from api.acts.office import Office
from seals.evidence import EvidenceFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A file of the object store and its name in the archive."""

    name: str  # as people know it; made safe and unique in the archive
    object: str
    media_type: str = "application/pdf"


def make_report(office: Office, file: EvidenceFile) -> str:
    """Set the evidence report, seal it with the authority's seal at B-LTA and return its name in the object store.

    Raises:
        GlyphMissingError: a character that no font can draw.
        TimestampError, EvidenceError, HsmError: it could not be sealed; nothing was kept.
    """
    raise NotImplementedError


def make_archive(office: Office, file: EvidenceFile, *, report: str, kept: Sequence[Kept]) -> str:
    """Pack the concluded documents, attachments, `evidence.json` and the report into one ASiC-E, sealed by the authority.

    `report` is what `make_report` returned. Returns the name in the object store.
    """
    raise NotImplementedError
