"""What ledgers show beside where runs part: what acts later, early draws, workers alike, data scaled otherwise."""

from typing import Any

import pytest
from _ledgers import LOADER, SEEDED, first, place_of, reported, run

from envprint.causes.runs.later import ALSO, SAID
from envprint.manifest.ledger import Event, Loader, Mark
from envprint.report import Report

OTHERS = {"loss": (0.7).hex(), "parameters": "others", "gradients": "others"}
LATE = SEEDED[2].model_copy(update={"generator": "numpy", "after_model": True})


def loader(**facts: Any) -> Loader:
    """Return a loader that is not as those of other runs."""
    return LOADER.model_copy(update=facts)


def from_step(number: int, **facts: Any) -> dict[int, dict[str, Any]]:
    """Return that steps go another way from one on."""
    return {number: {**OTHERS, **facts}, **dict.fromkeys(range(number + 1, 1000), OTHERS)}


def events(*values: tuple[str, str]) -> tuple[Event, ...]:
    """Return what a run did, by name and value."""
    return tuple(Event(name=name, step=0, value=value) for name, value in values)


def sure_of(report: Report, cause: str) -> float | None:
    """Return how sure a report is of a cause, None where it does not name it."""
    return next((each.confidence for each in report.findings if each.cause == cause), None)


@pytest.mark.parametrize(
    ("cause", "facts"),
    [
        ("batch-size-train", {"loaders": (loader(batch_size=8),)}),
        ("loss-fn-config", {"events": events(("loss", "cross_entropy label_smoothing=0.1"))}),
        ("autocast", {"events": events(("autocast", "cpu bfloat16 enabled=True"))}),
        ("grad-clip-order", {"events": events(("clip", "0.5 norm_type=2"))}),
        ("optimizer-hyperparams", {"groups": ({"lr": 0.2},)}),
    ],
)
def test_what_is_set_otherwise_is_told_behind_what_parts_runs_before_the_first_step(
    cause: str, facts: dict[str, Any]
) -> None:
    seeds = tuple(each.model_copy(update={"value": "1"}) for each in SEEDED)

    report = reported(run(), run(seedings=seeds, initial="others", unlike=from_step(1, batch="b"), **facts))

    assert "seed-value-differs" == first(report)
    assert (0, "initial weights") == place_of(report)
    assert cause in [each.cause for each in report.findings[1:3]]
    assert ALSO == sure_of(report, cause)


def test_what_drops_the_end_of_an_epoch_acts_later_than_what_parts_runs_in_the_first_step() -> None:
    sides: list[dict[str, Any]] = [
        {"loaders": (loader(length=30),)},
        {"loaders": (loader(length=30, drop_last=True),), "events": events(("loss", "mse_loss reduction=sum"))},
    ]

    report = reported(run(**sides[0]), run(unlike=from_step(1), **sides[1]))

    assert ["loss-fn-config", "drop-last"] == [each.cause for each in report.findings[:2]]
    assert SAID in report.findings[1].evidence


def test_nothing_acts_later_where_one_thing_differs() -> None:
    report = reported(run(), run(unlike=from_step(3, batch="b"), loaders=(loader(batch_size=8),)))

    assert "batch-size-train" == first(report)
    assert not [each.cause for each in report.findings if SAID in each.evidence]


def marks(before: str, after: str) -> tuple[Mark, ...]:
    """Return marks between which numpy moves, or not, before it is seeded."""
    states = (("torch imported", before), ("model built", after), ("seeded numpy", "seeded"), ("epoch", "seeded"))
    return tuple(Mark(name=name, step=0, generators={"numpy": state, "torch": "t0"}) for name, state in states)


@pytest.mark.parametrize(
    ("cause", "drawn"), [("partial-seeding", (True, True)), ("numpy-legacy-unseeded", (False, True))]
)
def test_draws_before_a_library_seeds_are_told(cause: str, drawn: tuple[bool, bool]) -> None:
    seeds = (SEEDED[0], SEEDED[2], LATE)
    sides: list[dict[str, Any]] = [
        {"seedings": seeds, "marks": marks(side, f"{side} drawn" if draws else side)}
        for side, draws in zip("ab", drawn, strict=True)
    ]

    report = reported(run(**sides[0]), run(unlike=from_step(1, batch="b", samples="s"), **sides[1]))

    assert cause == first(report), report.summary
    assert "before it is seeded with 0" in report.findings[0].evidence[0]


@pytest.mark.parametrize(
    ("states", "sure"),
    [(("workers=2 numpy=2 python=2", "workers=2 numpy=1 python=2"), 0.9), (("", ""), 0.5)],
)
def test_workers_that_begin_alike_are_likely_and_a_function_alone_is_possible(
    states: tuple[str, str], sure: float
) -> None:
    sides: list[dict[str, Any]] = [
        {"loaders": (loader(workers=2, worker_init=own),), "events": events(("workers", said)) if said else ()}
        for own, said in zip((False, True), states, strict=True)
    ]

    report = reported(run(**sides[0]), run(unlike=from_step(1, batch="b", samples="s"), **sides[1]))

    assert sure == sure_of(report, "numpy-worker-duplicate-seed")
    assert (sure > ALSO) == (first(report) == "numpy-worker-duplicate-seed")


@pytest.mark.parametrize(
    ("ranks", "cause", "sure"),
    [
        (("one 1", "one 2"), "normalisation-statistics", 0.9),
        (("one 1", "one 1"), "normalisation-statistics", None),
        (("one 1", "other 2"), "normalisation-statistics", None),
        (("", ""), "normalisation-statistics", 0.3),
        (("", ""), "dataset-version", 0.6),
    ],
)
def test_data_that_ranks_alike_is_scaled_otherwise_and_else_both_may_be(
    ranks: tuple[str, str], cause: str, sure: float | None
) -> None:
    sides: list[dict[str, Any]] = [
        {"events": events(("first-batch", f"ranks={each.replace(' ', ' values=')} mean=0 deviation=1")) if each else ()}
        for each in ranks
    ]

    report = reported(run(**sides[0]), run(unlike=from_step(1, batch="b", samples="s"), **sides[1]))

    assert sure == sure_of(report, cause)


def test_the_samples_of_an_epoch_are_those_of_its_steps_where_its_end_is_not_seen() -> None:
    whole = loader(length=8, batch_size=4)
    sums = [[(1, 5), (2, 9)], [(1, 9), (2, 5)], [(1, 9), (2, 6)]]
    a, same, other = (
        {number: {"samples": f"sum-of-rows:{total:016x}", "batch": f"{total}"} for number, total in each}
        for each in sums
    )

    reports = [
        reported(run(loaders=(whole,), unlike=a), run(loaders=(whole,), unlike={**from_step(1), **each}))
        for each in ({number: {**OTHERS, **facts} for number, facts in side.items()} for side in (same, other))
    ]

    assert ["shuffle-order", "dataset-version"] == [first(each) for each in reports]
