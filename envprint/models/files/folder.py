"""Choose the model in a folder: an index of shards, or the one file of weights."""

from pathlib import Path
from typing import Any

import orjson

from envprint.checkpoints.beside import DISTRIBUTED, OF_RANKS, WEIGHTS, no_model
from envprint.checkpoints.disk import refused, said_of
from envprint.checkpoints.shards import SUFFIX, files_of
from envprint.models.files.source import unknown

CONFIG = "config.json"
LARGEST_CONFIG = 4 << 20
OF_DISTRIBUTED = ".distcp"
# What Trainer and Accelerate write beside the model, https://huggingface.co/docs/transformers/main_classes/trainer
OF_TRAINING = (
    "optimizer", "scheduler", "sampler", "training_args", "scaler", "rng_state", "custom_checkpoint", *OF_RANKS,
)  # fmt: skip


def choose(folder: Path) -> Path:
    """Return the index, or the file, that a folder has its model in; raise where that is none, or not clear."""
    with said_of(folder):
        names = sorted(file.name for file in folder.iterdir() if file.is_file())
    if DISTRIBUTED in names or any(name.endswith(OF_DISTRIBUTED) for name in names):
        raise unknown(folder, "a checkpoint of torch.distributed")
    indexes = [name for name in names if name.endswith(SUFFIX)]
    if len(indexes) > 1:
        raise _unclear(folder, indexes)
    shards = set(files_of(folder / indexes[0])) if indexes else set()
    weights = [
        name
        for name in names
        if name.endswith(WEIGHTS) and not name.startswith((".", *OF_TRAINING)) and folder / name not in shards
    ]
    models = indexes + weights
    if not models:
        raise no_model(folder)
    if len(models) > 1:
        raise _unclear(folder, models)
    return folder / models[0]


def _unclear(folder: Path, names: list[str]) -> Exception:
    return refused(
        folder, f"has {len(names)} files of weights: {', '.join(names)}; expected one, or one index", "name one of them"
    )


def read_config(folder: Path) -> dict[str, Any] | None:
    """Return the settings of a model, None where a folder has none."""
    path = folder / CONFIG
    if not path.is_file():
        return None
    with said_of(path), path.open("rb") as file:
        content = file.read(LARGEST_CONFIG + 1)
    if len(content) > LARGEST_CONFIG:
        raise refused(path, f"has more than the {LARGEST_CONFIG} bytes of a model's settings")
    try:
        config = orjson.loads(content)
    except ValueError as exc:
        raise refused(path, f"is no JSON: {exc}") from exc
    if not isinstance(config, dict):
        raise refused(path, "is no object of JSON")
    return config
