"""What the tests of files share: a tree's tensors by path, and the same of what torch has loaded."""

from collections.abc import Iterator
from typing import Any

from envprint.models.files import Opaque, StoredTensor


def tensors(tree: Any, path: str = "") -> Iterator[tuple[str, StoredTensor]]:
    if isinstance(tree, StoredTensor):
        yield path, tree
    elif isinstance(tree, Opaque):
        for part in (tree.arguments, tree.state, tree.items):
            yield from tensors(part, f"{path}.{tree.name}")
    elif isinstance(tree, dict):
        for key, value in tree.items():
            yield from tensors(value, f"{path}.{key}")
    elif isinstance(tree, list | tuple):
        for i, value in enumerate(tree):
            yield from tensors(value, f"{path}.{i}")


def loaded(tree: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    import torch

    if isinstance(tree, torch.Tensor):
        yield path, tree
    elif isinstance(tree, dict):
        for key, value in tree.items():
            yield from loaded(value, f"{path}.{key}")
    elif isinstance(tree, list | tuple):
        for i, value in enumerate(tree):
            yield from loaded(value, f"{path}.{i}")


def content(tensor: StoredTensor, size: int = 64) -> bytes:
    return b"".join(bytes(block) for block in tensor.blocks(size))


def content_of(tensor: Any) -> bytes:
    import torch

    held: bytes = tensor.detach().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()
    return held


def described(tree: Any) -> dict[str, tuple[Any, ...]]:
    found = dict(tensors(tree))
    ties = _numbered([each.place for each in found.values()])
    return {
        path: (each.dtype, each.shape, each.stride, each.requires_grad, content(each), tie)
        for (path, each), tie in zip(found.items(), ties, strict=True)
    }


def described_by_torch(tree: Any) -> dict[str, tuple[Any, ...]]:
    found = dict(loaded(tree))
    ties = _numbered(
        [(each.untyped_storage()._cdata, each.storage_offset(), each.shape, each.stride()) for each in found.values()]
    )
    return {
        path: (str(each.dtype).removeprefix("torch."), tuple(each.shape), each.stride(), each.requires_grad,
               content_of(each), tie)
        for (path, each), tie in zip(found.items(), ties, strict=True)
    }  # fmt: skip


def _numbered(places: list[Any]) -> list[int]:
    """Return for each place the number of the first that is the same."""
    return [places.index(place) for place in places]
