"""Fields that are kept for one signature (its /Lock, ISO 32000-2 table 236): who may fill them, and how that is told."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Final

from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import FieldMDPAction, FieldMDPSpec, enumerate_sig_fields

from verify.pdf_fields import Filled
from verify.pdf_structure import PDF_ERRORS
from verify.wording import Both
from verify.words import change

MAX_RANGES: Final = 12  # of pages, named in one sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class Reserved:
    """Which fields are kept for which signature field, as the file says by its /Lock entries that list fields."""

    keepers: Mapping[str, str] = field(default_factory=dict)  # field → signature field
    signers: Mapping[str, str] = field(default_factory=dict)  # signature field that is signed → name of its signer
    pages: Mapping[Any, int] = field(default_factory=dict)  # reference → number

    def strangers(self, names: Iterable[str]) -> list[str]:
        """The signatures that are not there and that one of these fields is kept for."""
        return sorted({self.keepers[name] for name in names if name in self.keepers} - self.signers.keys())

    def told(self, filled: Sequence[Filled]) -> Iterator[Both]:
        """Say what was filled: what belongs to one signature in one sentence."""
        kept = sorted((one for one in filled if one.name in self.keepers), key=self._order)
        for (keeper, picture), group in groupby(kept, key=self._order):
            fields = list(group)
            name = self.signers.get(keeper, keeper)
            if picture:
                pages = {self.pages[one.page] for one in fields if one.page in self.pages}
                yield change("kept-pictures", name=name, count=len(fields), pages=ranges(pages))
            else:
                told = dict.fromkeys(one.told for one in fields)
                yield change("kept-texts", name=name, fields=", ".join(told))
        yield from (change("field", name=one.name) for one in filled if one.name not in self.keepers)

    def _order(self, one: Filled) -> tuple[str, bool]:
        return self.keepers[one.name], one.picture


def read_reserved(reader: PdfFileReader, signers: Mapping[str, str], pages: Iterable[Any]) -> Reserved:
    """Read the locks of all signature fields, signed or not."""
    keepers: dict[str, str] = {}
    for name, _, raw in enumerate_sig_fields(reader):
        for kept in _listed(raw):
            keepers.setdefault(kept, name)
        keepers.pop(name, None)
    numbered = {page.container_ref: number for number, page in enumerate(pages, start=1)}
    return Reserved(keepers=keepers, signers=signers, pages=numbered)


def _listed(raw: Any) -> list[str]:
    try:
        found = raw.get_object()
        lock = FieldMDPSpec.from_pdf_object(found["/Lock"]) if "/Lock" in found else None
    except PDF_ERRORS:
        return []
    return list(lock.fields or ()) if lock is not None and lock.action is FieldMDPAction.INCLUDE else []


def ranges(numbers: Iterable[int]) -> str:
    """Write numbers as 1–3, 7."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    written = [f"{run[0]}–{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs]
    return ", ".join(written[:MAX_RANGES]) + (" …" if len(written) > MAX_RANGES else "")
