"""Record scripts in children of one process, which has imported what takes long: `started_once.py lightning`.

It reads a line of JSON for each run: the script, its folder, variables, and the files for its manifest and its output.
"""

import gc
import importlib
import json
import os
import random
import runpy
import sys
from pathlib import Path
from typing import Any


def main() -> None:
    for name in sys.argv[1:]:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()  # what is there stays in memory that is shared
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            record(**json.loads(line))
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def record(script: str, folder: str, variables: dict[str, str], manifest: str, said: str) -> None:
    """Run a script as Python does, recorded, and end this process."""
    status = 1
    output = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.chdir(folder)
    os.environ.update(variables)
    sys.argv, sys.path[0] = [script], folder
    random.seed()  # a process that begins draws its state from the system, and a child has that of its parent
    for name in {"numpy.random", "torch"} & sys.modules.keys():
        sys.modules[name].seed()
    try:
        _recorded(script, Path(manifest))
        status = 0
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _recorded(script: str, manifest: Path) -> Any:
    import envprint

    try:
        with envprint.record(manifest):
            runpy.run_path(script, run_name="__main__")
    except BaseException:
        sys.excepthook(*sys.exc_info())
        raise


if __name__ == "__main__":
    main()
