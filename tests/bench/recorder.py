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
from torch import nn
from torch.utils._debug_mode import DebugMode

from envprint.recorder.attaching import attach
from envprint.recorder.launching import recorded_environment
from envprint.recorder.recording import Recording
from envprint.recorder.sampling import is_read_whole, is_sampled

BETWEEN, KEPT, WHOLE = 1_025, 66, 8  # steps behind which one comes that is dropped, kept, or read whole
ROUNDS = {BETWEEN: 160, KEPT: 40, WHOLE: 40}  # of blocks of plain steps and of recorded ones, in turn
WARM, BLOCK = (
    4,
    6,
)  # steps of a block that are not counted, since to attach slows them, and that are: the quickest tells
OUTER = 5  # the part of the differences of blocks, at either end, that is left out: something else took the machine
LINKS = 32  # of the chain, which the recorder makes twice as many at once
RUNS = (1_000, 10_000)  # steps of which the mean is told, with those that are kept and read whole
MILLION = 1_000_000
STARTS = 5


def measure_recorder() -> Iterator[Figure | Bound]:
    """Yield every figure."""
    yield from measure_million()
    yield measure_start()
    for name, shape in {"CNN": cnn, "Transformer": transformer}.items():
        yield from measure_steps(name, shape)


def cnn() -> Callable[[], None]:
    """Return a step of a small network of convolutions."""
    layers: list[Any] = [nn.Conv2d(3, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2)]
    layers += [nn.Conv2d(32, 64, 3, padding=1), nn.BatchNorm2d(64), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    return step_of(nn.Sequential(*layers, nn.Linear(64, 10)), torch.randn(24, 3, 32, 32))


def transformer() -> Callable[[], None]:
    """Return a step of a small Transformer."""
    layer = nn.TransformerEncoderLayer(128, 4, 256, batch_first=True)
    encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
    return step_of(nn.Sequential(encoder, nn.Flatten(), nn.Linear(128 * 64, 10)), torch.randn(6, 64, 128))


def step_of(model: Any, inputs: Any) -> Callable[[], None]:
    """Return a step of training."""
    optimizer = torch.optim.AdamW(model.parameters())
    targets = torch.randint(0, 10, (len(inputs),))

    def step() -> None:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(inputs), targets).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()

    return step


def measure_steps(name: str, shape: Callable[[], Callable[[], None]]) -> list[Figure | Bound]:
    """Time the same step without and with the recorder, in turn, and how long DebugMode makes it.

    What a step costs that is kept, and one that is read whole, is paid as often as it comes in a run.
    """
    torch.set_num_threads(1)
    step = shape()
    with tempfile.TemporaryDirectory() as folder:
        plain, above = in_turn(step, Path(folder, "run.json"))
    with DebugMode() as mode, DebugMode.log_tensor_hashes(hash_inputs=True):
        debugged = used(step)
    del mode
    return [
        Bound(f"a step of a {name} of {plain * 1000:.0f} ms, between kept ones", above[0] / plain * 100, "%", below=2),
        *(Bound(f"the mean of {steps} steps", mean(steps, *above) / plain * 100, "%", below=2) for steps in RUNS),
        Bound("a step that is read whole", above[2] / plain * 100, "%", below=50),
        Figure("DebugMode with hashes : a step", debugged, plain, at_most=1000),
    ]


def mean(steps: int, between: float, kept: float, whole: float) -> float:
    """Return what a step of a run takes above a plain one, on average."""
    read = sum(map(is_read_whole, range(1, steps + 1)))
    sampled = sum(map(is_sampled, range(1, steps + 1))) - read
    return (between * (steps - read - sampled) + kept * sampled + whole * read) / steps


def in_turn(step: Callable[[], None], path: Path) -> tuple[float, tuple[float, float, float]]:
    """Return the seconds of a plain step, and what one between, one that is kept and one read whole take above it."""
    recording = Recording(path)
    recorded(recording, step, 0)
    alone: list[float] = []
    above: list[float] = []
    for before in (BETWEEN, KEPT, WHOLE):
        blocks, making = blocks_of(recording, step, before)
        alone += [plain for plain, _ in blocks]
        differences = sorted(with_it - plain for plain, with_it in blocks)
        outer = len(blocks) // OUTER
        above.append(statistics.mean(differences[outer : len(blocks) - outer]) + making)
    return statistics.median(alone), (above[0], above[1], above[2])


def blocks_of(recording: Recording, step: Callable[[], None], before: int) -> tuple[list[tuple[float, float]], float]:
    """Return the seconds of plain and recorded steps in turn, and what to make a link of the chain takes beside."""
    blocks, making, links = [], 0.0, 0
    for number in range(ROUNDS[before]):
        first = recorded(recording, step, before) if number % 2 else 0.0
        blocks.append((quickest(step), first or recorded(recording, step, before)))
        if recording.steps.chain.unmade >= LINKS:
            links += recording.steps.chain.unmade
            making += used(lambda: recording.steps.chain.finish(0.0))
    return blocks, making / links


def recorded(recording: Recording, step: Callable[[], None], before: int) -> float:
    """Return the seconds of recorded steps, each behind the same number of others."""

    def again() -> None:
        recording.steps.arrive(before)
        step()

    with attach(recording):
        return quickest(again)


def quickest(step: Callable[[], None]) -> float:
    """Return the seconds of the quickest step of a block."""
    return min([used(step) for _ in range(WARM + BLOCK)][WARM:])


def used(call: Callable[[], Any]) -> float:
    """Return the seconds of the processor that a call on one thread takes; others may share the machine."""
    began = time.process_time()
    call()
    return time.process_time() - began


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
