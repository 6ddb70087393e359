"""The ranks of a job are compared: over torch's store, with real processes of torchrun."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from envprint.fleet.ranks import with_device_named_alike

HERE = Path(__file__).parent
TORCHRUN = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "4")
pytestmark = [pytest.mark.torch, pytest.mark.slow]


def launched(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "OMP_NUM_THREADS": "2", **variables}
    return subprocess.run(
        [*TORCHRUN, *words], capture_output=True, text=True, check=False, env=environment, timeout=240
    )


def report_of(*words: str) -> dict[str, Any]:
    done = launched(str(HERE / "_ranks_of_a_job.py"), *words)
    assert 0 == done.returncode, done.stderr[-2000:]
    report: dict[str, Any] = json.loads(done.stdout)["report"]
    return report


def test_ranks_that_are_alike_compute_the_same_and_the_job_goes_on() -> None:
    report = report_of("alike")

    assert ("equivalent", 4) == (report["verdict"], report["size"])
    assert [] == report["apart"]


def test_a_rank_with_other_settings_is_found_named_and_its_cause_is_right() -> None:
    report = report_of("threads")

    assert "divergent" == report["verdict"]
    odd = report["groups"][1]
    assert ["rank 2"] == [name.partition(" on ")[0] for name in odd["members"]]
    assert "intra-op-threads" == odd["findings"][0]["cause"]


def test_a_rank_that_hangs_is_named_and_holds_nobody_up() -> None:
    report = report_of("silent")

    assert {"rank 2": True} == {each["name"]: "no answer within 15 s" in each["reason"] for each in report["apart"]}
    assert 3 == len(report["groups"][0]["members"])


def test_the_command_compares_ranks_that_a_launcher_starts() -> None:
    done = launched("-m", "envprint", "fleet", "--format", "json")

    assert 0 == done.returncode, done.stderr[-2000:]
    report = json.loads(done.stdout)
    assert ("equivalent", 4) == (report["verdict"], report["size"])


def test_a_rank_that_lacks_envprint_is_named_by_the_others(tmp_path: Path) -> None:
    lacking = tmp_path / "lacking.py"
    lacking.write_text(
        "import os, runpy, sys\n"
        "if os.environ['RANK'] == '3':\n    sys.exit('no module named envprint')\n"
        "sys.argv = ['envprint', 'fleet', '--format', 'json']\n"
        "runpy.run_module('envprint', run_name='__main__')\n"
    )
    done = launched(str(lacking))

    report = json.loads(done.stdout)
    assert "rank 3" in {each["name"] for each in report["apart"]}
    assert "divergent" != report["verdict"]


def test_outside_of_a_job_there_is_one_clear_line() -> None:
    words = [sys.executable, "-m", "envprint", "fleet"]
    environment = {key: value for key, value in os.environ.items() if key not in {"RANK", "WORLD_SIZE"}}
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=environment)

    assert (2, "") == (done.returncode, done.stdout)
    assert "this is no process of a job" in done.stderr
    assert "torchrun" in done.stderr


def test_the_gpu_of_each_rank_is_compared_with_those_of_the_others() -> None:
    probe = {"digest": "x"}
    document = {
        "id": "sha256:1",
        "probes": {"kernels": {"cpu": {}, "cuda:3": {"sum": probe}, "cuda:3/reference": {"sum": probe}}},
        "gaps": {"probes.kernels.cuda:3.dot": {"kind": "failed", "reason": ""}},
    }
    renamed = with_device_named_alike(document)

    assert {"cpu", "cuda:0", "cuda:0/reference"} == set(renamed["probes"]["kernels"])
    assert {"probes.kernels.cuda:0.dot"} == set(renamed["gaps"])
    assert "id" not in renamed


def test_rounds_compare_each_rank_with_its_own_past() -> None:
    done = launched("-m", "envprint", "fleet", "--repeat", "2", "--format", "json", "--timeout", "100")

    assert 0 == done.returncode, done.stderr[-2000:]
    assert "round 2 of 2: equivalent" in done.stderr
    assert [] == json.loads(done.stdout)["turned"]
