"""Check whatever file somebody brings: a PDF, a sealed container, a picture of a QR code, or the text of one."""

from datetime import datetime
from typing import BinaryIO, Final

from verify.asic import check_asic
from verify.errors import MalformedTokenError
from verify.pdf import check_pdf
from verify.pictures import MAX_BYTES as MAX_PICTURE_BYTES
from verify.pictures import read_codes
from verify.qr import MAX_CHARS, check_qr
from verify.report import Finding, Report, Verdict
from verify.trust import Trust
from verify.zip_box import is_box

HEAD_BYTES: Final = 1024  # a PDF header stands within the first kilobyte, ISO 32000-1 annex H, note 13
PICTURES: Final = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF")
MAX_TEXT_BYTES: Final = 8 * MAX_CHARS  # a URL around the code, percent-encoded

EMPTY: Final = Finding("file.empty", Verdict.INDETERMINATE, "The file is empty.", "文件为空。")
UNKNOWN: Final = Finding(
    "file.unknown",
    Verdict.INDETERMINATE,
    "This is neither a PDF, nor a sealed container, nor a PNG, JPEG or WebP picture, nor the text of a code.",
    "该文件不是 PDF，不是盖章容器，不是 PNG、JPEG 或 WebP 图片，也不是二维码文本。",
)
NO_CODE: Final = Finding(
    "picture.no-code",
    Verdict.INDETERMINATE,
    "No QR code was found in the picture. Take it again, closer and straight from above.",
    "图片中未找到二维码。请靠近并正对二维码重新拍摄。",
)
SEVERAL: Final = Finding(
    "picture.several-codes",
    Verdict.INDETERMINATE,
    "The picture holds several QR codes. Show one at a time.",
    "图片中有多个二维码，请每次只出示一个。",
)


def check_file(file: BinaryIO, trust: Trust, *, now: datetime) -> Report:
    """Report on a file as of `now`. Bad bytes never raise: they become findings."""
    file.seek(0)
    head = file.read(HEAD_BYTES)
    if not head:
        return _one(EMPTY, now)
    if is_box(head):
        return check_asic(file, trust, now=now)
    if b"%PDF-" in head:
        return check_pdf(file, trust, now=now)
    file.seek(0)
    if head.startswith(PICTURES):
        return _check_picture(file.read(MAX_PICTURE_BYTES + 1), trust, now=now)
    return _check_text(file.read(MAX_TEXT_BYTES + 1), trust, now=now)


def _check_picture(picture: bytes, trust: Trust, *, now: datetime) -> Report:
    try:
        codes = sorted(set(read_codes(picture)))
    except MalformedTokenError as exc:
        said = Finding(
            "picture.unreadable", Verdict.INDETERMINATE, f"The picture cannot be read: {exc}.", "图片无法读取。"
        )
        return _one(said, now)
    if len(codes) == 1:
        return check_qr(codes[0], trust, now=now)
    return _one(SEVERAL if codes else NO_CODE, now)


def _check_text(data: bytes, trust: Trust, *, now: datetime) -> Report:
    try:
        text = data.decode("ascii").strip()
    except UnicodeDecodeError:
        return _one(UNKNOWN, now)
    if len(data) > MAX_TEXT_BYTES or not text or not text.isprintable():
        return _one(UNKNOWN, now)
    return check_qr(text, trust, now=now)


def _one(said: Finding, now: datetime) -> Report:
    return Report(kind="unknown", checked_at=now, findings=(said,))
