"""Where two runs part, on the page: a section of its own, with both sides and the losses, and no name that acts."""

from itertools import pairwise

import pytest
from _partings import AT, FEW, UNLIKE, before_the_first_step, parted
from _reports import HOSTILE
from test_html import Page, assert_inert

from envprint.renderers.html import render_html
from envprint.report import Report

NAMED = [text for text in HOSTILE if text.strip()]


def text_of(report: Report) -> str:
    """Return all that a page shows, with its lines joined."""
    page = Page(render_html(report))
    return " ".join(" ".join(each for texts in page.text.values() for each in texts).split())


@pytest.mark.parametrize("component", FEW)
@pytest.mark.parametrize("name", HOSTILE)
def test_names_of_scripts_become_no_elements(component: str, name: str) -> None:
    assert_inert(render_html(parted(component, name, "other")))


@pytest.mark.parametrize("name", NAMED)
def test_a_page_of_hostile_names_has_the_elements_of_any_other(name: str) -> None:
    hostile, harmless = (Page(render_html(parted("loss", each, "other"))) for each in (name, "harmless"))

    assert [each for each, _ in harmless.elements] == [each for each, _ in hostile.elements]


@pytest.mark.parametrize("component", UNLIKE)
def test_the_page_says_the_step_and_the_component(component: str) -> None:
    assert f"At step {AT}, in {component}." in text_of(parted(component))


@pytest.mark.parametrize(
    ("component", "sides"),
    [("loss", ("0.25", "0.75")), ("training", ("training", "evaluation")), ("batch", ("00000004…", "cafecafe…"))],
)
def test_the_page_shows_both_sides(component: str, sides: tuple[str, str]) -> None:
    shown = Page(render_html(parted(component))).text["code"]

    assert sides in pairwise(shown)


def test_the_page_has_a_row_of_losses_for_each_step_around() -> None:
    shown = Page(render_html(parted("loss"))).text

    assert {"3", "4", "5"} <= set(shown["th"])
    assert {"0.333333333", "0.25", "0.75"} <= set(shown["code"])


def test_the_page_tells_of_weights_before_the_first_step() -> None:
    assert "Before the first step, in initial weights." in text_of(before_the_first_step())


def test_a_page_of_equal_runs_has_no_parting() -> None:
    assert "Where they part" not in text_of(parted(""))
