"""Write what comes from files into Markdown so that it stays text: no markup, link, mention or table of its own.

A word that GitHub makes a link, a mention, an emoji or a formula of after it has read the Markdown (`@name`, `#12`,
`GH-12`, an address, a commit) goes into a code span, where it leaves all as it is; other words are escaped.
"""

import re
from collections.abc import Iterable, Sequence

from envprint.renderers.plain import brief, plain

VALUE = 120  # characters of a value
WORDS = 600  # characters of what may be a sentence
BACKTICKS = re.compile("`+")
MARKUP = re.compile(r"([\\`*_{}\[\]<>~&!^])")
MADE_A_LINK = re.compile(r"[@#$]|://|:[\w+-]+:|www\.|mailto:|xmpp:|\bgh-\d|\b[0-9a-f]{7,}\b", re.IGNORECASE)
STARTS_A_BLOCK = re.compile(r"^([0-9]*)(?=[-+=>]|[.)](\s|$))")
# plain, with a host, and nothing that would end a link
ADDRESS = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]+)?(/[A-Za-z0-9._~/?#=&%+,:;-]*)?")
GITHUB = re.compile(r"^https?://(www\.)?github\.com/")


def code(value: object, longest: int = VALUE) -> str:
    """Return a value as a code span; a pipe, which would end a table's cell, stands between two."""
    return "&#124;".join(_span(piece) if piece else "" for piece in brief(value, longest).split("|"))


def prose(text: str, longest: int = WORDS) -> str:
    """Return a sentence in which nothing is markup."""
    text = plain(text)
    text = text if len(text) <= longest else f"{text[:longest]}…"
    words = re.split(r"(\s+)", text)
    escaped = "".join(code(word, longest) if MADE_A_LINK.search(word) else _escaped(word) for word in words if word)
    return STARTS_A_BLOCK.sub(r"\1\\", escaped.strip())


def block(text: str) -> str:
    """Return a text as a block of code."""
    text = plain(text)
    fence = "`" * max(3, 1 + max(map(len, BACKTICKS.findall(text)), default=0))
    return f"{fence}text\n{text}\n{fence}"


def link(address: str) -> str:
    """Return a link; to GitHub by the host that makes no link back, as its documentation advises for references."""
    if not ADDRESS.fullmatch(address):
        return code(address)
    return f"<{GITHUB.sub('https://redirect.github.com/', address)}>"


def rows(columns: Sequence[str], cells: Iterable[Sequence[str]]) -> str:
    """Return a table of cells that are Markdown."""
    lines = [columns, ["---"] * len(columns), *cells]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def items(pairs: Iterable[tuple[str, str]]) -> str:
    """Return labels and what they say as a list; those without a text left out."""
    return "\n".join(f"- **{label}** {text}" for label, text in pairs if text)


def folded(summary: str, content: str) -> str:
    """Return what is shown when it is asked for; the summary is ours."""
    return f"<details><summary>{summary}</summary>\n\n{content}\n\n</details>"


def listed(names: Sequence[str], most: int = 12) -> str:
    """Return names in a row, those of the CPU's kernels without it."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(code(name.removeprefix("cpu.")) for name in names[:most]) + more


def _span(text: str) -> str:
    fence = "`" * (1 + max(map(len, BACKTICKS.findall(text)), default=0))
    edges = text[0] + text[-1]
    pad = " " if "`" in edges or (" " in edges and text.strip(" ")) else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def _escaped(word: str) -> str:
    return MARKUP.sub(r"\\\1", word).replace("|", "&#124;")
