"""What the initiator placed on a document, between its stored JSON and the values of `seals.layout`."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from seals.errors import EnvelopeError
from seals.layout import (
    Edge,
    EveryPage,
    FieldKind,
    Fill,
    FillKind,
    Frozen,
    FrozenField,
    Layout,
    Seam,
    Slot,
    Spot,
)
from seals.model import SealKind
from seals.placement import AtKeyword, AtPosition


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotPlan:
    """One slot: whose it is, which seals may go there, and what the initiator filled in already."""

    party: str
    kinds: tuple[SealKind, ...]  # none: any
    presets: Mapping[str, str]
    slot: Slot


def plans_of(stored: Sequence[Mapping[str, Any]]) -> tuple[SlotPlan, ...]:
    """Read the slots of a document as they are stored.

    Raises:
        EnvelopeError: two slots have one name, or a preset is for nothing.
    """
    plans = tuple(_plan(one) for one in stored)
    names = [one.slot.name for one in plans]
    if doubled := sorted({name for name in names if names.count(name) > 1}):
        raise EnvelopeError(f"two slots of one document are named {', '.join(doubled)}")
    for plan in plans:
        if unknown := sorted(set(plan.presets) - {fill.name for fill in plan.slot.fills}):
            raise EnvelopeError(f"slot {plan.slot.name} has no field {', '.join(unknown)} to fill")
    return plans


def layout_of(plans: Sequence[SlotPlan]) -> Layout:
    return Layout(slots=tuple(one.slot for one in plans))


def _plan(stored: Mapping[str, Any]) -> SlotPlan:
    fills = stored.get("fills") or ()
    return SlotPlan(
        party=stored["party"],
        kinds=tuple(SealKind(one) for one in stored.get("kinds") or ()),
        presets={one["name"]: one["value"] for one in fills if one.get("value") is not None},
        slot=Slot(
            name=stored.get("name") or stored["party"],
            spots=tuple(_spot(one) for one in stored.get("spots") or ()),
            seam=_seam(stored.get("seam")),
            width_mm=stored.get("width_mm", 42.0),
            height_mm=stored.get("height_mm", 42.0),
            fills=tuple(_fill(one) for one in fills),
            own_client=bool(stored.get("own_client")),
        ),
    )


def _known(kind: type[Any], stored: Mapping[str, Any]) -> dict[str, Any]:
    names = {one.name for one in fields(kind)}
    return {name: value for name, value in stored.items() if name in names}


def _spot(stored: Mapping[str, Any]) -> Spot:
    kinds: dict[str, type[Any]] = {"position": AtPosition, "keyword": AtKeyword, "every-page": EveryPage}
    kind = kinds[stored["at"]]
    spot: Spot = kind(**_known(kind, stored))
    return spot


def _seam(stored: Mapping[str, Any] | None) -> Seam | None:
    if stored is None:
        return None
    return Seam(**{**_known(Seam, stored), "edge": Edge(stored.get("edge", Edge.RIGHT))})


def _fill(stored: Mapping[str, Any]) -> Fill:
    return Fill(**{**_known(Fill, stored), "kind": FillKind(stored["kind"])})


def frozen_json(frozen: Frozen) -> dict[str, Any]:
    """The base revision's fields as they are stored."""
    return {"size": frozen.size, "pages": frozen.pages, "fields": [asdict(one) for one in frozen.fields]}


def frozen_of(layout: Mapping[str, Any], sha256: bytes) -> Frozen:
    """Read what `frozen_json` wrote."""
    return Frozen(
        sha256=sha256,
        size=layout["size"],
        pages=layout["pages"],
        fields=tuple(_field(one) for one in layout["fields"]),
    )


def _field(stored: Mapping[str, Any]) -> FrozenField:
    box, cut, fill = stored["box"], stored["slice"], stored["fill"]
    return FrozenField(
        **{
            **stored,
            "kind": FieldKind(stored["kind"]),
            "box": None if box is None else tuple(box),
            "slice": None if cut is None else tuple(cut),
            "fill": None if fill is None else _fill(fill),
        }
    )
