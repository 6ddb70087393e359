"""The switches of torch that are quick to read, by their paths in a manifest."""

import sys
from collections.abc import Callable
from typing import Any


def read_flags() -> dict[str, Any]:
    """Return what each switch is now; what this torch does not have is left out.

    None of the getters warns: to silence a warning would show again those that a run has shown already.
    """
    torch = sys.modules["torch"]
    found: dict[str, Any] = {}
    for path, ask in GETTERS.items():
        try:
            found[path] = ask(torch)
        except (AttributeError, RuntimeError, TypeError):
            continue
    return found


def turned(before: dict[str, Any], after: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Return what was turned: the old and the new value by path."""
    return {path: (before[path], after[path]) for path in before if path in after and before[path] != after[path]}


# beneath torch.backends, whose properties take three times as long and warn in torch 2.9 and later
# ruff: noqa: SLF001
GETTERS: dict[str, Callable[[Any], Any]] = {
    "threads.torch_intraop": lambda torch: torch.get_num_threads(),
    "precision.float32_matmul": lambda torch: torch._C._get_float32_matmul_precision(),
    "precision.cuda_matmul_allow_tf32": lambda torch: torch._C._get_cublas_allow_tf32(),
    "precision.cudnn_allow_tf32": lambda torch: torch._C._get_cudnn_allow_tf32(),
    "precision.mha_fastpath": lambda torch: torch.backends.mha.get_fastpath_enabled(),
    "precision.sdpa.flash": lambda torch: torch.backends.cuda.flash_sdp_enabled(),
    "precision.sdpa.mem_efficient": lambda torch: torch.backends.cuda.mem_efficient_sdp_enabled(),
    "precision.sdpa.math": lambda torch: torch.backends.cuda.math_sdp_enabled(),
    "determinism.algorithms": lambda torch: torch.are_deterministic_algorithms_enabled(),
    "determinism.warn_only": lambda torch: torch.is_deterministic_algorithms_warn_only_enabled(),
    "determinism.cudnn_enabled": lambda torch: torch._C._get_cudnn_enabled(),
    "determinism.cudnn_benchmark": lambda torch: torch._C._get_cudnn_benchmark(),
    "determinism.cudnn_deterministic": lambda torch: torch._C._get_cudnn_deterministic(),
    "blas.onednn.enabled": lambda torch: torch._C._get_mkldnn_enabled(),
    "torch.default_dtype": lambda torch: str(torch.get_default_dtype()).removeprefix("torch."),
}
