"""Put hooks on all modules of a process, and tell when they may read.

The hooks are torch's global ones: a hook on a module itself switches off the fast path of TransformerEncoder
(torch/nn/modules/transformer.py, `why_not_sparsity_fast_path`), and other kernels give other bits.
"""

from typing import Any

from envprint.recorder.calls import Undo


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
    if torch._C._get_tracing_state() is not None or _is_transformed(torch):  # noqa: SLF001
        return False
    cuda = torch.cuda
    return not (cuda.is_available() and cuda.is_initialized() and cuda.is_current_stream_capturing())


def _is_transformed(torch: Any) -> bool:
    """Tell whether this is within vmap() or grad() of torch.func."""
    peek = getattr(getattr(torch._C, "_functorch", None), "peek_interpreter_stack", None)  # noqa: SLF001
    return peek is not None and peek() is not None
