"""Documents of several parties: lay everything out first, then each party fills its own and signs (docs/spec/layout.md).

`freeze` writes the base revision with every field of every party. `seal_slot` fills what belongs to one party and signs,
in one update. `prepare_slot` and `accept_revision` do the same for a party that signs with a client of its own.
"""

from seals.accepting import accept_revision, check_frozen
from seals.faces_of_persons import person_face
from seals.freezing import freeze
from seals.slot_sealing import prepare_slot, seal_slot
from seals.slots import (
    NOTHING_FILLED,
    Attachment,
    Edge,
    EveryPage,
    FieldKind,
    Fill,
    FillKind,
    Frozen,
    FrozenField,
    Layout,
    Seam,
    SignedSlot,
    Slot,
    Spot,
)

__all__ = [
    "NOTHING_FILLED",
    "Attachment",
    "Edge",
    "EveryPage",
    "FieldKind",
    "Fill",
    "FillKind",
    "Frozen",
    "FrozenField",
    "Layout",
    "Seam",
    "SignedSlot",
    "Slot",
    "Spot",
    "accept_revision",
    "check_frozen",
    "freeze",
    "person_face",
    "prepare_slot",
    "seal_slot",
]
