"""Processes that have imported a library once, and record scripts in children of their own: an eighth of the time."""

import json
import os
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path

SERVER = Path(__file__).parent / "scripts" / "started_once.py"
READY = "ready"


@dataclass
class Started:
    """Such processes: one for each library and thread that asks for it."""

    processes: dict[tuple[str, int], "subprocess.Popen[str]"] = field(default_factory=dict)

    def record(self, library: str, script: str, folder: Path, variables: dict[str, str], manifest: Path) -> str:
        """Record a script, and return what it printed."""
        key = library, threading.get_ident()
        if key not in self.processes:
            self.processes[key] = _start(library)
        said = manifest.with_suffix(".txt")
        asked = {"script": script, "folder": str(folder), "variables": variables, "manifest": str(manifest)}
        process = self.processes[key]
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{json.dumps({**asked, 'said': str(said)})}\n")
        process.stdin.flush()
        status = process.stdout.readline().strip()
        text = said.read_text("utf-8", errors="replace")
        if status != "0":
            raise AssertionError(f"{script} {variables.get('TRY')}: {text[-2000:]}")
        return text

    def close(self) -> None:
        """End all."""
        for process in self.processes.values():
            process.communicate()


def _start(library: str) -> "subprocess.Popen[str]":
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}
    words = [sys.executable, str(SERVER), library]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout is not None
    assert READY == process.stdout.readline().strip()
    return process
