"""The evidence report shows every fact, cuts nothing, and carries the facts as data in one spelling."""

import io
import json
import re
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seals import evidence as facts
from seals import evidence_json, evidence_report
from seals.errors import EvidenceFileError, ReportError
from seals.evidence_json import from_json, schema, to_json
from seals.evidence_reader import attached_facts
from seals.evidence_report import ReportFonts
from seals.evidence_report import evidence_report as set_report
from seals.evidence_words import COMMANDS
from tests.support.evidence_facts import LONG_NAME, rescinded, sample
from tests.support.pdf_judges import need, run
from verify.report import Verdict

ROOT = Path(__file__).parents[2]
FONTS = ReportFonts(ROOT / "api" / "assets" / "fonts")
ZONE = ZoneInfo("Asia/Shanghai")
SCHEMA = ROOT / "docs" / "spec" / "evidence.schema.json"

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
times = st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2090, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone
for kind, strategy in ((str, texts), (datetime, times), (bytes, st.binary(max_size=32))):
    st.register_type_strategy(kind, strategy)


def text_of(pdf: bytes, tmp_path: Path) -> str:
    need("pdftotext")
    (tmp_path / "report.pdf").write_bytes(pdf)
    done = subprocess.run(
        ["pdftotext", "-raw", str(tmp_path / "report.pdf"), "-"], capture_output=True, text=True, check=True
    )
    return done.stdout.replace("\u200b", "")


def squeezed(text: str) -> str:
    return "".join(text.split())


def made(file: facts.EvidenceFile) -> bytes:
    return set_report(file, fonts=FONTS, zone=ZONE).pdf


# ---- the data


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(st.from_type(facts.EvidenceFile))
def test_any_facts_survive_being_written_and_read(file: facts.EvidenceFile) -> None:
    assert from_json(to_json(file)) == file


def test_times_of_any_zone_are_written_in_one() -> None:
    local = replace(sample(), produced_at=datetime(2026, 3, 2, 10, 0, tzinfo=timezone(timedelta(hours=8))))
    assert json.loads(to_json(local))["evidence"]["produced_at"] == "2026-03-02T02:00:00Z"


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace('"version":1', '"version":2'),
        lambda text: text.replace('"version":1', '"version":true'),
        lambda text: text.replace("vermilion/evidence", "vermilion/other"),
        lambda text: text[:-1] + ',"more":1}',
        lambda text: text.replace('"title":', '"titel":'),
        lambda text: text.replace('"pages":30', '"pages":"30"'),
        lambda text: text.replace('"pages":30', '"pages": 30'),
        lambda text: text.replace('"kind":"enterprise"', '"kind":"ghost"'),
        lambda text: text.replace("T02:00:00Z", "T02:00:00+00:00"),
        lambda text: text.replace('"pages":30', '"pages":true'),
        lambda text: text[:-2],
        lambda text: "[" * 100_000 + text,
        lambda text: f"[{text}]",
    ],
)
def test_another_spelling_or_shape_is_refused(change: object) -> None:
    text = to_json(sample()).decode()
    other = change(text)  # type: ignore[operator] # one of the functions above
    assert other != text
    with pytest.raises(EvidenceFileError):
        from_json(other.encode())


def test_a_file_longer_than_the_limit_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    data = to_json(sample())
    monkeypatch.setattr(evidence_json, "MAX_BYTES", len(data))
    assert from_json(data)
    monkeypatch.setattr(evidence_json, "MAX_BYTES", len(data) - 1)
    with pytest.raises(EvidenceFileError):
        from_json(data)


def test_what_cannot_be_written_is_refused() -> None:
    with pytest.raises(EvidenceFileError, match="zone"):
        to_json(replace(sample(), produced_at=datetime(2026, 3, 2)))  # noqa: DTZ001 - the point
    with pytest.raises(EvidenceFileError, match="surrogate"):
        to_json(replace(sample(), title="\ud800"))


def test_the_published_schema_is_that_of_the_facts() -> None:
    assert json.loads(SCHEMA.read_text(encoding="utf-8")) == schema()


# ---- the page


def test_the_report_shows_every_fact(tmp_path: Path) -> None:
    file = rescinded(sample())
    shown = squeezed(text_of(made(file), tmp_path))
    data = json.loads(to_json(file))["evidence"]
    missing = [value for value in leaves(data) if squeezed(value) not in shown]
    assert missing == []
    assert "合同已被解除" in shown


def leaves(value: object, key: str = "") -> list[str]:
    """Texts and digests; codes are worded, times told in another zone, and intents line by line."""
    worded = {"state", "role", "means", "kind", "relation", "decision", "verdict", "seal_kind", "intent"}
    if isinstance(value, dict):
        return [leaf for name, one in value.items() if name not in worded for leaf in leaves(one, name)]
    if isinstance(value, list):
        return [leaf for one in value for leaf in leaves(one, key)]
    return [value] if isinstance(value, str) and not re.fullmatch(evidence_json.UTC_TIME, value) else []


def test_a_step_whose_detail_is_data_is_told_in_words(tmp_path: Path) -> None:
    detail: dict[str, Any] = {
        "none": None,
        "hollow": {},
        "level": "B-LT",
        "revision": 2,
        "parties": [{"name": "甲"}, {"name": "乙"}],
    }
    step = facts.StepFact(number=1, at=sample().created_at, actor="系统", act="slot.sealed", detail=json.dumps(detail))
    odd = replace(step, number=2, act="unheard.of", detail="[1]")
    shown = text_of(made(replace(sample(), steps=(step, odd))), tmp_path)
    assert "加盖印章" in shown
    assert "level B-LT · revision 2 · parties (name 甲); (name 乙)" in " ".join(shown.split())
    assert "unheard.of" in shown
    assert "hollow" not in shown


def test_the_facts_are_attached(tmp_path: Path) -> None:
    pdf = made(sample())
    assert from_json(attached_facts(io.BytesIO(pdf))) == sample()
    with pytest.raises(EvidenceFileError):
        attached_facts(io.BytesIO(b"no report"))


def test_two_hundred_steps_run_over_pages_that_are_numbered(tmp_path: Path) -> None:
    file = sample(steps_count=200)
    text = text_of(made(file), tmp_path)
    pages = text.split("\f")[:-1]
    assert len(pages) > 10
    for number, page in enumerate(pages, start=1):
        assert f"Page {number} of {len(pages)}" in page
        assert file.number in page
    shown = squeezed(text)
    assert all(step.hash.hex() in shown for step in file.steps)


def test_long_names_and_words_are_not_cut(tmp_path: Path) -> None:
    word = "W" * 150
    parties = (replace(sample().parties[0], name=LONG_NAME + LONG_NAME, capacity=word), *sample().parties[1:])
    file = replace(sample(), parties=parties, title=word, steps=(facts.StepFact(
        number=1, at=sample().created_at, actor=word, act=word, detail=word * 20),))  # fmt: skip
    shown = squeezed(text_of(made(file), tmp_path))
    assert LONG_NAME + LONG_NAME in shown
    assert shown.count("W") >= len(word) * (
        1 + 1 + 2 + 20
    )  # title, capacity, actor and act, detail; digests have some, too
    assert inside_the_page(made(file), tmp_path)


def inside_the_page(pdf: bytes, tmp_path: Path) -> bool:
    """Whether every word lies within the margins, as poppler measures it."""
    (tmp_path / "boxes.pdf").write_bytes(pdf)
    _, text = run("pdftotext", "-bbox", tmp_path / "boxes.pdf", "-")
    found = re.findall(r'xMin="([\d.]+)" yMin="[\d.]+" xMax="([\d.]+)"', text)
    assert found
    return all(float(left) >= 50 and float(right) <= 595.3 - 50 for left, right in found)


@pytest.mark.parametrize(
    ("verdicts", "says"),
    [
        ((Verdict.PASSED,) * 3, "全部签名有效"),
        ((Verdict.PASSED, Verdict.INDETERMINATE, Verdict.PASSED), "有签名无法判断"),
        ((Verdict.FAILED, Verdict.INDETERMINATE, Verdict.PASSED), "有签名无效"),
        ((), "有签名无法判断"),
    ],
)
def test_the_first_page_says_the_worst_verdict(verdicts: tuple[Verdict, ...], says: str, tmp_path: Path) -> None:
    signatures = tuple(
        replace(one, verdict=verdict) for one, verdict in zip(sample().signatures, verdicts, strict=False)
    )
    first = text_of(made(replace(sample(), signatures=signatures)), tmp_path).split("\f")[0]
    assert says in squeezed(first)


def test_a_report_of_the_least_says_what_is_missing(tmp_path: Path) -> None:
    bare = facts.SignatureFact(document=9, party=9, field="F")
    file = replace(sample(), signatures=(bare,), assertions=(), steps=(), references=(), policies=(),
                   reference_numbers=(), concluded_at=None, authority_latin="")  # fmt: skip
    shown = text_of(made(file), tmp_path)
    assert "没有通行密钥认证记录" in shown
    assert "无时间戳" in shown


def test_a_challenge_that_is_not_that_of_the_intent_is_said_to_be_wrong(tmp_path: Path) -> None:
    odd = replace(sample().assertions[0], challenge=bytes(32), user_verified=False)
    plain = replace(sample().assertions[1], intent="not JSON")
    shown = squeezed(text_of(made(replace(sample(), assertions=(odd, plain))), tmp_path))
    assert "SHA-256不一致" in shown
    assert "notJSON" in shown


def test_a_character_that_no_font_has_is_named() -> None:
    with pytest.raises(ReportError, match=r"U\+1F600"):
        made(replace(sample(), title="合同\U0001f600"))


def test_text_from_outside_is_no_markup(tmp_path: Path) -> None:
    evil = '#panic("x") $ * _ = "\\u{41} <b> @ref // no comment'
    assert squeezed(evil) in squeezed(text_of(made(replace(sample(), title=evil)), tmp_path))


def test_the_same_facts_make_the_same_bytes() -> None:
    assert made(sample()) == made(sample())


def test_a_folder_without_fonts_is_told(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="cannot be read"):
        set_report(sample(), fonts=ReportFonts(tmp_path), zone=ZONE)


def test_another_font_draws_what_the_first_ones_lack() -> None:
    extra = ReportFonts(FONTS.folder, extra=(FONTS.folder / "NotoSerifSC-Bold.ttf",))
    assert set_report(sample(), fonts=extra, zone=ZONE).pdf.startswith(b"%PDF-")


def test_commands_stand_in_the_report_as_they_can_be_copied(tmp_path: Path) -> None:
    done = text_of(made(sample()), tmp_path)
    shown = " ".join(done.split())
    for _, _, command in COMMANDS:
        assert command in shown


def test_a_fault_of_the_template_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    broken = tmp_path / "evidence.typ"
    broken.write_text("#nonsense()", encoding="utf-8")
    monkeypatch.setattr(evidence_report, "TEMPLATE", broken)
    evidence_report._typesetter.cache_clear()
    try:
        with pytest.raises(ReportError, match="could not be set"):
            made(sample())
    finally:
        evidence_report._typesetter.cache_clear()
