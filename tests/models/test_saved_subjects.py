"""What is found in saved files: the weights among other sets, and what training goes on from."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from envprint.models.averages import is_averaged
from envprint.models.files import open_model
from envprint.models.saved import subject_of
from envprint.models.subject import Subject

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

ONES, TWOS = {"fc.weight": [1.0, 1.0]}, {"fc.weight": [2.0, 2.0]}
Read = Callable[[Any], Subject]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def read(tree: Any) -> Subject:
        torch.save(_with_tensors(tree), tmp_path / "model.pt")
        with open_model(tmp_path / "model.pt") as stored:
            return subject_of(stored)

    return read


def _with_tensors(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {name: _with_tensors(each) for name, each in tree.items()}
    numbers = isinstance(tree, list) and not any(isinstance(each, dict) for each in tree)
    return torch.tensor(tree) if numbers else tree


@pytest.mark.parametrize(
    "tree",
    [
        ONES,
        {"model": ONES},
        {"state_dict": ONES, "epoch": 3},
        {"net": ONES, "optimizer": {"state": {}, "param_groups": []}},
        {"model": ONES, "model_ema": TWOS},
        {"model": ONES, "best_model": TWOS},
        {"checkpoint": {"student": ONES, "teacher": TWOS}},
        {"anything": ONES},
    ],
)
def test_the_weights_of_the_model_are_found_wherever_they_are(tree: Any, read: Read) -> None:
    assert ["fc.weight"] == list(read(tree).tensors)


def test_weights_in_parts_have_the_names_of_their_parts(read: Read) -> None:
    found = read({"generator": ONES, "discriminator": TWOS, "epoch": 1})

    assert ["discriminator.fc.weight", "generator.fc.weight"] == sorted(found.tensors)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ema", True),
        ("model_ema", True),
        ("ema_model", True),
        ("state_dict_ema", True),
        ("emaModel", True),
        ("modelEma", True),
        ("swa_state", True),
        ("averaged_model", True),
        ("shadow_params", True),
        ("teacher", True),
        ("semantic_head", False),
        ("schema", False),
        ("demands", False),
        ("model", False),
    ],
)
def test_averages_are_known_by_their_names(name: str, expected: bool) -> None:  # noqa: FBT001 - a table
    assert expected is is_averaged(name)


def test_averages_that_are_a_list_get_the_names_of_the_parameters(tmp_path: Path) -> None:
    averages = {"decay": 0.9, "shadow_params": [torch.zeros(2)]}
    torch.save({"model": {"fc.weight": torch.ones(2)}, "ema": averages}, tmp_path / "model.pt")
    with open_model(tmp_path / "model.pt") as stored:
        kept = subject_of(stored).kept

    assert kept is not None
    assert {"ema.shadow_params": ["fc.weight"]} == {name: list(each) for name, each in kept.averaged.items()}


def test_what_training_goes_on_from_is_found(read: Read) -> None:
    kept = read(
        {
            "model": ONES,
            "optimizer": {"state": {0: {"exp_avg": [0.5]}}, "param_groups": [{"lr": 0.1}]},
            "lr_scheduler": {"last_epoch": 3, "base_lrs": (0.1,)},
            "scaler": {"scale": 2.0, "growth_factor": 2.0},
            "rng_state": {"torch": [1, 2]},
            "epoch": 3,
            "is_best": True,
            "note": "text",
        }
    ).kept

    assert kept is not None
    assert (True, True, True, True) == (kept.optimizer, kept.optimizer_filled, kept.scheduler, kept.scaler)
    assert (["rng_state"], {"epoch": 3.0}) == (list(kept.rng), dict(kept.counters))
    assert (True, True) == (kept.is_nested, kept.is_resumable)


def test_bare_weights_are_no_checkpoint(read: Read) -> None:
    kept = read(ONES).kept

    assert kept is not None
    assert (False, False, False) == (kept.is_nested, kept.is_resumable, kept.optimizer)


def test_a_network_that_is_called_generator_is_no_state_of_random_numbers(read: Read) -> None:
    kept = read({"generator": ONES, "generator_lr": 0.1, "generator_optimizer": {"state": {}, "param_groups": []}}).kept

    assert kept is not None
    assert {} == kept.rng


def test_an_optimizer_that_never_stepped_has_no_state(read: Read) -> None:
    kept = read({"model": ONES, "optimizer": {"state": {}, "param_groups": [{"lr": 0.1}]}}).kept

    assert kept is not None
    assert (True, False) == (kept.optimizer, kept.optimizer_filled)
