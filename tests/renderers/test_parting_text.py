"""Where two runs part, as text: the step, what differs and both sides, within 80 columns, whatever scripts name."""

import pytest
from _partings import AT, FEW, UNLIKE, before_the_first_step, parted
from _reports import HOSTILE
from rich.cells import cell_len

from envprint.renderers import render
from envprint.renderers.plain import HARMFUL


def words(text: str) -> str:
    """Return a text with its lines joined."""
    return " ".join(text.split())


@pytest.mark.parametrize("component", FEW)
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_do_nothing_and_leave_80_columns(component: str, name: str) -> None:
    text = render(parted(component, name, "other"))

    assert not HARMFUL.search(text.replace("\n", ""))
    assert [] == [line for line in text.splitlines() if cell_len(line) > 80]


@pytest.mark.parametrize("component", UNLIKE)
def test_the_step_and_the_component_are_said(component: str) -> None:
    assert f"parts at step {AT}, in {component}" in words(render(parted(component)))


@pytest.mark.parametrize(
    ("component", "sides"),
    [
        ("loss", "0.25 / 0.75"),
        ("rates", "0.5 / 0.25"),
        ("training", "training / evaluation"),
        ("batch", "00000004… / cafecafe…"),
        ("gradients", "00000004… / cafecafe…"),
        ("parameters", "00000004… / cafecafe…"),
    ],
)
def test_both_sides_are_shown_with_digests_shortened(component: str, sides: str) -> None:
    assert f"in {component} {sides}" in words(render(parted(component)))


def test_losses_around_the_step_stand_side_by_side() -> None:
    rows = [line.split() for line in render(parted("loss")).splitlines()]

    assert ["3", "0.333333333", "0.333333333"] in rows
    assert ["4", "0.25", "0.75", "≠"] in rows


def test_weights_that_differ_before_the_first_step_are_said_so() -> None:
    text = words(render(before_the_first_step()))

    assert "parts before the first step, in initial weights 01234567… / cafecafe…" in text


def test_runs_that_are_the_same_show_no_parting() -> None:
    assert "parts " not in render(parted(""))
