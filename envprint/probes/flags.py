"""The reference flags: TF32 off, deterministic algorithms on, for a while."""

import contextlib
from collections.abc import Iterator
from typing import Any

# torch 2.9 and newer have one switch for each kind of operation, and refuse the older ones once these were used; so
# each is read and put back by the same interface, the newer one where it is there.
NEWER = ("backends.cuda.matmul", "backends.cudnn.conv", "backends.cudnn.rnn")
OLDER = (("backends.cuda.matmul", "allow_tf32"), ("backends.cudnn", "allow_tf32"))
FULL_PRECISION = (
    ("backends.cuda.matmul", "allow_fp16_reduced_precision_reduction"),
    ("backends.cuda.matmul", "allow_bf16_reduced_precision_reduction"),
    ("backends.cuda.matmul", "allow_fp16_accumulation"),
    ("backends.cudnn", "benchmark"),
)


@contextlib.contextmanager
def reference_flags(torch: Any) -> Iterator[None]:
    """Compute in full precision and repeatably; every flag is put back, whatever happens."""
    with contextlib.ExitStack() as stack:
        newer = [_at(torch, path) for path in NEWER if hasattr(_at(torch, path), "fp32_precision")]
        for owner in newer:
            stack.enter_context(_set(owner, "fp32_precision", "ieee"))
        if not newer:
            for path, name in OLDER:
                stack.enter_context(_set(_at(torch, path), name, value=False))
        for path, name in FULL_PRECISION:
            stack.enter_context(_set(_at(torch, path), name, value=False))
        stack.enter_context(_set(torch.backends.cudnn, "deterministic", value=True))
        stack.enter_context(_deterministic(torch))
        yield


@contextlib.contextmanager
def _deterministic(torch: Any) -> Iterator[None]:
    """Ask for deterministic algorithms; what has none runs as it is, and its repeats tell."""
    before = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    try:
        torch.use_deterministic_algorithms(True, warn_only=True)
        yield
    finally:
        torch.use_deterministic_algorithms(before[0], warn_only=before[1])


@contextlib.contextmanager
def _set(owner: Any, name: str, value: object) -> Iterator[None]:
    """Set one switch; one that this torch does not have, or does not let be read, stays as it is."""
    try:
        before = getattr(owner, name)
    except (AttributeError, AssertionError, RuntimeError):  # 1.8 to 2.0: AssertionError for a name that they lack
        yield
        return
    try:
        setattr(owner, name, value)
        yield
    finally:
        setattr(owner, name, before)


def _at(torch: Any, path: str) -> Any:
    """Return `torch.a.b`, None where this torch has it not."""
    value = torch
    for part in path.split("."):
        try:
            value = getattr(value, part)
        except (AttributeError, AssertionError):
            return None
    return value
