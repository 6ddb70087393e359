"""Where two runs part, for programs: whole values, and a report that reads back as it was."""

import json
from typing import Any

import pytest
from _partings import AT, FEW, UNLIKE, before_the_first_step, parted
from _reports import HOSTILE

from envprint.renderers import render
from envprint.renderers.plain import HARMFUL
from envprint.report import Report


def document(report: Report) -> Any:
    """Return what a program reads."""
    return json.loads(render(report, "json"))


@pytest.mark.parametrize("component", FEW)
@pytest.mark.parametrize("name", HOSTILE)
def test_names_of_scripts_are_whole_and_harmless_where_they_are_printed(component: str, name: str) -> None:
    report = parted(component, name, "other")
    text = render(report, "json")

    assert not HARMFUL.search(text.replace("\n", ""))
    assert report == Report.model_validate_json(text)


@pytest.mark.parametrize("component", UNLIKE)
def test_a_program_reads_the_step_the_component_and_both_sides_whole(component: str) -> None:
    report = parted(component)
    at = document(report)["first_divergence"]

    assert report.first_divergence is not None
    assert (AT, component) == (at["step"], at["component"])
    assert (report.first_divergence.a, report.first_divergence.b) == (at["a"], at["b"])
    assert "…" not in f"{at['a']}{at['b']}"


def test_a_program_reads_the_losses_of_both_sides_by_step() -> None:
    losses = {each["step"]: (each["a"], each["b"]) for each in document(parted("loss"))["first_divergence"]["losses"]}

    assert ("0.333333333", "0.333333333") == losses[AT - 1]
    assert ("0.25", "0.75") == losses[AT]


def test_step_0_stands_for_weights_before_the_first_step() -> None:
    assert 0 == document(before_the_first_step())["first_divergence"]["step"]


def test_equal_runs_have_no_divergence() -> None:
    assert document(parted("")).get("first_divergence") is None
