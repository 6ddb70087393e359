"""Stand before and behind functions that a run calls, and hear of each call; what they do and return stays theirs."""

import functools
import sys
import types
from collections.abc import Callable
from threading import get_ident
from typing import Any

from envprint.recorder.standing_importlib_bootstrap import (
    Heard,
    Known,
    Tracing,
    telling,
    telling_from_outside,
    telling_hook,
    telling_of_each,
    telling_unless,
)

Undo = Callable[[], None]
WITHIN: set[int] = set()  # the threads that are within what listens: quicker to ask than what is local to a thread
ORIGINAL = "_envprint_original"
GRAPHS: set[str] = set()  # of CUDA, once one was captured: before, nobody is asked whether one is


def _unknown(*_: Any, **__: Any) -> bool:
    """Know of nothing."""
    return False


class Hearing(functools.partial[None]):
    """What hears of calls, and of what it raises itself."""

    failed: Callable[[Exception], None]


def wrap(holder: Any, name: str, heard: Heard | None = None, returned: Heard | None = None) -> Undo:
    """Put in the place of a function one that tells of its arguments, and then of its result; return what undoes that.

    What `heard` and `returned` raise is swallowed: no run dies of being observed. Code that is being compiled does not
    tell: it would tell of the compilation, not of the run.
    """
    original = getattr(holder, name)
    return _put(holder, name, telling(original, tell, _tracing(), heard or _nothing, returned))


def wrap_unless(known: Known, holder: Any, name: str, heard: Heard) -> Undo:
    """Put in the place of a function one that tells of its arguments where they are not known; return what undoes that.

    Where torch.compile works, it is to make no graph of `known` either, which is why that calls nothing.
    """
    SKIPPED.add(known.__code__)
    return _put(holder, name, telling_unless(known, getattr(holder, name), tell, _tracing(), heard))


def wrap_outermost(holder: Any, name: str, heard: Heard) -> Undo:
    """Hear of the calls of a method that come from outside of any other such call; return what ends that."""
    return _put(holder, name, telling_from_outside(getattr(holder, name), tell, heard))


def wrap_next(holder: Any, heard: Heard, ended: Heard) -> Undo:
    """Hear of each thing that iterators of a class give, and of their ends; return what ends that."""
    return _put(holder, "__next__", telling_of_each(holder.__next__, tell, heard, ended))


def hook(heard: Heard, known: Known = _unknown) -> Heard:
    """Return what torch may call as a hook: it returns nothing, raises nothing, and is nothing to what is compiled.

    It tells of its arguments where they are not known.
    """
    made = telling_hook(known, tell, _tracing(), heard)
    SKIPPED.update((made.__code__, known.__code__))
    return made


def _put(holder: Any, name: str, observed: Any) -> Undo:
    original = getattr(holder, name)
    made = _standing_for(original, observed)
    if isinstance(holder, types.ModuleType):  # pickle names functions, and looks whether it finds them there
        made.__module__, made.__qualname__ = holder.__name__, name
    setattr(holder, name, made)

    def undo() -> None:
        if getattr(holder, name) is made:  # somebody else may stand before it by now
            setattr(holder, name, original)

    return undo


def _standing_for(original: Any, observed: Any) -> Any:
    """Return a function with the name and the globals of the one it stands for.

    torch.jit.script reads the source of what a function wraps, and looks its names up in the globals of the wrapper.
    """
    SKIPPED.add(observed.__code__)
    space = getattr(original, "__globals__", observed.__globals__)
    made = types.FunctionType(observed.__code__, space, observed.__name__, None, observed.__closure__)
    setattr(made, ORIGINAL, original)
    return functools.update_wrapper(made, original)


def tell(heard: Heard, arguments: tuple[Any, ...], named: dict[str, Any]) -> None:
    """Call what listens, unless this thread is within it already, and keep torch.compile from tracing it.

    While a CUDA graph is captured nothing is done, and what a recording would read would be done again by each replay.
    """
    thread = get_ident()
    if thread in WITHIN or (GRAPHS and is_captured()):
        return
    evaluator = sys.modules.get("torch._C._dynamo.eval_frame")
    traced = None if evaluator is None else evaluator.set_eval_frame(None)
    try:
        WITHIN.add(thread)  # here, since Ctrl-C may come right behind it
        heard(*arguments, **named)
    except Exception as exc:  # noqa: BLE001 - no run dies of being observed; a recording notes its own troubles
        if isinstance(heard, Hearing):
            heard.failed(exc)
    finally:
        try:
            if evaluator is not None:
                evaluator.set_eval_frame(traced)
        finally:
            WITHIN.discard(thread)


def is_captured() -> bool:
    """Tell whether a CUDA graph is made of what this thread asks for."""
    cuda: Any = getattr(sys.modules.get("torch"), "cuda", None)
    return hasattr(cuda, "is_initialized") and cuda.is_initialized() and bool(cuda.is_current_stream_capturing())


def _nothing(*_: Any, **__: Any) -> None:
    """Hear of nothing."""


def _tracing() -> Tracing:
    """Return what tells whether torch.compile or torch.export is tracing: it knows this function, and traces no call.

    is_compiling() is two calls; what it does is this one, and a flag:
    https://github.com/pytorch/pytorch/blob/main/torch/compiler/__init__.py
    """
    compiler: Any = getattr(sys.modules.get("torch"), "compiler", None)
    if hasattr(compiler, "is_dynamo_compiling") and hasattr(compiler, "_is_compiling_flag"):
        return compiler.is_dynamo_compiling, compiler
    return getattr(compiler, "is_compiling", bool), types.SimpleNamespace(_is_compiling_flag=False)


# of these frames torch.compile makes no graphs of their own, where a graph of the user's breaks
SKIPPED: set[types.CodeType] = {tell.__code__}
