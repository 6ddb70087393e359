"""Render a sweep as text: the results by seed, as bars from the least to the greatest, and what follows from them."""

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from envprint.manifest.sweep import Sweep
from envprint.renderers.layout import grid
from envprint.renderers.plain import plain

BAR = 30


def lay_out_sweep(sweep: Sweep) -> RenderableType:
    """Return a sweep as a layout that a rich console prints."""
    low, high = sweep.interval
    rows = [
        ("mean", f"{sweep.mean:.6g}"),
        ("deviation", f"{sweep.deviation:.3g}"),
        ("95 % of it", f"{low:.6g} to {high:.6g}: where the mean over all seeds is likely to be"),
        ("two seeds", f"up to {sweep.usual_gap:.3g} apart by the seed alone, in 95 % of all cases"),
    ]
    head = Text(f"{plain(sweep.metric)} over {len(sweep.results)} seeds", style="bold")
    return Padding(Group(head, "", _bars(sweep), "", grid(rows, label_width=13)), (0, 1, 0, 1))


def _bars(sweep: Sweep) -> Table:
    least, greatest = min(sweep.results.values()), max(sweep.results.values())
    width = (greatest - least) or 1.0
    table = Table.grid(padding=(0, 2))
    for seed, result in sweep.results.items():
        place = round((result - least) / width * (BAR - 1))
        table.add_row(f"seed {seed}", f"{result:.6g}", f"{'·' * place}●{'·' * (BAR - 1 - place)}")
    return table
