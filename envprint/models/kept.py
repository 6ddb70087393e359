"""What a checkpoint keeps beside the weights: what training goes on from, what it counted, further sets of weights."""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from envprint.models.averages import averages_in
from envprint.models.content import Content
from envprint.models.files.stored import Opaque, Stored
from envprint.models.files.tensor import StoredTensor
from envprint.models.subject import Kept
from envprint.models.trees import generators_in, is_optimizer

# words in the names of plain numbers that tell when a checkpoint was written, or how good it was
COUNTERS = (
    "epoch", "step", "iter", "iteration", "batch", "best", "loss", "metric", "acc", "score", "samples", "tokens",
)  # fmt: skip


def kept_of(
    stored: Stored, entries: Mapping[str, Any], sets: Mapping[str, Mapping[str, Content]], main: list[str]
) -> Kept:
    """Return what a file keeps; `main` are the paths of those sets that are the weights of the model itself."""
    own = sets.get(main[0], {}) if main else {}
    averaged = averages_in(stored.tree, {path: each for path, each in sets.items() if path not in main}, own)
    counters = {path: float(each) for path, each in entries.items() if _is_counter(path, each)}
    optimizers = [each for each in entries.values() if is_optimizer(each)]
    mappings = {path: each for path, each in entries.items() if isinstance(each, Mapping) and each}
    return Kept(
        optimizer=bool(optimizers),
        optimizer_filled=any(bool(each["state"]) for each in optimizers),
        scheduler=any(_is_schedule(path, each) for path, each in mappings.items()),
        scaler=any({"scale", "growth_factor"} <= each.keys() for each in mappings.values()),
        rng={path: _digest(each) for path, each in generators_in(entries).items()},
        counters=counters,
        averaged=averaged,
        others={path: each for path, each in sets.items() if path not in main and path not in averaged},
        settings=stored.config or {},
        is_training=bool(counters),
        is_nested=bool(main) and "" not in main,
    )


def _is_counter(path: str, value: Any) -> bool:
    """Tell whether an entry counts what was done: a plain number at the top."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return number and path.count(".") == 0 and any(word in path.lower() for word in COUNTERS)


def _is_schedule(path: str, value: Mapping[Any, Any]) -> bool:
    """Tell whether an entry is the state of a schedule of the learning rate."""
    return "param_groups" not in value and ("last_epoch" in value or "sched" in path.rpartition(".")[2].lower())


def _digest(value: Any) -> str:
    """Return the digest of an entry whose numbers are few."""
    digest = hashlib.sha256()
    for part in _parts(value):
        digest.update(part)
    return digest.hexdigest()


def _parts(value: Any) -> Iterator[bytes]:
    if isinstance(value, StoredTensor):
        yield from map(bytes, value.blocks())
    elif isinstance(value, Mapping):
        for name, each in value.items():
            yield f"{name}:".encode(errors="replace")
            yield from _parts(each)
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from _parts(each)
            yield b","
    elif isinstance(value, Opaque):
        yield from _parts((value.name, value.arguments, value.state, value.items))
    else:
        yield repr(value).encode(errors="replace")
