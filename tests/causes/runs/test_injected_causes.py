"""Causes injected into a training script: both runs are recorded for real, and the cause is the first finding."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from _injected import ALIKE, INJECTED, TOGETHER, Injected
from _recording_runs import Recorded, Recorder, first_difference
from _shapes import IMPORTED, in_shape, within

from envprint.causes import explain
from envprint.manifest import load
from envprint.report import Report

pytestmark = [pytest.mark.torch, pytest.mark.slow]

# those that libraries do in their own way; all of them are injected by tests/bench/runs
OF_LIBRARIES = frozenset(
    ("dataset-version", "dataloader-position-resume", "drop-last", "numpy-legacy-unseeded", "partial-seeding",
     "numpy-worker-duplicate-seed", "optimizer-state-missing", "rng-state-on-resume", "scheduler-state-missing",
     "train-vs-eval")
)  # fmt: skip


def parameters(cases: tuple[Injected, ...]) -> list[object]:
    """Return cases as parameters."""
    return [pytest.param(case, id=case.id) for case in cases]


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


# the others are each launched as their users do it: those that have no effect, that need variables, or that compile
@pytest.mark.parametrize("case", parameters(tuple(within("torch", case) for case in (*INJECTED, *TOGETHER))))
def test_an_injected_cause_is_the_first_finding_at_the_step_at_which_it_acts(
    case: Injected, recorder: Recorder
) -> None:
    check(case, recorder)


@pytest.mark.parametrize("script", IMPORTED)
def test_causes_are_found_within_libraries_that_train(script: str, tmp_path: Path) -> None:
    pytest.importorskip(IMPORTED[script].partition(".")[0])
    chosen = [case for case in in_shape(script) if case.cause in OF_LIBRARIES]
    recorder = Recorder(tmp_path)
    recorder.record_all([each for case in chosen for each in case.told])
    try:
        for case in chosen:
            check(case, recorder)
    finally:
        recorder.close()


def check(case: Injected, recorder: Recorder) -> None:
    """Check that a cause is the first finding, at the step at which it acts, and that a second one is told, too."""
    a, b = (recorder.record(*each) for each in case.told)
    report = explained(a, b)

    assert "divergent" == report.verdict
    assert case.cause == report.findings[0].cause, report.summary
    assert report.first_divergence is not None
    assert (case.step if case.step is not None else first_difference(a, b)) == report.first_divergence.step
    assert case.component in {"", report.first_divergence.component}
    assert case.also in {"", *(each.cause for each in report.findings[1:3])}
    assert told_of(report) == told_of(explained(b, a))


@pytest.mark.parametrize("case", parameters(tuple(each for each in INJECTED if each.id == "eager-vs-compile-rounding")))
def test_drift_of_compiled_code_is_said_to_be_rounding_and_where_it_began(case: Injected, recorder: Recorder) -> None:
    a, b = (recorder.record(*each) for each in case.told)
    summary = explained(a, b).summary

    assert summary.startswith(f"They part at step {first_difference(a, b)}: ")
    assert "with the same weights, batch and random states: by rounding" in summary
    assert "the model is not compiled in a, compiled in b" in summary


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
