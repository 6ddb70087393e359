"""envprint diff with saved models: exit statuses, errors in one line, and reports that keep to their schema."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from envprint.manifest import load

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

Run = Callable[..., subprocess.CompletedProcess[str]]
ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """Write three files of weights: two with the same, one with another in the last layer."""
    state = {"inner.weight": torch.ones(4, 4), "out.weight": torch.arange(8.0).view(2, 4)}
    torch.save(state, tmp_path / "a.pt")
    torch.save(dict(reversed(state.items())), tmp_path / "same.pt")
    torch.save({**state, "out.weight": state["out.weight"] + 1}, tmp_path / "other.pt")
    torch.save({f"module.{name}": each for name, each in state.items()}, tmp_path / "wrapped.pt")
    return tmp_path


@pytest.mark.parametrize(
    ("b", "status", "verdict"),
    [("same.pt", 0, "identical"), ("wrapped.pt", 0, "equivalent"), ("other.pt", 1, "divergent")],
)
def test_the_status_says_whether_two_models_are_the_same(
    b: str, status: int, verdict: str, weights: Path, envprint: Run
) -> None:
    done = envprint("diff", "a.pt", b)

    assert (status, "") == (done.returncode, done.stderr)
    assert done.stdout.startswith(f" {verdict}  ")


@pytest.mark.parametrize("b", ["same.pt", "other.pt"])
def test_a_report_in_json_keeps_to_its_schema(b: str, weights: Path, envprint: Run) -> None:
    done = envprint("diff", "a.pt", b, "--format", "json")
    report: dict[str, Any] = json.loads(done.stdout)
    jsonschema.validate(report, json.loads((ROOT / "schemas/report-1.json").read_text()))

    assert 2 == report["models"]["compared"]
    assert (b == "same.pt") is (not report["findings"])


@pytest.mark.parametrize("format_", ["text", "markdown", "html"])
def test_every_format_tells_the_first_finding(format_: str, weights: Path, envprint: Run) -> None:
    done = envprint("diff", "a.pt", "other.pt", "--format", format_)

    assert (1, "") == (done.returncode, done.stderr)
    assert "trained-weights-differ" in done.stdout
    assert "out.weight" in done.stdout


def test_one_model_with_a_manifest_and_one_without_are_compared_as_models(
    weights: Path, samples: Path, envprint: Run
) -> None:
    haswell = str(samples / "manifests/haswell.json")
    assert 0 == envprint("embed", "same.pt", "--manifest", haswell).returncode
    done = envprint("diff", "a.pt", "same.pt")
    report = json.loads(envprint("diff", "a.pt", "same.pt", "--format", "json").stdout)

    assert (0, "") == (done.returncode, done.stderr)
    assert "a.pt carries no manifest" in done.stdout
    assert ("", load(haswell).id) == (report["sides"]["a"]["id"], report["sides"]["b"]["id"])


def test_models_that_carry_environments_are_compared_with_them(weights: Path, samples: Path, envprint: Run) -> None:
    for name, manifest in (("a.pt", "haswell"), ("same.pt", "nehalem")):
        assert 0 == envprint("embed", name, "--manifest", str(samples / f"manifests/{manifest}.json")).returncode
    done = envprint("diff", "a.pt", "same.pt")

    assert (1, "") == (done.returncode, done.stderr)
    assert "The models have the same bits in 2 tensors" in " ".join(done.stdout.split())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("a.pt", "nowhere.pt"), "nowhere.pt"),
        (("a.pt", "empty"), "empty is a folder without a saved model"),
        (("a.pt", "text.bin"), "text.bin"),
        (("a.pt", "counters.pt"), "counters.pt holds no tensors by name"),
        (("a.pt", "manifest.json"), "a.pt carries no manifest"),
        (("manifest.json", "a.pt"), "a.pt carries no manifest"),
    ],
)
def test_what_cannot_be_compared_is_trouble_in_a_line_with_a_hint(
    arguments: tuple[str, str], said: str, weights: Path, samples: Path, envprint: Run
) -> None:
    (weights / "empty").mkdir()
    (weights / "text.bin").write_bytes(b"no weights")
    (weights / "manifest.json").write_bytes((samples / "manifests/haswell.json").read_bytes())
    torch.save({"epoch": 3}, weights / "counters.pt")
    done = envprint("diff", *arguments)
    lines = done.stderr.splitlines()

    assert (2, "") == (done.returncode, done.stdout)
    assert lines[0].startswith("envprint: ")
    assert said in lines[0]
    assert len(lines) <= 2
    assert all(line.startswith("hint: ") for line in lines[1:])


@pytest.mark.parametrize(("b", "status"), [("a.safetensors", 0), ("other.pt", 1)])
def test_models_are_compared_where_there_is_no_torch(b: str, status: int, weights: Path, envprint: Run) -> None:
    safetensors = pytest.importorskip("safetensors.torch")
    safetensors.save_file(torch.load(weights / "a.pt"), weights / "a.safetensors")
    (weights / "none").mkdir()
    (weights / "none" / "torch.py").write_text("raise ImportError('there is none')", encoding="utf-8")
    done = envprint("diff", "a.safetensors", b, PYTHONPATH=str(weights / "none"))

    assert (status, "") == (done.returncode, done.stderr)
