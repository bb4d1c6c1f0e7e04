"""The outlines themselves are measured: what is tested is what is drawn, not what the layout meant to draw."""

import math
from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seals.appearance import draw
from seals.drawing import Drawing, Point, Shape, apply, flatten
from seals.errors import AppearanceError, SealCodeError
from seals.face import PATTERNS, SealFace
from seals.lettering import name_cells
from seals.model import SealKind
from seals.pdf_form import to_form
from tests.support.seal_fonts import sans, serif

CODE = "33010600000001"
USCC = "91330106MA2CFG1234"
ROUND = [SealKind.OFFICIAL, SealKind.FINANCE, SealKind.CONTRACT, SealKind.OTHER, SealKind.AUTHORITY]
IDEOGRAPHS = "一二丁小国圆赢懿龘鬱州杭滨江区朱砂印信数字科技股份有限公司集团分市省"
MIXED = IDEOGRAPHS * 3 + "AWgjQy019（）()·&-,"
LONGEST = "浙江省杭州市滨江区朱砂印信数字科技与可信电子签章服务发展（集团）股份有限责任公司分公司"[:40]
names = st.text(st.sampled_from(MIXED), min_size=2, max_size=40)
ideographic = st.text(st.sampled_from(IDEOGRAPHS), min_size=2, max_size=40)
rounds = st.sampled_from(ROUND)


def picture(kind: SealKind, name: str, *, star: bool | None = None, line: str | None = None) -> Drawing:
    uscc = USCC if kind is SealKind.INVOICE else ""
    face = SealFace(kind=kind, name=name, code=CODE, representative="王小明", star=star, line=line, uscc=uscc)
    return draw(face, serif(), figures=sans())


def points(shape: Shape) -> list[Point]:
    return [point for contour in flatten(shape, steps=4) for point in contour]


def lettering(drawing: Drawing) -> list[Shape]:
    return [shape for part in ("name", "line", "code") for shape in drawing.of_part(part)]


def ink_box(shape: Shape) -> list[Point]:
    """Return the corners on the page of the glyph's own ink rectangle."""
    own = [point for c in shape.outline.contours for point in _reach(c.start, c.segments)]
    xs, ys = [x for x, _ in own], [y for _, y in own]
    corners = [(min(xs), min(ys)), (max(xs), min(ys)), (max(xs), max(ys)), (min(xs), max(ys))]
    return [apply(shape.matrix, corner) for corner in corners]


def _reach(start: Point, segments: tuple[tuple[float, ...], ...]) -> list[Point]:
    return [start, *((segment[-2], segment[-1]) for segment in segments)]


def apart(one: list[Point], other: list[Point]) -> bool:
    """Separating axes of two rectangles."""
    for box in (one, other):
        for (ax, ay), (bx, by) in pairwise(box[:3]):
            nx, ny = bx - ax, by - ay
            first, second = ([x * nx + y * ny for x, y in corners] for corners in (one, other))
            if max(first) <= min(second) or max(second) <= min(first):
                return True
    return False


@given(kind=rounds, name=names, star=st.booleans(), line=st.sampled_from([None, "第三业务专用章"]))
@settings(max_examples=60, deadline=None)
def test_every_outline_lies_between_star_and_ring(kind: SealKind, name: str, *, star: bool, line: str | None) -> None:
    drawing = picture(kind, name, star=star, line=line)
    middle, ring = drawing.width_mm / 2, PATTERNS[kind].ring
    star_radius = 7.0 * middle / 20
    for shape in lettering(drawing):
        radii = [math.dist(point, (middle, middle)) for point in points(shape)]
        assert max(radii) < middle - ring - 0.3
        if star and shape.part != "line":
            assert min(radii) > star_radius + 1
    if star:  # the line lies under the star, between two of its points
        edge = middle - star_radius * math.cos(math.pi / 5)
        assert all(y < edge - 0.5 for shape in drawing.of_part("line") for _, y in points(shape))


@given(
    kind=rounds,
    name=names,
    star=st.booleans(),
    line=st.sampled_from([None, "第三业务专用章", "财务核算与资金结算专用章"]),
)
@settings(max_examples=60, deadline=None)
def test_no_two_letters_of_a_round_seal_overlap(kind: SealKind, name: str, *, star: bool, line: str | None) -> None:
    boxes = [ink_box(shape) for shape in lettering(picture(kind, name, star=star, line=line))]
    assert all(apart(one, other) for one, other in combinations(boxes, 2))


@given(name=names)
@settings(max_examples=60, deadline=None)
def test_letters_of_an_invoice_seal_lie_inside_the_ellipse_and_do_not_overlap(name: str) -> None:
    drawing = picture(SealKind.INVOICE, name)
    for shape in lettering(drawing):
        for x, y in points(shape):
            assert ((x - 20) / (19 - 0.3)) ** 2 + ((y - 15) / (14 - 0.3)) ** 2 < 1
    boxes = [ink_box(shape) for shape in lettering(drawing)]
    assert all(apart(one, other) for one, other in combinations(boxes, 2))


@given(name=names, kind=rounds)
@settings(max_examples=40, deadline=None)
def test_gaps_on_the_arc_are_equal_and_the_name_stands_symmetrically(name: str, kind: SealKind) -> None:
    drawing = picture(kind, name)
    middle = (drawing.width_mm / 2, drawing.width_mm / 2)
    cells = name_cells(name, serif())
    edges = []
    for cell, shape in zip(cells, drawing.of_part("name"), strict=True):
        x0, y0, x1, _ = cell.box
        foot = apply(shape.matrix, ((x0 + x1) / 2, y0))
        radius = math.dist(foot, middle)
        half = math.hypot(*shape.matrix[:2]) * (x1 - x0) / 2 / radius
        angle = math.atan2(foot[0] - middle[0], foot[1] - middle[1])
        assert math.atan2(-shape.matrix[1], shape.matrix[0]) == pytest.approx(angle, abs=1e-6)  # upright to the arc
        edges.append((angle - half, angle + half))
    gaps = [after[0] - before[1] for before, after in pairwise(edges)]
    assert max(gaps) - min(gaps) < math.radians(0.01)
    assert min(gaps) > 0
    assert edges[0][0] == pytest.approx(-edges[-1][1], abs=1e-6)


def parallel(depth: float) -> list[Point]:
    """Return the curve `depth` mm inside the edge of an invoice seal, from its left to its right, in fine steps."""
    found = []
    for step in range(-12000, 12001):
        t = step / 12000 * 2.2
        nx, ny = 14 * math.sin(t), 19 * math.cos(t)
        length = math.hypot(nx, ny)
        found.append((20 + 19 * math.sin(t) - depth * nx / length, 15 + 14 * math.cos(t) - depth * ny / length))
    return found


def closest(curve: list[Point], point: Point) -> int:
    return min(range(len(curve)), key=lambda i: math.dist(curve[i], point))


@given(name=ideographic)
@settings(max_examples=8, deadline=None)
def test_letters_of_an_invoice_seal_stand_at_equal_arc_lengths_and_upright_to_the_edge(name: str) -> None:
    shapes = picture(SealKind.INVOICE, name).of_part("name")
    cells = name_cells(name, serif())
    feet = [
        apply(shape.matrix, ((cell.box[0] + cell.box[2]) / 2, cell.box[1]))
        for cell, shape in zip(cells, shapes, strict=True)
    ]
    height = math.hypot(*shapes[0].matrix[2:4]) * (cells[0].box[3] - cells[0].box[1])
    curve = parallel(0.6 + height)
    nearest = [closest(curve, foot) for foot in feet]
    assert all(math.dist(curve[i], foot) < 0.003 for i, foot in zip(nearest, feet, strict=True))
    lengths = [sum(math.dist(*pair) for pair in pairwise(curve[a : b + 1])) for a, b in pairwise(nearest)]
    assert max(lengths) - min(lengths) < 0.01
    for i, shape in zip(nearest, shapes, strict=True):
        (ax, ay), (bx, by) = curve[i - 1], curve[i + 1]
        a, b = shape.matrix[:2]
        assert abs((bx - ax) * b - (by - ay) * a) / math.hypot(bx - ax, by - ay) / math.hypot(a, b) < 1e-3


@given(person=st.text(st.sampled_from(IDEOGRAPHS), min_size=2, max_size=20), side=st.floats(18, 25))
@settings(max_examples=40, deadline=None)
def test_letters_of_a_name_seal_lie_inside_its_frame_and_do_not_overlap(person: str, side: float) -> None:
    face = SealFace(kind=SealKind.REPRESENTATIVE, name="朱砂公司", representative=person, size_mm=side)
    drawing = draw(face, serif())
    for shape in drawing.of_part("name"):
        for x, y in points(shape):
            assert face.ring + 0.2 < x < side - face.ring - 0.2
            assert face.ring + 0.2 < y < side - face.ring - 0.2
    boxes = [ink_box(shape) for shape in drawing.of_part("name")]
    assert all(apart(one, other) for one, other in combinations(boxes, 2))


@pytest.mark.parametrize(
    ("person", "columns"),
    [
        ("王伟", ["王伟", "之印"]),
        ("王小明", ["王小", "明印"]),
        ("欧阳修明", ["欧阳", "修明"]),
        ("阿卜杜拉江", ["阿卜杜", "拉江印"]),
        ("买买提·吐尔逊", ["买买提·", "吐尔逊"]),
        ("阿卜杜热西提·买买提", ["阿卜杜", "热西提·", "买买提"]),
    ],
)
def test_a_name_seal_is_read_in_columns_from_the_right(person: str, columns: list[str]) -> None:
    drawing = draw(SealFace(kind=SealKind.REPRESENTATIVE, name="朱砂公司", representative=person), serif())
    letters = {serif().glyph(character).outline: character for column in columns for character in column}
    seen = [(letters[shape.outline], ink_box(shape)) for shape in drawing.of_part("name")]
    assert "".join(character for character, _ in seen) == "".join(columns)
    rights = [max(x for x, _ in box) for _, box in seen]
    at = 0
    for column in columns:
        tops = [max(y for _, y in box) for _, box in seen[at : at + len(column)]]
        assert tops == sorted(tops, reverse=True)
        assert at == 0 or max(rights[at:]) < min(min(x for x, _ in box) for _, box in seen[:at] if len(box))
        at += len(column)


def test_a_latin_name_stands_word_under_word() -> None:
    drawing = draw(SealFace(kind=SealKind.REPRESENTATIVE, name="朱砂公司", representative="Ada Lovelace"), serif())
    boxes = [ink_box(shape) for shape in drawing.of_part("name")]
    assert len(boxes) == len("AdaLovelace")
    assert min(y for box in boxes[:3] for _, y in box) > max(y for box in boxes[3:] for _, y in box)
    assert all(min(x for x, _ in b) >= max(x for x, _ in a) for a, b in pairwise(boxes[3:]))


@pytest.mark.parametrize(
    ("kind", "width", "height"),
    [
        (SealKind.OFFICIAL, 40, 40),
        (SealKind.FINANCE, 38, 38),
        (SealKind.CONTRACT, 38, 38),
        (SealKind.INVOICE, 40, 30),
        (SealKind.REPRESENTATIVE, 20, 20),
        (SealKind.OTHER, 38, 38),
        (SealKind.AUTHORITY, 42, 42),
    ],
)
def test_each_kind_has_its_size_and_its_edge_touches_all_four_sides(kind: SealKind, width: int, height: int) -> None:
    drawing = picture(kind, "杭州朱砂有限公司")
    assert (drawing.width_mm, drawing.height_mm) == (width, height)
    assert (to_form(drawing).width_mm, to_form(drawing).height_mm) == (width, height)
    (ring,) = drawing.of_part("ring")
    xs, ys = zip(*points(ring), strict=True)
    assert (min(xs), max(xs), min(ys), max(ys)) == pytest.approx((0, width, 0, height))


def test_the_star_is_regular_stands_in_the_middle_and_measures_14_mm() -> None:
    (shape,) = picture(SealKind.OFFICIAL, "杭州朱砂有限公司").of_part("star")
    (corners,) = flatten(shape)
    radii = [math.dist(corner, (20, 20)) for corner in corners]
    assert radii[0::2] == pytest.approx([7.0] * 5)
    assert radii[1::2] == pytest.approx([7.0 * (3 - math.sqrt(5)) / 2] * 5)
    assert corners[0] == pytest.approx((20, 27))


@pytest.mark.parametrize(("kind", "star"), [(kind, PATTERNS[kind].star) for kind in ROUND])
def test_a_star_stands_only_where_the_kind_or_the_region_wants_one(kind: SealKind, *, star: bool) -> None:
    assert bool(picture(kind, "杭州朱砂公司").of_part("star")) is star
    assert bool(picture(kind, "杭州朱砂公司", star=not star).of_part("star")) is not star


@pytest.mark.parametrize("kind", [SealKind.OFFICIAL, SealKind.AUTHORITY])
def test_a_seal_in_the_enterprise_s_own_name_has_no_line_across(kind: SealKind) -> None:
    assert not picture(kind, "杭州朱砂公司").of_part("line")


def test_an_invoice_seal_shows_the_credit_code_else_the_seal_code_else_nothing() -> None:
    for uscc, code, shown in ((USCC, CODE, USCC), ("", CODE, CODE), ("", "", "")):
        face = SealFace(kind=SealKind.INVOICE, name="杭州朱砂公司", code=code, uscc=uscc)
        outlines = [shape.outline for shape in draw(face, serif(), figures=sans()).of_part("code")]
        assert outlines == [sans().glyph(character).outline for character in shown]


@pytest.mark.parametrize("kind", list(SealKind))
def test_the_longest_name_is_drawn_in_under_60_kb_and_one_more_character_is_refused(kind: SealKind) -> None:
    assert len(LONGEST) == 40
    assert len(to_form(picture(kind, LONGEST)).content) < 60_000
    with pytest.raises(AppearanceError, match="41 characters; 2 to 40"):
        picture(kind, LONGEST + "东")


@pytest.mark.parametrize("kind", list(SealKind))
def test_a_name_of_one_character_is_refused(kind: SealKind) -> None:
    with pytest.raises(AppearanceError, match="1 characters"):
        picture(kind, "朱")


def test_the_longest_person_and_line_are_drawn_and_one_more_is_refused() -> None:
    draw(SealFace(kind=SealKind.REPRESENTATIVE, name="公司", representative="明" * 20), serif())
    draw(SealFace(kind=SealKind.OTHER, name="公司", line="章" * 12), serif())
    with pytest.raises(AppearanceError, match="representative's name has 21"):
        SealFace(kind=SealKind.REPRESENTATIVE, name="公司", representative="明" * 21)
    with pytest.raises(AppearanceError, match="line has 13"):
        SealFace(kind=SealKind.OTHER, name="公司", line="章" * 13)


def test_a_character_that_no_font_has_is_refused_by_name() -> None:
    with pytest.raises(AppearanceError, match=r"U\+1F600"):
        picture(SealKind.OFFICIAL, "朱砂😀公司")


@pytest.mark.parametrize(
    "name", ["朱砂\u200b公司", "朱砂\u202e公司", "朱砂\n公司", "朱砂\u3000公司", "朱砂\u0301公司", "朱砂\U000e0100公司"]
)
def test_characters_that_cannot_be_seen_or_cannot_stand_alone_are_refused(name: str) -> None:
    with pytest.raises(AppearanceError, match="cannot stand by itself"):
        picture(SealKind.OFFICIAL, name)


@pytest.mark.parametrize("name", [" 朱砂公司", "朱砂公司 ", "Cafe\u0301 Ltd", "\uf900公司"])
def test_a_name_has_one_spelling(name: str) -> None:
    with pytest.raises(AppearanceError, match="normal form C"):
        picture(SealKind.OFFICIAL, name)


@pytest.mark.parametrize("kind", list(SealKind))
def test_sizes_are_drawn_at_their_limits_and_refused_beyond(kind: SealKind) -> None:
    pattern = PATTERNS[kind]
    for size in (pattern.smallest, pattern.largest):
        face = SealFace(kind=kind, name="杭州朱砂公司", representative="王伟", size_mm=size)
        assert draw(face, serif()).width_mm == size
    for size in (pattern.smallest - 0.1, pattern.largest + 0.1, math.nan):
        with pytest.raises(AppearanceError, match="mm wide"):
            SealFace(kind=kind, name="杭州朱砂公司", representative="王伟", size_mm=size)


def test_codes_are_checked_before_they_are_drawn() -> None:
    with pytest.raises(SealCodeError):
        SealFace(kind=SealKind.OFFICIAL, name="杭州朱砂公司", code="3301060000001")
    with pytest.raises(AppearanceError, match="credit code"):
        SealFace(kind=SealKind.INVOICE, name="杭州朱砂公司", uscc=USCC[:-1])


def test_a_name_with_blanks_and_descenders_is_drawn_within_the_band() -> None:
    drawing = picture(SealKind.OFFICIAL, "Qingyang jpg（China）Ltd")
    radii = [math.dist(p, (20, 20)) for shape in drawing.of_part("name") for p in points(shape)]
    assert 8 < min(radii) < max(radii) < 18.5
    assert len(drawing.of_part("name")) == len("Qingyangjpg（China）Ltd")
