"""`envprint probe`: what this machine computes, how far it is from another, and in which order it adds."""

import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]

pytestmark = pytest.mark.torch


@pytest.fixture(scope="module")
def captured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Capture this machine with two threads, once."""
    path = tmp_path_factory.mktemp("captured") / "a.json"
    words = [sys.executable, "-m", "envprint", "capture", "-o", str(path)]
    subprocess.run(words, check=True, env={**os.environ, "OMP_NUM_THREADS": "2"})
    return path


def test_a_capture_has_probes_and_a_line_for_each(captured: Path) -> None:
    text = captured.read_text()
    kernels = json.loads(text)["probes"]["kernels"]["cpu"]

    assert len(kernels) > 90
    assert {1} == {kernel["outputs"] for kernel in kernels.values()}
    assert [] == [name for name in kernels if f'"{name}": {{"' not in text]


@pytest.mark.slow
def test_without_probes_there_is_no_such_section(tmp_path: Path, envprint: Run) -> None:
    assert 0 == envprint("capture", "--no-probe", "-o", "a.json").returncode

    assert "probes" not in json.loads((tmp_path / "a.json").read_text())


@pytest.mark.slow
def test_a_machine_does_not_drift_from_itself_and_does_with_one_thread(captured: Path, envprint: Run) -> None:
    same = envprint("probe", "--against", str(captured), OMP_NUM_THREADS="2")
    other = envprint("probe", "--against", str(captured), "--format", "json", OMP_NUM_THREADS="1")
    states = {kernel["path"]: kernel["state"] for kernel in json.loads(other.stdout)["kernels"]}

    assert (0, "") == (same.returncode, same.stderr)
    assert "agree bit for bit" in same.stdout
    assert (1, "") == (other.returncode, other.stderr)
    assert ("moved", "identical") == (states["cpu.sum-long-f32"], states["cpu.exp-f32"])


@pytest.mark.slow
def test_a_manifest_of_which_nothing_can_be_compared_is_trouble_and_not_equal(
    captured: Path, tmp_path: Path, envprint: Run
) -> None:
    document = json.loads(captured.read_text())
    for kernel in document["probes"]["kernels"]["cpu"].values():
        kernel["version"] += 1
    (tmp_path / "a.json").write_text(json.dumps(document))
    done = envprint("probe", "--against", "a.json")

    assert 2 == done.returncode
    assert "no kernel could be compared" in done.stdout
    assert done.stderr.startswith("envprint: no kernel of a.json could be compared")


@pytest.mark.slow
def test_the_kernels_of_this_machine_are_a_table_or_json(envprint: Run) -> None:
    table, document = envprint("probe"), envprint("probe", "--format", "json")
    kernels = json.loads(document.stdout)["probes"]["kernels"]["cpu"]

    assert (0, "", 0, "") == (table.returncode, table.stderr, document.returncode, document.stderr)
    assert [] == [name for name in kernels if f" {name} " not in table.stdout]
    assert 80 >= max(map(len, table.stdout.splitlines()))


@pytest.mark.slow
def test_the_order_of_a_product_is_drawn(envprint: Run) -> None:
    outline, picture = (
        envprint("probe", "--order", "matmul"),
        envprint("probe", "--order", "dot-f64", "--format", "svg"),
    )

    assert (0, "") == (outline.returncode, outline.stderr)
    assert "1024 terms" in outline.stdout
    assert "{http://www.w3.org/2000/svg}svg" == ET.fromstring(picture.stdout).tag  # noqa: S314 - our own


def test_an_order_of_a_library_that_does_not_load_is_one_line_with_its_reason(tmp_path: Path, envprint: Run) -> None:
    (tmp_path / "torch.py").write_text("raise OSError('libcudart.so.12: cannot open shared object file')")
    done = envprint("probe", "--order", "matmul", PYTHONPATH=str(tmp_path))

    assert (2, "") == (done.returncode, done.stdout)
    assert "envprint: matmul-f32 needs torch: OSError: libcudart.so.12: cannot open shared object file\n" == done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("--order", "nothing"),
            "envprint: there is no kernel 'nothing' whose order is asked; expected one of sum-f32",
        ),
        (("--against", "nowhere.json"), "envprint: nowhere.json"),
        (("--against", "bare.json"), "envprint: bare.json has no probes"),
        (("--against", "bare.json", "--order", "sum"), "envprint: --against and --order are two questions"),
        (("--format", "svg"), "envprint: only --order is drawn as svg"),
        (("--format", "html"), "envprint: Invalid value for '--format'"),
    ],
)
def test_trouble_is_one_line_and_a_hint_with_status_2(
    arguments: tuple[str, ...], said: str, tmp_path: Path, envprint: Run
) -> None:
    (tmp_path / "bare.json").write_text('{"schema": "envprint/manifest/1", "id": "", "gaps": {}}')
    done = envprint("probe", *arguments)

    assert (2, "") == (done.returncode, done.stdout)
    assert done.stderr.startswith(said)
    assert 2 >= len(done.stderr.splitlines())


@pytest.mark.slow
def test_full_probes_compile_and_reveal_orders(tmp_path: Path, envprint: Run) -> None:
    assert 0 == envprint("capture", "--probe", "full", "-o", "full.json").returncode
    document = json.loads((tmp_path / "full.json").read_text())

    assert {"compiled-chain-f32", "optim-adam-f32"} <= set(document["probes"]["kernels"]["cpu"])
    assert {"sum-f32", "matmul-f32", "conv2d-f32"} <= set(document["probes"]["orders"]["cpu"])
    assert {} == {path: gap for path, gap in document["gaps"].items() if gap["kind"] == "failed"}

    assert 0 == envprint("diff", "full.json").returncode  # this machine now, with the same probes
