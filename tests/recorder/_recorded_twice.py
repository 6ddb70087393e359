"""Run a training twice from the same seeds, without and with the recorder, in one process."""

import random
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import torch

import envprint
from envprint.models.digest import digest_tensor
from envprint.recorder.generators import states


def outcome(training: Any) -> list[Any]:
    """Return the digests of all that a training computed, and the states of the generators behind it."""
    random.seed(7)
    np.random.seed(7)  # noqa: NPY002 - what the recorder hears
    torch.manual_seed(7)
    return [*(digest_tensor(each.detach()) for each in training()), states()]


def both(training: Any, path: Path) -> tuple[list[Any], list[Any]]:
    """Return the outcome without the recorder and with it."""
    plain = outcome(training)
    with envprint.record(path):
        recorded = outcome(training)
    return plain, recorded


def run_of(path: Path) -> dict[str, Any]:
    """Return the section about a run."""
    found: dict[str, Any] = orjson.loads(path.read_bytes())["run"]
    return found
