import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envprint.probes.order.text import MOST_TERMS, count, digest, fold, parse, write
from envprint.probes.order.tree import Tree, plant


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    """Join neighbours or any parts, two or more at a time, until one is left."""
    terms = draw(st.integers(1, 40))
    parts, nodes = list(range(terms)), []
    if draw(st.booleans()):
        parts = draw(st.permutations(parts))
    while len(parts) > 1:
        width = draw(st.integers(2, min(4, len(parts))))
        start = draw(st.sampled_from([0, 0, len(parts) - width]))
        nodes.append(parts[start : start + width])
        parts[start : start + width] = [terms + len(nodes) - 1]
    return plant(terms, nodes)


@given(trees())
def test_a_text_read_back_is_the_tree_that_was_written(tree: Tree) -> None:
    assert tree == parse(write(tree))


@given(trees())
def test_a_folded_tree_has_as_many_terms(tree: Tree) -> None:
    assert tree.terms == count(fold(tree))


@given(trees(), trees())
def test_only_equal_trees_have_one_text(a: Tree, b: Tree) -> None:
    assert (a == b) == (write(a) == write(b))


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("0", "0"),
        ("(1 0)", "(0*2+1)"),
        ("(0 1 2 3)", "(0*4+1)"),
        ("(3 2 1 0)", "(3*4-1)"),
        ("(((0 1) 2) 3)", "(0*4+1)"),
        ("(0 (1 (2 3)))", "(3*4-1)"),
        ("((0 1) (2 3))", "((0*2+1)*2+2)"),
        ("((0 2) (1 3))", "((0*2+2)*2+1)"),
        ("{3 2 1 0}", "{0*4+1}"),
        ("(({0 1 2 3} +{4 5 6 7}) +{8*4+1})", "({0*4+1} +{4*4+1}*2+4)"),
        ("{{0*4+1} 4*4+1}", "({0*4+1} +{4*4+1})"),
        ("  ( 0 1\n2 ) ", "(0*3+1)"),
        ("((0*8+2) (1*8+2))", "((0*8+2)*2+1)"),
        ("(0*8+2 (1*8+2))", "((0*8+2)*2+1)"),
    ],
)
def test_a_tree_has_one_canonical_text(text: str, canonical: str) -> None:
    assert canonical == write(parse(text))


def test_a_long_sum_has_a_short_text_whatever_its_length() -> None:
    nodes = [[0, 1], *([4096 + k, k + 2] for k in range(4094))]

    assert "(0*4096+1)" == write(plant(4096, nodes))


def test_a_digest_names_the_text() -> None:
    assert f"sha256:{hashlib.sha256(b'(0*4+1)').hexdigest()}" == digest("(0*4+1)")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no single tree"),
        ("(", "no single tree"),
        (")", "nothing that a tree has"),
        ("(0 1", "no single tree"),
        ("(0 1))", "nothing that a tree has"),
        ("0 1", "no single tree"),
        ("(0)", "with 1 items"),
        ("()", "with 0 items"),
        ("{0 1}", "with 2 items"),
        ("(0 1}", "nothing that a tree has"),
        ("+{0 1}", "no single tree"),
        ("(+{0 1} 2)", "nothing that a tree has"),
        ("{0 1 +{2 3}}", "nothing that a tree has"),
        ("(0 0)", "no tree"),
        ("(0 2)", "not one of 2 terms"),
        ("(0*3-1)", "not one of 3 terms"),
        ("(0*2+1*2+1)", "repeat"),
        ("(*3+1 0)", "repeat"),
        ("(0*1+1 1)", "repeat"),
        ("(0*0+1 1)", "repeat"),
        ("0*3+1", "no single tree"),
        ("(0*9999999+1)", "more than"),
        ("((((0*999+1)*999+1)*999+1)*999+1)", "more than"),
        ("(0*99999999+1)", "nothing that a tree has"),
        ("(0 99999999)", "nothing that a tree has"),
        ("(" * 10_000, "brackets in one another"),
        ("(0 é)", "nothing that a tree has"),
        ("(0 \u0661)", "nothing that a tree has"),
        ("(0 1\x1b[2J)", "nothing that a tree has"),
    ],
)
def test_a_text_that_is_no_tree_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse(text)


@given(st.text("0123456789 (){}+*-", max_size=40))
def test_any_text_is_a_tree_or_refused(text: str) -> None:
    try:
        tree = parse(text)
    except ValueError:
        return

    assert MOST_TERMS >= tree.terms
    assert tree == parse(write(tree))
