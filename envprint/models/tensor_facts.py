"""What is told of each tensor of a live model: digest, samples and looks, where it lies, and to which it is tied."""

import sys
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Literal

from envprint.manifest.gaps import readable
from envprint.manifest.model import Tensor
from envprint.models.asking import ask
from envprint.models.digest import digest_tensor
from envprint.models.looks import looks_of
from envprint.models.values import dtype_of, is_array, is_uninitialised, sample

FORMATS = {4: "channels_last", 5: "channels_last_3d"}


def tensors_of(model: Any) -> dict[str, Any]:
    """Return the tensors of a live model, or of a mapping, by name; tied ones under each."""
    if isinstance(model, Mapping):
        return {readable(str(name)): each for name, each in model.items() if hasattr(each, "untyped_storage")}
    return {name: each for name, (each, _, _) in of_model(inner(model)).items()}


def inner(model: Any) -> Any:
    """Return the model within what torch.compile makes of it, and any other itself."""
    # not by getattr: a wrapper of somebody else's may hand on what it is asked for
    return dict(model._modules.items()).get("_orig_mod", model)  # noqa: SLF001


def of_model(model: Any) -> dict[str, tuple[Any, Any, str | None]]:
    """Return the tensors of a model by name, tied ones each, with the module that has them and their local name."""
    found: dict[str, tuple[Any, Any, str | None]] = {}
    for path, module in _paths(model):
        for name, each in (*module._parameters.items(), *module._buffers.items()):  # noqa: SLF001
            if each is not None:
                found[readable(f"{path}.{name}" if path else name)] = each, module, name
    return found


def _paths(model: Any) -> list[tuple[str, Any]]:
    """Return the modules by each of their paths; of a module that has one above it as its child, by the first."""
    try:
        return list(model.named_modules(remove_duplicate=False))
    except RecursionError:
        return list(model.named_modules())


def describe_tensors(found: Mapping[str, Any], torch: Any, unread: dict[str, str]) -> dict[str, Tensor]:
    """Return what is told of tensors that come, by name, with the module that has them and their local name."""
    first: dict[Any, str] = {}
    described: dict[str, Tensor] = {}
    for name, (tensor, owner, local) in found.items():
        if is_uninitialised(tensor):  # of a lazy module
            described[name] = Tensor(kind="parameter", dtype=dtype_of(tensor), shape=(), looks="uninitialised")
            continue
        tied_to = first.setdefault(_place(tensor) or name, name)
        kept = described.get(tied_to)
        if kept is None:
            facts = _numbers(tensor, owner, local or name, torch, partial(ask, f"tensors.{name}", unread))
        else:
            facts = {"digest": kept.digest, "samples": kept.samples, "looks": kept.looks, "tied_to": tied_to}
        told = ask(f"tensors.{name}", unread, partial(_tensor, tensor, owner, local, facts))
        described |= {} if told is None else {name: told}
    return described


def _tensor(tensor: Any, owner: Any, local: str | None, facts: dict[str, Any]) -> Tensor:
    kind: Literal["parameter", "buffer"] = "buffer"
    if owner is None or local in owner._parameters:  # noqa: SLF001
        kind = "parameter"
    if kind == "parameter":
        facts["trainable"] = bool(tensor.requires_grad)
    else:
        facts["persistent"] = local not in owner._non_persistent_buffers_set  # noqa: SLF001
    facts |= {"device": str(tensor.device), "layout": _layout(tensor)}
    told = {name: value for name, value in facts.items() if value is not None}
    return Tensor(kind=kind, dtype=dtype_of(tensor), shape=tuple(tensor.shape), **told)


def _numbers(tensor: Any, owner: Any, name: str, torch: Any, ask: Callable[[Callable[[], Any]], Any]) -> dict[str, Any]:
    facts: dict[str, Any] = {"digest": ask(partial(digest_tensor, tensor))}
    if facts["digest"] is None:
        return {}
    facts["samples"] = ask(partial(sample, tensor, torch))
    is_weight = owner is None or name in owner._parameters  # noqa: SLF001
    if is_weight and is_array(tensor, torch):
        facts["looks"] = ask(partial(looks_of, tensor, owner, name, torch))
    return facts


def _place(tensor: Any) -> Any:
    """Return where and how a tensor's numbers lie, the same for tied ones; None where that cannot be told."""
    try:
        storage = tensor.untyped_storage()
        start = 0 if storage.device.type == "meta" else storage.data_ptr()  # a FakeTensor says that it is elsewhere
        view = tensor.storage_offset(), tuple(tensor.shape), tuple(tensor.stride()), tensor.is_conj(), tensor.is_neg()
        return (str(tensor.device), str(tensor.dtype), start, *view) if start and tensor.numel() else None
    except (RuntimeError, NotImplementedError):  # sparse tensors, and those that wrap others
        return None


def _layout(tensor: Any) -> str | None:
    """Return how a tensor lies in memory, None where that is row by row."""
    if str(tensor.layout) != "torch.strided":
        return str(tensor.layout).removeprefix("torch.")
    if tensor.is_contiguous():
        return None
    name = FORMATS.get(tensor.dim())
    if name and tensor.is_contiguous(memory_format=getattr(sys.modules["torch"], name)):
        return name
    return f"strides {tuple(tensor.stride())}"
