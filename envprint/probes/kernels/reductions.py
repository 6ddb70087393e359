"""Sums and what is made of them, over long axes, which threads share, and short ones."""

from collections.abc import Callable
from typing import Any

from envprint.probes.inputs import Inputs
from envprint.probes.probe import Build, Run

LONG = 262_147
TILES = 16  # 4 million: so long that 128 threads of 32768 elements each are told from 64


def over_all(function: Callable[[Any, Any], Any], *, tiles: int = 1) -> Build:
    """Return a build of `function(torch, values)` over one long vector."""

    def build(torch: Any, x: Inputs) -> Run:
        values = x.uniform("long", LONG)
        values = values.repeat(tiles) if tiles > 1 else values
        return lambda: function(torch, values)

    return build


def over_rows(function: Callable[[Any, Any], Any], *, length: int = 61) -> Build:
    """Return a build of `function(torch, values)` over the rows of a matrix."""

    def build(torch: Any, x: Inputs) -> Run:
        values = x.uniform("rows", 16_384 // length + 1, length, scale=2)
        return lambda: function(torch, values)

    return build


def over_columns(torch: Any, x: Inputs) -> Run:
    """Sum along the axis that is not contiguous."""
    values = x.uniform("columns", 1031, 67)
    return lambda: torch.sum(values, dim=0)


def cancellation(torch: Any, x: Inputs) -> Run:
    """Sum what cancels but for a small rest: the order decides what is left of it."""
    large, small = x.uniform("large", 16, 1024, scale=10), x.uniform("small", 16, 1024, scale=-10)
    values = torch.cat([large, small, -large], dim=1)
    return lambda: torch.sum(values, dim=1)
