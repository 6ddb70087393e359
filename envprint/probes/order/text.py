"""A tree of additions as canonical text, and back.

    7               term 7
    (a b c)         a + b, then c added to it: a sequential sum
    {a b c}         three or more at once, with one rounding
    (a +{b c} d)    b and c at once with what was there before them, then d
    a*3+16          a, and twice more, each time with 16 added to every term's number: a, a+16, a+32
    (0*1024+1)      so this is: 0 to 1023, one after another

A text has one tree. A tree has one canonical text, as `fold` makes it: the longest repetitions from the left, and
of the first two of a sequence the one that lies further from the third comes first.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from envprint.probes.order.tree import Tree, plant

Part: TypeAlias = "int | Node"

MOST_TERMS = 2**17  # of a text: what a manifest of others may ask us to write out
DEEPEST = 64  # brackets of a text; a canonical one has fewer than log2(MOST_TERMS) + 2
NUMBER = "[0-9]{1,7}(?![0-9])"
TOKEN = re.compile(
    rf"[ \n]*(?:(?P<term>{NUMBER})|\*(?P<count>{NUMBER})(?P<step>[+-]{NUMBER})|(?P<open>\(|\+?\{{)|(?P<shut>[)}}]))"
)
BRACKETS = {"sequence": ("(", ")"), "at once": ("{", "}"), "joining": ("+{", "}")}


@dataclass(frozen=True)
class Run:
    """A part, and its copies: `count` in all, each with all its terms' numbers `step` greater than the last one's."""

    part: Part
    count: int
    step: int


@dataclass(frozen=True)
class Node:
    """What is added: one after another (sequence), all at once, or all at once to what stands before it (joining)."""

    kind: Literal["sequence", "at once", "joining"]
    runs: tuple[Run, ...]


def digest(text: str) -> str:
    """Return the name of an order."""
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def write(tree: Tree) -> str:
    """Return the canonical text of a tree."""
    return _write(fold(tree))


def _write(part: Part) -> str:
    if isinstance(part, int):
        return str(part)
    opening, closing = BRACKETS[part.kind]
    runs = (_write(run.part) + (f"*{run.count}{run.step:+d}" if run.count > 1 else "") for run in part.runs)
    return f"{opening}{' '.join(runs)}{closing}"


def fold(tree: Tree) -> Part:
    """Return a tree with its sequences as one node each, and its repetitions as runs."""
    return _Folding(tree).fold(len(tree.sizes) - 1)


class _Folding:
    """A tree, with a number for each shape: parts of one shape differ only by a shift of their terms."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.known: dict[tuple[tuple[int, int], ...], int] = {}
        self.shapes = [0] * tree.terms
        for children in tree.nodes:
            self.shapes.append(self._shape(children))

    def fold(self, part: int) -> Part:
        """Return a part folded. No item of a sequence has more terms than half of it, so this does not go deep."""
        if part < self.tree.terms:
            return part
        steps: list[tuple[int, ...]] = []
        while (spine := self._spine(part)) is not None:
            steps.append(tuple(child for child in self._children(part) if child != spine))
            part = spine
        steps.reverse()
        bottom = self._children(part)
        if len(bottom) > 2:  # noqa: PLR2004 - at once
            innermost = Node("at once", self._runs([(child,) for child in bottom]))
            return Node("sequence", (Run(innermost, 1, 0), *self._runs(steps))) if steps else innermost
        if steps and self._first(steps[0]) < self.tree.firsts[part]:
            bottom = bottom[::-1]
        return Node("sequence", self._runs([*((child,) for child in bottom), *steps]))

    def _spine(self, part: int) -> int | None:
        """Return the child that is what a sequence had before: the one with the most terms, if there is one."""
        *_, second, largest = sorted(self._children(part), key=self.tree.sizes.__getitem__)
        return largest if self.tree.sizes[largest] > self.tree.sizes[second] else None

    def _children(self, part: int) -> tuple[int, ...]:
        return self.tree.nodes[part - self.tree.terms]

    def _first(self, parts: Sequence[int]) -> int:
        return min(self.tree.firsts[part] for part in parts)

    def _shape(self, parts: Sequence[int]) -> int:
        first = self._first(parts)
        key = tuple((self.shapes[part], self.tree.firsts[part] - first) for part in parts)
        return self.known.setdefault(key, len(self.known) + 1)

    def _runs(self, items: Sequence[tuple[int, ...]]) -> tuple[Run, ...]:
        shapes = [self.shapes[item[0]] if len(item) == 1 else -self._shape(item) for item in items]
        firsts = [self._first(item) for item in items]
        runs, start = [], 0
        while start < len(items):
            end, step = start + 1, 0
            if end < len(items) and shapes[end] == shapes[start]:
                step = firsts[end] - firsts[start]
            while end < len(items) and shapes[end] == shapes[start] and firsts[end] - firsts[end - 1] == step:
                end += 1
            runs.append(Run(self._item(items[start]), end - start, step))
            start = end
        return tuple(runs)

    def _item(self, item: tuple[int, ...]) -> Part:
        if len(item) == 1:
            return self.fold(item[0])
        return Node("joining", self._runs([(part,) for part in item]))


def parse(text: str) -> Tree:
    """Return the tree of a text; ValueError, with a reason, where it is none or has more than MOST_TERMS terms."""
    part = _read(text)
    nodes: list[list[int]] = []
    terms = count(part)
    _unfold(part, 0, terms, nodes)
    return plant(terms, nodes)


def count(part: Part) -> int:
    """Return how many terms a part has."""
    return 1 if isinstance(part, int) else sum(run.count * count(run.part) for run in part.runs)


def _unfold(part: Part, shift: int, terms: int, nodes: list[list[int]]) -> int:
    """Write out the nodes of a part, and return its number."""
    if isinstance(part, int):
        if not 0 <= part + shift < terms:
            raise ValueError(f"term {part + shift} is not one of {terms} terms")
        return part + shift
    items = [(run.part, shift + k * run.step) for run in part.runs for k in range(run.count)]
    if part.kind == "at once":
        return _join([_unfold(item, moved, terms, nodes) for item, moved in items], terms, nodes)
    (item, moved), *rest = items
    whole = _unfold(item, moved, terms, nodes)
    for item, moved in rest:
        whole = _join([whole, *_members(item, moved, terms, nodes)], terms, nodes)
    return whole


def _members(item: Part, shift: int, terms: int, nodes: list[list[int]]) -> Iterator[int]:
    if isinstance(item, int) or item.kind != "joining":
        yield _unfold(item, shift, terms, nodes)
        return
    for run in item.runs:
        for k in range(run.count):
            yield _unfold(run.part, shift + k * run.step, terms, nodes)


def _join(children: list[int], terms: int, nodes: list[list[int]]) -> int:
    nodes.append(children)
    return terms + len(nodes) - 1


def _read(text: str) -> Part:
    """Return the part that a text tells, its repetitions not written out."""
    open_: list[tuple[str, list[Run], int]] = [("", [], 0)]  # bracket, runs in it, terms in it
    place = 0
    text = text.rstrip()
    while place < len(text):
        token = TOKEN.match(text, place)
        if token is None:
            raise ValueError(f"{text[place : place + 12]!r} at character {place} is nothing that a tree has")
        place = token.end()
        if token["open"]:
            open_.append((token["open"], [], 0))
        elif token["shut"]:
            bracket, runs, terms = open_.pop()
            _add(open_, Run(_node(bracket, token["shut"], runs), 1, 0), terms)
        elif token["term"]:
            _add(open_, Run(int(token["term"]), 1, 0), 1)
        else:
            _repeat(open_, int(token["count"]), int(token["step"]))
        if len(open_) > DEEPEST:
            raise ValueError(f"it has more than {DEEPEST} brackets in one another")
    (bracket, runs, _), *more = open_
    if more or bracket or len(runs) != 1 or runs[0].count != 1 or _is_joining(runs[0].part):
        raise ValueError("it is no single tree, or is cut off")
    return runs[0].part


def _node(bracket: str, shut: str, runs: list[Run]) -> Node:
    kinds = {opening + closing: kind for kind, (opening, closing) in BRACKETS.items()}
    kind = kinds.get(bracket + shut)
    items = sum(run.count for run in runs)
    joining = [_is_joining(run.part) for run in runs]
    if kind is None or items < (3 if kind == "at once" else 2) or any(joining if kind != "sequence" else joining[:1]):
        raise ValueError(f"{bracket} … {shut} with {items} items is nothing that a tree has")
    return Node(kind, tuple(runs))  # type: ignore[arg-type]  # a key of BRACKETS


def _is_joining(part: Part) -> bool:
    return isinstance(part, Node) and part.kind == "joining"


def _repeat(open_: list[tuple[str, list[Run], int]], times: int, step: int) -> None:
    bracket, runs, terms = open_.pop()
    if not runs or runs[-1].count != 1 or times < 2:  # noqa: PLR2004 - once is no repetition
        raise ValueError(f"*{times}{step:+d} follows nothing that it could repeat")
    part = runs.pop().part
    single = count(part)
    open_.append((bracket, runs, terms - single))
    _add(open_, Run(part, times, step), times * single)


def _add(open_: list[tuple[str, list[Run], int]], run: Run, terms: int) -> None:
    if not open_:
        raise ValueError("it closes a bracket that it did not open")
    bracket, runs, before = open_.pop()
    if before + terms > MOST_TERMS:
        raise ValueError(f"it has more than {MOST_TERMS} terms")
    open_.append((bracket, [*runs, run], before + terms))
