"""Measure what envprint promises to be quick at, both sides in one run, interleaved; print medians and ratios.

    make bench

Ratios travel between machines, milliseconds do not. A captured pair of this machine is what `diff` compares.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from checkpoints import measure_checkpoints
from figures import Bound, Figure
from fleet import measure_fleet
from models import measure_models
from orders import measure_orders
from probes import measure_probes
from recorder import measure_recorder
from registry import measure_registry
from settings import measure_settings

PYTHON = sys.executable
ROUNDS = 15
FIRST_CALLS = 5
MANIFESTS = Path(__file__).parent.parent.parent / "samples" / "manifests"

IN_PROCESS = """
import statistics, sys, time
import torch
from torch.utils.collect_env import get_env_info
import envprint
from envprint.collectors import capture

def timed(call):
    began = time.perf_counter()
    call()
    return time.perf_counter() - began

rounds = int(sys.argv[1])
pairs = [(timed(capture), timed(get_env_info)) for _ in range(rounds)]
print(*(statistics.median(side) for side in zip(*pairs)))
"""


def main() -> None:
    """Print every figure."""
    print(f"{'median of each side':<58} {'ours':>12} {'theirs':>12}    ratio   promise")
    for measure in (
        measure_capture,
        measure_first_capture,
        measure_commands,
        measure_explanation,
        measure_order,
        measure_probes,
        measure_settings,
        measure_checkpoints,
        measure_models,
        measure_recorder,
        measure_fleet,
        measure_registry,
    ):
        for figure in measure():
            print(figure.line(), flush=True)


def measure_capture() -> list[Figure]:
    """Time capture() and get_env_info() in turn in one process that has imported torch."""
    ours, theirs = _in_process(ROUNDS)
    return [Figure("capture() : get_env_info(), torch imported", ours, theirs, at_least=20)]


def measure_first_capture() -> list[Figure]:
    """Time the first call of each in processes of their own."""
    pairs = [_in_process(1) for _ in range(FIRST_CALLS)]
    ours, theirs = (statistics.median(side) for side in zip(*pairs, strict=True))
    return [Figure("the same, first call in a process", ours, theirs, at_least=1)]


def measure_commands() -> list[Figure]:
    """Time whole processes in turn: the diff of two real manifests, collect_env, the import, and a bare Python."""
    with tempfile.TemporaryDirectory() as folder:
        a, b = (str(Path(folder, name)) for name in ("a.json", "b.json"))
        for path in (a, b):
            subprocess.run([PYTHON, "-m", "envprint", "capture", "-o", path], check=True)
        commands: dict[str, Sequence[str]] = {
            "pass": ("-c", "pass"),
            "import": ("-c", "import envprint"),
            "diff": ("-m", "envprint", "diff", a, b),
            "collect_env": ("-m", "torch.utils.collect_env"),
        }
        seconds: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(ROUNDS):
            for name, words in commands.items():
                seconds[name].append(_time_process(words))
    median = {name: statistics.median(times) for name, times in seconds.items()}
    return [
        Figure("envprint diff : python -m torch.utils.collect_env", median["diff"], median["collect_env"], at_least=6),
        Figure("envprint diff : python -c pass", median["diff"], median["pass"], at_most=25),
        Figure("import envprint : python -c pass", median["import"], median["pass"], at_most=5),
    ]


def measure_explanation() -> list[Bound]:
    """Time whole processes that explain two manifests of unlike machines, and that only read them, in turn."""
    read = "import sys; from envprint.manifest import load; a, b = map(load, sys.argv[1:])"
    explain = f"{read}; from envprint.causes import explain; explain(a, b)"
    pair = [str(MANIFESTS / f"{name}.json") for name in ("sapphire-rapids", "nehalem")]
    times = [(_time_process(("-c", explain, *pair)), _time_process(("-c", read, *pair))) for _ in range(ROUNDS)]
    above = statistics.median(whole - part for whole, part in times)
    return [Bound("explaining two manifests with probes, above reading them", above * 1000, "ms", below=100)]


def measure_order() -> list[Figure]:
    """Time how long the order of a product takes, asked a row a question and asked a product a question."""
    ((name, ours, theirs),) = measure_orders()
    return [Figure(name, ours, theirs, at_least=50)]


def _in_process(rounds: int) -> tuple[float, float]:
    words = [PYTHON, "-W", "ignore", "-c", IN_PROCESS, str(rounds)]
    printed = subprocess.run(words, check=True, capture_output=True, text=True).stdout.split()
    return float(printed[-2]), float(printed[-1])


def _time_process(words: Sequence[str]) -> float:
    began = time.perf_counter()
    subprocess.run([PYTHON, *words], capture_output=True, check=False)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
