"""Render what the probes of one machine gave: a row for each kernel."""

from collections.abc import Mapping

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from envprint.manifest import Manifest
from envprint.manifest.probes import Probe
from envprint.renderers.plain import plain

COLUMNS = ("kernel", "error ULP", "repeats", "1 thread", "ms")


def lay_out_kernels(manifest: Manifest, times: Mapping[str, float]) -> RenderableType:
    """Return a table for each device, and what could not be run; `times` in milliseconds by device and probe."""
    parts: list[RenderableType] = []
    for device, kernels in (manifest.probes.kernels if manifest.probes else {}).items():
        parts += [Text(f"{plain(device)}: {len(kernels)} kernels", style="bold"), _table(device, kernels, times), ""]
    for device, orders in (manifest.probes.orders if manifest.probes else {}).items():
        parts += [Text(f"{plain(device)}: orders of addition", style="bold")]
        parts += [Text(f"  {plain(name)}: {plain(order.words)}") for name, order in orders.items()]
        parts.append("")
    for path, gap in manifest.gaps.items():
        name = path.removeprefix("probes.").removeprefix("kernels.")
        parts.append(Text(f"{plain(name)}: {'' if gap.kind == 'absent' else 'failed: '}{plain(gap.reason)}"))
    return Padding(Group(*parts), (0, 1, 0, 1))


def _table(device: str, kernels: Mapping[str, Probe], times: Mapping[str, float]) -> Table:
    table = Table(box=None, padding=(0, 2), header_style="dim", pad_edge=False)
    for place, column in enumerate(COLUMNS):
        table.add_column(column, justify="right" if place else "left", no_wrap=True)
    for name, probe in kernels.items():
        table.add_row(
            plain(name), _error(probe), _repeats(probe), _one_thread(probe), f"{times.get(f'{device}.{name}', 0):.2f}",
        )  # fmt: skip
    return table


def _error(probe: Probe) -> str:
    said = "" if probe.error_ulp is None else f"{probe.error_ulp:.2g}"
    return f"{probe.accuracy} {said}".strip() if probe.accuracy else said


def _repeats(probe: Probe) -> str:
    return "yes" if probe.outputs == 1 else f"{probe.outputs} outputs"


def _one_thread(probe: Probe) -> str:
    if probe.one_thread is None:
        return ""
    return "same" if probe.one_thread == "same" else "differs"
