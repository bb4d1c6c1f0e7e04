"""Compare two revisions by what the later one holds, where it does no more than to fill and sign fields that are there.

pyHanko looks at every object and every way to it, for every revision: with many signatures the work grows with their
square. Once it has done so for one revision, it is known which objects are used as form fields and nothing else. A later
revision that rewrites only those, and whose new objects do not use them in another way, keeps that knowledge true. Then the
same rules are applied to the rewritten fields alone. Anything else is left to pyHanko.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import HistoricalResolver
from pyhanko.sign.diff_analysis.form_rules_api import (
    FieldComparisonContext,
    FieldComparisonSpec,
    FieldMDPRule,
    FormUpdate,
)
from pyhanko.sign.diff_analysis.policy_api import DiffResult, ModificationLevel
from pyhanko.sign.diff_analysis.rules.file_structure_rules import XrefStreamRule
from pyhanko.sign.diff_analysis.rules.form_field_rules import BaseFieldModificationRule
from pyhanko.sign.diff_analysis.rules_api import Context

from verify.pdf_structure import PDF_ERRORS

FAMILY: Final = frozenset({"/Kids", "/Parent"})  # a field with these is used in more than one place


class Quick:
    """What is known of the fields and of the validation data, after one revision."""

    def __init__(self) -> None:
        self.updates: list[FormUpdate] = []
        self._revision: int | None = None  # for which the rest is true
        self._fields: dict[generic.Reference, tuple[str, Any]] = {}  # name and type
        self._data: set[generic.Reference] = set()  # used under /Root /DSS only

    def learn(self, context: FieldComparisonContext, old: HistoricalResolver, new: HistoricalResolver) -> None:
        """Take over what pyHanko found out about the usages of objects in `old`, if it stays true for `new`."""
        try:
            self._learn(context, old, new)
        except PDF_ERRORS:  # an odd file, which the long way has judged already
            self._revision = None

    def _learn(self, context: FieldComparisonContext, old: HistoricalResolver, new: HistoricalResolver) -> None:
        self._revision = None
        places = {one.old_field_ref: (name, one) for name, one in context.field_specs.items()}
        rewritten = _rewritten(old, new)
        self._data = set(_validation_data(old))
        if not rewritten <= places.keys() | self._data:
            return
        self._fields = {
            reference: (name, one.field_type)
            for reference, (name, one) in places.items()
            if reference is not None and _is_only_a_field(one, old)
        }
        if rewritten <= self._fields.keys() | self._data:
            self._advance(new)

    def compare(
        self, rules: Iterable[FieldMDPRule], old: HistoricalResolver, new: HistoricalResolver
    ) -> DiffResult | None:
        """Account for every object of the revision, or return None if that takes a longer look.

        Raises:
            SuspiciousModification: a field was changed in a way that is never allowed.
        """
        if self._revision != old.revision or not self._is_plain(old, new):
            return None
        found = self._explain(rules, old, new)
        if found is not None:
            self._advance(new)
        return found

    def _is_plain(self, old: HistoricalResolver, new: HistoricalResolver) -> bool:
        """Whether it rewrites nothing but fields and validation data."""
        if new.refs_freed_in_revision() or any(_raw(old, key) != _raw(new, key) for key in ("/Root", "/Info")):
            return False
        rewritten = _rewritten(old, new)
        if not rewritten <= self._fields.keys() | (self._data & _data_part(new)):
            return False
        # the appearance dictionary of a field could be that of another one, too
        return not any(_has_reference(old(one), "/AP") for one in rewritten & self._fields.keys())

    def _explain(
        self, rules: Iterable[FieldMDPRule], old: HistoricalResolver, new: HistoricalResolver
    ) -> DiffResult | None:
        held = new.explicit_refs_in_revision()
        specs = dict(self._specs(held, old, new))
        context = FieldComparisonContext(field_specs=specs, old=old, new=new)
        touched: set[str] = set()
        levels: dict[generic.Reference, ModificationLevel] = {}
        self.updates = []
        for rule in rules:
            if isinstance(rule, BaseFieldModificationRule):
                touched |= {name for name, one in specs.items() if not rule.compare_fields(one)}
            for level, update in rule.apply(context):
                if update.updated_ref in held:
                    self.updates.append(update)
                    levels[update.updated_ref] = max(level, levels.get(update.updated_ref, level))
        free = _data_part(new) | {one.updated_ref for one in XrefStreamRule().apply(old, new)}
        if held - levels.keys() - free - self._fields.keys():
            return None
        level = max(levels.values(), default=ModificationLevel.LTA_UPDATES)
        if any(one.field_type != "/Sig" for one in specs.values()):
            level = max(level, ModificationLevel.FORM_FILLING)
        named = {one.field_name for one in self.updates if one.field_name is not None and not one.valid_when_locked}
        return DiffResult(modification_level=level, changed_form_fields=named | touched)

    def _specs(
        self, held: set[generic.Reference], old: HistoricalResolver, new: HistoricalResolver
    ) -> Iterator[tuple[str, FieldComparisonSpec]]:
        for one in held & self._fields.keys():
            name, kind = self._fields[one]
            yield (
                name,
                FieldComparisonSpec(
                    field_type=kind,
                    old_field_ref=generic.Reference(one.idnum, one.generation, old),
                    new_field_ref=generic.Reference(one.idnum, one.generation, new),
                    old_canonical_path=None,
                ),
            )

    def _advance(self, new: HistoricalResolver) -> None:
        """Keep what is known for the next revision, unless this one's objects use known objects in another way."""
        part = _data_part(new)
        data = self._data | part
        for one in new.explicit_refs_in_revision():
            targets = set(_targets(new(one)))
            if targets & self._fields.keys() or (one not in part and targets & data):
                self._revision = None
                return
        self._data, self._revision = data, new.revision


def _is_only_a_field(spec: FieldComparisonSpec, old: HistoricalResolver) -> bool:
    reference, field = spec.old_field_ref, spec.old_field
    if reference is None or field is None or FAMILY & field.keys() or spec.new_field_ref != reference:
        return False
    used = {Context.from_absolute(old, path) for path in old._get_usages_of_ref(reference)}  # noqa: SLF001 -- pyHanko's own rules use it too
    return used <= spec.expected_contexts()


def _validation_data(old: HistoricalResolver) -> Iterator[generic.Reference]:
    """Objects that are used under /Root /DSS and nowhere else."""
    if "/DSS" in old.root:
        for one in old.collect_dependencies(old.root.raw_get("/DSS")):
            if all(path.path[:2] == ("/Root", "/DSS") for path in old._get_usages_of_ref(one)):  # noqa: SLF001 -- as above
                yield one


def _data_part(new: HistoricalResolver) -> set[generic.Reference]:
    """Those objects of the revision that belong to the validation data."""
    if "/DSS" not in new.root:
        return set()
    held: set[generic.Reference] = new.explicit_refs_in_revision()
    return held & new.collect_dependencies(new.root.raw_get("/DSS"))


def _rewritten(old: HistoricalResolver, new: HistoricalResolver) -> set[generic.Reference]:
    return {one for one in new.explicit_refs_in_revision() if not old.is_ref_unassignable(one)}


def _raw(side: HistoricalResolver, key: str) -> Any:
    return side.trailer_view.raw_get(key) if key in side.trailer_view else None


def _has_reference(field: Any, key: str) -> bool:
    return key in field and isinstance(field.raw_get(key), generic.IndirectObject)


def _targets(value: Any) -> Iterator[generic.Reference]:
    """The references that stand in an object itself."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, generic.IndirectObject):
            yield one.reference
        elif isinstance(one, generic.DictionaryObject):
            waiting += one.values()
        elif isinstance(one, generic.ArrayObject):
            waiting += list(one)
