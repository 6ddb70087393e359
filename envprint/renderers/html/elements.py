"""Build markup of which nothing can be broken out: what is no Html is escaped, whatever it holds."""

from collections.abc import Iterable
from html import escape
from urllib.parse import SplitResult, urlsplit

from envprint.renderers.plain import brief, plain

VOID = {"input", "meta"}
VALUE = 400  # characters of a value
WORDS = 2000  # characters of what may be a sentence


class Html(str):
    """Markup that `tag` or `join` made."""

    __slots__ = ()


def tag(name: str, /, *content: str, **attributes: str | float | bool | None) -> Html:
    """Return an element; `class_` is class, `aria_label` is aria-label; what is None or False is left out."""
    opening = "".join(
        f" {key}" if value is True else f' {key}="{_escaped(str(value))}"'
        for key, value in ((each.rstrip("_").replace("_", "-"), value) for each, value in attributes.items())
        if value is not None and value is not False
    )
    inner = "".join(each if isinstance(each, Html) else _escaped(each) for each in content)
    return Html(f"<{name}{opening}>" if name in VOID else f"<{name}{opening}>{inner}</{name}>")


def join(parts: Iterable[str], by: str = "") -> Html:
    """Return parts as one, those that are no Html escaped."""
    return Html(_escaped(by).join(each if isinstance(each, Html) else _escaped(each) for each in parts))


def lines(parts: Iterable[str]) -> Html:
    """Return parts on a line each."""
    return Html("\n".join(each if isinstance(each, Html) else _escaped(each) for each in parts if each))


def code(value: str, **attributes: str | None) -> Html:
    """Return what comes from a file: a name, a path, a value."""
    return tag("code", brief(value, VALUE), **attributes)


def words(text: str) -> str:
    """Return a sentence, cut where it gets long."""
    return text if len(text) <= WORDS else f"{text[:WORDS]}…"


def link(address: str) -> Html:
    """Return a link to another page, or its text alone where it is not plainly an address of the web."""
    parts = _split(address)
    if parts is None:
        return code(address)
    shown = parts.netloc + parts.path.rstrip("/") + (f"#{parts.fragment}" if parts.fragment else "")
    return tag("a", shown, href=address, rel="noopener noreferrer")


def _split(address: str) -> SplitResult | None:
    if not address.isascii() or not address.isprintable() or set(address) & set(" \"'<>\\^`{|}"):
        return None
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    return parts if parts.scheme in ("http", "https") and parts.hostname and "@" not in parts.netloc else None


def _escaped(text: str) -> str:
    return escape(plain(text))
