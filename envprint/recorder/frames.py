"""Say which line of the user's own code is at work."""

import functools
import os
import sys
from pathlib import Path
from types import FrameType

OWN = str(Path(__file__).parent)
STANDARD = os.path.dirname(os.__file__)  # noqa: PTH120 - compared with names of files, as Python writes them


def caller() -> str:
    """Return file and line of the code that called, past envprint's and the libraries' own: `train.py:12`."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - inspect.stack() reads source files
    last: FrameType | None = None
    while frame is not None:
        kind = kind_of(frame.f_code.co_filename)
        if kind == "user":
            return _said(frame)
        last = frame if kind == "library" else last
        frame = frame.f_back
    return "?" if last is None else _said(last)


def asking() -> tuple[str, str]:
    """Return whose code called, user or library, and the place: nearest but for envprint's and Python's own."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001
    while frame is not None:
        kind = kind_of(frame.f_code.co_filename)
        if kind in {"user", "library"}:
            return kind, f"{short(frame.f_code.co_filename)}:{frame.f_code.co_name}"
        frame = frame.f_back
    return "python", ""


def is_within(called: int) -> bool:
    """Tell whether a method of the object with this id is at work in this thread."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001
    while frame is not None:
        if id(frame.f_locals.get("self")) == called and kind_of(frame.f_code.co_filename) != "own":
            return True
        frame = frame.f_back
    return False


@functools.lru_cache(maxsize=4096)
def kind_of(file: str) -> str:
    """Return whose code is in a file: own, user, library, or Python's (python)."""
    if file.startswith(OWN):
        return "own"
    if "site-packages" in file or "dist-packages" in file:
        return "library"
    is_notebook = file.startswith("<ipython") or "/ipykernel_" in file
    if file.startswith((STANDARD, "<frozen")):
        return "python"
    return "python" if file.startswith("<") and not is_notebook and file not in {"<string>", "<stdin>"} else "user"


def _said(frame: FrameType) -> str:
    return f"{short(frame.f_code.co_filename)}:{frame.f_lineno}"


@functools.lru_cache(maxsize=4096)
def short(file: str) -> str:
    """Return a path from the working folder, or the last parts of one from elsewhere."""
    path = Path(file)
    try:
        return path.relative_to(Path.cwd()).as_posix()
    except (ValueError, OSError):
        return "/".join(path.parts[-2:])
