"""Lay out where two recorded runs part: the step, what differs in it, and the losses around it."""

import re

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from envprint.causes.runs.module_words import say_module
from envprint.renderers.plain import plain
from envprint.report import Divergence

DIGEST = re.compile(r"(?:xxh3|sum-of-xxh3)[a-z0-9-]*:([0-9a-f]{8})[0-9a-f]+")
UNKNOWN = "-"


def lay_out_parting(at: Divergence) -> RenderableType:
    """Return where two runs part as a layout."""
    head: RenderableType = Text.assemble(("parts ", "bold"), say_place(at), f"   {say_sides(at)}")
    if at.module is not None:
        head = Group(head, Padding(Text(plain(f"in {say_module(at.module)}")), (0, 0, 0, 4)))
    if not at.losses:
        return head
    losses = Table.grid(padding=(0, 3))
    for _ in range(4):
        losses.add_column(justify="right")
    losses.add_row(*(Text(name, style="dim") for name in ("step", "loss of a", "loss of b", "")))
    for each in at.losses:
        losses.add_row(
            str(each.step), plain(each.a or UNKNOWN), plain(each.b or UNKNOWN), "" if each.a == each.b else "≠"
        )
    return Group(head, Padding(losses, (0, 0, 0, 4)))


def say_place(at: Divergence) -> str:
    """Return the step and what differs in it, in words."""
    where = f"at step {at.step}" if at.step else "before the first step"
    return plain(f"{where}, in {at.component}")


def say_sides(at: Divergence) -> str:
    """Return what both sides have there; of digests the beginning, which is enough to tell them apart."""
    return plain(f"{shorten(at.a)} / {shorten(at.b)}")


def shorten(text: str) -> str:
    """Return a text with the beginnings of the digests in it."""
    return DIGEST.sub(r"\1…", text)
