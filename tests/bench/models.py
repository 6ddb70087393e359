"""Measure what comparing models costs: files against cmp, digests by bytes, a description against a forward pass."""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import xxhash
from checkpoints import peak_mb
from figures import Bound, Figure
from safetensors.torch import save_file
from torch import nn

import envprint
from envprint.models.digest import digest_tensor

ROUNDS = 7
GB = 10**9
LAYERS = 25
ENVPRINT = (sys.executable, "-m", "envprint")


def measure_models() -> list[Figure | Bound]:
    """Return every figure."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name:  # /tmp may be memory
        files = make_files(Path(name))
        compared: list[Figure | Bound] = [
            measure_files("safetensors", files["a.safetensors"], files["b.safetensors"], at_most=1.5),
            measure_files("torch files", files["a.pt"], files["b.pt"], at_most=2.0),
            measure_peak(files["a.safetensors"], files["b.safetensors"]),
            measure_peak(files["a.pt"], files["b.pt"]),
        ]
    return [*compared, *measure_digest(), *measure_describe()]


def make_files(folder: Path) -> dict[str, Path]:
    """Save 1 GB of weights twice in each format; the second differs in the last number of the last tensor."""
    weights = {f"layer{place:02}.weight": torch.randn(10_000, GB // 4 // LAYERS // 10_000) for place in range(LAYERS)}
    files: dict[str, Path] = {}
    for side in "ab":
        (folder / side).mkdir()  # one name in two folders: torch names an archive's root after its file
        save_file(weights, folder / side / "model.safetensors")
        torch.save(weights, folder / side / "model.pt")
        files |= {f"{side}{path.suffix}": path for path in (folder / side).iterdir()}
        weights[f"layer{LAYERS - 1}.weight"][-1, -1] += 1
    return files


def measure_files(name: str, a: Path, b: Path, *, at_most: float) -> Figure:
    """Time `envprint diff` and cmp of the same files, whole processes, in turn; both are in the page cache."""
    diff, cmp = (*ENVPRINT, "diff", str(a), str(b)), ("cmp", str(a), str(b))
    seconds = [(run(diff), run(cmp)) for _ in range(ROUNDS + 1)][1:]
    ours, theirs = (statistics.median(side) for side in zip(*seconds, strict=True))
    return Figure(f"envprint diff : cmp, {name} of 1 GB", ours, theirs, at_most=at_most)


def measure_peak(a: Path, b: Path) -> Bound:
    """Return the largest memory of a process that compares two files."""
    return Bound(f"memory of that, {a.suffix}", peak_mb("-m", "envprint", "diff", str(a), str(b)), "MB", below=200)


def measure_digest() -> list[Figure | Bound]:
    """Return how many bytes one core digests in a second, as the time of 5 GB; and against plain XXH3 of the memory."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    tensor = torch.randn(GB // 8)
    content = memoryview(bytearray(tensor.numel() * 4))
    ours, theirs = in_turn(lambda: digest_tensor(tensor), lambda: xxhash.xxh3_128_digest(content))
    torch.set_num_threads(threads)
    return [
        Bound("digest of 5 GB on one core", ours * 10, "s", below=1),
        Figure("digest : XXH3 of the same bytes, in one piece", ours, theirs, at_most=3),
    ]


def measure_describe() -> list[Figure | Bound]:
    """Time describe() with a forward pass, and the pass with one read of the weights, in turn."""
    return [
        describe_figure("ResNet, evaluating", resnet().eval(), torch.randn(8, 3, 64, 64)),
        describe_figure("ResNet, training", resnet(), torch.randn(8, 3, 64, 64)),
        describe_figure("Transformer, evaluating", transformer().eval(), torch.randn(8, 128, 512)),
    ]


def describe_figure(name: str, model: Any, inputs: Any) -> Figure:
    """Time a description of a model against what it cannot do without."""

    def least() -> None:
        with torch.no_grad():
            model(inputs)
            for tensor in model.state_dict().values():
                tensor.sum()

    ours, theirs = in_turn(lambda: envprint.describe(model, inputs=inputs), least)
    return Figure(f"describe : forward and one read, {name}", ours, theirs, at_most=3)


def resnet() -> Any:
    """Return a stack of convolutions and norms with some 11 million weights, as ResNet-18 has."""
    layers: list[Any] = [nn.Conv2d(3, 64, 7, stride=2, padding=3), nn.BatchNorm2d(64), nn.ReLU()]
    for inside, outside in ((64, 128), (128, 256), (256, 512), (512, 512), (512, 512), (512, 512)):
        layers += [
            nn.Conv2d(inside, outside, 3, padding=1, stride=1 + (outside < 512)),
            nn.BatchNorm2d(outside),
            nn.ReLU(),
        ]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.1), nn.Linear(512, 1000))


def transformer() -> Any:
    """Return six layers of a Transformer."""
    return nn.TransformerEncoder(nn.TransformerEncoderLayer(512, 8, 2048, batch_first=True), 6)


def in_turn(ours: Callable[[], Any], theirs: Callable[[], Any]) -> tuple[float, float]:
    """Return the median of each, timed in turn after one call of both."""
    pairs = [(timed(ours), timed(theirs)) for _ in range(ROUNDS + 1)][1:]
    first, second = (statistics.median(side) for side in zip(*pairs, strict=True))
    return first, second


def timed(call: Callable[[], Any]) -> float:
    """Return the seconds of a call."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def run(words: tuple[str, ...]) -> float:
    """Return the seconds of a process."""
    return timed(lambda: subprocess.run(words, capture_output=True, check=False))


if __name__ == "__main__":
    for figure in measure_models():
        print(figure.line(), flush=True)
