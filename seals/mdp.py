"""What earlier signatures of a document allow: DocMDP and FieldMDP (ISO 32000-2 §12.8.2.2, §12.8.2.4)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.form_tools import enumerate_fields_in
from pyhanko.pdf_utils.rw_common import PdfHandler
from pyhanko.sign.fields import FieldMDPAction, FieldMDPSpec

from seals.errors import DocumentRefusedError, Reason
from seals.objects import array, dictionary, elements, entry
from seals.scanning import plain_name

NO_CHANGES: Final = 1  # DocMDP P=1, ISO 32000-2 table 257
FILL_AND_SIGN: Final = 2  # P=2, the default


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The signature fields of a document and the rules that its signatures laid down."""

    signed: frozenset[str] = frozenset()
    empty: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()  # of all top-level fields
    references: Mapping[str, generic.Reference] = field(default_factory=dict)  # of the signature fields
    permission: int | None = None  # the strictest DocMDP P of all signatures
    locks: tuple[FieldMDPSpec, ...] = ()

    def check(self, name: str) -> None:
        """Make sure that the field `name` may be signed.

        Raises:
            DocumentRefusedError: an earlier signature forbids it.
        """
        if self.permission == NO_CHANGES:
            raise DocumentRefusedError(Reason.CERTIFIED, "the document is certified and allows no changes")
        if any(lock.is_locked(name) for lock in self.locks):
            raise DocumentRefusedError(Reason.LOCKED, f"an earlier signature locked the field {name!r}")

    def unused_name(self, prefix: str) -> str:
        """Return a field name of fixed length, so that none is the beginning of another."""
        taken = self.names | self.signed | self.empty
        return next(name for number in range(1, 100_000) if (name := f"{prefix}-{number:05d}") not in taken)


def standing(handler: PdfHandler) -> Standing:
    """Read the signature fields and the rules of all signatures there are."""
    form = dictionary(handler.root, "/AcroForm")
    if form is None:
        return Standing()
    signed, empty = set(), set()
    references: dict[str, generic.Reference] = {}
    rules: list[tuple[int | None, FieldMDPSpec | None]] = []
    names, candidates = _sort(handler, form)
    found = enumerate_fields_in(candidates, refs_seen=set(), target_field_type="/Sig")
    for name, _, ref in found:
        references[name] = ref.reference
        signature = dictionary(ref.get_object(), "/V")
        if signature is not None:
            signed.add(name)
            rules.extend(_rules(signature))
        else:
            empty.add(name)
    permissions = [permission for permission, _ in rules if permission is not None]
    return Standing(
        signed=frozenset(signed),
        empty=frozenset(empty),
        names=frozenset(names),
        references=references,
        permission=min(permissions, default=None),
        locks=tuple(lock for _, lock in rules if lock is not None),
    )


def _rules(signature: generic.DictionaryObject) -> Iterator[tuple[int | None, FieldMDPSpec | None]]:
    for one in elements(signature, "/Reference"):
        method, parameters = entry(one, "/TransformMethod"), dictionary(one, "/TransformParams")
        if method == "/DocMDP":
            yield _permission(parameters, FILL_AND_SIGN), None
        elif method == "/FieldMDP":
            yield _permission(parameters, None), _lock(parameters)


def _lock(parameters: generic.DictionaryObject | None) -> FieldMDPSpec:
    """A lock that does not say which fields locks all of them: the cautious reading."""
    if parameters is None or entry(parameters, "/Action") is None:
        return FieldMDPSpec(FieldMDPAction.ALL)
    return FieldMDPSpec.from_pdf_object(parameters)


def _permission(parameters: generic.DictionaryObject | None, default: int | None) -> int | None:
    value = entry(parameters, "/P")
    return int(value) if isinstance(value, int) else default


def _sort(handler: PdfHandler, form: generic.DictionaryObject) -> tuple[set[str], generic.ArrayObject]:
    """Return the names of all top-level fields, and those fields that may be or hold signature fields."""
    names: set[str] = set()
    candidates = generic.ArrayObject()
    for raw in array(form, "/Fields") or ():
        plain = plain_name(handler, raw) if isinstance(raw, generic.IndirectObject) else None
        if plain is None:
            candidates.append(raw)
            name = entry(raw.get_object(), "/T")
            plain = None if name is None else str(name)
        if plain is not None:
            names.add(plain)
    return names, candidates
