"""Remove files that nobody refers to any more: of dropped drafts, of revisions that never came to be, of what a crash cut off."""

import logging
from datetime import timedelta
from typing import Final

from api.acts.office import Office

log = logging.getLogger("vermilion.tasks")
EVERY_S: Final = 6 * 3600
KINDS: Final = ("attachments", "envelopes", "requests")  # every name of these is in `api.db.stored_files`; no others
OLDER_THAN: Final = timedelta(days=1)  # whoever stores a file names it in a row within the same request


def run(office: Office) -> str:
    removed = 0
    for kind in KINDS:
        for name in unnamed(office, kind):
            log.info("removing %s: no row names it", name)
            office.objects.delete(name)
            removed += 1
    return f"removed {removed} files that nobody refers to" if removed else ""


def unnamed(office: Office, kind: str) -> list[str]:
    """Files of this kind that no row names and that are older than a day. They are listed before the rows are read."""
    before = office.now() - OLDER_THAN
    left = {name for name, stored_at in office.objects.listed(kind) if stored_at < before}
    for _ in range(2):  # a name that moved from one row to another while they were read is seen the second time
        if left:
            with office.reading() as work:
                left.difference_update(work.named_files(kind))
    return sorted(left)
