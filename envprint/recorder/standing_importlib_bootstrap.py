"""The functions that stand in for those of libraries: their frames lie between a run's own code and a library's.

The name of this file holds `importlib` and `_bootstrap`: warnings.warn(stacklevel=2) does not count such frames, so
that a warning names the same line of the run as without them.
https://docs.python.org/3/library/warnings.html#warnings.warn, is_internal_frame() in CPython's _warnings.c
"""

import threading
from collections.abc import Callable
from typing import Any

Heard = Callable[..., None]


def telling(original: Any, tell: Heard, compiling: Callable[[], bool], heard: Heard, returned: Heard | None) -> Any:
    """Return a function that tells of its arguments, does what the original does, and tells of the result."""

    def observed(*arguments: Any, **named: Any) -> Any:
        if compiling():
            return original(*arguments, **named)
        tell(heard, *arguments, **named)
        result = original(*arguments, **named)
        if returned is not None:
            tell(returned, result, *arguments, **named)
        return result

    return observed


def telling_from_outside(original: Any, tell: Heard, heard: Heard) -> Any:
    """Return a method that tells of its calls, but for those from within another of its calls."""
    place = threading.local()

    def observed(self: Any, *arguments: Any, **named: Any) -> Any:
        if getattr(place, "within", False):
            return original(self, *arguments, **named)
        place.within = True
        try:
            tell(heard, self, arguments, named)
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
            tell(ended)
            raise
        tell(heard, each)
        return each

    return observed


def telling_hook(tell: Heard, compiling: Callable[[], bool], heard: Heard) -> Heard:
    """Return what torch may call as a hook: it returns nothing, raises nothing, and is nothing to what is compiled."""

    def observed(*arguments: Any, **named: Any) -> None:
        if not compiling():
            tell(heard, *arguments, **named)

    return observed
