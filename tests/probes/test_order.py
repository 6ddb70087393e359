from collections.abc import Sequence
from fractions import Fraction
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envprint.manifest.gaps import Absent
from envprint.probes.order.tree import Ask, Pair, Tree, joins, plant, reveal, scattered

Nested: TypeAlias = "int | list[Nested]"

HUGE = Fraction(2**200)


def tree_of(nested: Nested) -> Tree:
    nodes: list[list[int]] = []
    leaves = _flat(nested)

    def number(part: Nested) -> int:
        if isinstance(part, int):
            return part
        nodes.append([number(below) for below in part])
        return len(leaves) + len(nodes) - 1

    number(nested)
    return plant(len(leaves), nodes)


def _flat(nested: Nested) -> list[int]:
    return [nested] if isinstance(nested, int) else [leaf for below in nested for leaf in _flat(below)]


@st.composite
def trees(draw: st.DrawFn, most: int = 30) -> Tree:
    """Join parts in any order, two or more at a time, until one is left."""
    terms = draw(st.integers(2, most))
    parts, nodes = draw(st.permutations(range(terms))), []
    while len(parts) > 1:
        width = draw(st.integers(2, min(5, len(parts))))
        start = draw(st.integers(0, len(parts) - width))
        nodes.append(parts[start : start + width])
        parts[start : start + width] = [terms + len(nodes) - 1]
    return plant(terms, nodes)


def chain(parts: Sequence[Nested]) -> Nested:
    nested = parts[0]
    for part in parts[1:]:
        nested = [nested, part]
    return nested


def sequential(terms: Sequence[int]) -> Nested:
    return chain(list(terms))


def pairwise(parts: Sequence[Nested]) -> Nested:
    half = len(parts) // 2
    return parts[0] if half == 0 else [pairwise(parts[:half]), pairwise(parts[half:])]


def in_fours(terms: int) -> Nested:
    nested: Nested = [0, 1, 2, 3]
    for start in range(4, terms, 4):
        nested = [nested, *range(start, start + 4)]
    return nested


class Rounded:
    """A number beside which nothing smaller than a 2**100th of it survives, as of an accumulator of 100 bits."""

    def __init__(self, *parts: Fraction) -> None:
        self.value = sum(parts, Fraction(0))
        if abs(self.value) > 2**100:
            self.value = HUGE if self.value > 0 else -HUGE

    def __add__(self, other: "Rounded") -> "Rounded":
        return Rounded(self.value, other.value)


def adder(add: "type[Adding]", terms: int) -> Ask:
    """Return how to ask a sum written by hand, by what it returns."""

    def ask(pairs: Sequence[Pair]) -> list[int]:
        answers = []
        for plus, minus in pairs:
            values = [Rounded(Fraction(1)) for _ in range(terms)]
            values[plus], values[minus] = Rounded(HUGE), Rounded(-HUGE)
            answers.append(terms - int(add.up(values).value))
        return answers

    return ask


class Adding:
    """A sum written by hand, and the tree that it is known to have."""

    terms = 64
    tree: Nested

    @staticmethod
    def up(values: list[Rounded]) -> Rounded:
        raise NotImplementedError


def _total(values: Sequence[Rounded]) -> Rounded:
    total = values[0]
    for value in values[1:]:
        total = total + value
    return total


class Forward(Adding):
    tree = sequential(range(64))
    up = staticmethod(_total)


class Backward(Adding):
    tree = sequential(range(63, -1, -1))

    @staticmethod
    def up(values: list[Rounded]) -> Rounded:
        return _total(values[::-1])


class Pairwise(Adding):
    tree = pairwise(list(range(64)))

    @staticmethod
    def up(values: list[Rounded]) -> Rounded:
        while len(values) > 1:
            values = [values[k] + values[k + 1] for k in range(0, len(values), 2)]
        return values[0]


class EightLanes(Adding):
    tree = pairwise([sequential(range(lane, 64, 8)) for lane in range(8)])

    @staticmethod
    def up(values: list[Rounded]) -> Rounded:
        lanes = values[:8]
        for start in range(8, 64, 8):
            lanes = [lanes[k] + values[start + k] for k in range(8)]
        return Pairwise.up(lanes)


class Blocked(Adding):
    terms = 60
    tree = chain([sequential(range(start, min(start + 16, 60))) for start in range(0, 60, 16)])

    @staticmethod
    def up(values: list[Rounded]) -> Rounded:
        return _total([_total(values[start : start + 16]) for start in range(0, 60, 16)])


class LanesAndAccumulators(Adding):
    tree = chain([chain([sequential(range(lane + 4 * k, 64, 16)) for k in range(4)]) for lane in range(4)])

    @staticmethod
    def up(values: list[Rounded]) -> Rounded:
        sums = values[:16]
        for start in range(16, 64, 16):
            sums = [sums[k] + values[start + k] for k in range(16)]
        return _total([_total([sums[lane + 4 * k] for k in range(4)]) for lane in range(4)])


class FourAtOnce(Adding):
    """As some tensor cores: four products and the accumulator are added exactly, and then rounded once."""

    tree = in_fours(16)
    terms = 16

    @staticmethod
    def up(values: list[Rounded]) -> Rounded:
        total = _at_once(values[:4])
        for start in range(4, 16, 4):
            total = _at_once([total, *values[start : start + 4]])
        return total


class EightAtOnce(Adding):
    tree = chain([list(range(start, start + 8)) for start in range(0, 64, 8)])

    @staticmethod
    def up(values: list[Rounded]) -> Rounded:
        return _total([_at_once(values[start : start + 8]) for start in range(0, 64, 8)])


def _at_once(values: Sequence[Rounded]) -> Rounded:
    """Add what is aligned to the largest: beside HUGE all the ones are cut off, even if HUGE goes at the same time."""
    largest = max(abs(value.value) for value in values)
    return Rounded(*(value.value for value in values if largest < 2**100 or abs(value.value) == largest))


HAND_MADE = (Forward, Backward, Pairwise, EightLanes, Blocked, LanesAndAccumulators, FourAtOnce, EightAtOnce)


@pytest.mark.parametrize("adding", HAND_MADE, ids=lambda adding: adding.__name__)
def test_a_sum_written_by_hand_has_the_tree_that_it_is_known_to_have(adding: type[Adding]) -> None:
    assert tree_of(adding.tree) == reveal(adder(adding, adding.terms), adding.terms)


@given(trees())
def test_any_tree_is_revealed_by_its_answers(tree: Tree) -> None:
    assert tree == reveal(lambda pairs: joins(tree, pairs), tree.terms)


@given(trees())
def test_a_pair_meets_under_as_many_leaves_as_the_smallest_node_over_both_has(tree: Tree) -> None:
    under = [{leaf} for leaf in range(tree.terms)]
    for children in tree.nodes:
        under.append(set().union(*(under[child] for child in children)))
    pairs = [(a, b) for a in range(tree.terms) for b in range(tree.terms) if a != b]
    smallest = [min(len(leaves) for leaves in under if {a, b} <= leaves) for a, b in pairs]

    assert smallest == joins(tree, pairs)


@given(trees())
def test_sizes_and_smallest_leaves_are_those_of_the_leaves_below(tree: Tree) -> None:
    under = [[leaf] for leaf in range(tree.terms)]
    for children in tree.nodes:
        under.append([leaf for child in children for leaf in under[child]])

    assert [len(leaves) for leaves in under] == tree.sizes
    assert [min(leaves) for leaves in under] == tree.firsts


@given(trees(), st.randoms())
def test_a_tree_does_not_depend_on_how_its_nodes_are_listed(tree: Tree, random: object) -> None:
    shuffled = list(range(len(tree.nodes)))
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # of hypothesis
    names = {tree.terms + old: tree.terms + new for new, old in enumerate(shuffled)}
    nodes = [[names.get(child, child) for child in reversed(tree.nodes[old])] for old in shuffled]

    assert tree == plant(tree.terms, nodes)


def test_sequential_sums_take_few_rounds_and_few_questions_in_both_directions() -> None:
    for order in (range(4096), range(4095, -1, -1)):
        asked: list[int] = []
        tree = tree_of_chain(order)

        def ask(pairs: Sequence[Pair], tree: Tree = tree, asked: list[int] = asked) -> list[int]:
            asked.append(len(pairs))
            return joins(tree, pairs)

        assert tree == reveal(ask, 4096)
        assert 4095 == tree.depth
        assert 14 >= len(asked)
        assert 3 * 4096 >= sum(asked)


def tree_of_chain(order: Sequence[int]) -> Tree:
    nodes = [[order[0], order[1]]]
    nodes += [[len(order) + k, term] for k, term in enumerate(order[2:])]
    return plant(len(order), nodes)


def test_all_pairs_of_a_round_are_asked_with_one_call() -> None:
    rounds: list[int] = []
    tree = tree_of(pairwise(list(range(256))))

    def ask(pairs: Sequence[Pair]) -> list[int]:
        rounds.append(len(pairs))
        return joins(tree, pairs)

    reveal(ask, 256)

    assert 255 == rounds[0]
    assert 10 >= len(rounds)


def test_answers_that_fit_no_tree_are_refused_with_the_reason() -> None:
    with pytest.raises(Absent, match="no order of addition: 7 terms, 0 the first, meet term 4"):
        reveal(lambda pairs: [5] * len(pairs), 8)


def test_answers_that_are_a_tree_only_where_the_search_looked_are_refused() -> None:
    tree = tree_of(sequential(range(64)))

    def ask(pairs: Sequence[Pair]) -> list[int]:
        return [2] * len(pairs) if pairs == scattered(64, 64) else joins(tree, pairs)

    with pytest.raises(Absent, match="no order of addition: terms"):
        reveal(ask, 64)


@pytest.mark.parametrize("answer", [-3, 0, 1, 9, 10**30])
def test_answers_that_no_pair_can_have_are_refused(answer: int) -> None:
    with pytest.raises(Absent, match="no order of addition"):
        reveal(lambda pairs: [answer] * len(pairs), 8)


def test_an_exact_sum_has_no_order() -> None:
    def ask(pairs: Sequence[Pair]) -> list[int]:
        return [2] * len(pairs)

    with pytest.raises(Absent, match="it has no order of addition: nothing is lost"):
        reveal(ask, 16)


@pytest.mark.parametrize(
    "nodes",
    [
        [[0, 1]],
        [[0, 1], [2, 3]],
        [[0, 1], [0, 4], [2, 3], [5, 6]],
        [[0], [1, 4], [2, 5], [3, 6]],
        [[0, 1, 2, 3, 4]],
        [[0, 1, 2, 9]],
        [[0, 1, 2, -1]],
        [[0, 1], [2, 3, 4, 6], [5, 4]],
    ],
)
def test_what_is_no_tree_is_refused(nodes: list[list[int]]) -> None:
    with pytest.raises(ValueError, match="it is no tree"):
        plant(4, nodes)


def test_scattered_pairs_are_of_two_terms() -> None:
    assert all(a != b and {a, b} <= set(range(9)) for a, b in scattered(9, 500))
    assert 60 < len({frozenset(pair) for pair in scattered(1024, 64)})
