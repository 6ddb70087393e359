"""The nodes of a Ray cluster are compared: two raylets on one machine, and what becomes of one that cannot answer."""

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("ray")

pytestmark = [pytest.mark.torch, pytest.mark.slow]

CLUSTER = """
import sys
from ray.cluster_utils import Cluster

cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
for variables in __VARIABLES__:
    cluster.add_node(num_cpus=1, env_vars=variables)
cluster.wait_for_nodes()
print(cluster.address, flush=True)
sys.stdin.read()
cluster.shutdown()
"""


@contextlib.contextmanager
def cluster(folder: Path, variables: dict[str, str]) -> Iterator[str]:
    """Start two nodes, the second with variables of its own; yield the address of the first."""
    code = CLUSTER.replace("__VARIABLES__", repr([variables]))
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True, cwd=folder,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        yield next(line for line in process.stdout if ":" in line).strip()
        process.communicate(input="", timeout=60)


def fleet(address: str, *words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "envprint", "fleet", "--ray", address, "--format", "json", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=200)


def test_a_node_with_another_setting_is_found_and_its_cause_is_right(tmp_path: Path) -> None:
    with cluster(tmp_path, {"ATEN_CPU_CAPABILITY": "default"}) as address:
        done = fleet(address)
    report: dict[str, Any] = json.loads(done.stdout)

    assert (1, "divergent", 2) == (done.returncode, report["verdict"], report["size"])
    causes = {finding["cause"] for finding in report["groups"][1]["findings"][:3]}
    assert "aten-cpu-capability" in causes


@pytest.mark.parametrize(
    ("instead", "said"),
    [
        ("raise SystemExit('No module named envprint')", "it lacks envprint"),
        ("import time; time.sleep(90)", "it gave no answer within 12 s"),
        ("import os; os.kill(os.getppid(), 9)", "it failed"),
    ],
    ids=["lacks envprint", "hangs", "dies"],
)
def test_a_node_that_cannot_answer_is_named_and_holds_nobody_up(tmp_path: Path, instead: str, said: str) -> None:
    (tmp_path / "lacking").mkdir()
    (tmp_path / "lacking" / "envprint.py").write_text(instead)
    with cluster(tmp_path, {"PYTHONPATH": str(tmp_path / "lacking")}) as address:
        done = fleet(address, "--timeout", "12" if "sleep" in instead else "60")
    report: dict[str, Any] = json.loads(done.stdout)

    assert (1, "undecidable") == (done.returncode, report["verdict"])
    assert 1 == len(report["groups"][0]["members"])
    assert [True] == [said in each["reason"] for each in report["apart"]]


def test_where_there_is_no_cluster_there_is_one_clear_line() -> None:
    done = fleet("127.0.0.1:1")

    assert (2, "") == (done.returncode, done.stdout)
    assert "there is no Ray cluster at '127.0.0.1:1'" in done.stderr
