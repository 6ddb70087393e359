"""The functions that stand in for those of libraries: their frames lie between a run's own code and a library's.

The name of this file holds `importlib` and `_bootstrap`: warnings.warn(stacklevel=2) does not count such frames, so
that a warning names the same line of the run as without them.
https://docs.python.org/3/library/warnings.html#warnings.warn, is_internal_frame() in CPython's _warnings.c
"""

import threading
from collections.abc import Callable
from typing import Any

Heard = Callable[..., None]
Known = Callable[..., bool]  # takes any arguments, raises nothing, and calls no function of Python's
Tracing = tuple[Callable[[], bool], Any]  # torch's functions and flag that tell whether code is being compiled


def telling(original: Any, tell: Heard, tracing: Tracing, heard: Heard, returned: Heard | None) -> Any:
    """Return a function that tells of its arguments, does what the original does, and tells of the result."""
    compiling, compiler = tracing

    def observed(*arguments: Any, **named: Any) -> Any:
        if compiling() or compiler._is_compiling_flag:  # noqa: SLF001
            return original(*arguments, **named)
        tell(heard, arguments, named)
        result = original(*arguments, **named)
        if returned is not None:
            tell(returned, (result, *arguments), named)
        return result

    return observed


def telling_unless(known: Known, original: Any, tell: Heard, tracing: Tracing, heard: Heard) -> Any:
    """Return a function that tells of its arguments, unless they are known: to ask takes less than to tell."""
    compiling, compiler = tracing

    def observed(*arguments: Any, **named: Any) -> Any:
        if not (compiling() or compiler._is_compiling_flag or known(*arguments, **named)):  # noqa: SLF001
            tell(heard, arguments, named)
        return original(*arguments, **named)

    return observed


def telling_from_outside(original: Any, tell: Heard, heard: Heard) -> Any:
    """Return a method that tells of its calls, but for those from within another of its calls.

    torch's own that does nothing but to ask for another is not called from within: a step has hundreds of such calls.
    """
    place = threading.local()
    only_asks = original.__name__ == "_wrapped_call_impl" and original.__module__ == "torch.nn.modules.module"

    def observed(self: Any, *arguments: Any, **named: Any) -> Any:
        if getattr(place, "within", False):
            if only_asks and self._compiled_call_impl is None:
                return self._call_impl(*arguments, **named)
            return original(self, *arguments, **named)
        place.within = True
        try:
            tell(heard, (self, arguments, named), {})
            return original(self, *arguments, **named)
        finally:
            place.within = False

    return observed


def telling_of_each(original: Any, tell: Heard, heard: Heard, ended: Heard) -> Any:
    """Return the `__next__` of an iterator that tells of each thing it gives, and of its end."""

    def observed(self: Any) -> Any:
        try:
            each = original(self)
        except StopIteration:
            tell(ended, (), {})
            raise
        tell(heard, (each,), {})
        return each

    return observed


def telling_hook(known: Known, tell: Heard, tracing: Tracing, heard: Heard) -> Heard:
    """Return what torch may call as a hook: it returns nothing, raises nothing, and is nothing to what is compiled."""
    compiling, compiler = tracing

    def observed(*arguments: Any, **named: Any) -> None:
        if not (compiling() or compiler._is_compiling_flag or known(*arguments, **named)):  # noqa: SLF001
            tell(heard, arguments, named)

    return observed
