"""Batches that no DataLoader gives: what parts them is an unseeded generator, their order, the data, or not known."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from _injected import Told
from _recording_runs import Recorder

from envprint.causes import explain
from envprint.manifest import load
from envprint.report import Report

pytestmark = [pytest.mark.torch, pytest.mark.slow]
UNKNOWN = "non-contract-upstream"


@pytest.fixture(scope="module")
def recorder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorder]:
    made = Recorder(tmp_path_factory.mktemp("unloaded"))
    yield made
    made.close()


def told(words: str, steps: str = "") -> Told:
    """Return what a run is told; a run of which steps are chosen is launched, as its users do it."""
    chosen = (("ENVPRINT_RECORD_STEPS", steps),) if steps else ()
    return Told(words, chosen, "without_loader", "" if steps else "torch")


def reported(recorder: Recorder, a: Told, b: Told) -> Report:
    """Return what is said of two runs, after it was seen that it is the same the other way round."""
    one, other = (
        load(recorder.record(each, int(a == b == each and place)).manifest) for place, each in enumerate((a, b))
    )
    report, turned = explain(one, other), explain(other, one)

    assert [(each.cause, each.confidence) for each in report.findings] == [
        (each.cause, each.confidence) for each in turned.findings
    ]
    return report


def answer(report: Report) -> tuple[int, str, str, float]:
    """Return where runs part, and the first finding."""
    assert report.first_divergence is not None
    first = report.findings[0]
    return report.first_divergence.step, report.first_divergence.component, first.cause, first.confidence


@pytest.mark.parametrize(("words", "step", "sure"), [("scale=python at=5", 5, 0.97), ("scale=python", 1, 0.9)])
def test_a_batch_that_is_scaled_by_an_unseeded_draw_is_laid_to_the_generator(
    words: str, step: int, sure: float, recorder: Recorder
) -> None:
    report = reported(recorder, told(words), told(words))

    assert (step, "batch", "python-random-unseeded", sure) == answer(report)
    assert "random is seeded on neither side, torch is" in report.findings[0].evidence
    assert not any(each.confidence > 0.6 for each in report.findings[1:])


def test_a_generator_that_torch_is_seeded_beside_is_one_of_a_partly_seeded_run(recorder: Recorder) -> None:
    words = told("scale=numpy at=5")

    assert (5, "batch", "partial-seeding", 0.97) == answer(reported(recorder, words, words))


def test_a_generator_that_draws_at_each_step_and_made_no_other_batch_before_is_no_more_than_possible(
    recorder: Recorder,
) -> None:
    report = reported(recorder, told("aside"), told("aside target=5"))

    assert (5, "batch", "partial-seeding", 0.5) == answer(report)
    assert report.findings[0].evidence[0].endswith("it gave other numbers before, too, where batches were the same")
    assert (UNKNOWN, 0.4) in [(each.cause, each.confidence) for each in report.findings]


@pytest.mark.parametrize("words", ["weights=numpy", "weights=numpy aside"])
def test_weights_that_part_may_be_those_of_a_generator_that_nobody_seeded(words: str, recorder: Recorder) -> None:
    report = reported(recorder, told(words), told(words))

    assert (0, "initial weights") == answer(report)[:2]
    assert ("numpy-generator-unseeded", 0.6) in [(each.cause, each.confidence) for each in report.findings[:2]]


def test_an_order_that_is_seeded_behind_the_model_is_laid_to_that_seed(recorder: Recorder) -> None:
    report = reported(recorder, told("order-seed=1"), told("order-seed=2"))

    assert (1, "batch", "seed-value-differs", 0.97) == answer(report)


def test_a_generator_that_draws_only_behind_the_parting_is_not_to_blame(recorder: Recorder) -> None:
    report = reported(recorder, told("scale=python at=9"), told("scale=python at=9 target=5"))

    assert (5, "batch", UNKNOWN, 0.4) == answer(report)


def test_targets_that_are_others_at_one_step_are_a_batch_that_nothing_explains(recorder: Recorder) -> None:
    report = reported(recorder, told(""), told("target=5"))

    assert (5, "batch", UNKNOWN, 0.4) == answer(report)
    assert report.summary.endswith("Nothing that was recorded accounts for it.")
    assert "shuffle-order" not in [each.cause for each in report.findings]


def test_targets_that_are_others_between_kept_steps_are_found_where_these_are_chosen(recorder: Recorder) -> None:
    usual = reported(recorder, *(told(f"steps=140 {more}") for more in ("", "target=133")))
    dense = reported(recorder, *(told(f"steps=140 {more}", "133:134") for more in ("", "target=133")))

    assert "between step 133 and 134" in usual.summary
    assert "weights" not in usual.summary
    assert "shuffle-order" not in [each.cause for each in usual.findings]
    assert (133, "batch", UNKNOWN, 0.4) == answer(dense)


@pytest.mark.parametrize(
    ("words", "step", "sure", "said"),
    [
        ("backwards=1", 1, 0.75, "the same samples, in another order within the batch"),
        ("backwards=3", 3, 0.5, "the same samples, in another order within the batch"),
        ("shuffled=5", 1, 0.75, "the same samples, in another order from there to step 4"),
    ],
)
def test_the_very_same_samples_are_in_another_order_where_no_loader_is(
    words: str, step: int, sure: float, said: str, recorder: Recorder
) -> None:
    report = reported(recorder, told(""), told(words))

    assert (step, "batch", "shuffle-order", sure) == answer(report)
    assert said == report.findings[0].evidence[0]


def test_targets_alone_in_another_order_are_other_data(recorder: Recorder) -> None:
    report = reported(recorder, told(""), told("turned=1"))

    assert (1, "batch", "dataset-version", 0.6) == answer(report)
    assert (
        report.findings[0]
        .evidence[0]
        .endswith("its inputs are the same, what differs is beside them: the targets, say")
    )


def test_a_file_of_other_data_is_another_revision_of_it(recorder: Recorder, tmp_path: Path) -> None:
    for seed in (1, 2):
        np.save(tmp_path / f"{seed}.npy", np.random.RandomState(seed).randn(32, 16).astype("float32"))

    report = reported(recorder, *(told(f"file={tmp_path / f'{seed}.npy'}") for seed in (1, 2)))

    assert (1, "batch", "dataset-version", 0.6) == answer(report)
    assert "and no DataLoader gave it, from the first one on" in report.findings[0].evidence[0]


def test_a_file_of_the_same_data_with_another_scale_is_normalised_otherwise(recorder: Recorder, tmp_path: Path) -> None:
    for scale in (1, 3):
        numbers = np.random.RandomState(1).randn(32, 16) * scale + scale
        np.save(tmp_path / f"{scale}.npy", numbers.astype("float32"))

    report = reported(recorder, *(told(f"file={tmp_path / f'{scale}.npy'}") for scale in (1, 3)))

    assert (1, "batch", "normalisation-statistics", 0.9) == answer(report)


def test_an_unseeded_generator_beside_a_file_of_other_data_is_no_suspect(recorder: Recorder, tmp_path: Path) -> None:
    np.save(tmp_path / "other.npy", np.random.RandomState(3).randn(32, 16).astype("float32"))
    report = reported(recorder, told(""), told(f"file={tmp_path / 'other.npy'}"))
    unseeded = {each.cause: each.confidence for each in report.findings if "seed" in each.cause}

    assert "dataset-version" == report.findings[0].cause
    assert unseeded == dict.fromkeys(unseeded, 0.3)
    assert "python-random-unseeded" in unseeded


def test_another_seed_is_what_parts_batches_that_are_drawn_with_it(recorder: Recorder) -> None:
    one, other = (told(f"scale=python seed-python={seed}") for seed in (1, 2))
    report = reported(recorder, one, other)

    assert (1, "batch", "python-random-unseeded", 0.9) == answer(report)
    assert "random is seeded with 1 in a, with 2 in b" in report.findings[0].evidence[0]
