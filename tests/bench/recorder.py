"""Measure what recording a run costs: a step, the start, the file of a million steps and the memory that it takes."""

import statistics
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from figures import Bound, Figure
from recorded_steps import measure_steps

from envprint.recorder.launching import recorded_environment
from envprint.recorder.recording import Recording
from envprint.recorder.sampling import is_sampled

MILLION = 1_000_000
STARTS = 5


def measure_recorder() -> Iterator[Figure | Bound]:
    """Yield every figure."""
    yield from measure_million()
    yield measure_start()
    yield from measure_steps()


def timed(call: Callable[[], Any]) -> float:
    """Return the seconds of a call."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def measure_start() -> Bound:
    """Time whole processes that import torch, recorded and not, in turn; one that imports nothing is taken off."""
    with tempfile.TemporaryDirectory() as folder:
        variables = recorded_environment(Path(folder, "run.json"))
        words = [sys.executable, "-c", "import torch, os; os._exit(0)"]
        pairs = [
            (
                timed(lambda: subprocess.run(words, check=True)),
                timed(lambda: subprocess.run(words, check=True, env=variables)),
            )
            for _ in range(STARTS)
        ]
    above = statistics.median(recorded - plain for plain, recorded in pairs)
    return Bound("the start of a command that imports torch, above it", above * 1000, "ms", below=300)


def measure_million() -> list[Bound]:
    """Record a million made steps, and return the size of their file and the memory that is held and was needed."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "run.json")
        recording = Recording(path)
        weight = torch.nn.Parameter(torch.zeros(4))
        optimizer = torch.optim.AdamW([weight], lr=1e-3)
        recording.stepping(optimizer)
        recording.stepped(optimizer)
        tracemalloc.start()
        for number in filter(is_sampled, range(2, MILLION + 1)):  # the others leave a link of the chain, and no more
            recording.steps.arrive(number - 1)
            recording.called("forward")
            recording.fed.loaded([torch.full((2, 3), number)])
            recording.backward(torch.tensor(float(number)))
            recording.stepping(optimizer)
            recording.stepped(optimizer)
            recording.event("clip", f"{number}", f"train.py:{number}")
            recording.seeded("torch", number)
            recording.mark("epoch")
        recording.flush("ended")
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return [
            Bound("the manifest of a million steps", path.stat().st_size / 1e6, "MB", below=2),
            Bound("the most memory of the recorder meanwhile", peak / 1e6, "MB", below=50),
        ]


if __name__ == "__main__":
    for figure in measure_recorder():
        print(figure.line(), flush=True)
