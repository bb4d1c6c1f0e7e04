"""What each revision of a PDF changed, in words, and whether that may be done to a signed file.

Each revision is compared once with its forerunner, so that the work grows with the number of revisions and not with its
square. A change is permitted when pyHanko's difference policy accounts for every object of the revision.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import HistoricalResolver, PdfFileReader
from pyhanko.sign.diff_analysis.policy_api import ModificationLevel, SuspiciousModification
from pyhanko.sign.fields import FieldMDPSpec, MDPPerm

from verify.pdf_fields import Filled, MisplacedError
from verify.pdf_reserved import Reserved
from verify.pdf_rules import WatchedForm, compare, entry, references
from verify.pdf_structure import PDF_ERRORS, Opened, PdfLimits
from verify.wording import Both
from verify.words import change

MAX_WORDS: Final = 12  # sentences about one revision


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What one revision did to the file before it."""

    words: tuple[Both, ...]
    level: ModificationLevel
    filled: frozenset[str] = frozenset()  # names of form fields other than those of new signatures
    touched: frozenset[str] = frozenset()  # all fields that a lock would have protected
    only_before_certification: bool = False

    strangers: tuple[str, ...] = ()  # signatures that are not there and whose fields were filled
    refilled: tuple[str, ...] = ()  # read-only fields of a signature that were filled before

    def breaks(self, docmdp: MDPPerm | None, fieldmdp: FieldMDPSpec | None) -> bool:
        """Whether a signature with these permissions forbids it (ISO 32000-2 §12.8.2.2 and §12.8.2.4)."""
        if self.level is ModificationLevel.OTHER or self.refilled:
            return True
        if docmdp is not None and (self.level.value > docmdp.value or self.only_before_certification):
            return True
        return fieldmdp is not None and any(fieldmdp.is_locked(name) for name in self.touched)


class ChangeReader:
    """Reads the changes of a file, each revision once."""

    def __init__(
        self, opened: Opened, signed: dict[int, list[Both]], names: set[str], reserved: Reserved, limits: PdfLimits
    ) -> None:
        """`signed` tells which signatures came with which revision, `names` the fields they stand in."""
        self._reader = opened.reader
        self._first = opened.first
        self._signed = signed
        self._names = names
        self._reserved = reserved
        self._limits = limits
        self._known: dict[int, Change] = {}
        self._form = WatchedForm()
        self._seen: set[str] = set()  # read-only fields of signatures that some revision filled

    def since(self, revision: int) -> list[Change]:
        """What the revisions after this one changed. Ask for the earliest revision first."""
        return [self._of(number) for number in range(max(revision, self._first) + 1, self._reader.total_revisions)]

    def _of(self, revision: int) -> Change:
        if revision not in self._known:
            self._known[revision] = self._read(revision)
        return self._known[revision]

    def _read(self, revision: int) -> Change:
        old = self._reader.get_historical_resolver(revision - 1)
        new = self._reader.get_historical_resolver(revision)
        try:
            result = compare(self._form, old, new)
        except (SuspiciousModification, *PDF_ERRORS) as exc:
            words = tuple(self._worded(old, new, exc))
            return Change(words=words, level=ModificationLevel.OTHER)
        filled = frozenset(result.changed_form_fields - self._names)
        places = {name: one for name, one in self._form.places.filled.items() if name in filled}
        strangers, refilled = tuple(self._reserved.strangers(filled)), tuple(self._refilled(places))
        words = tuple(self._permitted(revision, old, new, places, refilled))[:MAX_WORDS]
        return Change(
            words=words or (change("addition"),),
            level=result.modification_level,
            filled=filled,
            strangers=strangers,
            refilled=refilled,
            touched=frozenset(result.changed_form_fields),
            only_before_certification=any(not one.valid_when_certifying for one in self._form.seen),
        )

    def _refilled(self, places: Mapping[str, Filled]) -> Iterator[str]:
        for name, one in places.items():
            if one.read_only and name in self._reserved.keepers:
                if name in self._seen:
                    yield name
                self._seen.add(name)

    def _permitted(
        self,
        revision: int,
        old: HistoricalResolver,
        new: HistoricalResolver,
        filled: Mapping[str, Filled],
        refilled: Iterable[str],
    ) -> Iterator[Both]:
        yield from self._signed.get(revision, ())
        for name in refilled:
            yield change("refilled", name=name)
        if _differ(old, new, "/DSS"):
            yield change("validation-data")
        yield from self._reserved.told([filled[name] for name in sorted(filled)])
        if _differ(old, new, "/Metadata") or _info(old, new):
            yield change("metadata")

    def _worded(self, old: HistoricalResolver, new: HistoricalResolver, cause: BaseException) -> Iterator[Both]:
        """Words for a change that is not accounted for."""
        found: list[Both] = list(self._signed.get(new.revision, ()))
        if isinstance(cause, MisplacedError):
            yield from [*found, cause.words][:MAX_WORDS]
            return
        try:
            pages = list(_page_changes(old, new, self._limits))
            found += pages or [change("other", what=_short(cause))]
        except PDF_ERRORS:
            found.append(change("other", what=_short(cause)))
        yield from found[:MAX_WORDS]


def _differ(old: HistoricalResolver, new: HistoricalResolver, key: str) -> bool:
    """Whether what stands under a key of the catalog is new or was written anew."""
    if key not in new.root:
        return False
    if key not in old.root or old.root.raw_get(key) != new.root.raw_get(key):
        return True
    return _rewritten(new.root.raw_get(key), new)


def _info(old: HistoricalResolver, new: HistoricalResolver) -> bool:
    if "/Info" not in new.trailer_view:
        return False
    raw = new.trailer_view.raw_get("/Info")
    return "/Info" not in old.trailer_view or old.trailer_view.raw_get("/Info") != raw or _rewritten(raw, new)


def _rewritten(raw: Any, new: HistoricalResolver) -> bool:
    changed = new.explicit_refs_in_revision()
    return isinstance(raw, generic.IndirectObject) and raw.reference in changed


def _page_changes(old: HistoricalResolver, new: HistoricalResolver, limits: PdfLimits) -> Iterator[Both]:
    """Page by page: content, annotations, and everything the page draws with."""
    before, after = pages_of(old, limits), pages_of(new, limits)
    if len(before) != len(after):
        yield change("pages", before=len(before), after=len(after))
    changed = new.explicit_refs_in_revision()
    for number, (one, other) in enumerate(zip(before, after, strict=False), start=1):
        if _annotations(one) != _annotations(other):
            yield change("annotation", page=number)
        if _raw(one, "/Contents") != _raw(other, "/Contents") or _reaches(other, "/Contents", new, changed):
            yield change("content", page=number)
        elif _reaches(other, "/Resources", new, changed) or _annotations(other) & changed:
            yield change("drawing", page=number)


def _raw(page: Any, key: str) -> Any:
    return page.raw_get(key) if key in page else None


def _annotations(page: Any) -> set[generic.Reference]:
    return references(entry(page, "/Annots"))


def _reaches(page: Any, key: str, new: HistoricalResolver, changed: set[generic.Reference]) -> bool:
    if key not in page:
        return False
    return bool(new.collect_dependencies(page.raw_get(key)) & changed)


def pages_of(resolver: HistoricalResolver | PdfFileReader, limits: PdfLimits) -> list[Any]:
    """The pages, in order, as far as the limits go."""
    found: list[Any] = []
    seen: set[generic.Reference] = set()
    waiting = [resolver.root.raw_get("/Pages")]
    while waiting and len(found) < limits.max_pages:
        raw = waiting.pop()
        if isinstance(raw, generic.IndirectObject):
            if raw.reference in seen:
                continue
            seen.add(raw.reference)
        node = raw.get_object()
        if "/Kids" in node:
            waiting += reversed(node["/Kids"])
        else:
            found.append(node)
    return found


def _short(cause: BaseException) -> str:
    lines = str(cause).splitlines()
    return lines[0] if lines else type(cause).__name__
