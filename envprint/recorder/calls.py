"""Stand before functions that a run calls, and hear of each call; what they do and return stays theirs."""

import contextlib
import functools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

OWN = str(Path(__file__).parent)


def wrap(holder: Any, name: str, heard: Callable[..., None]) -> Callable[[], None]:
    """Put in the place of a function one that tells `heard` of its arguments; return what puts the function back.

    What `heard` raises is swallowed: no run dies of being observed.
    """
    original = getattr(holder, name)

    @functools.wraps(original)
    def observed(*arguments: Any, **named: Any) -> Any:
        _tell(heard, *arguments, **named)
        return original(*arguments, **named)

    setattr(holder, name, observed)
    return functools.partial(setattr, holder, name, original)


def _tell(heard: Callable[..., None], *arguments: Any, **named: Any) -> None:
    with contextlib.suppress(Exception):  # no run dies of being observed; the recorder notes its own troubles
        heard(*arguments, **named)


def caller() -> str:
    """Return file and line of the code that called, past envprint's and the libraries' own: `train.py:12`."""
    frame = sys._getframe(1)  # noqa: SLF001 - inspect.stack() reads source files
    named = "?"
    while frame is not None:
        file = frame.f_code.co_filename
        if not file.startswith((OWN, "<")):
            named = f"{_short(file)}:{frame.f_lineno}"
            if "site-packages" not in file and not file.startswith(sys.base_prefix):
                return named
        frame = frame.f_back  # type: ignore[assignment]
    return named


def _short(file: str) -> str:
    """Return a path from the working folder, or the last parts of one from elsewhere."""
    path = Path(file)
    try:
        return str(path.relative_to(Path.cwd()))
    except (ValueError, OSError):
        return "/".join(path.parts[-2:])
