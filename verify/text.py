"""What a text that people will read may consist of: shared by the register that admits it and the check that shows it."""

import unicodedata
from typing import Final

FORBIDDEN: Final = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})  # controls, bidi and invisible, private use, breaks
NONCHARACTERS: Final = frozenset({0xFFFE, 0xFFFF})  # of each plane, Unicode §23.7


def objection(text: str, *, min_chars: int = 1, max_chars: int) -> tuple[str, str] | None:
    """Say in English and Chinese why `text` cannot stand, or None. Both limits are inclusive."""
    if not min_chars <= len(text) <= max_chars:
        return (
            f"must have {min_chars} to {max_chars} characters, has {len(text)}",
            f"须为{min_chars}至{max_chars}个字符，现为{len(text)}个",
        )
    for place, character in enumerate(text, start=1):
        if unicodedata.category(character) in FORBIDDEN or ord(character) & 0xFFFF in NONCHARACTERS:
            code = f"U+{ord(character):04X}"
            return f"character {place} ({code}) is not printable", f"第{place}个字符（{code}）不可显示"
    if text != text.strip():
        return "begins or ends with a space", "首尾不得有空格"
    if unicodedata.normalize("NFC", text) != text:
        return "is not in Unicode normalization form C", "未采用Unicode规范化形式C（NFC）"
    return None
