import pytest
from hypothesis import given
from hypothesis import strategies as st

from envprint.probes.order.text import parse
from envprint.probes.order.tree import plant
from envprint.probes.order.words import describe


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("0", "one term"),
        ("(0 1)", "sequential"),
        ("(0*1024+1)", "sequential"),
        ("(1023*1024-1)", "sequential from the last term to the first"),
        ("(((0*2+1)*2+2)*2+4)", "pairwise"),
        ("(((0*2+4)*2+2)*2+1)", "pairwise, of halves"),
        ("((0*32+8)*8+1)", "8 lanes, then sequential"),
        ("((((0*32+8)*2+4)*2+2)*2+1)", "8 lanes, then pairwise"),
        ("(((0*8+16)*4+4)*4+1)", "4 lanes, 4 accumulators each, then sequential"),
        (
            "(((((((0*16+64)*2+16)*2+32)*2+8)*2+4)*2+1)*2+2)",
            "16 lanes, 4 accumulators each, then pairwise",
        ),
        (
            "((((((0*16+64)*2+8)*4+16)*2+4)*2+1)*2+2)",
            "8 lanes, 8 accumulators each, then the accumulators in pairs and 4 sequential, the lanes pairwise",
        ),
        ("((0*128+1)*4+128)", "4 blocks of 128, all sequential"),
        ("((0*384+1)*2+384 (768*256+1))", "2 blocks of 384 and one of 256, all sequential"),
        ("((0*640+1) (640*384+1))", "a block of 640 and one of 384, all sequential"),
        ("((((0*128+1)*2+128)*2+256)*2+512)", "8 blocks of 128, each sequential, then pairwise"),
        (
            "(((((((0*16+8)*2+1)*2+2)*2+4)*2+128)*2+256)*2+512)",
            "8 blocks of 128 (8 lanes, then pairwise), then pairwise",
        ),
        ("(((0*16+2)*2+1)*8+32)", "8 blocks of 32 (2 lanes, then pairwise), then sequential"),
        ("((((0*2+1)*2+2)*2+4)*3+8)", "3 blocks of 8, each pairwise, then sequential"),
        ("(((0*2+8)*16+16)*8+1)", "8 lanes (16 pairs, then sequential), then sequential"),
        ("((0*64+4)*4+1 256*3+1)", "4 lanes, then sequential; the last 3 one by one"),
        ("(0*16+9 1*16+9 2*16+9 3*16+9 4*16+9 5*16+9 6*16+9 7*16+9 8*16+9)",
         "sequential in 9 passes of 16 terms 9 apart"),
        ("{0*8+1}", "8-way adders"),
        ("({0*8+1}*4+8)", "8-way adders, then sequential"),
        ("({0*8+1} +{8*8+1}*3+8)", "8-way adders, then sequential"),
        ("(({0*4+1} +{4*4+1}*7+4)*2+32)", "2 blocks of 32 (4-way adders, then sequential), then sequential"),
        ("((0 3) (1 2))", "no simple pattern: at most 2 additions deep"),
        ("({0 1 3} (2 4))", "no simple pattern: at most 2 additions deep, 3-way adders"),
    ],
)  # fmt: skip
def test_a_known_order_has_its_words(text: str, words: str) -> None:
    assert words == describe(parse(text))


@given(st.data())
def test_every_tree_has_words(data: st.DataObject) -> None:
    terms = data.draw(st.integers(1, 24))
    parts, nodes = data.draw(st.permutations(range(terms))), []
    while len(parts) > 1:
        width = data.draw(st.integers(2, min(4, len(parts))))
        nodes.append(parts[:width])
        parts = data.draw(
            st.sampled_from([[*parts[width:], terms + len(nodes) - 1], [terms + len(nodes) - 1, *parts[width:]]])
        )

    assert describe(plant(terms, nodes))
