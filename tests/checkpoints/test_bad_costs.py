"""What a hostile file may cost: two seconds, and 64 MB above the interpreter."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from _broken_tensors import HEAVY_MODELS, HEAVY_TENSORS
from _broken_zips import HEAVY
from conftest import Run

MOST_SECONDS, MOST_BYTES = 2.0, 64 << 20
FILES: dict[str, tuple[str, Callable[[], bytes]]] = {
    **{f"{name}, zip": ("model.pt", make) for name, make in HEAVY.items()},
    **{f"{name}, safetensors": ("model.safetensors", make) for name, make in HEAVY_TENSORS.items()},
    **{f"{name}, ONNX": ("model.onnx", make) for name, make in HEAVY_MODELS.items()},
    "index of a million files": ("model.safetensors.index.json", lambda: index(1_000_000)),
    "sidecar of 64 MiB": ("model.npz.envprint.json", lambda: b'{"schema":"' + b"a" * ((64 << 20) - 30) + b'"}'),
    "sidecar of a million files": ("model.npz.envprint.json", lambda: beside(1_000_000)),
    "sidecar of an endless line of digits": ("model.npz.envprint.json", lambda: b'{"a":' + b"9" * (30 << 20) + b"}"),
}
# VmHWM and not ru_maxrss, which a child takes over from the process that it is forked from
CHILD = """
import json, sys, time
import envprint, envprint.checkpoints, envprint.collectors
from pathlib import Path
from envprint.errors import CheckpointError
from envprint.manifest import Manifest, parse_manifest
def peak():
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(line.split()[1] for line in lines if line.startswith("VmHWM")))
first = parse_manifest(b'{"schema": "envprint/manifest/1", "gaps": {}}')
path, before, start = sys.argv[1], peak(), time.perf_counter()
try:
    envprint.embed(path, first) if sys.argv[2] == "embed" else envprint.extract(path)
    said = None
except CheckpointError as exc:
    said = str(exc)
print(json.dumps([said, time.perf_counter() - start, peak() - before]))
"""


def index(count: int) -> bytes:
    return json.dumps({"weight_map": {f"{i}": f"{i}.safetensors" for i in range(count)}}).encode()


def beside(count: int) -> bytes:
    files = {f"{i}": {"size_bytes": 1, "digest": "sha256:0"} for i in range(count)}
    return json.dumps({"schema": "envprint/manifest/1", "carrier": files}).encode()


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_a_hostile_file_costs_little(name: str, tmp_path: Path, run_python: Run) -> None:
    called, make = FILES[name]
    path, model = tmp_path / called, tmp_path / called.removesuffix(".envprint.json")
    if path != model:
        model.write_bytes(b"x")
    path.write_bytes(make())
    old = path.read_bytes()

    for act in ("extract", "embed"):
        result = run_python(CHILD, str(model), act)

        assert not result.stderr
        said, seconds, taken = json.loads(result.stdout)
        assert (said or "-").isprintable()
        assert said is None or old == path.read_bytes()
        assert taken < MOST_BYTES
        assert seconds < MOST_SECONDS
