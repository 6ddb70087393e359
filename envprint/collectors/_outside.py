"""The one door to the world outside: files, commands, environment variables, modules that others imported."""

import contextlib
import functools
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from envprint.manifest.gaps import Absent

TIMEOUT_SECONDS = 5.0
LIMIT_BYTES = 4 * 1024 * 1024
# Variables that lead git to another repository than the folder's, as its hooks set them (`git rev-parse
# --local-env-vars`), start a program, or make it write a trace.
ASTRAY = re.compile(
    r"GIT_(DIR|WORK_TREE|COMMON_DIR|INDEX_FILE|(ALTERNATE_)?OBJECT_DIRECTOR(Y|IES)|NAMESPACE|PREFIX|GRAFT_FILE"
    r"|SHALLOW_FILE|EXTERNAL_DIFF|TRACE.*)"
)


class EndedError(OSError):
    """A command that ended with a status other than 0."""

    def __init__(self, name: str, status: int, reason: str) -> None:
        super().__init__(f"{name} ended with status {status}: {reason}")
        self.status = status


def read_text(path: Path) -> str:
    """Return a file's text without the white space around it; a file that is not there raises Absent."""
    try:
        with path.open("rb") as file:
            return file.read(LIMIT_BYTES).decode("utf-8", errors="replace").strip()
    except (FileNotFoundError, NotADirectoryError) as exc:
        raise Absent(f"there is no {path}") from exc


def run(words: Sequence[str], *, folder: Path | None = None) -> str:
    """Return what a command prints; one that is not installed raises Absent, one that fails OSError."""
    return run_bytes(words, folder=folder).decode("utf-8", errors="replace").strip()


def run_bytes(words: Sequence[str], *, folder: Path | None = None) -> bytes:
    """Return the bytes a command prints; one that is not installed raises Absent, one that fails OSError."""
    process = subprocess.Popen(
        [find_program(words[0]), *words[1:]],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        env={**{name: value for name, value in os.environ.items() if not ASTRAY.fullmatch(name)}, "LC_ALL": "C"},
    )
    with process:
        try:
            output, errors = process.communicate(timeout=TIMEOUT_SECONDS)
        except BaseException:
            _end(process)
            raise
    if process.returncode != 0:
        reason = errors.decode("utf-8", errors="replace").strip().splitlines()[:1]
        raise EndedError(words[0], process.returncode, "".join(reason))
    return output


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Kill a command and what it started: a script in a compiler's place would leave the program that it waits for."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()


def find_program(name: str) -> str:
    """Return the path of a program on PATH, or raise Absent."""
    program = shutil.which(name)
    if program is None:
        raise Absent(f"{name} is not installed")
    return program


def ask_version(words: Sequence[str]) -> str:
    """Return what a program prints about itself; asked once a process as long as its file is the same one."""
    program = Path(find_program(words[0])).resolve()
    status = program.stat()
    return _ask_version(tuple(words), str(program), status.st_mtime_ns, status.st_size)


@functools.cache
def _ask_version(words: tuple[str, ...], _program: str, _changed: int, _size: int) -> str:
    return run(words)


def environment_at_exec(path: Path = Path("/proc/self/environ")) -> Mapping[str, str]:
    """Return the variables that this process was started with; what was set later is not in it.

    Linux keeps the strings where exec put them: os.environ changes do not reach /proc/self/environ (proc(5)).
    """
    try:
        content = path.read_bytes()
    except OSError as exc:
        raise Absent("this system does not show the environment that a process was started with") from exc
    if content.startswith(b"\0") or b"\0\0" in content:  # setproctitle (Ray, gunicorn) writes a title over it
        raise Absent("the environment that this process was started with was written over")
    pairs = (entry.partition(b"=") for entry in content.split(b"\0") if b"=" in entry)
    return {os.fsdecode(name): os.fsdecode(value) for name, _, value in pairs}


def imported(name: str) -> ModuleType:
    """Return a module that this process has imported already; otherwise raise Absent: an observer imports nothing."""
    module = sys.modules.get(name)
    if module is None:
        raise Absent(f"{name} is not imported in this process")
    return module


def attribute(module: Any, path: str) -> Any:
    """Return `module.a.b.c`; what this version does not have raises Absent.

    torch.backends' property modules of 1.8 to 2.0 raise AssertionError ("Unknown attribute") for a name they lack.
    """
    value = module
    for part in path.split("."):
        try:
            value = getattr(value, part)
        except (AttributeError, AssertionError) as exc:
            raise Absent(f"{module.__name__} {getattr(module, '__version__', '')} has no {path}") from exc
    return value
