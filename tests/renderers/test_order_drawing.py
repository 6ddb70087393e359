import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envprint.manifest.probes import Order
from envprint.probes.order.text import count, digest, fold, parse
from envprint.renderers.order import DRAWN_IN_FULL, MOST_COLUMNS, MOST_LINES, render_order_svg, render_order_text

SVG = "{http://www.w3.org/2000/svg}"
LANES = "((((0*16+32)*4+512)*4+8)*8+1)"


def order_of(tree: str, words: str = "these are its words", terms: int | None = None) -> Order:
    try:
        terms = terms or count(fold(parse(tree)))
    except ValueError:
        terms = 0
    return Order(version=1, terms=terms, digest=digest(tree), tree=tree, words=words)


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in ET.fromstring(svg).iter(f"{SVG}text")]  # noqa: S314 - our own


def test_an_order_is_told_as_an_outline_that_says_each_repetition_once() -> None:
    order = order_of(LANES, "8 lanes, 4 accumulators each")

    assert f"""8 lanes, 4 accumulators each
2048 terms, at most 28 additions deep, {order.digest[:19]}

8 parts, 1 apart, one after another:
└─ 4 parts, 8 apart, one after another:
   └─ 4 parts, 512 apart, one after another:
      └─ 16 terms, 32 apart, one after another: 0 32 64 96 … 480
""" == render_order_text(order)


def test_an_outline_branches_where_unlike_parts_are_added() -> None:
    text = render_order_text(order_of("({0*4+1} +{4*4+1}*3+4 ((16*4+1)*2+4) 25 24)"))

    assert [
        "one after another:",
        "├─ 4 terms, 1 apart, all at once: 0 1 2 3",
        "├─ 3 times, 4 apart: 4 terms, 1 apart, together with the sum so far: 4 5 6 7",
        "├─ 2 parts, 4 apart:",
        "│  └─ 4 terms, 1 apart, one after another: 16 17 18 19",
        "└─ 2 terms, 1 apart downwards: 25 24",
    ] == text.splitlines()[3:]


def test_terms_that_were_followed_are_told_from_all_terms() -> None:
    assert "16 of 512 terms, " in render_order_text(order_of("(0*16+1)", terms=512))


def test_a_picture_has_a_column_for_each_term_of_a_short_sum() -> None:
    drawn = texts(render_order_svg(order_of("((0*8+2)*2+1)")))

    assert ["0", "2", "4", "6", "8", "10", "12", "14", "1", "3", "5", "7", "9", "11", "13", "15"] == drawn[2:]


def test_a_picture_of_a_long_sum_is_folded() -> None:
    svg = render_order_svg(order_of(LANES))

    assert ["0", "32", "13 more", "480", "512 …", "1024 …", "1536 …", "8 …", "16 …", "24 …"] == texts(svg)[2:12]
    assert 20_000 > len(svg)


def test_a_picture_stands_alone_and_is_readable_in_the_dark() -> None:
    svg = render_order_svg(order_of(LANES))

    assert "prefers-color-scheme:dark" in svg
    assert not {"<script", "href", "url(", "@import"} & {
        word for word in ("<script", "href", "url(", "@import") if word in svg
    }
    assert "these are its words" == ET.fromstring(svg).findtext(f"{SVG}title")  # noqa: S314 - our own


def test_a_tree_too_irregular_to_be_drawn_is_said_to_be_so() -> None:
    places = sorted(range(2 * MOST_COLUMNS), key=lambda term: term * 2654435761 % 2**32)
    order = order_of(f"({' '.join(map(str, places))})")

    assert "too irregular to be drawn" in render_order_svg(order)
    assert MOST_LINES + 4 == len(render_order_text(order).splitlines())


HOSTILE = [
    "",
    "(0 1",
    "(" * 5000,
    "(0*9999999+1)",
    "</svg><script>alert(1)</script>",
    "\x1b[2J(0 1)",
    "(0 0)",
    "((((0*999+1)*999+1)*999+1)*999+1)",
    "\ud800",
]


@pytest.mark.parametrize("tree", HOSTILE)
def test_a_hostile_tree_is_said_to_be_unreadable(tree: str) -> None:
    order = Order.model_construct(
        version=1, terms=-3, digest="<b>\x1b", tree=tree, words="</text><script>\x1b[2J\n" * 40
    )
    text, svg = render_order_text(order), render_order_svg(order)

    assert "its tree cannot be read: " in text
    assert all("\x1b" not in rendered and "\ud800" not in rendered for rendered in (text, svg))
    assert "<script" not in svg
    assert all(len(line) <= 80 for line in text.splitlines())
    assert ET.fromstring(svg).tag == f"{SVG}svg"  # noqa: S314 - our own


@pytest.mark.parametrize("terms", [DRAWN_IN_FULL, DRAWN_IN_FULL + 1, 20_000])
def test_orders_of_any_length_are_drawn_small(terms: int) -> None:
    assert 60_000 > len(render_order_svg(order_of(f"(0*{terms}+1)")))


@given(st.text("0123456789 (){}+*-", max_size=40), st.text(max_size=40))
def test_any_order_is_rendered(tree: str, words: str) -> None:
    order = Order.model_construct(version=1, terms=5, digest="sha256:…", tree=tree, words=words)

    assert render_order_text(order).endswith("\n")
    assert ET.fromstring(render_order_svg(order)).tag == f"{SVG}svg"  # noqa: S314 - our own
