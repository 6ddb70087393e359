"""Where two ledgers part: the step, the component, and what is said where the step is not known."""

from typing import Any

import pytest
from _ledgers import SEEDED, first, place_of, reported, run

from envprint.causes.loading import causes_by_id
from envprint.manifest.ledger import Mark, Step
from envprint.report import Change, Finding

LATER: dict[str, Any] = {"loss": (0.7).hex(), "parameters": "others", "gradients": "others"}


def from_step(number: int, **facts: Any) -> dict[int, dict[str, Any]]:
    """Return that steps go another way from one on."""
    return {number: facts, **dict.fromkeys(range(number + 1, 1000), LATER)}


def environment(cause: str, confidence: float) -> Finding:
    """Return a finding of environments."""
    known = causes_by_id()[cause]
    return Finding(cause=cause, title=known.title, status="possible", confidence=confidence, effect=known.magnitude)


@pytest.mark.parametrize(
    ("facts", "component"),
    [
        ({"batch": "b", "loss": "0x1p0", "generators": {"torch": "t"}}, "batch"),
        ({"training": False, "loss": "0x1p0", "generators": {"torch": "t"}}, "training"),
        ({"generators": {"torch": "t"}, "loss": "0x1p0", "gradients": "g"}, "generators"),
        ({"loss": "0x1p0", "gradients": "g", "parameters": "w"}, "loss"),
        ({"gradients": "g", "parameters": "w"}, "gradients"),
        ({"rates": (0.2,), "parameters": "w"}, "rates"),
        ({"parameters": "w", "state": "s"}, "parameters"),
    ],
)
def test_what_makes_the_next_is_named_first(facts: dict[str, Any], component: str) -> None:
    report = reported(run(), run(unlike=from_step(3, **facts)))

    assert (3, component) == place_of(report)


def test_a_parting_between_two_kept_steps_is_said_with_the_window_to_record() -> None:
    kept = [*range(1, 65), 66, 68]

    report = reported(run(kept), run(kept, unlike=from_step(66, **LATER)))

    assert "between step 65 and 66" in report.summary
    assert "--steps 65:66" in report.summary


def test_random_states_that_part_before_their_draws_act_are_where_runs_part() -> None:
    unlike = {each: {"generators": {"torch": f"u{each}"}} for each in (4, 5)} | from_step(
        6, batch="b", generators={"torch": "u6"}, **LATER
    )

    report = reported(run(), run(unlike=unlike))

    assert (4, "generators") == place_of(report)
    assert "rng-consumption-shift" == first(report)


def test_a_state_that_nobody_draws_from_parts_no_runs() -> None:
    unlike = {each: {"generators": {"python": "p", "numpy": "other", "torch": f"t{each}"}} for each in range(1, 9)}
    seedings = tuple(each.model_copy(update={"value": "7"}) if each.generator == "numpy" else each for each in SEEDED)

    report = reported(run(), run(unlike=unlike, seedings=seedings))

    assert "equivalent" == report.verdict
    assert "up to step 8" in report.summary
    assert "numpy's generator is seeded with 0 in a, seeded with 7 in b" in report.summary


def test_a_run_that_went_on_is_the_same_as_far_as_both_went() -> None:
    report = reported(run(range(1, 5)), run())

    assert "identical" == report.verdict
    assert "up to step 4; b went on to step 8" in report.summary


def test_a_run_that_goes_on_from_a_step_of_the_other_is_laid_beside_it() -> None:
    resumed = run(range(1, 6), begins=3, restored=True, unlike={3: {"batch": "b", "loss": "0x1p0"}})

    report = reported(run(), resumed)

    assert (6, "batch") == place_of(report) == place_of(reported(resumed, run()))
    assert "dataloader-position-resume" == first(report)
    assert any("its first step is counted as step 4" in note for note in report.notes)


def test_rounding_is_what_environments_explain_and_a_stream_is_ruled_out() -> None:
    near = {each: {"loss": (1 / each + 1e-9 * each).hex(), "gradients": "g", "parameters": "w"} for each in range(2, 9)}
    findings = (environment("torch-seed-not-set", 0.8), environment("intra-op-threads", 0.4))

    report = reported(run(), run(unlike=near), findings=findings, verdict="divergent")

    assert "intra-op-threads" == first(report)
    assert 0.9 == report.findings[0].confidence
    assert "by rounding" in report.summary
    assert ["torch-seed-not-set"] == [each.cause for each in report.dismissed]


def test_how_far_a_loss_is_from_one_that_is_no_number_is_not_said() -> None:
    near = {each: {"loss": (1 / each + 1e-9).hex(), "parameters": "w"} for each in range(2, 8)}

    lost = reported(run(), run(unlike={3: {"loss": "nan"}})).summary
    later = reported(run(), run(unlike={**near, 8: {"loss": "inf", "parameters": "w"}})).summary

    assert "the loss 0.333333333 / nan, with the same weights" in lost
    assert "by rounding, no number on one side at step 8" in later


def test_more_than_rounding_is_not_laid_to_threads() -> None:
    findings = (environment("intra-op-threads", 0.4),)
    changes = (Change(path="code.entry_digest", kind="changed", a="x", b="y"),)

    report = reported(run(), run(unlike=from_step(2, **LATER)), findings=findings, changes=changes)

    assert "code-version" == first(report)


def test_another_number_of_ranks_shares_the_data_otherwise() -> None:
    changes = (Change(path="distributed.world_size", kind="changed", a=1, b=2),)

    report = reported(run(), run(unlike=from_step(1, batch="b", **LATER)), changes=changes)

    assert "batch-size-train" == first(report)
    assert ("the data is shared by 1 rank in a, by 2 ranks in b",) == report.findings[0].evidence


@pytest.mark.parametrize(("moves", "said"), [("", 0.3), ("later", 0.9)])
def test_a_generator_that_nobody_draws_from_hardly_parts_batches_though_nobody_seeded_it(
    moves: str, said: float
) -> None:
    def unseeded(side: str, **facts: Any) -> Any:
        states = {"python": "p", "numpy": side, "torch": "t"}
        marks = (Mark(name="epoch", step=0, generators={**states, "numpy": side}),)
        unlike = {number: {"generators": {**states, "numpy": side + moves}, **facts} for number in range(1, 9)}
        return run(seedings=SEEDED[2:], marks=marks, unlike=unlike)

    report = reported(unseeded("a"), unseeded("b", batch="b", samples="s", loss="0x1p0"))

    assert {said} == {each.confidence for each in report.findings if each.cause == "partial-seeding"}


@pytest.mark.parametrize("field", ["loss", "gradient_norm"])
@pytest.mark.parametrize("text", ["", "loss", "0x1p+99999"])
def test_a_number_that_is_none_is_refused_as_a_ledger_is_read(field: str, text: str) -> None:
    with pytest.raises(ValueError, match=r"float\.hex"):
        Step(step=1, chain="", **{field: text})  # type: ignore[arg-type]
