"""Runs of two ranks beside a run of one: a manifest for each rank, and the number of ranks is what parts them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from _recording_runs import SCRIPTS

from envprint.causes import explain
from envprint.manifest import load
from envprint.report import Report

pytestmark = [pytest.mark.torch, pytest.mark.slow]

ALONE = [sys.executable]
TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
# it starts ranks itself for GPUs only, and leaves those of processors to mpirun; the script takes gloo in any case
ACCELERATE = [
    *(sys.executable, "-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2", "--num_machines", "1"),
    *("--mixed_precision", "no", "--dynamo_backend", "no", "--main_process_port", "0"),
]


def record(launcher: list[str], manifest: Path) -> None:
    """Record a run of the script that a launcher starts."""
    words = [sys.executable, "-m", "envprint", "capture", "-o", str(manifest), "--", *launcher, "shared_by_ranks.py"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}
    done = subprocess.run(words, check=False, capture_output=True, text=True, cwd=SCRIPTS, timeout=300, env=environment)
    assert 0 == done.returncode, done.stderr[-2000:]


@pytest.mark.parametrize("launcher", [TORCHRUN, ACCELERATE], ids=["torchrun", "accelerate"])
def test_two_ranks_beside_one_are_parted_by_how_they_share_the_data(launcher: list[str], tmp_path: Path) -> None:
    if launcher is ACCELERATE:
        pytest.importorskip("accelerate")
    record(launcher, tmp_path / "two.json")
    record(ALONE, tmp_path / "one.json")

    assert ["one.json", "two.rank0.json", "two.rank1.json"] == sorted(each.name for each in tmp_path.iterdir())
    report = explained(tmp_path / "one.json", tmp_path / "two.rank0.json")
    assert "divergent" == report.verdict
    assert "batch-size-train" == report.findings[0].cause, report.summary
    assert "the data is shared by 1 rank in a, by 2 ranks in b" in report.findings[0].evidence
    assert report.first_divergence is not None
    assert (1, "batch") == (report.first_divergence.step, report.first_divergence.component)


def explained(a: Path, b: Path) -> Report:
    """Return what envprint says of two manifests."""
    return explain(load(a), load(b))
