"""Draw what the probes measured: which layers moved and by how much, what stayed, what could not be compared."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from envprint.probes.wording import distance_of, size_of
from envprint.renderers.plain import brief
from envprint.report import Drift, KernelDrift

LABEL_WIDTH = 13
LISTED = 5
ALSO = 100
WORDS = 200  # characters of what may be a sentence
BAR_WIDTH = 10  # a block for each power of ten from 1e-10 to 1

Row = tuple[str, ...]


def lay_out_drift(drift: Drift) -> RenderableType:
    """Return the drift as a layout: a line for each layer that moved, the largest kernels, and what else to know."""
    moved = [kernel for kernel in drift.kernels if kernel.state == "moved"]
    grids: list[list[Row]] = [
        [("drift", headline(drift))],
        _layers(drift),
        _largest(moved),
        [*_notes(drift, moved)],
    ]
    return Group(*(_grid(rows) for rows in grids if rows))


def bar(relative: float | None) -> str:
    """Return a size as a bar: a block more for each power of ten above 1e-10."""
    if relative is None or not relative > 0:  # NaN is not, either
        return ""
    return "█" * max(math.ceil(BAR_WIDTH + math.log10(min(relative, 1))), 1)


def headline(drift: Drift) -> str:
    """Say how many kernels moved, of those that could be compared."""
    moved = [kernel for kernel in drift.kernels if kernel.state == "moved"]
    compared = sum(kernel.state != "unknown" for kernel in drift.kernels)
    if not compared:
        return "no kernel could be compared"
    kernels = f"{compared} kernel{'' if compared == 1 else 's'}"
    if moved:
        return f"{len(moved)} of {kernels} moved"
    return f"{kernels} {'agrees' if compared == 1 else 'agree'} bit for bit"


def _layers(drift: Drift) -> list[Row]:
    moved = [(name, layer) for name, layer in drift.layers.items() if layer.moved]
    return [
        (f"  {brief(name)}", f"{layer.moved} of {layer.compared} moved", bar(layer.relative), _relative(layer.relative))
        for name, layer in sorted(moved, key=lambda pair: -(pair[1].relative or 0))
    ]


def _largest(moved: Sequence[KernelDrift]) -> list[Row]:
    rows: list[Row] = []
    for kernel in sorted(moved, key=size_rank)[:LISTED]:
        samples = f"{kernel.differing} of {kernel.sampled}" if kernel.differing else brief(kernel.reason)
        rows.append(
            ("" if rows else "largest", _name(kernel), samples, distance_of(kernel), _relative(kernel.relative))
        )
    return rows


def size_rank(kernel: KernelDrift) -> tuple[float, str]:
    """Return where a kernel stands: what is no number on a side first, what differs beside the samples last."""
    if not kernel.differing:
        return 1, kernel.path
    return -math.inf if kernel.relative is None else -kernel.relative, kernel.path


def _notes(drift: Drift, moved: Sequence[KernelDrift]) -> Iterator[Row]:
    rest = sorted(moved, key=size_rank)[LISTED:]
    if rest:
        more = f", and {len(rest) - ALSO} more" if len(rest) > ALSO else ""
        yield (
            "also",
            ", ".join(f"{_name(kernel)} {_relative(kernel.relative)}".rstrip() for kernel in rest[:ALSO]) + more,
        )
    stayed = [brief(name) for name, layer in drift.layers.items() if layer.compared and not layer.moved]
    if moved and stayed:
        yield "stayed", ", ".join(stayed)
    yield from remarks(drift)


def remarks(drift: Drift) -> Iterator[tuple[str, str]]:
    """Yield what else is to be known, label and text: what one thread does, orders, wrong and unsteady kernels."""
    alike = [kernel for kernel in drift.kernels if kernel.state == "moved" and kernel.with_one_thread == "same"]
    if alike:
        yield "one thread", f"{_names(alike)}: the same on both sides, so the number of threads parts them"
    for order in drift.orders[:LISTED]:
        yield "order", f"{brief(order.path.removeprefix('cpu.'))}: {brief(order.a, WORDS)} / {brief(order.b, WORDS)}"
    notes = {"wrong here": _wrong, "reduced": _reduced, "unsteady": _unsteady, "not compared": _unknown}
    for label, say in notes.items():
        if text := _told(drift.kernels, say):
            yield label, text


def _told(kernels: Iterable[KernelDrift], say: Callable[[KernelDrift], str]) -> str:
    """Return what is said of kernels, in one breath of all of which the same is said."""
    said: dict[str, list[KernelDrift]] = {}
    for kernel in kernels:
        said.setdefault(say(kernel), []).append(kernel)
    return "; ".join(f"{_names(theirs)}{brief(text, WORDS)}" for text, theirs in said.items() if text)


def _wrong(kernel: KernelDrift) -> str:
    sides = _on(side for side, accuracy in kernel.accuracy.items() if accuracy == "wrong")
    return f": no rounding explains the error{sides}" if sides else ""


def _reduced(kernel: KernelDrift) -> str:
    sides = _on(side for side, accuracy in kernel.accuracy.items() if accuracy == "reduced")
    return f": computed with products of reduced precision{sides}" if sides else ""


def _unsteady(kernel: KernelDrift) -> str:
    sides = _on(side for side, outputs in kernel.outputs.items() if outputs > 1)
    return f": gives another output from run to run{sides}" if sides else ""


def _unknown(kernel: KernelDrift) -> str:
    return f"{_on(kernel.lacking)}: {kernel.reason}" if kernel.state == "unknown" else ""


def _on(sides: Iterable[str]) -> str:
    names = sorted(sides)
    return " on both sides" if len(names) > 1 else f" on {names[0]}" if names else ""


def _names(kernels: Sequence[KernelDrift]) -> str:
    return ", ".join(map(_name, kernels)) if len(kernels) < LISTED else f"{len(kernels)} kernels"


def _name(kernel: KernelDrift) -> str:
    return brief(kernel.path.removeprefix("cpu."))


def _relative(relative: float | None) -> str:
    return "" if relative is None else size_of(relative)


def _grid(rows: Sequence[Row]) -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(width=LABEL_WIDTH, style="dim", overflow="fold")
    for _ in range(max(map(len, rows)) - 1):
        grid.add_column(overflow="fold")
    for row in rows:
        grid.add_row(*map(Text, row))
    return grid
