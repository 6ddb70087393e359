"""Everything that describe() must leave as it was: of a model, and of the process."""

import random
import warnings
from collections import deque
from typing import Any

import numpy as np
import torch
from torch import nn

PLAIN = (bool, int, float, str, bytes, type(None))


def traces(model: nn.Module) -> dict[str, Any]:
    """Return the state of a model by module and name: objects by identity, containers and tensors by content too."""
    return {path: (type(module), _of_module(module)) for path, module in model.named_modules()}


def of_process() -> dict[str, Any]:
    """Return the state of the process that a forward pass may change."""
    numbers: Any = np.random.get_state()  # noqa: NPY002 - the global one
    module = torch.nn.modules.module
    return {
        "torch": torch.get_rng_state().tolist(),
        "random": random.getstate(),
        "numpy": (numbers[0], numbers[1].tolist(), *numbers[2:]),
        "grad": (torch.is_grad_enabled(), torch.is_inference_mode_enabled()),
        "autocast": (torch.is_autocast_enabled("cpu"), torch.is_autocast_cache_enabled()),
        "warnings": list(warnings.filters),
        "hooks": {name: list(each) for name, each in vars(module).items() if name.startswith("_global") and each},
        "default": (torch.get_default_dtype(), str(torch.get_default_device())),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
    }


def _of_module(module: nn.Module) -> dict[str, Any]:
    tensors = dict(module.named_parameters(recurse=False)) | dict(module.named_buffers(recurse=False))
    of_script = {name: _of_tensor(each) for name, each in tensors.items() if not isinstance(module._buffers, dict)}
    return _entries(vars(module), set()) | of_script | {"mode": getattr(module, "training", None)}


def _entries(entries: Any, seen: set[int]) -> dict[str, Any]:
    return {str(name): _of(value, seen) for name, value in dict.items(entries) if name != "_compiled_call_impl"}


def _of(value: Any, seen: set[int]) -> Any:
    if isinstance(value, PLAIN):
        return value
    if isinstance(value, torch.Tensor):
        return id(value), _of_tensor(value)
    if isinstance(value, (dict, list, set, deque)) and id(value) not in seen:
        seen.add(id(value))
        inner = _entries(value, seen) if isinstance(value, dict) else [_of(each, seen) for each in value]
        return id(value), inner
    if isinstance(value, nn.Module) and id(value) not in seen:
        seen.add(id(value))
        return id(value), _entries(vars(value), seen)
    if isinstance(value, torch.Generator):
        return id(value), value.get_state().tolist()
    return id(value)


def _of_tensor(tensor: torch.Tensor) -> Any:
    if isinstance(tensor, nn.parameter.UninitializedTensorMixin):
        return "uninitialised"
    version = None if tensor.is_inference() else tensor._version
    grad = None if not tensor.is_leaf or tensor.grad is None else (id(tensor.grad), tensor.grad.tolist())
    return version, tensor.requires_grad, grad, _bits(tensor)


def _bits(tensor: torch.Tensor) -> Any:
    if tensor.layout != torch.strided or tensor.is_meta or tensor.is_quantized or type(tensor).__name__ == "DTensor":
        return repr(tensor)
    plain = tensor.detach().resolve_conj().contiguous().reshape(-1)
    return bytes(plain.view(torch.uint8).tolist()) if plain.numel() else b""
