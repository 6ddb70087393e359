"""Where two runs part, in an issue: the step, both sides and the losses, and no name that acts."""

import pytest
from _partings import AT, FEW, UNLIKE, before_the_first_step, parted
from _reports import HOSTILE
from test_markdown import assert_inert, shown

from envprint.renderers.markdown import render_markdown


@pytest.mark.parametrize("component", FEW)
@pytest.mark.parametrize("name", HOSTILE)
def test_names_of_scripts_become_no_markup(component: str, name: str) -> None:
    assert_inert(render_markdown(parted(component, name, "other")))


@pytest.mark.parametrize("component", UNLIKE)
def test_an_issue_is_told_the_step_and_the_component(component: str) -> None:
    assert f"They part at step {AT}, in {component}: " in shown(render_markdown(parted(component)))


@pytest.mark.parametrize(
    ("component", "a", "b"),
    [
        ("loss", "`0.25`", "`0.75`"),
        ("rates", "`0.5`", "`0.25`"),
        ("training", "`training`", "`evaluation`"),
        ("batch", "`00000004…`", "`cafecafe…`"),
    ],
)
def test_an_issue_is_told_both_sides(component: str, a: str, b: str) -> None:
    assert f"in {component}: {a} / {b}" in render_markdown(parted(component))


def test_losses_are_a_table() -> None:
    assert "| `4` | `0.25` | `0.75` |" in render_markdown(parted("loss"))


def test_an_issue_is_told_of_weights_before_the_first_step() -> None:
    assert "They part before the first step, in initial weights: " in shown(render_markdown(before_the_first_step()))


def test_an_issue_of_equal_runs_shows_no_parting() -> None:
    assert "They part" not in render_markdown(parted(""))
