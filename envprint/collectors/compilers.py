"""Ask the compilers on PATH for their versions, all at once: the slowest one's time is what it takes."""

import functools
import re
import sys
import threading
from pathlib import Path

from envprint.collectors import _outside
from envprint.manifest.gaps import Absent, Gaps

COMPILERS = {
    "gcc": r"^\S*gcc\S* (.+)|^(.*clang version .+)",  # gcc (Debian 12.2.0-14+deb12u1) 12.2.0
    "g++": r"^\S*(?:g\+\+|c\+\+)\S* (.+)|^(.*clang version .+)",
    "clang": r"clang version (.+)",  # Debian clang version 14.0.6
    "cmake": r"cmake version (.+)",  # cmake version 3.25.1
    "nvcc": r"release .+ V(.+)",  # Cuda compilation tools, release 13.0, V13.0.88
}
XCODE = ("/Library/Developer/CommandLineTools", "/Applications/Xcode.app")


class Questions:
    """A `--version` to every compiler, asked in threads: they wait for processes while the caller reads on.

    cmake takes 10 to 75 ms (its libraries have to be found and linked), nvcc 3 to 50, gcc 5: one after another they
    would take most of a first capture. An answer is kept as long as the program's file is the same one.
    """

    def __init__(self) -> None:
        programs = {name: program for name in COMPILERS if (program := _identity(name)) is not None}
        self._questions = {name: _question(name, *program) for name, program in programs.items()}

    def answers(self, gaps: Gaps) -> dict[str, str]:
        """Wait, and return the version of each compiler that is installed; one that cannot tell leaves a gap."""
        answers = gaps.ask_all({name: question.answer for name, question in sorted(self._questions.items())})
        return {name: answer for name, answer in answers.items() if answer is not None}


def ask_compiler(name: str) -> str:
    """Return what follows a compiler's name in its `--version`; one that cannot tell raises Absent."""
    if sys.platform == "darwin" and not any(Path(folder).exists() for folder in XCODE):
        raise Absent("macOS would offer to install its command line tools")  # a window, from a tool that only looks
    try:
        text = _outside.run((name, "--version"))
    except OSError as exc:  # a shim of pyenv or conda without a program behind it is no compiler
        raise Absent(str(exc)) from exc
    return parse_version(name, text)


def parse_version(name: str, text: str) -> str:
    """Return the version in a compiler's `--version`, as torch's collect_env words it."""
    found = re.search(COMPILERS[name], text, re.MULTILINE)
    if found is None:
        raise ValueError(f"{name} --version says {text[:80]!r}")
    return next(group for group in found.groups() if group is not None).strip()


class _Question(threading.Thread):
    def __init__(self, name: str) -> None:
        super().__init__(daemon=True)
        self._compiler = name
        self._answer: str | Exception | None = None
        try:
            self.start()
        except RuntimeError:  # no more threads: at the interpreter's end, or at the user's limit
            self.run()

    def run(self) -> None:
        try:
            self._answer = ask_compiler(self._compiler)
        except Exception as exc:  # noqa: BLE001 - it would end in this thread: answer() raises it where it becomes a gap
            self._answer = exc

    def answer(self) -> str:
        if self.is_alive():
            self.join()
        if self._answer is None:
            raise RuntimeError("the process was forked before the compiler answered")
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


@functools.cache
def _question(name: str, _program: str, _changed: int, _size: int) -> _Question:
    return _Question(name)


def _identity(name: str) -> tuple[str, int, int] | None:
    try:
        program = _outside.find_program(name)
        status = Path(program).stat()
    except (Absent, OSError):
        return None  # what is not installed is not listed
    return program, status.st_mtime_ns, status.st_size
