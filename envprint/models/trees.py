"""What the entries of a checkpoint are: sets of weights, state of optimizers and of random generators."""

from collections.abc import Iterator, Mapping
from typing import Any

from envprint.manifest.gaps import readable
from envprint.models.content import Content
from envprint.models.files.stored import Opaque
from envprint.models.files.tensor import StoredTensor

GENERATORS = ("rng", "random_state", "generator", "seed_state")
DEEPEST = 3
MOST_ITEMS = 16  # of a list
SHARE = 0.5  # of the values of a mapping that are tensors, where it is a set of weights


def entries_of(tree: Any, path: str = "", depth: int = DEEPEST) -> Iterator[tuple[str, Any]]:
    """Yield what the entries of a checkpoint are, by their paths; what is in a set of weights is not looked at."""
    yield path, tree
    if isinstance(tree, Mapping) and depth and not _is_set(tree):
        for name, each in tree.items():
            yield from entries_of(each, f"{path}.{name}" if path else readable(str(name)), depth - 1)
    if isinstance(tree, (list, tuple)) and depth:
        for place, each in enumerate(tree[:MOST_ITEMS]):
            yield from entries_of(each, f"{path}.{place}" if path else str(place), depth - 1)


def weights_in(entries: Mapping[str, Any]) -> dict[str, dict[str, Content]]:
    """Return each set of weights by its path; what an optimizer or a generator remembers is none."""
    inside = _inside_optimizers(entries)
    return {
        path: {readable(str(name)): one for name, one in each.items() if isinstance(one, StoredTensor)}
        for path, each in entries.items()
        if isinstance(each, Mapping) and _is_set(each) and not path.startswith(inside) and not is_generator(path, each)
    }


def _is_set(tree: Mapping[Any, Any]) -> bool:
    """Tell whether a mapping is a set of weights: half of its values, or more, are tensors."""
    named = all(isinstance(name, str) for name in tree)
    tensors = sum(isinstance(each, StoredTensor) for each in tree.values())
    return named and tensors > 0 and tensors >= SHARE * len(tree)


def is_optimizer(value: Any) -> bool:
    """Tell whether an entry is the state of an optimizer."""
    return isinstance(value, Mapping) and "param_groups" in value and "state" in value


def generators_in(entries: Mapping[str, Any]) -> dict[str, Any]:
    """Return each entry that is the state of generators, and no part of one that is, by its path."""
    inside = _inside_optimizers(entries)
    found = {path: each for path, each in entries.items() if not path.startswith(inside) and is_generator(path, each)}
    return {path: each for path, each in found.items() if path.rpartition(".")[0] not in found}


def _inside_optimizers(entries: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(f"{path}." for path, each in entries.items() if path and is_optimizer(each))


def is_generator(path: str, value: Any) -> bool:
    """Tell whether an entry is the state of random generators; a network may be called generator, too."""
    if not any(word in path.lower() for word in GENERATORS):
        return False
    if isinstance(value, Mapping):
        tensors = [each for each in value.values() if isinstance(each, StoredTensor)]
        is_other = "param_groups" in value or "last_epoch" in value  # the optimizer of such a network
        return bool(value) and not is_other and all(map(_may_be_state, tensors))
    if isinstance(value, StoredTensor):
        return _may_be_state(value)
    return isinstance(value, (list, tuple, bytes, Opaque)) and value not in ([], (), b"")


def _may_be_state(tensor: StoredTensor) -> bool:
    return tensor.dtype in {"uint8", "int64"} and len(tensor.shape) <= 1
