"""Causes injected into a training script: both runs are recorded for real, and the cause is the first finding."""

from collections.abc import Iterator
from typing import Any

import pytest
from _injected import ALIKE, INJECTED, Injected
from _recording_runs import Recorded, Recorder, first_difference

from envprint.causes import explain
from envprint.manifest import load
from envprint.report import Report

pytestmark = pytest.mark.torch

QUICK = frozenset(("seed-value-differs", "shuffle-order"))


def parameters(cases: tuple[Injected, ...]) -> list[object]:
    """Return cases as parameters; those that are not quick are slow."""
    return [pytest.param(case, id=case.id, marks=[] if case.id in QUICK else [pytest.mark.slow]) for case in cases]


@pytest.fixture(scope="session")
def recorder(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Recorder]:
    """Record each way of running a script once: all that the chosen tests ask for, two at a time."""
    made = Recorder(tmp_path_factory.mktemp("runs", numbered=True))
    chosen = [
        each for item in request.session.items if item.get_closest_marker("skip") is None for each in _cases(item)
    ]
    made.record_all([each for case in chosen for each in case.told])
    yield made
    made.close()


def _cases(item: Any) -> list[Injected]:
    parameters = getattr(item, "callspec", None)
    case = parameters.params.get("case") if parameters else None
    return [case] if isinstance(case, Injected) else []


@pytest.mark.parametrize("case", parameters(INJECTED))
def test_an_injected_cause_is_the_first_finding_at_the_step_at_which_it_acts(
    case: Injected, recorder: Recorder
) -> None:
    a, b = (recorder.record(*each) for each in case.told)
    report = explained(a, b)

    assert "divergent" == report.verdict
    assert case.cause == report.findings[0].cause, report.summary
    assert report.first_divergence is not None
    assert (case.step if case.step is not None else first_difference(a, b)) == report.first_divergence.step
    assert case.component in {"", report.first_divergence.component}
    assert told_of(report) == told_of(explained(b, a))


@pytest.mark.parametrize("case", parameters(ALIKE))
def test_what_has_no_effect_leaves_runs_the_same_and_is_named_nonetheless(case: Injected, recorder: Recorder) -> None:
    a, b = (recorder.record(*each) for each in case.told)
    report = explained(a, b)
    steps = len(a.said)

    assert a.said == b.said
    assert report.first_divergence is None
    assert f"the same, bit for bit, up to step {steps}" in report.summary
    assert ("identical" if case.cause == "equal" else "equivalent") == report.verdict
    assert case.component in report.summary


def explained(a: Recorded, b: Recorded) -> Report:
    """Return what envprint says of two recorded runs."""
    return explain(load(a.manifest), load(b.manifest))


def told_of(report: Report) -> list[object]:
    """Return what a report says of both sides alike."""
    assert report.first_divergence is not None
    return [
        report.first_divergence.step,
        report.first_divergence.component,
        *((each.cause, each.status, each.confidence) for each in report.findings),
        *sorted(each.cause for each in report.dismissed),
    ]
