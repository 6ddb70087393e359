"""Make values from files harmless: no control character, terminal escape or hidden direction mark gets through."""

import re
from collections.abc import Sequence
from typing import Any

import orjson

# C0 and C1 controls (ESC and CSI among them), DEL, line and paragraph separators, marks that are invisible or turn the
# direction of writing, the byte order mark, tag characters, lone surrogates.
HARMFUL = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u115f\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f\ud800-\udfff]"
)
# digests, git commits and build ids: the beginning tells them apart
LONG_NAME = re.compile(r"((?:sha256:|\b)[0-9a-f]{12})(?:[0-9a-f]{52}|[0-9a-f]{28})\b")
LONGEST = 160
KIBIBYTE = 1024


def plain(text: str) -> str:
    """Return a text in which what a terminal could obey is written as an escape."""
    return HARMFUL.sub(lambda match: _escape(match[0]), text)


def brief(value: Any, longest: int = LONGEST) -> str:
    """Return a value as a person writes it, on one line, cut where it gets long."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Sequence) and not isinstance(value, str):
        text = " ".join(str(item) for item in value) or "nothing"
    else:
        text = str(value) if value != "" else '""'
    text = LONG_NAME.sub(r"\1…", plain(text))
    return text if len(text) <= longest else f"{text[:longest]}…"


def size(number: float) -> str:
    """Return a number of bytes as a person writes it: 48 KiB, 80 GiB."""
    units = ["bytes", "KiB", "MiB", "GiB", "TiB"]
    while abs(number) >= KIBIBYTE and len(units) > 1:
        number /= KIBIBYTE
        units.pop(0)
    return f"{number:.4g} {units[0]}"


def json_text(value: object) -> str:
    """Return indented JSON in which harmful characters are escapes; a reader of JSON sees the same value."""
    text = orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()
    return re.sub(HARMFUL.pattern.replace("\x00-\x1f", ""), lambda match: _json_escape(match[0]), text)


def _escape(character: str) -> str:
    code = ord(character)
    if code < 0x100:  # noqa: PLR2004 - the range of \x
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"  # noqa: PLR2004 - the range of \u


def _json_escape(character: str) -> str:
    units = character.encode("utf-16-be")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))
