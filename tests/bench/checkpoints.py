"""Measure what a manifest in a saved model costs: time against the file's size, torch.save and cp; memory.

The files of 1 and 8 GB are sparse where only their size matters: torch.save under skip_data(), and an ONNX model whose
graph is a hole.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from figures import Bound, Figure
from safetensors.numpy import save_file

import envprint
from envprint.checkpoints.protobuf import dump_field, dump_varint
from envprint.manifest import Manifest

ROUNDS = 9
SLOW_ROUNDS = 5
MB, GB = 10**6, 10**9
SIZES = {"10 MB": 10 * MB, "1 GB": GB, "8 GB": 8 * GB}
NOISE = 1.5  # the same work is done this often apart from itself, on a machine that others use too


def measure_checkpoints() -> list[Figure | Bound]:
    """Return every figure; the manifest that is embedded has probes, and was captured by this process."""
    manifest = envprint.capture(probe="default")
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name:  # /tmp may be memory
        folder = Path(name)
        return [
            *measure_sizes(folder, manifest, ".pt", make_torch),
            *measure_sizes(folder, manifest, ".onnx", make_onnx),
            measure_save(folder, manifest),
            *measure_copy(folder, manifest),
            *measure_memory(folder, manifest),
        ]


def make_torch(path: Path, size: int) -> None:
    """Save a tensor of so many bytes, which are a hole in the file."""
    with torch.serialization.skip_data():
        torch.save({"weight": torch.empty(size // 4), "step": torch.ones(1)}, path)


def make_onnx(path: Path, size: int) -> None:
    """Write version and graph of a model, the graph an initializer that is a hole."""
    raw = dump_varint(9 << 3 | 2) + dump_varint(size)
    initializer = dump_varint(5 << 3 | 2) + dump_varint(len(raw) + size) + raw
    graph = dump_varint(7 << 3 | 2) + dump_varint(len(initializer) + size) + initializer
    path.write_bytes(b"\x08\x08" + dump_field(2, b"bench") + graph)
    os.truncate(path, path.stat().st_size + size)


def make_safetensors(path: Path, size: int) -> None:
    """Save a tensor of so many bytes."""
    save_file({"weight": np.zeros(size // 4, np.float32)}, path)


def measure_sizes(
    folder: Path, manifest: Manifest, suffix: str, make: Callable[[Path, int], None]
) -> list[Figure | Bound]:
    """Time embed and extract in turn for each size."""
    seconds: dict[tuple[str, str], list[float]] = {}
    for _ in range(ROUNDS):
        for name, size in SIZES.items():
            path = folder / f"{size}{suffix}"
            make(path, size)
            seconds.setdefault(("embed", name), []).append(timed(envprint.embed, path, manifest))
            seconds.setdefault(("extract", name), []).append(timed(envprint.extract, path))
            path.unlink()
    median = {key: statistics.median(times) for key, times in seconds.items()}
    return [
        Figure(f"{verb} {suffix} of {name} : of 10 MB", median[verb, name], median[verb, "10 MB"], at_most=NOISE)
        for verb in ("embed", "extract")
        for name in ("1 GB", "8 GB")
    ]


def measure_save(folder: Path, manifest: Manifest) -> Figure:
    """Time torch.save of 1 GB, and embed into what it has just written."""
    weights = {f"layer{index}": torch.ones(GB // 4 // 10) for index in range(10)}
    path = folder / "saved.pt"
    pairs = []
    for _ in range(SLOW_ROUNDS):
        theirs = timed(torch.save, weights, path)
        pairs.append((timed(envprint.embed, path, manifest), theirs))
        path.unlink()
    ours, theirs = (statistics.median(side) for side in zip(*pairs, strict=True))
    return Figure("embed : torch.save of 1 GB, just written", ours, theirs, at_most=0.01)


def measure_copy(folder: Path, manifest: Manifest) -> list[Figure | Bound]:
    """Time embed into 1 GB of safetensors, and cp of it to a new name and over a file that is there, in turn.

    Over a file is what embed does: the file system frees the old bytes and, to lose nothing in a power failure, begins
    to write the new ones (ext4's auto_da_alloc); at a new name it does neither. Each side begins when nothing waits to
    be written, and with memory that a file has just left: new memory may cost a virtual machine more than
    the copy does.
    """
    path, copy = folder / "1.safetensors", folder / "2.safetensors"
    make_safetensors(path, GB)
    rounds = []
    for number in range(ROUNDS):
        other = manifest.model_copy(update={"id": f"sha256:{number:064}"})  # else there would be nothing to do
        os.sync()
        subprocess.run(["cp", path, copy], check=True)
        copy.unlink()
        os.sync()
        fresh = timed(subprocess.run, ["cp", path, copy])
        os.sync()
        over = timed(subprocess.run, ["cp", path, copy])
        copy.unlink()
        os.sync()
        rounds.append((timed(envprint.embed, path, other), over, fresh))
    path.unlink()
    ours, over, fresh = (statistics.median(side) for side in zip(*rounds, strict=True))
    return [
        Figure("embed into safetensors of 1 GB : cp over a file", ours, over, at_most=1.2),
        Figure("embed into safetensors of 1 GB : cp to a new name", ours, fresh, at_most=1.2),
    ]


def measure_memory(folder: Path, manifest: Manifest) -> list[Bound]:
    """Return the peak of the memory of `envprint embed` and `extract` above that of a bare Python."""
    envprint.write(manifest, folder / "m.json")
    bare = peak_mb("-c", "pass")
    makers = {".pt": make_torch, ".onnx": make_onnx, ".safetensors": make_safetensors, ".npz": make_torch_old}
    bounds = []
    for suffix, make in makers.items():
        worst = 0.0
        for size in (10 * MB, GB if suffix in {".safetensors", ".npz"} else 8 * GB):
            path = folder / f"memory{suffix}"
            make(path, size)
            worst = max(worst, peak_mb("-m", "envprint", "embed", str(path), "--manifest", str(folder / "m.json")))
            worst = max(worst, peak_mb("-m", "envprint", "extract", str(path)))
            path.unlink()
        bounds.append(Bound(f"memory of embed and extract, {suffix}, above Python's", worst - bare, "MB", 64))
    return bounds


def make_torch_old(path: Path, size: int) -> None:
    """Write a file that has no room for a manifest."""
    path.write_bytes(b"\x93")
    os.truncate(path, size)


def peak_mb(*words: str) -> float:
    """Return the peak of the resident memory of a Python."""
    code = "import resource, subprocess, sys; done = subprocess.run([sys.executable, *sys.argv[1:]], stdout=-3); "
    code += "assert done.returncode in (0, 1); print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    done = subprocess.run([sys.executable, "-c", code, *words], check=True, capture_output=True, text=True)
    return int(done.stdout) / 1024


def timed(call: Callable[..., object], *arguments: object) -> float:
    """Return how many seconds a call took."""
    began = time.perf_counter()
    call(*arguments)
    return time.perf_counter() - began
