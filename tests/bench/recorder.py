"""Measure what recording a run costs: a step, the start, the file of a million steps and the memory that it takes."""

import json
import math
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

from envprint.recorder.launching import recorded_environment
from envprint.recorder.recording import Recording
from envprint.recorder.sampling import is_sampled

MILLION = 1_000_000
STARTS = 5
LATE, STEPS = 100_000, 200  # steps behind which these are timed: most of them are not kept
FIRST, RUN = 1_000, 2_500  # steps of a whole run, a minute of training: of the first more are kept, and some read whole
LATE_RUNS = 10  # it is by chance what shares a place in the caches of each
WHO = "child", "parent"
STEP_SCRIPT = Path(__file__).parent / "recorded_steps.py"


def measure_recorder() -> Iterator[Figure | Bound]:
    """Yield every figure."""
    yield from measure_million()
    yield measure_start()
    for name in ("CNN", "Transformer"):
        yield from measure_steps(name)


def measure_steps(name: str) -> Iterator[Figure | Bound]:
    """Time runs step by step, each beside a plain one; yield what recording adds to a step, with the standard error.

    All is in it, also what is made for many steps at once. What is written is part of the whole runs only: late in a
    run it takes no more than a 2000th of it. The first step, which reads environment and model, is told of apart.
    """
    late = [run_of(name, LATE, STEPS, who) for _ in range(LATE_RUNS // len(WHO)) for who in WHO]
    plain = statistics.median(seconds for run in late for seconds in run["plain"])
    above = [percent_of(run) for run in late]
    error = statistics.stdev(above) / math.sqrt(len(above))
    what = f"a {name}, {plain * 1000:.0f} ms a step, behind {LATE} (± {error:.1f})"
    yield Bound(what, statistics.mean(above), "%", below=2)
    runs = [run_of(name, 1, RUN, who) for who in WHO]
    yield Bound(f"a run of {RUN} steps from its start", statistics.mean(map(percent_of, runs)), "%", below=2)
    first = statistics.mean(percent_of(run, FIRST) for run in runs)
    yield Bound(f"its first {FIRST}, of which a third is kept", first, "%", below=2)
    yield Bound("the first step, once", statistics.median(run["once"] for run in late) * 1000, "ms", below=1000)
    debugged = statistics.median(run["debugged"] for run in late)
    yield Figure("DebugMode with hashes : a step", debugged, plain, at_most=1000)


def run_of(name: str, behind: int, steps: int, recorder: str) -> dict[str, Any]:
    """Return the seconds of the steps of a run behind others."""
    words = [sys.executable, str(STEP_SCRIPT), name, str(behind), str(steps), recorder]
    found: dict[str, Any] = json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout)
    return found


def percent_of(run: dict[str, Any], steps: int | None = None) -> float:
    """Return what the recorded steps of a run take above its plain ones, or so many of the first, in % of these."""
    recorded, plain = (statistics.mean(run[which][:steps]) for which in ("recorded", "plain"))
    return float(recorded / plain - 1) * 100


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
