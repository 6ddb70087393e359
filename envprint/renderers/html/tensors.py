"""Draw how far tensors of two models are apart: a bar for each on a log scale, by the module that it belongs to."""

import math
from collections.abc import Collection, Iterator, Sequence

from envprint.renderers.html.elements import Html, code, lines, tag
from envprint.renderers.html.marks import draw_mark
from envprint.renderers.html.tables import fold
from envprint.renderers.plain import brief
from envprint.renderers.tensor_words import ROUNDED, counted, say_tensor
from envprint.report import TensorDrift

SHOWN = 32  # tensors before the fold
FEW = 8  # so many more are not folded
MOST = 1000
DECADES = 10  # of the relative differences from 1e-10 to 1
TICKS = ("10⁻¹⁰", "10⁻⁸", "10⁻⁶", "10⁻⁴", "10⁻²", "1")
MARKS = {
    "odd": "the same numbers in another type, order or sign",
    "beside": "differs, but how far is not known, or NaN stands against a number",
    "unknown": "missing on one side, or not compared",
}
BARS = ("parameter", "buffer")


def draw_tensors(tensors: Sequence[TensorDrift], parted: Collection[str]) -> Html:
    """Return the tensors that differ as a figure, in the order of the model; `parted` are where outputs part first."""
    if not tensors:
        return Html()
    first = SHOWN if len(tensors) > SHOWN + FEW else len(tensors)
    drawn = [_picture(tensors[:first], parted)]
    if rest := tensors[first:MOST]:
        left_out = f", of which {len(rest)} are drawn" if len(tensors) > MOST else ""
        said = f"{counted(len(tensors) - first, 'more tensor', 'more tensors')}{left_out}"
        drawn.append(fold(said, _picture(rest, parted)))
    caption = "Each tensor that differs, in the order of the model: the largest difference over the largest number."
    return tag("figure", tag("figcaption", caption), lines([*drawn, _legend(tensors[:MOST])]), class_="drift")


def _picture(tensors: Sequence[TensorDrift], parted: Collection[str]) -> Html:
    modules: dict[str, list[TensorDrift]] = {}
    for each in tensors:
        modules.setdefault(_module(each.name), []).append(each)
    groups = [_group(name, theirs, parted=name in parted) for name, theirs in modules.items()]
    return tag("div", lines([*groups, _scale()]), class_="tensors")


def _module(name: str) -> str:
    return name.rpartition(".")[0]


def _group(module: str, tensors: Sequence[TensorDrift], *, parted: bool) -> Html:
    name: list[str] = [code(module) if module else "the model itself"]
    others = dict.fromkeys(_module(each.other) for each in tensors if each.other)
    for other in (each for each in others if each and each != module):
        name += [" ", tag("span", code(other), " in b", class_="quiet")]
    if parted:
        name += [" ", tag("span", "outputs part here first", class_="severity high")]
    return tag("div", tag("p", *name, class_="module"), *map(_tensor, tensors), class_="group")


def _tensor(tensor: TensorDrift) -> Html:
    kind = [" ", tag("span", "buffer", class_="quiet")] if tensor.kind == "buffer" else []
    name = tag("span", code(tensor.name.rpartition(".")[2] or tensor.name), *kind, class_="name")
    how = say_tensor(tensor)
    title = tag("title", f"{brief(tensor.name)}: {brief(how, 400)}")
    ticks = (tag("line", x1=x, x2=x, y1="0", y2="100%") for x in _ticks())
    grid = tag("svg", *ticks, class_="ticks", width="100%", height="100%", aria_hidden="true")
    bar = tag("svg", title, _drawn(tensor), class_="marks", width="100%", height=10, role="img")
    return tag(
        "div", name, tag("div", grid, bar, class_="scaled"), tag("span", brief(how, 400), class_="how"), class_="tensor"
    )


def _drawn(tensor: TensorDrift) -> Html:
    mark = mark_of(tensor)
    if mark:
        return draw_mark(mark, x=_x(0), y="5")
    share = min(max(1 + math.log10(tensor.relative or 1) / DECADES, 0.005), 1)
    return tag("rect", x=_x(0), y=1, width=f"{96 * share:.2f}%", height=8, rx=1.5, class_=f"size {tensor.kind}")


def mark_of(tensor: TensorDrift) -> str:
    """Return which of MARKS stands for a tensor; nothing where a bar does, as long as it is far off."""
    if tensor.state == "differs" or ROUNDED in tensor.detail:
        if tensor.relative is not None and 0 < tensor.relative < math.inf:
            return ""
        return "odd" if tensor.state == "recast" else "beside"
    return "unknown" if tensor.state in {"missing", "unexpected", "unknown"} else "odd"


def _x(share: float) -> str:
    return f"{2 + 96 * share:.2f}%"


def _ticks() -> Iterator[str]:
    return (_x(place / (len(TICKS) - 1)) for place in range(len(TICKS)))


def _scale() -> Html:
    labels = [tag("text", said, x=x, y=12) for said, x in zip(TICKS, _ticks(), strict=True)]
    axis = tag("svg", *labels, class_="marks", width="100%", height=16, aria_hidden="true")
    return tag("div", axis, tag("span", "relative difference, log scale", class_="unit"), class_="tensor scale")


def _legend(tensors: Sequence[TensorDrift]) -> Html:
    """Return what the bars and marks mean that are there."""
    used = {mark_of(each) or each.kind for each in tensors}
    bar = {kind: tag("rect", width=16, height=8, y=4, rx=1.5, class_=f"size {kind}") for kind in BARS}
    drawn = [(bar[name], name) for name in BARS if name in used]
    drawn += [(draw_mark(name), said) for name, said in MARKS.items() if name in used]
    entries = (tag("li", tag("svg", mark, width=16, height=16, aria_hidden="true"), said) for mark, said in drawn)
    return tag("ul", *entries, class_="legend")
