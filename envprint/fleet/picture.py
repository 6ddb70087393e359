"""Draw machines by kernels, how far each gives other bits than the first group as colour."""

import math
from collections.abc import Iterator, Sequence

from envprint.fleet.report import FleetReport, Group
from envprint.probes.wording import size_of
from envprint.renderers.html.elements import Html, lines, tag
from envprint.renderers.plain import brief

ROW = 14  # pixels
MOST_ROWS = 200  # machines that have a row each; of more, groups have
LEAST_EXPONENT, DECADES = -9, 9  # relative differences of 1e-9 and less are the palest, of 1 the strongest
PALEST = 0.18
SCALE = (1e-8, 1e-6, 1e-4, 1e-2, 1.0)


def draw_fleet(report: FleetReport) -> Html:
    """Return the picture as a figure: a row for each machine, or for each group where there are many machines."""
    moved = {path for group in report.groups for path in group.moved}
    kernels = [path for path in report.kernels if path in moved]
    rows = list(_rows(report))
    said = f"{len(kernels)} of {len(report.kernels)} kernels give other bits in some group; a column is one of these."
    drawn = [tag("div", *(_row(label, group, kernels) for label, group in rows), class_="heat"), _legend()]
    return tag("figure", tag("figcaption", said), lines(drawn), class_="drift")


def _rows(report: FleetReport) -> Iterator[tuple[str, Group]]:
    single = sum(len(group.members) for group in report.groups) <= MOST_ROWS
    for group in report.groups[:MOST_ROWS]:
        if single:
            yield from ((brief(name, 40), group) for name in group.members)
        else:
            yield f"group {group.number}: {len(group.members)}", group


def _row(label: str, group: Group, kernels: Sequence[str]) -> Html:
    width = 100 / max(1, len(kernels))
    cells = [
        _cell(place * width, width, path, group.moved[path])
        for place, path in enumerate(kernels)
        if path in group.moved
    ]
    title = tag("title", f"{label}: {len(group.moved)} kernels give other bits than those of group 1")
    ground = tag("rect", width="100%", height=ROW, class_="ground")
    picture = tag("svg", title, ground, *cells, width="100%", height=ROW, role="img")
    return tag("div", tag("span", str(group.number), class_="place"), tag("span", label, class_="name"), picture)


def _cell(x: float, width: float, path: str, relative: float | None) -> Html:
    far = "how far is not known" if relative is None else f"{size_of(relative)} relative"
    title = tag("title", f"{brief(path.removeprefix('cpu.'))}: {far}")
    return tag(
        "rect", title, x=f"{x:.3f}%", width=f"{width:.3f}%", height=ROW, fill_opacity=f"{_strength(relative):.2f}"
    )


def _strength(relative: float | None) -> float:
    """Return how strong the colour of a difference is, on a log scale."""
    if relative is None or not math.isfinite(relative):
        return 1.0
    share = (math.log10(max(relative, 10.0**LEAST_EXPONENT)) - LEAST_EXPONENT) / DECADES
    return PALEST + (1 - PALEST) * min(1.0, share)


def _legend() -> Html:
    items = [
        tag("li", tag("svg", _swatch(each), width=ROW, height=ROW, class_="heat", aria_hidden="true"), f"{each:.0e}")
        for each in SCALE
    ]
    return tag("ul", tag("li", "relative difference"), *items, class_="legend")


def _swatch(relative: float) -> Html:
    return tag("rect", width=ROW, height=ROW, fill_opacity=f"{_strength(relative):.2f}")
