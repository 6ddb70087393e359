"""Collect the interpreter, and the switches it was started with."""

import os
import platform
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from envprint.collectors import _outside
from envprint.manifest.gaps import Absent, Gaps
from envprint.manifest.software import Python

FORKSERVER_SINCE = (3, 14)  # the default on POSIX systems but macOS: docs.python.org/3.14/library/multiprocessing.html


def collect_python(gaps: Gaps) -> Python:
    """Read the interpreter."""
    return Python(
        **gaps.ask_all(
            {
                "version": platform.python_version,
                "implementation": lambda: sys.implementation.name,
                "build": lambda: " ".join(platform.python_build()),
                "compiler": platform.python_compiler,
                "bits": lambda: sys.maxsize.bit_length() + 1,
                "environment": lambda: environment(Path(sys.prefix), Path(sys.base_prefix)),
                "executable": lambda: sys.executable or None,
                "hash_seed": _hash_seed,
                "hash_seed_at_exec": lambda: _outside.environment_at_exec().get("PYTHONHASHSEED"),
                "start_method": start_method,
                "optimization": lambda: sys.flags.optimize,
                "gil": getattr(sys, "_is_gil_enabled", lambda: True),  # Python 3.13; before, always
                "dev_mode": lambda: sys.flags.dev_mode,
            }
        )
    )


def environment(prefix: Path, base: Path) -> str:
    """Return what kind of environment the interpreter runs in: virtualenv, uv, venv, conda or system."""
    if (prefix / "conda-meta").is_dir():
        return "conda"
    try:
        settings = _outside.read_text(prefix / "pyvenv.cfg")
    except Absent:
        return "system" if prefix == base else "venv"
    maker = re.search(r"^(virtualenv|uv)\s*=", settings, re.MULTILINE)  # each leaves its version there
    return maker[1] if maker else "venv"


def hash_seed(variables: Mapping[str, str], words: Sequence[str], *, randomized: bool, ignored: bool) -> str:
    """Return the seed of str's hash that is in effect: `random`, or the number as text.

    Only the variable at the start counts; -R overrides it, -E and -I ignore it (Python 3.11: `PYTHONHASHSEED=42
    python -R` gives another hash each time).
    """
    if not randomized:
        return "0"
    value = variables.get("PYTHONHASHSEED", "")
    if ignored or not value.isdecimal() or _asks_for_random(words):
        return "random"
    return str(int(value))


def start_method() -> str:
    """Return how multiprocessing starts a process, without deciding it: by default as this Python does."""
    if "multiprocessing" in sys.modules:
        decided: str | None = sys.modules["multiprocessing"].get_start_method(allow_none=True)
        if decided is not None:
            return decided
    return default_start_method(sys.platform, sys.version_info[:2])


def default_start_method(system: str, version: tuple[int, int]) -> str:
    """Return the start method that a Python has by itself."""
    if system in {"win32", "darwin"}:
        return "spawn"
    return "forkserver" if version >= FORKSERVER_SINCE else "fork"


def _hash_seed() -> str:
    try:
        variables = _outside.environment_at_exec()
    except Absent:  # then the variable is taken as not changed since
        variables = os.environ
    flags = sys.flags
    return hash_seed(
        variables, sys.orig_argv[1:], randomized=bool(flags.hash_randomization), ignored=bool(flags.ignore_environment)
    )


def _asks_for_random(words: Sequence[str]) -> bool:
    rest = iter(words)
    for word in rest:
        if not word.startswith("-") or word.startswith(("-c", "-m")):
            return False
        if word in {"-X", "-W"}:
            next(rest, None)
        if re.fullmatch(r"-[a-zA-Z]*R[a-zA-Z]*", word):
            return True
    return False
