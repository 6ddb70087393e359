"""A loss that becomes NaN or infinite, as envprint doctor says of one run: from when on, and how it stood before."""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from _injected import Told
from _ledgers import run
from _recording_runs import Recorder

from envprint.causes import explain
from envprint.causes.checkup import examine
from envprint.causes.runs.checkup import Shown, shown_by
from envprint.manifest import load
from envprint.manifest.ledger import Event, Run
from envprint.report import Checkup, Hazard

CAUSE = "nan-inf-path"


def lost(of: Run) -> Shown | None:
    """Return what a run shows of its losses."""
    return next((each for each in shown_by(of) if each.cause == CAUSE), None)


def lost_at(*steps: int, **facts: Any) -> dict[int, dict[str, Any]]:
    """Return that the loss of some steps is NaN."""
    return {step: {"loss": "nan", **facts} for step in steps}


@pytest.mark.parametrize(
    ("number", "title"),
    [("nan", "NaN"), ("inf", "infinite"), ("-inf", "minus infinity")],
)
def test_a_loss_that_is_no_number_is_told_with_its_step_and_the_last_that_is_one(number: str, title: str) -> None:
    found = lost(run(unlike={step: {"loss": number} for step in range(5, 9)}))

    assert found is not None
    assert f"The loss is {title} at step 5" == found.title
    assert {
        "run.ledger.loss": f"0.25 at step 4, the last that is finite; {title} at step 5, not finite up to step 8, "
        "the last kept",
        "run.ledger.rates": "0.1 at step 4",
        "run.events": "without autocast, without GradScaler",
    } == found.facts


def test_a_loss_that_is_lost_between_kept_steps_is_told_with_the_steps_that_may_have_lost_it() -> None:
    found = lost(run([*range(1, 65), 66, 68], unlike=lost_at(68)))

    assert found is not None
    assert "The loss is NaN from a step of 67 to 68 on" == found.title


def test_a_loss_that_is_found_again_is_said_to_be() -> None:
    found = lost(run(unlike=lost_at(1)))

    assert found is not None
    assert "NaN at step 1, finite again at step 2" == found.facts["run.ledger.loss"]


def test_gradients_that_are_lost_before_the_loss_are_told_with_their_step() -> None:
    norms = {1: {"gradient_norm": (2.0).hex()}, 3: {"gradient_norm": "inf"}}
    found = lost(run(unlike={**norms, **lost_at(5)}))

    assert found is not None
    assert "2 at step 1, infinite at step 3" == found.facts["run.ledger.gradient_norm"]


@pytest.mark.parametrize("value", ["", "word", "0x1p3", "0x1p99999", "NaN"])
def test_what_no_recording_says_of_a_lost_loss_is_not_read(value: str) -> None:
    assert lost(run(events=(Event(name="lost", step=8, value=value),))) is None


@pytest.mark.parametrize("norm", ["inf", "nan"])
def test_gradients_alone_are_not_said_to_lose_a_loss(norm: str) -> None:
    scaled = (Event(name="scaler", step=0, value="GradScaler enabled=True"),)

    assert lost(run(unlike={3: {"gradient_norm": norm}}, events=scaled)) is None


@pytest.fixture(scope="module")
def recorder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorder]:
    made = Recorder(tmp_path_factory.mktemp("lost"))
    yield made
    made.close()


def examined(recorder: Recorder, words: str) -> tuple[Checkup, Hazard | None]:
    """Return the checkup of a run that is recorded, and what it says of losses."""
    checkup = examine(load(recorder.record(Told(words, (), "without_loader", "torch")).manifest))
    return checkup, next((each for each in checkup.hazards if each.cause == CAUSE), None)


@pytest.mark.torch
@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "title", "around"),
    [
        ("squared lr=50 steps=20", "The loss is infinite at step", "50 at step"),
        ("lost=6", "The loss is NaN at step 6", "0.05 at step 5"),
        ("lost=133 steps=140", "The loss is NaN from a step of 133 to 134 on", "0.05 at step 132"),
    ],
)
def test_a_run_that_diverges_is_said_to_and_how_it_stood_before(
    words: str, title: str, around: str, recorder: Recorder
) -> None:
    checkup, found = examined(recorder, words)

    assert found is not None
    assert found.title.startswith(title)
    assert ("wrong", "high", checkup.hazards[0]) == (found.makes, found.severity, found)
    assert found.facts["run.ledger.rates"].startswith(around)
    assert "the last that is finite; " in found.facts["run.ledger.loss"]
    assert "without autocast, without GradScaler" == found.facts["run.events"]


@pytest.mark.torch
@pytest.mark.slow
def test_a_loss_of_which_a_scaler_makes_no_step_any_more_is_told_as_well(recorder: Recorder) -> None:
    found = examined(recorder, "squared lr=5 scaler steps=60")[1]

    assert found is not None
    assert "behind step" in found.title
    assert found.title.endswith(", and no step came of it")
    assert "with a GradScaler" in found.facts["run.events"]
    assert "autocast cpu bfloat16" in found.facts["run.events"]


@pytest.mark.torch
@pytest.mark.slow
def test_a_run_that_goes_well_with_a_scaler_has_lost_no_loss(recorder: Recorder) -> None:
    assert examined(recorder, "scaler")[1] is None


@pytest.mark.torch
@pytest.mark.slow
@pytest.mark.parametrize("rate", ["inf", "nan"])
def test_a_learning_rate_that_is_no_number_is_recorded_and_told(rate: str, recorder: Recorder) -> None:
    checkup, found = examined(recorder, f"lr={rate}")
    manifest = recorder.record(Told(f"lr={rate}", (), "without_loader", "torch")).manifest
    written = json.loads(manifest.read_bytes(), parse_constant=pytest.fail)["run"]

    assert found is not None
    assert checkup.hazards[0] == found
    assert f"{rate} at step 1" == found.facts["run.ledger.rates"]
    assert ([rate], rate) == (written["ledger"][0]["rates"], written["groups"][0]["lr"])
    assert "identical" == explain(load(manifest), load(manifest)).verdict


@pytest.mark.torch
@pytest.mark.slow
@pytest.mark.parametrize("name", ["text", "markdown", "html", "json"])
def test_every_form_of_the_checkup_says_it(name: str, recorder: Recorder) -> None:
    manifest = recorder.record(Told("lost=6", (), "without_loader", "torch")).manifest
    words = (sys.executable, "-m", "envprint", "doctor", str(manifest), "--format", name)
    said = subprocess.run(words, check=False, capture_output=True, text=True, timeout=240).stdout

    assert "The loss is NaN at step 6" in said
    assert "not finite up to step 12" in " ".join(said.split())
    assert name != "json" or CAUSE == json.loads(said)["hazards"][0]["cause"]
