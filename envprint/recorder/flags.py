"""The switches of torch that are quick to read, by their paths in a manifest."""

import functools
import sys
from collections.abc import Callable
from typing import Any


def read_flags() -> dict[str, Any]:
    """Return what each switch is now; what this torch does not have is left out.

    None of the getters warns: to silence a warning would show again those that a run has shown already.
    """
    found: dict[str, Any] = {}
    for path, get in _getters():
        try:
            found[path] = get()
        except (AttributeError, RuntimeError, TypeError):
            continue
    if (dtype := found.get("torch.default_dtype")) is not None:
        found["torch.default_dtype"] = str(dtype).removeprefix("torch.")
    return found


def turned(before: dict[str, Any], after: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Return what was turned: the old and the new value by path."""
    return {path: (before[path], after[path]) for path in before if path in after and before[path] != after[path]}


@functools.cache
def _getters() -> tuple[tuple[str, Callable[[], Any]], ...]:
    """Return what this torch has of all getters, by the paths of what they get."""
    torch: Any = sys.modules["torch"]
    found = [(path, functools.reduce(_inner, name.split("."), torch)) for path, name in GETTERS.items()]
    return tuple((path, getter) for path, getter in found if getter is not None)


def _inner(holder: Any, name: str) -> Any:
    return getattr(holder, name, None)


# beneath torch.backends, whose properties take three times as long and warn in torch 2.9 and later
GETTERS = {
    "threads.torch_intraop": "get_num_threads",
    "precision.float32_matmul": "_C._get_float32_matmul_precision",
    "precision.cuda_matmul_allow_tf32": "_C._get_cublas_allow_tf32",
    "precision.cudnn_allow_tf32": "_C._get_cudnn_allow_tf32",
    "precision.mha_fastpath": "backends.mha.get_fastpath_enabled",
    "precision.sdpa.flash": "_C._get_flash_sdp_enabled",
    "precision.sdpa.mem_efficient": "_C._get_mem_efficient_sdp_enabled",
    "precision.sdpa.math": "_C._get_math_sdp_enabled",
    "determinism.algorithms": "_C._get_deterministic_algorithms",
    "determinism.warn_only": "_C._get_deterministic_algorithms_warn_only",
    "determinism.cudnn_enabled": "_C._get_cudnn_enabled",
    "determinism.cudnn_benchmark": "_C._get_cudnn_benchmark",
    "determinism.cudnn_deterministic": "_C._get_cudnn_deterministic",
    "blas.onednn.enabled": "_C._get_mkldnn_enabled",
    "torch.default_dtype": "get_default_dtype",
}
