"""Make the tree of what a pickle describes: symbols become objects, storages are found, cycles are cut."""

from collections.abc import Callable
from typing import Any

from envprint.models.files.dtypes import SIZES
from envprint.models.files.source import Source
from envprint.models.files.stored import Opaque
from envprint.models.files.symbols import Draft, Global, Instance, Storage, Unsound
from envprint.models.files.tensor import StoredTensor

DEEPEST = 100
MOST_PARTS = 2_000_000  # each counted as often as it is reached
MOST_TIMES = 16  # that the bytes of a file may be seen, in views of different kinds
SMALL = 1 << 30  # bytes that tensors may have however small the file is
ITSELF = Opaque("what it is a part of")
# values of C that torch names; https://github.com/pytorch/pytorch/blob/v2.13.0/torch/_weights_only_unpickler.py
SCHEMES = ("torch.per_tensor_", "torch.per_channel_", "torch.sparse_", "torch.strided")


class Finishing:
    """What is done so far of one tree; `locate` returns where a storage begins in the file."""

    def __init__(self, source: Source, locate: Callable[[Storage], int], *, swapped: bool = False) -> None:
        self.source = source
        self.locate = locate
        self.swapped = swapped
        self.done: dict[int, tuple[Any, int]] = {}
        self.begun: set[int] = set()
        self.places: dict[str, int] = {}
        self.room = max(MOST_TIMES * source.size, SMALL)

    def tree(self, value: Any) -> Any:
        """Return a value as a tree; raise Unsound where it is too deep, or has too many parts."""
        return self._visit(value, 0)[0]

    def _visit(self, value: Any, depth: int) -> tuple[Any, int]:
        """Return a part and how many parts it has itself."""
        make = FINISH.get(type(value))
        if make is None:
            return value, 1
        known = self.done.get(id(value))
        if known is None:
            if id(value) in self.begun:
                return ITSELF, 1
            if depth > DEEPEST:
                raise Unsound(f"it is more than {DEEPEST} deep")
            self.begun.add(id(value))
            known = self.done[id(value)] = make(self, value, depth + 1)
            self.begun.remove(id(value))
            if known[1] > MOST_PARTS:
                raise Unsound(f"it has more than {MOST_PARTS} parts")
        return known

    def all(self, values: Any, depth: int) -> tuple[list[Any], int]:
        """Return parts, and how many parts they have and are."""
        size = 1
        parts = []
        for value in values:
            part, count = self._visit(value, depth)
            parts.append(part)
            size += count
        return parts, size


def _list(finishing: Finishing, value: Any, depth: int) -> tuple[Any, int]:
    return finishing.all(value, depth)


def _tuple(finishing: Finishing, value: Any, depth: int) -> tuple[Any, int]:
    parts, size = finishing.all(value, depth)
    return tuple(parts), size


def _set(finishing: Finishing, value: Any, depth: int) -> tuple[Any, int]:
    parts, size = finishing.all(value, depth)
    return set(parts), size


def _dict(finishing: Finishing, value: Any, depth: int) -> tuple[Any, int]:
    keys, count = finishing.all(value, depth)
    parts, size = finishing.all(value.values(), depth)
    return dict(zip(keys, parts, strict=True)), size + count


def _global(_finishing: Finishing, value: Global, _depth: int) -> tuple[Any, int]:
    name = value.name
    if name.removeprefix("torch.") in SIZES or name.startswith(SCHEMES):
        return name, 1
    return Opaque(name), 1


def _instance(finishing: Finishing, value: Instance, depth: int) -> tuple[Any, int]:
    parts, size = finishing.all((value.arguments, value.state, value.items), depth)
    return Opaque(value.name, *parts), size


def _storage(finishing: Finishing, value: Storage, depth: int) -> tuple[Any, int]:
    whole = Draft(value, value.dtype, 0, (value.count,), (1,), False, "tensor")
    return Opaque(value.name, (_tensor(finishing, whole, depth)[0],)), 1


def _tensor(finishing: Finishing, draft: Draft, _depth: int) -> tuple[Any, int]:
    storage, width = draft.storage, SIZES[draft.dtype]
    start = finishing.locate(storage) + storage.first * SIZES[storage.dtype] + draft.offset * width
    name = finishing.source.path.name
    place = f"{name}:{storage.key}+{start} {draft.dtype} {draft.shape} {draft.stride}"
    tensor = StoredTensor(
        draft.dtype, draft.shape, place, draft.stride, finishing.source, start, draft.requires_grad, draft.kind,
        finishing.swapped,
    )  # fmt: skip
    if place not in finishing.places:
        finishing.places[place] = tensor.nbytes
        finishing.room -= tensor.nbytes
        if finishing.room < 0:
            raise Unsound("its tensors show the same bytes too often")
    return tensor, 1


FINISH: dict[type, Callable[[Finishing, Any, int], tuple[Any, int]]] = {
    list: _list,
    tuple: _tuple,
    set: _set,
    dict: _dict,
    Global: _global,
    Instance: _instance,
    Storage: _storage,
    Draft: _tensor,
}
