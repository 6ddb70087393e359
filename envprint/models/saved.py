"""What a saved file holds of a model: its weights, further sets of them, and what training goes on from."""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from envprint.manifest.gaps import readable
from envprint.manifest.model import Model, Tensor
from envprint.models.content import Content
from envprint.models.files.stored import Opaque, Stored
from envprint.models.files.tensor import StoredTensor
from envprint.models.pairing import pair
from envprint.models.pickled_module import is_module, module_of
from envprint.models.subject import Kept, Subject

# names under which checkpoints keep the weights of the model, the likeliest first: examples of torch, Lightning, timm,
# fairseq, DeepSpeed, Ultralytics
WEIGHTS = ("model", "state_dict", "model_state_dict", "model_state", "module", "net", "network", "weights", "params")
AVERAGED = ("ema", "averaged", "swa")
BUFFERS = ("running_mean", "running_var", "num_batches_tracked", "position_ids", "inv_freq")
COUNTERS = (
    "epoch",
    "step",
    "iter",
    "iteration",
    "batch",
    "best",
    "loss",
    "metric",
    "acc",
    "score",
    "samples",
    "tokens",
)
GENERATORS = ("rng", "random_state", "generator", "seed_state")
DEEPEST = 3
SHARE = 0.6  # of the values of a mapping that are tensors, where it is a set of weights


def subject_of(stored: Stored, description: Model | None = None) -> Subject:
    """Return what a file holds as one side of a comparison; `description` is of the model that it was saved from."""
    tree = stored.tree
    found = dict(_objects(tree))
    model = Model(type=stored.form)
    sets = dict(_weights(tree))
    main = _main(list(sets))
    contents = {f"{_within(path, main)}{name}": each for path in main for name, each in sets[path].items()}
    pickled = next((each for each in found.values() if is_module(each)), None)
    if pickled is not None and not contents:
        model, contents = module_of(pickled)
    else:
        model = model.model_copy(update={"tensors": {name: _tensor(name, each) for name, each in contents.items()}})
    if description is not None:
        model = _described(model, description)
    others = {path: each for path, each in sets.items() if path not in main}
    return Subject("file", model, contents, _kept(tree, others, stored.config))


def _described(model: Model, description: Model) -> Model:
    """Return the model of a file with what a description of it, which the file carries, says beside the tensors."""
    names = pair(model.tensors, description.tensors)
    known = {left: description.tensors[right] for left, right in names.pairs}
    alone = {right: description.tensors[right] for right in names.only_b if _stays_behind(description.tensors[right])}
    tensors = {
        name: known[name].model_copy(update={"dtype": each.dtype, "shape": each.shape, "digest": None})
        if name in known
        else each
        for name, each in model.tensors.items()
    }
    return description.model_copy(update={"tensors": {**tensors, **alone}, "optimizer": None})


def _stays_behind(tensor: Tensor) -> bool:
    """Tell whether no file holds this tensor: a buffer that is not persistent, or another name of one that is there."""
    return tensor.persistent is False or tensor.tied_to is not None


def _within(path: str, main: list[str]) -> str:
    return "" if len(main) == 1 or not path else f"{path}."


def _tensor(name: str, stored: Content) -> Tensor:
    is_buffer = name.rpartition(".")[2] in BUFFERS
    facts: dict[str, Any] = {}
    if isinstance(stored, StoredTensor):
        facts = {"layout": layout} if (layout := _layout(stored)) else {}
    return Tensor(kind="buffer" if is_buffer else "parameter", dtype=stored.dtype, shape=stored.shape, **facts)


def _layout(stored: StoredTensor) -> str | None:
    """Return how a tensor lies in its storage, in the words of a description; None where it is row by row."""
    shape, stride = stored.shape, stored.stride
    if 0 in shape or not shape:
        return None
    steps = sorted((step, -axis) for axis, (length, step) in enumerate(zip(shape, stride, strict=True)) if length > 1)
    order = [-axis for _, axis in steps][::-1]
    if order == sorted(order):
        return None
    last = (0, *range(2, len(shape)), 1)
    formats = {4: "channels_last", 5: "channels_last_3d"}
    if len(shape) in formats and [axis for axis in last if shape[axis] > 1] == order:
        return formats[len(shape)]
    return f"strides {tuple(stride)}"


def _objects(tree: Any, path: str = "", depth: int = DEEPEST) -> Iterator[tuple[str, Any]]:
    """Yield what the entries of a checkpoint are, by their paths."""
    yield path, tree
    if isinstance(tree, Mapping) and depth and not _is_weights(tree):
        for name, each in tree.items():
            yield from _objects(each, f"{path}.{name}" if path else readable(str(name)), depth - 1)
    if isinstance(tree, (list, tuple)) and depth:
        for place, each in enumerate(tree[:16]):
            yield from _objects(each, f"{path}.{place}" if path else str(place), depth - 1)


def _weights(tree: Any) -> Iterator[tuple[str, dict[str, Content]]]:
    """Yield each set of weights by its path."""
    for path, each in _objects(tree):
        if isinstance(each, Mapping) and _is_weights(each) and not _is_generator(path):
            yield path, {readable(str(name)): one for name, one in each.items() if isinstance(one, StoredTensor)}


def _is_weights(tree: Mapping[Any, Any]) -> bool:
    named = all(isinstance(name, str) for name in tree)
    tensors = sum(isinstance(each, StoredTensor) for each in tree.values())
    return named and tensors > 0 and tensors >= SHARE * len(tree)


def _is_generator(path: str) -> bool:
    return any(word in path.lower() for word in GENERATORS)


def _main(paths: list[str]) -> list[str]:
    """Return the paths of the weights of the model itself, several where it is saved in parts."""
    own = [path for path in paths if not any(word in path.lower() for word in (*AVERAGED, "optim"))]
    for name in ("", *WEIGHTS):
        if name in own:
            return [name]
    best = [path for path in own if not path.lower().startswith("best")]
    return best or own or paths[:1]


def _kept(tree: Any, others: Mapping[str, Mapping[str, Content]], config: dict[str, Any] | None) -> Kept:
    entries = dict(_objects(tree))
    mappings = {path: each for path, each in entries.items() if isinstance(each, Mapping)}
    optimizers = [each for each in mappings.values() if "param_groups" in each and "state" in each]
    counters = {path: float(each) for path, each in entries.items() if _is_counter(path, each)}
    averaged = {path: each for path, each in others.items() if any(word in path.lower() for word in AVERAGED)}
    return Kept(
        optimizer=bool(optimizers),
        optimizer_filled=any(bool(each["state"]) for each in optimizers),
        scheduler=any("last_epoch" in each and "param_groups" not in each for each in mappings.values()),
        scaler=any({"scale", "growth_factor"} <= each.keys() for each in mappings.values()),
        rng={path: _digest(each) for path, each in entries.items() if _is_generator(path) and _is_whole(path, entries)},
        counters=counters,
        averaged=averaged,
        others={path: each for path, each in others.items() if path not in averaged},
        settings=config or {},
        is_training=bool(counters),
    )


def _is_counter(path: str, value: Any) -> bool:
    """Tell whether an entry counts what was done: it stands at the top, or in a part that keeps score."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return number and path.count(".") == 0 and any(word in path.lower() for word in COUNTERS)


def _is_whole(path: str, entries: Mapping[str, Any]) -> bool:
    """Tell whether an entry is no part of one that holds the state of a generator already."""
    above = path.rpartition(".")[0]
    return not (above in entries and _is_generator(above))


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
