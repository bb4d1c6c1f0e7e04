"""Which changes of a signed PDF are accounted for: pyHanko's difference policy with our own rule for validation data."""

from collections.abc import Iterator
from typing import Any, Final

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import HistoricalResolver
from pyhanko.sign.diff_analysis import (
    DSSCompareRule,
    FormUpdatingRule,
    GenericFieldModificationRule,
    SigFieldCreationRule,
    SigFieldModificationRule,
    StandardDiffPolicy,
)
from pyhanko.sign.diff_analysis.constants import ROOT_EXEMPT_STRICT_COMPARISON
from pyhanko.sign.diff_analysis.form_rules_api import FormUpdate
from pyhanko.sign.diff_analysis.policy_api import DiffResult, ModificationLevel
from pyhanko.sign.diff_analysis.rules.file_structure_rules import (
    CatalogModificationRule,
    ObjectStreamRule,
    XrefStreamRule,
)
from pyhanko.sign.diff_analysis.rules.metadata_rules import DocInfoRule, MetadataUpdateRule
from pyhanko.sign.diff_analysis.rules_api import Context, ReferenceUpdate

from verify.pdf_fields import PlaceRule
from verify.pdf_quick import Quick

UPDATE: Final = ModificationLevel.LTA_UPDATES
SHOWN_TO_NOBODY: Final = (
    "/AdditionalStreams"  # a list in LibreOffice's trailers that later tools let point into the void
)


class ValidationDataRule(DSSCompareRule):
    """Lets the document security store grow, shrink and be rearranged.

    What it holds is signed by those who issued it and shown to nobody, so only one thing matters: that no object of it
    is also something else. An object that existed before is let pass only along its ways from /Root /DSS.
    """

    def apply(self, old: HistoricalResolver, new: HistoricalResolver) -> Iterator[ReferenceUpdate]:
        if "/DSS" not in new.root:
            return
        raw = new.root.raw_get("/DSS")
        for reference in new.collect_dependencies(raw) & new.explicit_refs_in_revision():
            usages = old._get_usages_of_ref(reference)  # noqa: SLF001 -- pyHanko's own rules use it too
            if not usages:
                yield ReferenceUpdate(reference)
            for path in usages:
                if path.path[:2] == ("/Root", "/DSS") or path.path[0] == SHOWN_TO_NOBODY:
                    yield ReferenceUpdate(reference, context_checked=Context.from_absolute(old, path))


class WatchedForm(FormUpdatingRule):
    """pyHanko's rule for forms, remembering what it let pass.

    It permits more than was done: for any appearance that is older than the last revision, too. Only objects that the
    revision holds count as touched, or every signed field would seem to be filled again.
    """

    def __init__(self) -> None:
        self.places = PlaceRule()
        rules = [SigFieldCreationRule(), SigFieldModificationRule(), GenericFieldModificationRule(), self.places]
        super().__init__(rules)
        self.quick = Quick()
        self.seen: list[FormUpdate] = []

    def apply(self, old: HistoricalResolver, new: HistoricalResolver) -> Iterator[tuple[ModificationLevel, FormUpdate]]:
        changed = new.explicit_refs_in_revision()
        for level, update in super().apply(old, new):
            if update.updated_ref in changed:
                self.seen.append(update)
                yield level, update


def compare(
    form: WatchedForm, old: HistoricalResolver, new: HistoricalResolver, *, certifying: bool = False
) -> DiffResult:
    """Account for every object of a revision; `form` tells afterwards which fields were touched.

    `certifying` lets the catalog name a certification, which only the first signature of a file may be.

    Raises:
        SuspiciousModification: something is not accounted for.
    """
    form.seen.clear()
    if (found := form.quick.compare(form.field_rules[1:], old, new)) is not None:  # no fields are created there
        form.seen += form.quick.updates
        return found
    result = _compare(form, old, new, certifying=certifying)
    form.quick.learn(form.places.context, old, new)
    return result


def _compare(form: WatchedForm, old: HistoricalResolver, new: HistoricalResolver, *, certifying: bool) -> DiffResult:
    try:
        return _policy(form, ignore_orphans=True, certifying=certifying).apply(old, new)
    except KeyError:
        # pyHanko's search for orphans fails where a reference leads nowhere: then no orphan is pardoned.
        form.seen.clear()
        return _policy(form, ignore_orphans=False, certifying=certifying).apply(old, new)


def _policy(form: WatchedForm, *, ignore_orphans: bool, certifying: bool) -> StandardDiffPolicy:
    rules = [
        CatalogModificationRule(ROOT_EXEMPT_STRICT_COMPARISON | {"/Perms"} if certifying else None),
        DocInfoRule().as_qualified(UPDATE),
        XrefStreamRule().as_qualified(UPDATE),
        ObjectStreamRule().as_qualified(UPDATE),
        ValidationDataRule().as_qualified(UPDATE),
        MetadataUpdateRule().as_qualified(UPDATE),
    ]
    return StandardDiffPolicy(rules, form, ignore_orphaned_objects=ignore_orphans)


def entry(container: Any, key: str, otherwise: Any = None) -> Any:
    """What stands under a key, resolved. pyHanko's `get` does not follow references."""
    return container[key] if key in container else otherwise  # noqa: SIM401 -- see above


def references(listed: Any) -> set[generic.Reference]:
    return {one.reference for one in listed or () if isinstance(one, generic.IndirectObject)}
