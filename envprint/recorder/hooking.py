"""Put hooks on all modules of a process, and tell when they may read.

The hooks are torch's global ones: a hook on a module itself switches off the fast path of TransformerEncoder
(torch/nn/modules/transformer.py, `why_not_sparsity_fast_path`), and other kernels give other bits.
"""

import contextlib
from collections.abc import Iterator
from typing import Any

from envprint.recorder.calls import Undo, is_captured


def hook_all(torch: Any, begin: Any, end: Any) -> list[Undo]:
    """Have each module tell of what it is given, and of what it returns; return what ends that."""
    module = torch.nn.modules.module
    before = module.register_module_forward_pre_hook(begin)
    after = _register(module, end)
    # remove() of torch 2.13 forgets it there, and torch.compile then warns of hooks for ever
    named = getattr(module, "_global_forward_hooks_with_kwargs", {})
    return [before.remove, after.remove, lambda: named.pop(after.id, None)]


def _register(module: Any, end: Any) -> Any:
    try:
        return module.register_module_forward_hook(end, with_kwargs=True)
    except TypeError:  # torch before 2.1: without arguments by name
        return module.register_module_forward_hook(lambda of, given, output: end(of, given, {}, output))


def computes_again(torch: Any) -> bool:
    """Tell whether this is within backward(): activation checkpoints compute there what was told of before."""
    return bool(torch._C._current_graph_task_id() != -1)  # noqa: SLF001


def may_read(torch: Any) -> bool:
    """Tell whether tensors hold numbers that may be read now: not while a graph is traced, transformed or captured."""
    return torch._C._get_tracing_state() is None and not _is_transformed(torch) and not is_captured()  # noqa: SLF001


@contextlib.contextmanager
def unseen(torch: Any) -> Iterator[bool]:
    """Let nothing that is computed here be seen by modes that hear of each operation; yield whether any may be.

    Selective checkpoints count operations with such a mode, and compute wrong where there are others among them. Where
    tensors are fake, or a graph is made of what is called, none may be computed.
    """
    active = getattr(torch._C, "_len_torch_dispatch_stack", int)()  # noqa: SLF001
    if not active:
        yield True
        return
    from torch.utils._python_dispatch import _disable_current_modes

    keys = torch._C._TorchDispatchModeKey  # noqa: SLF001
    if any(torch._C._get_dispatch_mode(each) is not None for each in (keys.FAKE, keys.PROXY, keys.FUNCTIONAL)):  # noqa: SLF001
        yield False
        return
    with _disable_current_modes():
        yield True


def _is_transformed(torch: Any) -> bool:
    """Tell whether this is within vmap() or grad() of torch.func."""
    peek = getattr(getattr(torch._C, "_functorch", None), "peek_interpreter_stack", None)  # noqa: SLF001
    return peek is not None and peek() is not None
