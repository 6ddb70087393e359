"""What Trainer of transformers and Accelerate write beside a model in its folder: what training goes on from."""

import contextlib
from pathlib import Path
from typing import Any

import orjson

from envprint.checkpoints.disk import said_of
from envprint.errors import CheckpointError
from envprint.models.files import open_model

PROGRESS = "trainer_state.json"
LARGEST_PROGRESS = 64 << 20  # it has a line for each step that was logged
# https://huggingface.co/docs/accelerate/usage_guides/checkpoint
NAMES = ("optimizer", "scheduler", "scaler", "rng_state", "random_states")
ENDINGS = (".pt", ".pth", ".bin", ".pkl")


def training_state_in(folder: Path, opened: contextlib.ExitStack) -> dict[str, Any]:
    """Return what is beside the model by the names of the files, and the counters; what cannot be read is left out."""
    found: dict[str, Any] = {}
    with said_of(folder):
        files = sorted(file for file in folder.iterdir() if file.is_file())
    for file in files:
        if file.name.startswith(NAMES) and file.name.endswith(ENDINGS):
            with contextlib.suppress(CheckpointError):
                found[file.stem] = opened.enter_context(open_model(file)).tree
    return found | _progress(folder / PROGRESS)


def _progress(path: Path) -> dict[str, Any]:
    """Return the counters of Trainer's."""
    if not path.is_file() or path.stat().st_size > LARGEST_PROGRESS:
        return {}
    try:
        told = orjson.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    plain = told.items() if isinstance(told, dict) else ()
    return {name: each for name, each in plain if name in {"epoch", "global_step", "best_metric"} and each is not None}
