"""torch's names in pickles: what makes a tensor of a storage, https://github.com/pytorch/pytorch/blob/v2.13.0/torch/_utils.py."""

import dataclasses
from collections.abc import Callable
from typing import Any

from envprint.models.files.dtypes import SIZES
from envprint.models.files.symbols import Draft, Global, Instance, Storage, Unsound
from envprint.models.files.tensor import PARAMETER, TENSOR

MOST_AXES = 64
WIDEST = 1 << 62
QUANTIZED = "torch._utils._rebuild_qtensor"
SEVERAL_IN_A_BYTE = {"torch.QUInt4x2Storage", "torch.QUInt2x4Storage"}
UNTYPED = {"torch.storage.UntypedStorage", "torch.UntypedStorage"}


def _draft(storage: Any, offset: Any, shape: Any, stride: Any, dtype: str | None = None) -> Draft:
    """Return a tensor; raise where it reaches beyond its storage."""
    if type(storage) is not Storage or type(offset) is not int or not len(shape) == len(stride) <= MOST_AXES:
        raise Unsound("a tensor of it is not described as torch does")
    numbers = (offset, *shape, *stride)
    if any(type(number) is not int or not 0 <= number < WIDEST for number in numbers):
        raise Unsound("a tensor of it has an offset, a shape or strides that are none")
    kind = dtype or storage.dtype
    last = offset + sum((length - 1) * step for length, step in zip(shape, stride, strict=True))
    if 0 not in shape and (last + 1) * SIZES[kind] > storage.count * SIZES[storage.dtype]:
        raise Unsound(f"a tensor of it reaches beyond its storage {storage.key:.60}")
    return Draft(storage, kind, offset, tuple(shape), tuple(stride), False, TENSOR)


def _tensor(storage: Any, offset: Any, shape: Any, stride: Any) -> Draft:
    return _draft(storage, offset, shape, stride)


def _tensor_2(storage: Any, offset: Any, shape: Any, stride: Any, *rest: Any) -> Any:
    requires_grad, _, *signs = rest
    return _with(_draft(storage, offset, shape, stride), requires_grad, signs)


def _tensor_3(storage: Any, offset: Any, shape: Any, stride: Any, *rest: Any) -> Any:
    requires_grad, _, dtype, *signs = rest
    name = dtype.name.removeprefix("torch.") if type(dtype) is Global else None
    if name not in SIZES or type(storage) is not Storage or storage.name not in UNTYPED:
        return Instance("torch._utils._rebuild_tensor_v3", (storage, offset, shape, stride, *rest))
    return _with(_draft(storage, offset, shape, stride, name), requires_grad, signs)


def _with(draft: Draft, requires_grad: Any, signs: list[Any]) -> Any:
    """Return a tensor that requires its gradient, or one whose numbers torch conjugates or negates on reading."""
    draft.requires_grad = requires_grad is True
    return Instance("torch.Tensor", (draft, *signs)) if any(signs) else draft


def _parameter(tensor: Any, requires_grad: Any = True, *rest: Any) -> Any:  # noqa: FBT002 - as torch's
    if type(tensor) is not Draft:
        return Instance("torch.nn.parameter.Parameter", (tensor, requires_grad, *rest[1:]))
    return dataclasses.replace(tensor, requires_grad=requires_grad is True, kind=PARAMETER)


def _quantized(storage: Any, offset: Any, shape: Any, stride: Any, quantizer: Any, *rest: Any) -> Instance:
    if type(storage) is not Storage or storage.name in SEVERAL_IN_A_BYTE:
        return Instance(QUANTIZED, (storage, offset, shape, stride, quantizer, *rest))
    return Instance(QUANTIZED, (_draft(storage, offset, shape, stride), quantizer))


def _size(lengths: Any = ()) -> tuple[Any, ...]:
    return tuple(lengths)


def _device(kind: Any, index: Any = None) -> str:
    return f"{kind:.60}" if index is None else f"{kind:.60}:{index:d}"


def _itself(value: Any, *_rest: Any) -> Any:
    return value


TORCH: dict[str, Callable[..., Any]] = {
    "torch._utils._rebuild_tensor": _tensor,
    "torch._utils._rebuild_tensor_v2": _tensor_2,
    "torch._utils._rebuild_tensor_v3": _tensor_3,
    "torch._utils._rebuild_parameter": _parameter,
    "torch._utils._rebuild_parameter_with_state": _parameter,
    QUANTIZED: _quantized,
    "torch.Size": _size,
    "torch.device": _device,
    "torch.serialization._get_layout": _itself,
    # of TorchScript: a list, and what its type is
    "torch.jit._pickle.restore_type_tag": _itself,
    "torch.jit._pickle.build_intlist": _itself,
    "torch.jit._pickle.build_doublelist": _itself,
    "torch.jit._pickle.build_boollist": _itself,
    "torch.jit._pickle.build_tensorlist": _itself,
}
