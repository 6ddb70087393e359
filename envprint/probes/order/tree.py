"""The order in which a kernel adds, as a tree, and how it is revealed by asking.

The method is FPRev's (Xie et al., USENIX ATC 2025): of n ones, put a huge M in place of term i and -M in place of
term j. What is added to M before it meets -M is absorbed; so n minus the result is the number of terms under the
node where i and j meet. Such numbers, of enough pairs, tell the tree.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from envprint.manifest.gaps import Absent

Pair: TypeAlias = tuple[int, int]
Ask: TypeAlias = Callable[[Sequence[Pair]], Sequence[int]]  # how many terms are under the node where each pair meets
CHECKED = 256  # pairs that no step of the search asked, to see that the tree foretells their answers


@dataclass(frozen=True)
class Tree:
    """An order of addition: leaf k is the k-th of `terms` terms; node `terms + k` adds its children `nodes[k]`.

    Equal orders are equal trees: children stand by their smallest leaf (addition commutes), nodes by their number of
    leaves and then their smallest leaf, so that the last one is the root. A node of three children or more adds them
    at once, with one rounding, as tensor cores do.
    """

    terms: int
    nodes: tuple[tuple[int, ...], ...]

    @cached_property
    def sizes(self) -> list[int]:
        """How many leaves are under each leaf and node."""
        sizes = [1] * self.terms
        for children in self.nodes:
            sizes.append(sum(sizes[child] for child in children))
        return sizes

    @cached_property
    def firsts(self) -> list[int]:
        """The smallest leaf under each leaf and node."""
        firsts = list(range(self.terms))
        for children in self.nodes:
            firsts.append(firsts[children[0]])
        return firsts

    @cached_property
    def depth(self) -> int:
        """How many additions the term with the most of them goes through."""
        depths = [0] * self.terms
        for children in self.nodes:
            depths.append(1 + max(depths[child] for child in children))
        return depths[-1]


def plant(terms: int, nodes: Sequence[Sequence[int]]) -> Tree:
    """Return the tree of nodes that stand in any order, as do their children; ValueError where they make no tree."""
    total = terms + len(nodes)
    parents = _parents(terms, nodes)
    sizes, firsts = [1] * terms + [0] * len(nodes), [*range(terms), *([terms] * len(nodes))]
    missing = [len(children) for children in nodes]
    ready = list(range(terms))
    for part in ready:  # grows while it is walked: a node is ready when all its children are
        parent = parents[part]
        if parent is None:
            continue
        sizes[parent] += sizes[part]
        firsts[parent] = min(firsts[parent], firsts[part])
        missing[parent - terms] -= 1
        if missing[parent - terms] == 0:
            ready.append(parent)
    if len(ready) != total or [parents[part] for part in ready].count(None) != 1:
        raise ValueError("it is no tree: its parts do not join in one root")
    order = sorted(range(terms, total), key=lambda node: (sizes[node], firsts[node]))
    names = dict(zip([*range(terms), *order], range(total), strict=True))
    return Tree(
        terms,
        tuple(tuple(names[child] for child in sorted(nodes[node - terms], key=firsts.__getitem__)) for node in order),
    )


def _parents(terms: int, nodes: Sequence[Sequence[int]]) -> list[int | None]:
    total = terms + len(nodes)
    parents: list[int | None] = [None] * total
    for node, children in enumerate(nodes, terms):
        if len(children) < 2:  # noqa: PLR2004 - what adds nothing
            raise ValueError(f"it is no tree: a node has {len(children)} children, where 2 are the least")
        for child in children:
            if not 0 <= child < total or parents[child] is not None:
                raise ValueError(f"it is no tree: part {child} is no part of it, or stands in two places")
            parents[child] = node
    return parents


def joins(tree: Tree, pairs: Iterable[Pair]) -> list[int]:
    """Return how many leaves are under the node where each pair meets: what a kernel of this order would answer."""
    parents = _parents(tree.terms, tree.nodes)
    heads = list(range(len(parents)))  # the top of the path that goes down to the child with the most leaves
    for node in range(len(parents) - 1, tree.terms - 1, -1):
        heads[max(tree.nodes[node - tree.terms], key=lambda child: (tree.sizes[child], child))] = heads[node]
    return [tree.sizes[_meet(a, b, parents, heads)] for a, b in pairs]


def _meet(a: int, b: int, parents: Sequence[int | None], heads: Sequence[int]) -> int:
    while heads[a] != heads[b]:
        if heads[a] > heads[b]:
            a, b = b, a
        above = parents[heads[a]]
        if above is None:
            raise ValueError(f"{a} and {b} are not of one tree")
        a = above
    return max(a, b)


def reveal(ask: Ask, terms: int) -> Tree:
    """Return the order in which a kernel adds `terms` terms, two at least; Absent where its answers fit no tree.

    `ask` is called with all the pairs of one round: about log2(terms) rounds for the orders that kernels have, and
    one round more for each child of a node beyond the second. At last it is asked CHECKED pairs at other places.
    """
    search = _Search(terms)
    while search.groups:
        pairs = search.pairs()
        search.take(ask(pairs) if pairs else ())
    tree = plant(terms, search.nodes[1:])
    _check(tree, ask)
    return tree


class _Search:
    """What is known of a tree so far, and the groups of leaves of which only the node above them is known."""

    def __init__(self, terms: int) -> None:
        self.terms = terms
        self.nodes: list[list[int]] = [[]]  # the first is none: it stands above the root
        self.groups: list[tuple[list[int], int, int]] = [(list(range(terms)), terms + 1, 0)]  # leaves, size, node above

    def pairs(self) -> list[Pair]:
        """Return what to ask next: in each group, its middle leaf with each other one.

        The middle, since a sum from the first term to the last and one from the last to the first then both halve
        the group: of the terms on one side each meets it at a node of its own, those of the other at one.
        """
        return [(_middle(leaves), leaf) for leaves, _, _ in self.groups for leaf in leaves if leaf != _middle(leaves)]

    def take(self, answers: Sequence[int]) -> None:
        """Take the answers to pairs()."""
        groups, self.groups = self.groups, []
        given = iter(answers)
        for leaves, size_above, above in groups:
            middle = _middle(leaves)
            by_size: dict[int, list[int]] = {}
            for leaf in leaves:
                if leaf != middle:
                    by_size.setdefault(next(given), []).append(leaf)
            self._climb(middle, by_size, size_above, above)

    def _climb(self, middle: int, by_size: dict[int, list[int]], size_above: int, above: int) -> None:
        """Build the nodes from a leaf up to the node above its group, smallest first."""
        part, reached = middle, 1
        siblings = by_size.pop(size_above, [])  # they meet the middle only at the node above: other children of it
        if siblings and above == 0:
            raise _contradiction(middle, siblings, size_above, reached)
        for size, leaves in sorted(by_size.items()):
            if size != reached + len(leaves) or size > size_above:
                raise _contradiction(middle, leaves, size, reached)
            self.nodes.append([part])
            part, reached = self.terms + len(self.nodes) - 2, size
            self.groups.append((leaves, size, len(self.nodes) - 1))
        self.nodes[above].append(part)
        if siblings:
            self.groups.append((siblings, size_above, above))


def _middle(leaves: Sequence[int]) -> int:
    return leaves[len(leaves) // 2]


def _contradiction(middle: int, leaves: Sequence[int], size: int, reached: int) -> Absent:
    if size == 2 and len(leaves) > 1:  # noqa: PLR2004 - M and -M themselves
        return Absent("it has no order of addition: nothing is lost beside M, so it adds exactly, or in a wider type")
    return Absent(
        f"it has no order of addition: {len(leaves)} terms, {leaves[0]} the first, meet term {middle} where {reached} "
        f"are already, and yet {size} are to be there"
    )


def _check(tree: Tree, ask: Ask) -> None:
    pairs = scattered(tree.terms, min(CHECKED, tree.terms))
    for pair, answer, foretold in zip(pairs, ask(pairs), joins(tree, pairs), strict=True):
        if answer != foretold:
            raise Absent(
                f"it has no order of addition: terms {pair[0]} and {pair[1]} meet under {answer} terms, where what the "
                f"others answer foretells {foretold}"
            )


def scattered(terms: int, wanted: int) -> list[Pair]:
    """Return so many pairs at places that follow no stride: multiples of large odd numbers, as Knuth hashes."""
    places = [(k * 2654435761 % 2**32 * terms >> 32, k * 2246822519 % 2**32 * (terms - 1) >> 32) for k in range(wanted)]
    return [(a, b + (b >= a)) for a, b in places]
