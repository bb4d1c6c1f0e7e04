from seals.svg import to_svg
from tools.seal_sheet import KINDS, TARGET, sheet


def test_the_committed_picture_of_the_five_seals_is_what_the_code_draws_today() -> None:
    assert TARGET.read_text(encoding="utf-8") == to_svg(sheet())


def test_the_picture_shows_each_of_the_five_seals_of_an_enterprise() -> None:
    assert len(sheet().of_part("ring")) == len(set(KINDS)) == 5
