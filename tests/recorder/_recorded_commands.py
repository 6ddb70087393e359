"""Run commands with and without `envprint capture`, and read what they recorded."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson

LOOP = """
import sys, torch
torch.manual_seed(0)
model = torch.nn.Linear(4, 2)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
def step():
    optimizer.zero_grad()
    torch.nn.functional.mse_loss(model(torch.randn(8, 4)), torch.zeros(8, 2)).backward()
    optimizer.step()
for _ in range(4):
    step()
"""
ENVPRINT = (sys.executable, "-m", "envprint", "capture", "-o")


def run(words: tuple[str, ...], folder: Path, **variables: str) -> subprocess.CompletedProcess[bytes]:
    """Run a command in a folder."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", **variables}
    return subprocess.run(words, check=False, capture_output=True, timeout=240, cwd=folder, env=environment)


def both(
    words: tuple[str, ...], folder: Path, **variables: str
) -> tuple[subprocess.CompletedProcess[bytes], subprocess.CompletedProcess[bytes]]:
    """Run a command without and with the recorder."""
    return run(words, folder, **variables), run((*ENVPRINT, "run.json", "--", *words), folder, **variables)


def said(done: subprocess.CompletedProcess[bytes]) -> tuple[bytes, str]:
    """Return what a command said on standard error, and what envprint added behind it."""
    *lines, last = done.stderr.splitlines(keepends=True)
    return b"".join(lines), last.decode()


def recorded(folder: Path, name: str = "run.json") -> dict[str, Any]:
    """Return the section about a run."""
    found: dict[str, Any] = orjson.loads((folder / name).read_bytes())["run"]
    return found
