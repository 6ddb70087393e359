"""Measure how long many manifests take, and how much memory."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
from figures import Bound

SAMPLES = Path(__file__).parent.parent.parent / "samples"
MANY = 10_000
COMMAND = """
import resource, sys
from envprint.cli import main
try:
    main(["diff", sys.argv[1], "--format", "json"])
except SystemExit:
    pass
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)
"""


def measure_fleet() -> Iterator[Bound]:
    """Time a whole process that compares ten thousand manifests of a fleet in which a few machines are unlike."""
    with tempfile.TemporaryDirectory() as folder:
        size = make_fleet(Path(folder))
        began = time.perf_counter()
        done = subprocess.run([sys.executable, "-c", COMMAND, folder], capture_output=True, text=True, check=True)
        seconds = time.perf_counter() - began
    groups = len(orjson.loads(done.stdout)["groups"])
    name = f"envprint diff of {MANY} manifests of {size / MANY / 1000:.0f} kB, {groups} groups"
    yield Bound(name, seconds, "s", below=10)
    yield Bound("the most memory of it", int(done.stderr.split()[-1]) / 1000, "MB", below=1000)


def make_fleet(folder: Path) -> int:
    """Write manifests of machines that differ in what machines differ in; return their bytes."""
    usual, threads = (
        orjson.loads((SAMPLES / "pairs" / "intra-op-threads" / f"{side}.json").read_bytes()) for side in "ab"
    )
    others = [orjson.loads((SAMPLES / "manifests" / f"{name}.json").read_bytes()) for name in ("haswell", "zen")]
    written = 0
    for number in range(MANY):
        document = threads if number % 1000 == 17 else others[number % 2] if number % 501 == 3 else usual
        written += (folder / f"node{number:05}.json").write_bytes(orjson.dumps(of_machine(document, number)))
    return written


def of_machine(document: dict[str, Any], number: int) -> dict[str, Any]:
    """Return a manifest as another machine would have it: its memory, its libraries and packages are its own."""
    own = {**document, "id": f"sha256:{number:064x}"}
    own["system"] = {**document["system"], "kernel": f"6.1.{number % 40}"}
    installed = {**document["packages"]["installed"], "site": f"1.{number}"}
    own["packages"] = {**document["packages"], "installed": installed}
    return own


if __name__ == "__main__":
    for figure in measure_fleet():
        print(figure.line(), flush=True)
