"""What one run's ledger shows of it, for envprint doctor."""

from typing import Any

import pytest
from _ledgers import LOADER, SEEDED, run

from envprint.causes.runs.checkup import shown_by, unlikely_by
from envprint.manifest.ledger import Event, Mark, Run, Seeding
from envprint.manifest.model import Model, Module, Tensor

AGAIN = Seeding(generator="torch", value="0", where="train.py:30", step=4, after_model=True, after_batch=True)
MADE = AGAIN.model_copy(update={"generator": "numpy.Generator", "value": "None"})
EPOCHS = tuple(
    Mark(name="epoch", step=number, generators={"python": "p", "numpy": f"n{number}", "torch": f"t{number}"})
    for number in (0, 4)
)


def causes(of: Run) -> list[str]:
    """Return what a run shows."""
    return [each.cause for each in shown_by(of)]


def test_a_run_that_is_as_it_should_be_shows_nothing() -> None:
    assert [] == causes(run())


@pytest.mark.parametrize(
    ("cause", "facts"),
    [
        ("reseed-inside-loop", {"seedings": (*SEEDED, AGAIN)}),
        ("shuffle-disabled", {"unlike": {number: {"batch": "one"} for number in range(1, 9)}}),
        (
            "shuffle-disabled",
            {
                "unlike": {5: {"batch": "batch 1"}},
                "marks": EPOCHS,
                "loaders": (LOADER.model_copy(update={"shuffle": False}),),
            },
        ),
        ("reseed-inside-loop", {"unlike": {5: {"batch": "batch 1"}}, "marks": EPOCHS}),
        ("optimizer-detached-params", {"unlike": {number: {"parameters": "w"} for number in range(1, 9)}}),
        ("torch-seed-not-set", {"seedings": SEEDED[:2]}),
        ("partial-seeding", {"seedings": SEEDED[::2], "marks": EPOCHS}),
        ("numpy-legacy-unseeded", {"seedings": SEEDED[:1], "marks": EPOCHS}),
        ("numpy-generator-unseeded", {"seedings": (*SEEDED, MADE)}),
        (
            "uninitialised-read",
            {
                "model": Model(
                    type="Net",
                    tensors={"w": Tensor(kind="parameter", dtype="float32", shape=(4,), looks="uninitialised")},
                )
            },
        ),
        (
            "numpy-worker-duplicate-seed",
            {
                "loaders": (LOADER.model_copy(update={"workers": 2}),),
                "events": (Event(name="workers", step=0, value="workers=2 numpy=1 python=2"),),
            },
        ),
        ("train-vs-eval", {"events": (Event(name="evaluate", step=4, value="Net in training mode"),)}),
        ("nan-inf-path", {"unlike": {8: {"loss": "nan"}}}),
        ("nan-inf-path", {"events": (Event(name="lost", step=8, value="inf"),)}),
    ],
)
def test_what_a_ledger_shows_is_a_hazard(cause: str, facts: dict[str, Any]) -> None:
    assert cause in causes(run(**facts))


@pytest.mark.parametrize(("field", "said"), [("loss", ["nan-inf-path"]), ("gradient_norm", [])])
def test_weights_that_are_no_numbers_any_more_are_not_said_to_be_left_alone(field: str, said: list[str]) -> None:
    lost = {number: {"parameters": "w", field: "nan" if number % 2 else "inf"} for number in range(1, 9)}

    assert said == causes(run(unlike=lost))


def test_one_batch_again_and_again_is_no_hazard_where_the_data_has_no_more() -> None:
    whole = LOADER.model_copy(update={"batch_size": 64})

    assert [] == causes(run(loaders=(whole,), unlike={number: {"batch": "one"} for number in range(1, 9)}))


def test_states_that_were_restored_need_no_seed() -> None:
    restored = tuple(Event(name="restore-rng", step=0, value=name) for name in ("torch", "numpy", "python"))

    assert [] == causes(run(seedings=(), events=restored))


@pytest.mark.parametrize(
    ("layers", "said"),
    [(("linear.Linear",), []), (("linear.Linear", "dropout.Dropout"), ["train-vs-eval"]), ((), ["train-vs-eval"])],
)
def test_training_mode_matters_where_a_layer_may_compute_otherwise_in_it(
    layers: tuple[str, ...], said: list[str]
) -> None:
    modules = {str(place): Module(type=f"torch.nn.modules.{each}") for place, each in enumerate(layers)}
    events = (Event(name="evaluate", step=4, value="Sequential in training mode"),)

    assert said == causes(run(events=events, model=Model(type="Sequential", modules=modules)))


def test_a_generator_that_never_moves_makes_its_missing_seed_unlikely_to_matter() -> None:
    idle = frozenset({"numpy-legacy-unseeded", "partial-seeding", "python-random-unseeded"})

    assert idle == unlikely_by(run(seedings=SEEDED[2:]))
    assert frozenset({"python-random-unseeded"}) == unlikely_by(run(seedings=SEEDED[2:], marks=EPOCHS))
