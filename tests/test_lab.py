"""End to end on emulated machines: another CPU is captured, told apart and explained."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from emulation import run_on

Run = Callable[..., subprocess.CompletedProcess[str]]

pytestmark = [pytest.mark.lab, pytest.mark.torch]


@pytest.mark.parametrize(
    ("machine", "options", "microarchitecture", "capability", "isa"),
    [("haswell", [], "haswell", "AVX2", "AVX2"), ("nehalem", ["--no-probe"], "nehalem", "DEFAULT", "SSE41")],
)
def test_another_cpu_is_captured_and_explained(
    machine: str,
    options: list[str],
    microarchitecture: str,
    capability: str,
    isa: str,
    tmp_path: Path,
    envprint: Run,
) -> None:
    emulated = run_on(machine, "-m", "envprint", "capture", *options, "-o", "there.json", folder=tmp_path)
    assert 0 == emulated.returncode, emulated.stderr
    assert 0 == envprint("capture", *options, "-o", "here.json").returncode
    there = json.loads((tmp_path / "there.json").read_text())

    assert microarchitecture == there["cpu"]["microarchitecture"]
    assert (capability, isa) == (there["torch"]["cpu_capability"], there["blas"]["onednn"]["isa"])
    assert {} == {path: gap for path, gap in there["gaps"].items() if gap["kind"] == "failed"}

    report = json.loads(envprint("diff", "here.json", "there.json", "--format", "json").stdout)
    assert "divergent" == report["verdict"]
    assert report["findings"][0]["cause"] in ("aten-cpu-capability", "mkl-dispatch", "onednn-isa")
    if not options:
        check_drift({kernel["path"]: kernel for kernel in report["drift"]["kernels"]})


def check_drift(kernels: dict[str, Any]) -> None:
    """See that the probes told both CPUs apart, and which of Haswell's kernels saturates, having no VNNI."""
    states = [kernel["state"] for kernel in kernels.values()]

    assert 0 == states.count("unknown")
    assert states.count("moved") in range(5, len(states))
    assert "wrong" == kernels["cpu.linear-int8"]["accuracy"]["b"]
    assert "identical" == kernels["cpu.stream-randperm"]["state"]


def test_settings_make_further_machines(tmp_path: Path, envprint: Run) -> None:
    for name, variables in (("a", {}), ("b", {"OMP_NUM_THREADS": "1"})):
        words = ("-m", "envprint", "capture", "--no-probe", "-o", f"{name}.json")
        assert 0 == run_on("haswell", *words, folder=tmp_path, **variables).returncode
    done = envprint("diff", "a.json", "b.json", "--format", "json")

    assert ["intra-op-threads"] == [finding["cause"] for finding in json.loads(done.stdout)["findings"]]
