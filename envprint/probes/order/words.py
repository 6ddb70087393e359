"""What a person calls an order of addition: sequential, pairwise, lanes, accumulators, blocks, or no simple pattern.

Most kernels repeat one scheme, so their trees are levels: innermost, `count` terms that lie `step` apart; then
`count` such sums that lie `step` apart; and so on. A level whose step is the product of the counts below it joins
neighbouring blocks; levels of smaller steps than those inside them join lanes that were summed side by side.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Literal

from envprint.probes.order.text import Node, Part, Run, count, fold
from envprint.probes.order.tree import Tree

PAIR = 2


@dataclass(frozen=True)
class Level:
    """So many parts that lie `step` apart, added one after another, at once, or in passes over all that lie there."""

    kind: Literal["sequence", "at once"]
    count: int
    step: int
    passes: str = ""


def describe(tree: Tree) -> str:
    """Return words for a tree; where nothing is known to call it, they say so, with its depth and its longest run."""
    part = fold(tree)
    if isinstance(part, int):
        return "one term"
    return _scheme_of(part) or _with_rest(part) or _no_pattern(tree, part)


def _scheme_of(part: Part) -> str | None:
    levels = _levels(part)
    if not levels or not _is_whole(levels):
        return None
    return _scheme(levels)


def _levels(part: Part) -> list[Level] | None:
    """Return the levels of a part, the innermost first; None if it is not the same everywhere."""
    if isinstance(part, int):
        return []
    if part.kind == "joining":
        return None
    first, *others = part.runs
    if others:
        adders = _adders(part)
        if adders is None:
            return _passes(part)
        inner, run = adders
        return None if (below := _levels(inner)) is None else [*below, Level("sequence", run.count + 1, run.step)]
    below = _levels(first.part)
    return None if below is None else [*below, Level(part.kind, first.count, first.step)]


def _passes(part: Node) -> list[Level] | None:
    """Return the one level of a sequence that goes over its terms in several passes, as convolutions do."""
    runs, starts = part.runs, [run.part for run in part.runs]
    if part.kind != "sequence" or len({(run.count, run.step) for run in runs}) != 1 or starts[0] == starts[-1]:
        return None
    if not all(isinstance(start, int) for start in starts) or runs[0].step < 1:
        return None
    first, second, *_ = (int(start) for start in starts if isinstance(start, int))
    each = Level("sequence", runs[0].count, runs[0].step), Level("sequence", len(runs), second - first)
    if starts != [first + k * (second - first) for k in range(len(runs))] or not _is_whole(each):
        return None
    return [Level("sequence", _terms(each), 1, f"{len(runs)} passes of {runs[0].count} terms {runs[0].step} apart")]


def _adders(part: Node) -> tuple[Node, Run] | None:
    """Return the first group and the others, where groups of one kind are added at once to what was before."""
    if len(part.runs) != 2:  # noqa: PLR2004
        return None
    (first, rest), at = part.runs, part.runs[0].part
    if first.count != 1 or not isinstance(at, Node) or not isinstance(rest.part, Node) or at.kind != "at once":
        return None
    alike = [(run.count, run.step) for run in at.runs] == [(run.count, run.step) for run in rest.part.runs]
    step = rest.step or count(at)
    return (at, Run(at, rest.count, step)) if rest.part.kind == "joining" and alike else None


def _is_whole(levels: Sequence[Level]) -> bool:
    """Tell whether levels reach each of the terms from the first to the last once."""
    reached = 1
    for level in sorted(levels, key=lambda level: abs(level.step)):
        if abs(level.step) != reached:
            return False
        reached *= level.count
    return True


def _terms(levels: Sequence[Level]) -> int:
    return prod(level.count for level in levels)


def _over(levels: Sequence[Level], width: int) -> list[Level]:
    """Return levels counted in blocks, or in rows of lanes, of some width."""
    return [replace(level, step=level.step // width) for level in levels]


def _scheme(levels: Sequence[Level], lanes: str = "lanes") -> str:
    if (said := _simple(levels)) is not None:
        return said
    whole = [k for k in range(1, len(levels)) if _is_whole(levels[:k])]
    if whole:
        plain = (k for k in whole if _simple(_over(levels[k:], _terms(levels[:k]))) is not None)
        inside = next(plain, whole[-1])
        return _blocks(levels[:inside], levels[inside:], lanes)
    outside = next(k for k in range(1, len(levels) + 1) if _is_whole(levels[k:]))
    return _lanes(levels[:outside], levels[outside:], lanes)


def _simple(levels: Sequence[Level]) -> str | None:
    """Return words for what is one level, or a row of pairs."""
    if len(levels) == 1:
        (level,) = levels
        if level.kind == "at once":
            return f"{level.count}-way adders"
        if level.passes:
            return f"sequential in {level.passes}"
        return "sequential" if level.step > 0 else "sequential from the last term to the first"
    if all(level.kind == "sequence" and level.count == PAIR for level in levels):
        steps = [abs(level.step) for level in levels]
        return "pairwise" if steps == sorted(steps) else "pairwise, of halves" if steps == sorted(steps)[::-1] else None
    return None


def _blocks(inner: Sequence[Level], outer: Sequence[Level], lanes: str) -> str:
    size = _terms(inner)
    joined = _scheme(_over(outer, size), lanes)
    if len(inner) == 1 and inner[0].kind == "at once":
        return f"{size}-way adders, then {joined}"
    if size == PAIR:
        return f"{_terms(outer)} pairs, then {joined}"
    return f"{_terms(outer)} blocks of {size}{_each(_scheme(inner), joined)}"


def _each(scheme: str, joined: str) -> str:
    """Return how the terms of a block are added, and then the blocks."""
    if scheme == joined == "sequential":
        return ", all sequential"
    return f" ({scheme}), then {joined}" if "," in scheme else f", each {scheme}, then {joined}"


def _lanes(along: Sequence[Level], across: Sequence[Level], lanes: str) -> str:
    width = _terms(across)
    split = next((k for k in range(1, len(across)) if _is_whole(across[k:]) and not _goes_on(across, k)), 0)
    accumulators, vector = across[:split], across[split:]
    said = f"{_terms(vector)} {lanes}" + (f", {_terms(accumulators)} accumulators each" if split else "")
    each = _scheme(_over(along, width), "accumulators")
    if each != "sequential":
        said += f" ({each})"
    first, then = _joined(accumulators), _joined(vector)
    if not split or first == then:
        return f"{said}, then {then}"
    return f"{said}, then the accumulators {first}, the lanes {then}"


def _goes_on(levels: Sequence[Level], place: int) -> bool:
    """Tell whether a level carries on the pairs of the one before it, at half or twice the distance."""
    before, level = levels[place - 1], levels[place]
    if {before.count, level.count} != {PAIR} or {before.kind, level.kind} != {"sequence"}:
        return False
    ratio = abs(before.step), abs(level.step)
    direction = place > 1 and abs(levels[place - 2].step) < abs(before.step)
    return ratio[0] == PAIR * ratio[1] if not direction else ratio[1] == PAIR * ratio[0]


def _joined(levels: Sequence[Level]) -> str:
    if all(level.kind == "at once" for level in levels):
        return "at once"
    if all(level.count == PAIR for level in levels):
        return "pairwise"
    if len(levels) == 1:
        return "sequential" if levels[0].step > 0 else "sequential from the last"
    return " and ".join(
        "in pairs"
        if level.count == PAIR
        else f"{level.count} {'sequential' if level.kind == 'sequence' else 'at once'}"
        for level in levels
    )


def _with_rest(part: Node) -> str | None:
    """Return words for equal blocks and one smaller block, or for a scheme and some terms that are left over."""
    if part.kind != "sequence" or len(part.runs) != 2 or isinstance(part.runs[1].part, Node) is False:  # noqa: PLR2004
        return _with_terms_left(part)
    first, rest = part.runs
    if isinstance(first.part, int):  # what a block begins, the sum goes on with
        block, blocks = Node("sequence", (first,)), 1
    elif isinstance(first.part, Node):
        block, blocks = first.part, first.count
    size, smaller = count(block), count(rest.part)
    schemes = {_scheme_of(block), _scheme_of(_shifted(rest.part, -size * blocks))}
    if rest.count != 1 or None in schemes or (blocks > 1 and first.step != size):
        return None
    each = " or ".join(sorted(str(scheme) for scheme in schemes))
    said = "a block" if blocks == 1 else f"{blocks} blocks"
    return f"{said} of {size} and one of {smaller}{_each(each, 'sequential')}"


def _with_terms_left(part: Node) -> str | None:
    *runs, rest = part.runs
    if part.kind != "sequence" or not runs or not isinstance(rest.part, int):
        return None
    whole = runs[0].part if len(runs) == 1 and runs[0].count == 1 else Node("sequence", tuple(runs))
    if count(whole) != rest.part or (said := _scheme_of(whole)) is None:
        return None
    return f"{said}; the last {rest.count} one by one"


def _shifted(part: Part, by: int) -> Part:
    if isinstance(part, int):
        return part + by
    return Node(part.kind, tuple(Run(_shifted(run.part, by), run.count, run.step) for run in part.runs))


def _no_pattern(tree: Tree, part: Part) -> str:
    said = f"no simple pattern: at most {tree.depth} additions deep"
    widest = max(len(children) for children in tree.nodes)
    if widest > PAIR:
        said += f", {widest}-way adders"
    longest = max(_leaf_runs(part), key=lambda run: (run.count, -run.step), default=None)
    if longest is not None and longest.count > PAIR:
        said += f", runs of up to {longest.count} terms {abs(longest.step)} apart"
    return said


def _leaf_runs(part: Part) -> list[Run]:
    if isinstance(part, int):
        return []
    runs = [run for run in part.runs if isinstance(run.part, int)]
    return runs + [below for run in part.runs for below in _leaf_runs(run.part)]
