"""Measure what recording costs a step of training: blocks of plain and of recorded steps, in turn, in one process."""

import ctypes
import itertools
import math
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import torch
from figures import Bound, Figure
from torch import nn
from torch.utils._debug_mode import DebugMode

from envprint.recorder.attaching import attach
from envprint.recorder.recording import Recording
from envprint.recorder.sampling import is_read_whole, is_sampled

BETWEEN, KEPT, WHOLE = 1_025, 66, 8  # steps behind which one comes that is dropped, kept, or read whole
PAIRS = {BETWEEN: 320, KEPT: 60, WHOLE: 60}  # of blocks: the first is what most steps of a run are
WARM, BLOCK = 4, 5  # steps of a block that are not counted, since to attach and detach slows them, and that are
OUTER = 10  # the part of the differences, at either end, that is left out: something else took the machine
LINKS = 32  # of the chain, which the recorder makes twice as many at once
RUNS = {1_000: 3, 10_000: 2}  # steps of which the mean is told, with those kept and read whole, and its bound
MMAP_THRESHOLD, TRIM_THRESHOLD, MOST = -3, -1, (1 << 31) - 1  # of mallopt(3)
SAMPLES = 16_384  # of the data set
Train = Callable[[Any, Any], None]
Batches = Iterator[tuple[Any, Any]]


class Cost(NamedTuple):
    """What a step takes above a plain one, in seconds, and the standard error of that."""

    above: float
    error: float


def measure_steps() -> Iterator[Figure | Bound]:
    """Yield the figures of a network that a loader feeds, and of one whose script makes the batches itself."""
    torch.set_num_threads(1)
    keep_memory()
    for name, (train, batches) in {"CNN": cnn(), "Transformer": transformer()}.items():
        yield from figures_of(name, train, batches)


def figures_of(name: str, train: Train, batches: Batches) -> Iterator[Figure | Bound]:
    """Yield what recording costs the steps of a network, and DebugMode with hashes beside it."""
    with tempfile.TemporaryDirectory() as folder:
        plain, costs = in_turn(lambda: train(*next(batches)), Path(folder, "run.json"))

    def told(what: str, cost: Cost, below: int) -> Bound:
        return Bound(f"{what} (± {cost.error / plain * 100:.1f})", cost.above / plain * 100, "%", below=below)

    yield told(f"a {name}, {plain * 1000:.0f} ms a step, between kept ones", costs[BETWEEN], 2)
    for steps, below in RUNS.items():
        yield told(f"the mean of {steps} steps", mean_of(steps, costs), below)
    yield told("a step that is kept", costs[KEPT], 5)
    yield told("a step that is read whole", costs[WHOLE], 15)
    batch = next(batches)
    with DebugMode() as mode, DebugMode.log_tensor_hashes(hash_inputs=True):
        debugged = used(lambda: train(*batch))
    del mode
    yield Figure("DebugMode with hashes : a step", debugged, plain, at_most=1000)


def keep_memory() -> None:
    """Let the C library keep what a step frees.

    Else it gives tensors back to the system, or does not, as its heap happens to lie: that is up to 2000 page faults a
    step, whose number changes with each other allocation, and a tenth of its time.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(MMAP_THRESHOLD, MOST)
        mallopt(TRIM_THRESHOLD, MOST)


def cnn() -> tuple[Train, Batches]:
    """Return a step of a small network of convolutions, and batches that a loader gives."""
    layers: list[Any] = [nn.Conv2d(3, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2)]
    layers += [nn.Conv2d(32, 64, 3, padding=1), nn.BatchNorm2d(64), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    data = torch.utils.data.TensorDataset(torch.randn(SAMPLES, 3, 32, 32), torch.randint(0, 10, (SAMPLES,)))
    loader = torch.utils.data.DataLoader(data, batch_size=24, shuffle=True)
    return trained(nn.Sequential(*layers, nn.Linear(64, 10))), itertools.chain.from_iterable(itertools.repeat(loader))


def transformer() -> tuple[Train, Batches]:
    """Return a step of a small Transformer, and batches that are always the same one."""
    layer = nn.TransformerEncoderLayer(128, 4, 256, batch_first=True)
    encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
    batch = torch.randn(7, 64, 128), torch.randint(0, 10, (7,))
    return trained(nn.Sequential(encoder, nn.Flatten(), nn.Linear(128 * 64, 10))), itertools.repeat(batch)


def trained(model: Any) -> Train:
    """Return what makes a step of training of a batch."""
    optimizer = torch.optim.AdamW(model.parameters())

    def train(inputs: Any, targets: Any) -> None:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(inputs), targets).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()

    return train


def mean_of(steps: int, costs: dict[int, Cost]) -> Cost:
    """Return what a step of a run takes above a plain one, on average."""
    read = sum(map(is_read_whole, range(1, steps + 1)))
    kept = sum(map(is_sampled, range(1, steps + 1))) - read
    parts = [(costs[BETWEEN], steps - read - kept), (costs[KEPT], kept), (costs[WHOLE], read)]
    errors = [cost.error * count / steps for cost, count in parts]
    return Cost(sum(cost.above * count for cost, count in parts) / steps, math.hypot(*errors))


def in_turn(step: Callable[[], None], path: Path) -> tuple[float, dict[int, Cost]]:
    """Return the seconds of a plain step, and what one between, one that is kept and one read whole take above it."""
    recording = Recording(path)
    recorded(recording, step, 0)
    alone: list[float] = []
    costs = {}
    for before, pairs in PAIRS.items():
        differences, making, links = [], 0.0, 0
        for number in range(pairs):
            first = recorded(recording, step, before) if number % 2 else 0.0
            alone.append(block_of(step))
            differences.append((first or recorded(recording, step, before)) - alone[-1])
            if recording.steps.chain.unmade >= LINKS:
                links += recording.steps.chain.unmade
                making += used(lambda: recording.steps.chain.finish(0.0))
        costs[before] = cost_of(differences, making / links)
    return statistics.median(alone), costs


def cost_of(differences: list[float], making: float) -> Cost:
    """Return the mean of what is left of differences without the outermost, and what a link of the chain takes."""
    differences.sort()
    outer = len(differences) // OUTER
    inner = differences[outer : len(differences) - outer]
    ends = [min(max(each, inner[0]), inner[-1]) for each in differences]  # https://doi.org/10.1093/biomet/50.1-2.157
    error = statistics.stdev(ends) / (1 - 2 / OUTER) / math.sqrt(len(differences))
    return Cost(statistics.mean(inner) + making, error)


def recorded(recording: Recording, step: Callable[[], None], before: int) -> float:
    """Return the seconds of recorded steps, each behind the same number of others."""

    def again() -> None:
        recording.steps.arrive(before)
        step()

    with attach(recording):
        return block_of(again)


def block_of(step: Callable[[], None]) -> float:
    """Return the mean seconds of the steps of a block that are counted."""
    return statistics.mean([used(step) for _ in range(WARM + BLOCK)][WARM:])


def used(call: Callable[[], Any]) -> float:
    """Return the seconds of the processor that a call on one thread takes; others may share the machine."""
    began = time.process_time()
    call()
    return time.process_time() - began


if __name__ == "__main__":
    for figure in measure_steps():
        sys.stdout.write(f"{figure.line()}\n")
        sys.stdout.flush()
