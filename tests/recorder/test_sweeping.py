"""A sweep reruns a command with the seeds set from outside, and says how far its results scatter."""

import statistics
import subprocess
import sys
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from envprint.cli import main
from envprint.errors import ManifestError
from envprint.manifest.sweep import Sweep, load_sweep

SCRIPT = """
import random
import sys

import numpy as np
import torch

torch.manual_seed(1234)  # what a sweep sets takes its place
model = torch.nn.Linear(4, 1)
print("score", model.weight.sum().item())
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
loss = (model(torch.ones(2, 4)) - random.random() - np.random.rand()).square().mean()
loss.backward()
optimizer.step()
"""


def sweep(*words: str) -> Result:
    return CliRunner().invoke(main, ["sweep", *words])


@pytest.fixture(name="script")
def _script(tmp_path: Path) -> str:
    path = tmp_path / "train.py"
    path.write_text(SCRIPT, encoding="utf-8")
    return str(path)


@pytest.mark.torch
@pytest.mark.slow
def test_each_seed_gives_its_own_result_and_the_same_each_time(script: str) -> None:
    words = ("--format", "json", "--seeds", "0,3", "--", sys.executable, script)
    first, second = (orjson.loads(sweep(*words).output) for _ in range(2))

    assert first == second
    assert "last loss" == first["metric"]
    assert 2 == len(set(first["results"].values()))


@pytest.mark.torch
@pytest.mark.slow
def test_what_the_command_prints_is_what_a_pattern_finds_last(script: str, tmp_path: Path) -> None:
    words = ("--seeds", "0,1", "--metric", r"score ([-0-9.e]+)", "-o", str(tmp_path / "s.json"))
    done = sweep(*words, "--", sys.executable, script)
    alone = script.replace("train.py", "seeded.py")
    Path(alone).write_text(SCRIPT.replace("1234", "1"), encoding="utf-8")
    printed = subprocess.run([sys.executable, alone], capture_output=True, text=True, check=True).stdout

    assert 0 == done.exit_code, done.output
    assert float(printed.split()[1]) == load_sweep(tmp_path / "s.json").results["1"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--seeds", "1", "--", "true"), "a spread takes at least 2 unlike seeds"),
        (("--seeds", "1,x", "--", "true"), "--seeds is '1,x'; expected whole numbers below 2**32, as 0,1,2"),
        (("--seeds", "1,2", "--metric", "(", "--", "true"), "'(' is no pattern"),
        (("--seeds", "1,2", "--metric", "a", "--", "true"), "'a' has 0 groups; expected one, around the number"),
        (("--seeds", "1,2", "--", "false"), "the command ended with status 1 under seed 1"),
        (("--seeds", "1,2", "--", "no-such-command"), "no-such-command cannot be run"),
        (("--seeds", "1,2", "--", "true"), "the command has no result under seed 1: no loss was seen"),
    ],
)
def test_what_cannot_be_swept_is_said_in_a_line(words: tuple[str, ...], said: str) -> None:
    done = sweep(*words)

    assert 2 == done.exit_code
    assert done.output.startswith(f"envprint: {said}"), done.output


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=20))
def test_a_sweep_says_what_statistics_say(results: list[float]) -> None:
    found = Sweep(command=("x",), metric="m", results={str(place): each for place, each in enumerate(results)})

    assert statistics.fmean(results) == found.mean
    assert found.interval[0] <= found.mean <= found.interval[1]
    assert found.usual_gap >= 0


def test_a_sweep_is_read_as_it_was_written(tmp_path: Path) -> None:
    found = Sweep(command=("python", "x.py"), metric="last loss", results={"0": 1.5, "1": 2.5})
    (tmp_path / "s.json").write_bytes(found.as_json())

    assert found == load_sweep(tmp_path / "s.json")


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b'{"schema": "envprint/sweep/1"}', b"\xff"])
def test_a_file_that_is_no_sweep_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "s.json").write_bytes(content)

    with pytest.raises(ManifestError, match="is no sweep"):
        load_sweep(tmp_path / "s.json")


def test_a_sweep_of_something_else_than_losses_says_nothing_of_losses(tmp_path: Path, samples: Path) -> None:
    found = Sweep(command=("python", "x.py"), metric="accuracy ([0-9.]+)", results={"0": 0.5, "1": 0.75})
    (tmp_path / "s.json").write_bytes(found.as_json())
    sides = [str(samples / "manifests/haswell.json")] * 2
    done = CliRunner().invoke(main, ["diff", "--noise", str(tmp_path / "s.json"), *sides])

    assert 2 == done.exit_code
    assert "is a sweep of 'accuracy ([0-9.]+)'; --noise compares losses" in done.output
