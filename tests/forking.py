"""Processes forked off one that has done already what takes longest, as importing torch: the rest is that of any."""

import json
import os
import select
import subprocess
import sys
import tempfile
from pathlib import Path

CAN_FORK = hasattr(os, "fork") and sys.platform != "darwin"  # there, frameworks refuse to be forked
SECONDS = 300

# The child leaves the loop, and ends as any Python does: with its handlers at exit, its traceback, its status.
PARENT = """
import gc, json, os, sys, types, warnings
requests, answers = open(int(sys.argv[1])), open(int(sys.argv[2]), "w")
os.set_inheritable(requests.fileno(), False), os.set_inheritable(answers.fileno(), False)
exec(sys.argv[3], {})
gc.collect(), gc.freeze()  # what is there stays in memory that is shared
for line in requests:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python 3.12 warns of every fork of a process that has threads
        child = os.fork()
    if child == 0:
        break
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), file=answers, flush=True)
else:
    sys.exit()
requests.close(), answers.close()
code, sys.argv, folder, variables, streams = json.loads(line)
for number, path in enumerate(streams):
    opened = os.open(path, os.O_WRONLY | os.O_APPEND if number else os.O_RDONLY)
    os.dup2(opened, number), os.close(opened)
os.chdir(folder)
os.environ.clear(), os.environ.update(variables)
sys.modules["__main__"] = types.ModuleType("__main__")
exec(code, vars(sys.modules["__main__"]))
"""

READING = {"diff", "show", "extract", "cause", "doctor", "ls", "pull", "push"}
BEFORE_COMMANDS = """
import envprint.cli._many, envprint.cli._output, envprint.cli._sides, envprint.checkpoints.loading
import envprint.causes, envprint.compare, envprint.renderers.manifest, envprint.renderers.text
envprint.manifest.Manifest()  # builds what validates
"""
COMMAND = "import runpy; runpy.run_module('envprint', run_name='__main__', alter_sys=True)"


def can_be_forked(arguments: tuple[str, ...], variables: dict[str, str]) -> bool:
    """Tell whether a command captures nothing, and no variable is one that Python reads as it starts."""
    return CAN_FORK and arguments[0] in READING and not any(name.startswith("PYTHON") for name in variables)


class Forking:
    """A process with warnings as errors that has run a piece of Python, and forks for each further piece."""

    def __init__(self, beforehand: str, **variables: str) -> None:
        asked, self._requests = os.pipe()
        self._answers, told = os.pipe()
        words = [sys.executable, "-W", "error", "-c", PARENT, str(asked), str(told), beforehand]
        environment = {**os.environ, **variables}
        self._running = subprocess.Popen(words, env=environment, pass_fds=(asked, told), stdin=subprocess.DEVNULL)
        for each in (asked, told):
            os.close(each)

    def run(
        self, code: str, *words: str, folder: Path | None = None, given: str = "", **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a piece of Python, which no other sees anything of, and return what became of it."""
        with tempfile.TemporaryDirectory() as own:
            streams = [Path(own) / name for name in ("in", "out", "err")]
            for each in streams:
                each.write_text(given if each.name == "in" else "", encoding="utf-8", errors="surrogateescape")
            environment = {**os.environ, **variables}
            request = [code, ["-c", *words], str(folder or Path.cwd()), environment, list(map(str, streams))]
            status = self._ask(json.dumps(request))
            said = [each.read_text(encoding="utf-8", errors="surrogateescape") for each in streams[1:]]
        return subprocess.CompletedProcess(words, status, *said)

    def _ask(self, request: str) -> int:
        os.write(self._requests, f"{request}\n".encode())
        if not select.select([self._answers], [], [], SECONDS)[0]:
            self._running.kill()
            raise TimeoutError(f"no end within {SECONDS} seconds: {request[:200]}")
        if not (answer := os.read(self._answers, 100)):
            raise ChildProcessError(f"the process that forks ended with {self._running.wait()}")
        return int(answer)

    def close(self) -> None:
        """End the process, which reads until there is no more to read."""
        os.close(self._requests)
        self._running.wait()
        os.close(self._answers)
