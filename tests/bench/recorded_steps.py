"""Time steps of a small training, plain and recorded, one of each in turn, and print the seconds as JSON.

    python tests/bench/recorded_steps.py CNN 100000 200 child

times the 200 steps behind that number of others, all but the first of which are left out; behind 1, a whole run.

A process that has trained a while is forked, and the child or the parent records: so both have the same things at the
same places in memory. Two processes that were started apart differ by up to a fifth, each for as long as it runs; and
to record and to stop within one process has Python specialise its code anew each time.
"""

import ctypes
import itertools
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.utils._debug_mode import DebugMode

from envprint.recorder.attaching import attach
from envprint.recorder.recording import Recording

WARM = 40  # plain steps before the processes part, and behind that: what both then write to is copied
SAMPLES = 16_384  # of the data set
MMAP_THRESHOLD, TRIM_THRESHOLD, MOST = -3, -1, (1 << 31) - 1  # of mallopt(3)
Train = Callable[[Any, Any], None]
Batches = Iterator[tuple[Any, Any]]


def main() -> None:
    """Print the seconds of plain and of recorded steps, and of one with DebugMode and its hashes."""
    torch.set_num_threads(1)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    keep_memory()
    train, batches = {"CNN": cnn, "Transformer": transformer}[sys.argv[1]]()
    found = in_turn(lambda: train(*next(batches)), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
    batch = next(batches)
    with DebugMode() as mode, DebugMode.log_tensor_hashes(hash_inputs=True):
        debugged = used(lambda: train(*batch))
    del mode
    json.dump({**found, "debugged": debugged}, sys.stdout)


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
    """Return a step of a small Transformer, and batches that the script makes itself."""
    layer = nn.TransformerEncoderLayer(128, 4, 256, batch_first=True)
    encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
    batches = ((torch.randn(6, 64, 128), torch.randint(0, 10, (6,))) for _ in itertools.count())
    return trained(nn.Sequential(encoder, nn.Flatten(), nn.Linear(128 * 64, 10))), batches


def trained(model: Any) -> Train:
    """Return what makes a step of training of a batch."""
    optimizer = torch.optim.AdamW(model.parameters())

    def train(inputs: Any, targets: Any) -> None:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(inputs), targets).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()

    return train


def in_turn(step: Callable[[], None], behind: int, steps: int, recorder: str) -> dict[str, Any]:
    """Return the seconds of plain steps, of as many that a fork of this process or this one records, and of the first.

    `recorder` is child or parent: to be the child takes some 0.3 % by itself.
    """
    asked, ask = os.pipe()
    answered, answer = os.pipe()
    warm(step)
    is_child = not os.fork()
    warm(step)
    hear, tell = (asked, answer) if is_child else (answered, ask)
    os.close(ask if is_child else answer)
    records = is_child == (recorder == "child")

    def turn() -> float:
        if is_child:
            os.write(tell, b"+")
        os.read(hear, 1)
        taken = used(step)
        if not is_child:
            os.write(tell, b"+")
        return taken

    found: dict[str, Any] = (
        recorded(step, turn, behind, steps) if records else {"plain": [turn() for _ in range(steps)]}
    )
    if is_child:
        with os.fdopen(answer, "w") as told:
            json.dump(found, told)
        os._exit(0)
    with os.fdopen(answered) as told:
        found |= json.load(told)
    os.wait()
    return found


def recorded(step: Callable[[], None], turn: Callable[[], float], behind: int, steps: int) -> dict[str, Any]:
    """Return the seconds of recorded steps, behind so many others, and of the first."""
    with tempfile.TemporaryDirectory() as folder, attach(recording := Recording(Path(folder, "run.json"))):
        once = used(step)
        warm(step)
        recording.steps.arrive(behind)
        recording.flush("running")  # it is written anew once that took no more than a 2000th of the time
        return {"recorded": [turn() for _ in range(steps)], "once": once}


def warm(step: Callable[[], None]) -> None:
    """Make steps that are not timed."""
    for _ in range(WARM):
        step()


def used(call: Callable[[], Any]) -> float:
    """Return the seconds of the processor that a call on one thread takes; others may share the machine."""
    began = time.process_time()
    call()
    return time.process_time() - began


if __name__ == "__main__":
    main()
