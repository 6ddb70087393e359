"""Tensors that stand in for others: of the same class, with the same numbers, in memory of their own."""

from collections.abc import Collection, Iterable
from typing import Any

from envprint.models.digest import digest_tensor
from envprint.models.values import is_array

LARGEST = 1 << 28  # bytes of a storage that is copied as a whole
WORDS = {1: "uint8", 2: "int16", 4: "int32", 8: "int64"}


def stand_ins(tensors: Iterable[Any], shared: Collection[int], torch: Any) -> dict[int, Any]:
    """Return what stands in for each tensor, by its id; those in `shared` keep their memory.

    Tensors that lie in one memory do so here too: as tied weights, or as those that cuDNN wants in one piece.
    """
    copied: dict[Any, Any] = {}
    made = {}
    for each in tensors:
        numbers = each.detach() if id(each) in shared else _copied(each.detach(), copied, torch)
        made[id(each)] = _like(each, numbers, torch)
    return made


def _copied(tensor: Any, copied: dict[Any, Any], torch: Any) -> Any:
    if type(tensor) is not torch.Tensor or _has_no_words(tensor, torch):
        return tensor.clone()
    storage = tensor.untyped_storage()
    if storage.nbytes() > LARGEST:
        return tensor.clone()
    place = tensor.device, storage.data_ptr()
    if place not in copied:
        copied[place] = storage.clone()
    empty = torch.empty(0, dtype=tensor.dtype, device=tensor.device)
    return empty.set_(copied[place], tensor.storage_offset(), tensor.size(), tensor.stride())


def _like(tensor: Any, numbers: Any, torch: Any) -> Any:
    """Return numbers as what a tensor is, with what it carries: libraries keep scales and marks there."""
    if type(tensor) is not torch.nn.Parameter and torch.nn.Parameter in type(tensor).__mro__:
        made = torch.Tensor._make_subclass(type(tensor), numbers, tensor.requires_grad)  # noqa: SLF001 - as Parameter does
    elif isinstance(tensor, torch.nn.Parameter):
        made = torch.nn.Parameter(numbers, requires_grad=tensor.requires_grad)
    else:
        made = numbers.requires_grad_(tensor.requires_grad)
    vars(made).update(vars(tensor))
    return made


def same_bits(a: Any, b: Any, torch: Any) -> bool:
    """Tell whether two tensors hold the same bits; what cannot be read counts as the same: nobody wrote to it."""
    try:
        if a.dtype != b.dtype or a.shape != b.shape:
            return False
        word = WORDS.get(a.element_size())
        if word and not _has_no_words(a, torch):
            return bool(torch.equal(a.detach().view(getattr(torch, word)), b.detach().view(getattr(torch, word))))
        return digest_tensor(a) == digest_tensor(b)
    except (RuntimeError, ValueError):  # meta, nested
        return True


def _has_no_words(tensor: Any, torch: Any) -> bool:
    return bool(tensor.is_conj() or tensor.is_neg() or not is_array(tensor, torch))
