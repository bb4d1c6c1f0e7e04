"""What the parties of a contract will put on a document: slots with seals, seam seals and fields to fill in.

One slot is one signature of one party's seal, with everything that this seal shows and says in the document. All measures
are millimetres on the page as displayed, from its top left corner.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final, TypeAlias

from seals.placement import AtKeyword, AtPosition

MAX_SLOTS: Final = 100
MAX_NAME: Final = 60  # characters of a slot's or fill's name
MAX_FIELDS: Final = 20_000  # in one document: ten parties with seam seals on two thousand pages
MAX_SEAM_GROUP: Final = (
    30  # pages that share one seam seal: a slice of a 42 mm seal is then 1.4 mm wide, still to be seen
)
MIN_SEAM_PAGES: Final = 2
MAX_CHARS: Final = 2000  # of one fill
MAX_STATEMENT: Final = 200  # characters
Box: TypeAlias = tuple[float, float, float, float]  # left, bottom, right, top, in the page's own space


@dataclass(frozen=True, slots=True, kw_only=True)
class EveryPage:
    """The same place on every page: the centre of the picture."""

    x_mm: float
    y_mm: float
    first_page: int = 1  # inclusive, 1-based, negative from the end
    last_page: int = -1  # inclusive, as above


Spot: TypeAlias = AtPosition | AtKeyword | EveryPage


class Edge(StrEnum):
    """The side of the page, as displayed, that a seam seal runs over."""

    RIGHT = "right"
    LEFT = "left"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seam:
    """骑缝章: the seal cut into upright slices, one at the edge of each page."""

    y_mm: float  # centre
    edge: Edge = Edge.RIGHT
    first_page: int = 1  # inclusive, 1-based, negative from the end
    last_page: int = -1  # inclusive, as above


class FillKind(StrEnum):
    """What a party fills in."""

    TEXT = "text"
    DATE = "date"
    TICK = "tick"  # "true" or "false"
    STATEMENT = "statement"  # 签署意见: a sentence that the signer re-types


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """One thing to fill in, in a box whose top left corner is at (x, y)."""

    name: str
    kind: FillKind
    page: int  # 1-based, negative from the end
    x_mm: float
    y_mm: float
    width_mm: float
    height_mm: float
    required: bool = True
    max_chars: int = 200  # inclusive
    statement: str = ""  # what has to be re-typed, for a statement only


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One signature of one party's seal.

    The first spot is where the signature itself is seen: without spots it is invisible, and of `EveryPage` it takes the
    first page. All other places of the seal are read-only pictures. With `own_client` the party signs with a client of
    its own, which draws what it likes: its signature is then invisible and the first spot is a picture, too.
    """

    name: str
    spots: tuple[Spot, ...] = ()
    seam: Seam | None = None
    width_mm: float = 42.0
    height_mm: float = 42.0
    fills: tuple[Fill, ...] = ()
    own_client: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """All slots of one document."""

    slots: tuple[Slot, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file that travels inside the document, such as a mandate."""

    name: str
    media_type: str
    data: bytes
    description: str = ""


class FieldKind(StrEnum):
    """What a frozen field is for."""

    SIGNATURE = "signature"
    PICTURE = "picture"
    SLICE = "slice"
    FILL = "fill"


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenField:
    """One field of the base revision."""

    name: str  # in the PDF
    slot: str
    kind: FieldKind
    page: int  # 1-based
    box: Box | None  # in points of the page's own space; None for a signature that is not seen
    width_mm: float  # as displayed; of a slice, that of the whole seal
    height_mm: float
    rotate: int  # of the page, clockwise
    number: int  # of its PDF object
    slice: tuple[int, int] | None = None  # which of how many, counted from the left of the seal, from 0
    fill: Fill | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    """A base revision: everything that will be filled is in it, and nothing can be added once it is signed."""

    sha256: bytes
    size: int  # bytes
    pages: int
    fields: tuple[FrozenField, ...]

    @property
    def slots(self) -> tuple[str, ...]:
        """The names of the slots, in the order of the layout."""
        return tuple(dict.fromkeys(one.slot for one in self.fields))

    def of(self, slot: str) -> tuple[FrozenField, ...]:
        return tuple(one for one in self.fields if one.slot == slot)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedSlot:
    """A revision that a party made with a client of its own, accepted."""

    slot: str
    field: str
    sha256: bytes  # of the whole file after it
    size: int
    digest_name: str  # of the signature
    digest: bytes  # of the bytes that it covers
    signature: bytes  # the CMS as embedded
    certificate: bytes  # DER, of the signer
    certifies: int | None = None  # DocMDP level, if it certifies the document


NOTHING_FILLED: Final[Mapping[str, str]] = MappingProxyType({})
