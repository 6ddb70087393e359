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


RANKS = 8
JOB = """
import time
import torch.distributed as dist
from envprint.collectors import capture
from envprint.fleet.ranks import gather, leave, store_of_this_job

dist.init_process_group("gloo")
probes = capture(probe="default").as_json()["probes"]
store, rank, size = store_of_this_job()
dist.barrier()
began = time.perf_counter()
leave(store, f"ranks/{rank}", lambda: {**capture().as_json(), "id": "", "probes": probes})
if rank == 0:
    report = gather(store, "ranks", size)
    print(len(report.groups[0].members), time.perf_counter() - began)
dist.barrier()
dist.destroy_process_group()
"""


def measure_fleet() -> Iterator[Bound]:
    """Yield what many files take, and what the ranks of a job take."""
    yield from measure_files()
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "job.py")
        script.write_text(JOB)
        launch = [
            sys.executable,
            "-m",
            "torch.distributed.run",
            "--standalone",
            "--nproc-per-node",
            str(RANKS),
            str(script),
        ]
        done = subprocess.run(launch, capture_output=True, text=True, check=True)
    members, seconds = done.stdout.split()
    name = f"compare_ranks of {RANKS} local processes, beside the probes; {members} alike"
    yield Bound(name, float(seconds), "s", below=2)


def measure_files() -> Iterator[Bound]:
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
