"""Which steps can be chosen, and how much of them is kept."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from envprint.cli import main
from envprint.errors import EnvprintError
from envprint.recorder.chosen import MOST_STEPS, choose, chosen_outside, read_steps, variables_of

WIDE = "\uff11:\uff12"  # digits of another script
BAD = ("960:900", "0:5", "abc", "5", "1:2:3", "-1:4", "1:", f"1:{MOST_STEPS + 1}", "1:99999999999999999999", WIDE, "")


@pytest.mark.parametrize("text", BAD)
def test_steps_that_no_run_could_have_are_one_line_and_status_2(text: str, tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    done = CliRunner().invoke(main, ["capture", "-o", str(path), f"--steps={text}", "--", sys.executable, "-c", "1"])

    assert 2 == done.exit_code
    assert ["envprint: "] == [line[:10] for line in done.stderr.splitlines()]
    assert "900:960" in done.stderr
    assert not path.exists()


@pytest.mark.parametrize(
    "words",
    [
        ["--modules", "--", sys.executable, "-c", "1"],
        ["--steps", "1:2"],
        ["--modules"],
        ["--steps", "1:2", "--modules"],
    ],
    ids=" ".join,
)
def test_modules_are_of_steps_and_steps_are_of_a_command(words: list[str], tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["capture", "-o", str(tmp_path / "run.json"), *words])

    assert 2 == done.exit_code
    assert 1 == len(done.stderr.splitlines())


@pytest.mark.parametrize("steps", [(3, 2), (0, 1), (1, MOST_STEPS + 1), (1.0, 2), (True, 2), (1,), (1, 2, 3)])
def test_in_code_they_raise(steps: Any) -> None:
    with pytest.raises(EnvprintError, match="expected the first and the last step"):
        choose(steps)


@pytest.mark.parametrize("modules", [True, False])
def test_what_is_chosen_reaches_the_command(modules: bool) -> None:  # noqa: FBT001 - both
    assert choose((900, 960), modules=modules) == chosen_outside(variables_of(read_steps("900:960"), modules=modules))
    assert chosen_outside({}) is None


def test_both_ends_are_chosen() -> None:
    chosen = choose((2, 3))

    assert chosen is not None
    assert [False, True, True, False] == [step in chosen for step in range(1, 5)]


@given(st.integers(1, 10**9), st.integers(0, MOST_STEPS - 1))
def test_five_hundred_of_many_steps_are_kept_the_last_among_them(first: int, more: int) -> None:
    chosen = choose((first, first + more))

    assert chosen is not None
    assert min(more + 1, 251) <= len(chosen) <= 500
    assert first + more in chosen
    assert first - 1 not in chosen
    assert first + more + 1 not in chosen
    assert more >= 500 or len(chosen) == more + 1


@pytest.mark.torch
def test_the_chain_is_that_of_a_run_without_a_window() -> None:
    torch = pytest.importorskip("torch")
    from _listened import ledger_of
    from _recorded_windows import train

    def training() -> None:
        train(torch.nn.Linear(4, 3), lambda: torch.randn(4, 4), steps=145)

    ledgers = [ledger_of(training, chosen) for chosen in (None, choose((129, 139)))]
    usual, dense = ({each["step"]: each for each in ledger} for ledger in ledgers)

    assert set(usual) | set(range(129, 140)) == set(dense) != set(usual)
    assert all(dense[step]["chain"] == usual[step]["chain"] for step in usual)
    read = {"parameters", "state", "gradients", "gradient_norm"}
    assert all(read <= set(dense[step]) for step in (*range(1, 65), *range(129, 140), 144))
    assert not read & set(usual[130])


DEEP = """
import torch
torch.manual_seed(0)
net = torch.nn.Sequential(*(torch.nn.Linear(4, 4) for _ in range(400)))
optimizer = torch.optim.SGD(net.parameters(), lr=0.001)
for _ in range(1100):
    optimizer.zero_grad()
    net(torch.randn(2, 4)).sum().backward()
    optimizer.step()
"""


@pytest.mark.slow
@pytest.mark.torch
@pytest.mark.parametrize("steps", ["2:61", "2:501"])
def test_a_manifest_stays_below_2_mb_and_says_what_it_left_out(steps: str, tmp_path: Path) -> None:
    import orjson

    words = ["-m", "envprint", "capture", "-o", "run.json", "--steps", steps, "--modules", "--", sys.executable]
    done = subprocess.run(
        [sys.executable, *words, "-c", DEEP], check=True, capture_output=True, cwd=tmp_path, timeout=600,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip

    assert b"recorded to run.json" in done.stderr
    assert (tmp_path / "run.json").stat().st_size < 2_000_000
    run = orjson.loads((tmp_path / "run.json").read_bytes())["run"]
    assert {} == run["unread"]
    assert any(note.startswith("no more modules are told of from step") for note in run["notes"])
    first, last = map(int, steps.split(":"))
    assert set(range(first, last + 1)) <= {each["step"] for each in run["ledger"]}
    assert all("parameters" in each for each in run["ledger"] if first <= each["step"] <= last)
