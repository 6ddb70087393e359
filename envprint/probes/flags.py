"""The reference flags: TF32 off, deterministic algorithms on, for a while."""

import contextlib
import sys
from collections.abc import Iterator
from typing import Any

# torch 2.9 and newer have one switch for each kind of operation, and refuse the older ones once these were used; so
# each is read and put back by the same interface, the newer one where it is there. One that was not set follows the one
# before it: of all devices, of all of CUDA.
NEWER = ("backends", "backends.cudnn", "backends.cuda.matmul", "backends.cudnn.conv", "backends.cudnn.rnn")
REDUCTIONS = ("allow_fp16_reduced_precision_reduction", "allow_bf16_reduced_precision_reduction")


@contextlib.contextmanager
def reference_flags(torch: Any) -> Iterator[None]:
    """Compute in full precision and repeatably; every flag is put back, whatever happens."""
    matmul, cudnn = torch.backends.cuda.matmul, torch.backends.cudnn
    with contextlib.ExitStack() as stack:
        newer = all(_at(torch, f"{path}.fp32_precision") for path in NEWER)
        stack.enter_context(_newer_precision(torch) if newer else _older_precision(torch))
        for name in REDUCTIONS:
            stack.enter_context(_set(matmul, name, value=False, before=_reduction(matmul, name)))
        stack.enter_context(_set(matmul, "allow_fp16_accumulation", value=False))
        stack.enter_context(_set(cudnn, "benchmark", value=False))
        stack.enter_context(_set(cudnn, "deterministic", value=True))
        stack.enter_context(_deterministic(torch))
        yield


@contextlib.contextmanager
def _newer_precision(torch: Any) -> Iterator[None]:
    """Only what does not follow is set: it would read as what it follows, and could not be told to follow again."""
    with contextlib.ExitStack() as stack:
        for owner in (_at(torch, path) for path in NEWER):
            if owner.fp32_precision != "ieee":
                stack.enter_context(_set(owner, "fp32_precision", "ieee"))
        yield


@contextlib.contextmanager
def _older_precision(torch: Any) -> Iterator[None]:
    """Not by `allow_tf32`, which the same value is behind: it would leave "medium" as "high" (Context.cpp)."""
    before = torch.get_float32_matmul_precision()
    try:
        torch.set_float32_matmul_precision("highest")
        with _set(torch.backends.cudnn, "allow_tf32", value=False):
            yield
    finally:
        torch.set_float32_matmul_precision(before)


def _reduction(matmul: Any, name: str) -> object:
    """Return what puts a switch back: a newer torch (2.13) sets two by one name, and reads them by two."""
    both = _at(matmul, name), _at(matmul, f"{name}_split_k")
    return both[0] if None in both else both


@contextlib.contextmanager
def _deterministic(torch: Any) -> Iterator[None]:
    """Ask for deterministic algorithms; what has none runs as it is, and its repeats tell.

    torch.use_deterministic_algorithms would load inductor (2.13), which takes 2 seconds and 80 MB, and set its switch.
    """
    before = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    set_ = torch._C._set_deterministic_algorithms  # noqa: SLF001 - all that there is beside that
    try:
        set_(True, warn_only=True)
        with _set(sys.modules.get("torch._inductor.config"), "deterministic", value=True):
            yield
    finally:
        set_(before[0], warn_only=before[1])


@contextlib.contextmanager
def _set(owner: Any, name: str, value: object, before: object = None) -> Iterator[None]:
    """Set one switch, and put back what it was; one that this torch does not have stays as it is."""
    was = _at(owner, name) if before is None else before
    if was is None:
        yield
        return
    try:
        setattr(owner, name, value)
        yield
    finally:
        setattr(owner, name, was)


def _at(owner: Any, path: str) -> Any:
    """Return `owner.a.b`, None where this torch has it not, or does not let it be read."""
    value = owner
    for part in path.split("."):
        try:
            value = getattr(value, part)
        except (AttributeError, AssertionError, RuntimeError):  # 1.8 to 2.0: AssertionError for a name that they lack
            return None
    return value
