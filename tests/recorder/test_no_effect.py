"""With and without the recorder a run computes the same bits, draws the same numbers and compiles the same graphs."""

import os
import pickle
import random
import re
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
numpy = pytest.importorskip("numpy")

from _recorded_commands import both as commands_both  # noqa: E402
from _recorded_commands import said  # noqa: E402
from _recorded_shapes import SHAPES, attention, loop, model  # noqa: E402
from _recorded_twice import both, outcome, run_of  # noqa: E402

import envprint  # noqa: E402
from envprint.recorder.fed import Fed  # noqa: E402
from envprint.recorder.recording import Recording  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.slow]
STAMP = re.compile(rb"W\d{4} [\d:.]+ +\d+ |[\d.]+(?=it/s|s/it)|\d\d:\d\d")  # when torch's log says it was, and how fast


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
@pytest.mark.parametrize("training", SHAPES, ids=lambda each: each.__name__)
def test_a_run_computes_and_draws_the_same(training: Any, tmp_path: Path) -> None:
    plain, recorded = both(training, tmp_path / "run.json")

    assert plain == recorded
    run = run_of(tmp_path / "run.json")
    assert {} == run["unread"]
    assert run["steps"]


def test_the_fast_path_of_attention_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[int] = []
    fast = torch._transformer_encoder_layer_fwd

    def counted(*given: Any) -> Any:
        taken.append(1)
        return fast(*given)

    monkeypatch.setattr(torch, "_transformer_encoder_layer_fwd", counted)

    both(attention, tmp_path / "run.json")

    assert 4 == len(taken)


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["eager", "aot_eager", pytest.param("inductor", marks=pytest.mark.cc)])
def test_what_is_compiled_is_the_same_graphs(backend: str, tmp_path: Path) -> None:
    words = (sys.executable, str(Path(__file__).with_name("_recorded_compiled.py")), backend)

    plain, recorded = commands_both(words, tmp_path)

    assert plain.stdout.decode() == recorded.stdout.decode()
    assert 5 == len(plain.stdout.splitlines())
    assert (0, 0) == (plain.returncode, recorded.returncode)
    assert STAMP.sub(b"", plain.stderr) == STAMP.sub(b"", said(recorded)[0])
    run = run_of(tmp_path / "run.json")
    assert ({}, 10) == (run["unread"], run["steps"])
    assert not [each for each in run["events"] if each["name"] == "restore-rng"]
    assert all(step["batch"] for step in run["ledger"][:7])


@pytest.mark.slow
@pytest.mark.parametrize("trainer", ["lightning", "transformers"])
def test_what_a_trainer_computes_is_the_same(trainer: str, tmp_path: Path) -> None:
    words = (sys.executable, str(Path(__file__).with_name("_recorded_trainers.py")), trainer)

    plain, recorded = commands_both(words, tmp_path)

    assert plain.stdout.decode() == recorded.stdout.decode()
    assert (0, 0) == (plain.returncode, recorded.returncode)
    assert STAMP.sub(b"", plain.stderr) == STAMP.sub(b"", said(recorded)[0])
    run = run_of(tmp_path / "run.json")
    assert ({}, 6) == (run["unread"], run["steps"])
    assert all(step["loss"] and step["batch"] and step["gradients"] for step in run["ledger"])


def test_leaving_the_block_puts_every_function_back(tmp_path: Path) -> None:
    from torch.optim import optimizer

    places = [
        (torch, ("load", "manual_seed", "compile", "set_num_threads")), (torch.nn.Module, ("__call__", "zero_grad")),
        (torch.nn.functional, ("cross_entropy", "mse_loss")), (torch.autograd, ("backward",)),
        (torch.nn.utils, ("clip_grad_norm_",)), (torch.autocast, ("__enter__",)), (__import__("os"), ("listdir",)),
        (torch.optim.Optimizer, ("__init__", "zero_grad")), (torch.utils.data.DataLoader, ("__iter__",)),
    ]  # fmt: skip
    before = [(holder, name, getattr(holder, name)) for holder, names in places for name in names]
    hooks = len(optimizer._global_optimizer_pre_hooks), len(optimizer._global_optimizer_post_hooks)

    with envprint.record(tmp_path / "run.json"):
        assert not any(getattr(holder, name) is original for holder, name, original in before)

    assert all(getattr(holder, name) is original for holder, name, original in before)
    assert hooks == (len(optimizer._global_optimizer_pre_hooks), len(optimizer._global_optimizer_post_hooks))


@pytest.mark.parametrize(
    ("holder", "method"),
    [
        *((Recording, name) for name in ("event", "called", "backward", "stepping", "stepped", "mark", "turned")),
        *((Fed, name) for name in ("loading", "loaded", "given", "aimed_at", "epoch_ended")),
    ],
)
def test_a_broken_recorder_never_reaches_the_run(
    holder: Any, method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("broken")

    plain = outcome(loop)
    monkeypatch.setattr(holder, method, fail)
    with envprint.record(tmp_path / "run.json"):
        recorded = outcome(loop)

    assert plain == recorded


def test_functions_are_pickled_as_those_that_they_stand_for(tmp_path: Path) -> None:
    def pickled() -> list[Any]:
        given = [torch.manual_seed, torch.random.manual_seed, torch.load, torch.set_num_threads, torch.set_rng_state]
        given += [torch.nn.utils.clip_grad_norm_, torch.nn.functional.cross_entropy, torch.compile]
        return [*given, numpy.random.seed, numpy.random.default_rng, random.seed, random.setstate, os.listdir]

    with envprint.record(tmp_path / "run.json"):
        stored = [pickle.dumps(each) for each in pickled()]
        assert pickled() == list(map(pickle.loads, stored))

    assert pickled() == list(map(pickle.loads, stored))


def test_a_run_that_cannot_be_written_goes_on(tmp_path: Path) -> None:
    plain, recorded = both(loop, tmp_path / "no" / "such" / "folder.json")

    assert plain == recorded


def test_a_warning_names_the_same_line_as_without(tmp_path: Path) -> None:
    def warned() -> tuple[str, int]:
        with pytest.warns(UserWarning, match="target size") as caught:
            torch.nn.functional.mse_loss(torch.zeros(2), torch.zeros(2, 1))
        return caught[0].filename, caught[0].lineno

    plain = warned()
    with envprint.record(tmp_path / "run.json"):
        recorded = warned()

    assert plain == recorded
    assert "test_no_effect.py" in recorded[0]


def test_a_trace_holds_and_says_nothing_of_the_recorder(tmp_path: Path) -> None:
    class Net(torch.nn.Linear):  # type: ignore[name-defined, misc]
        def forward(self, given: Any) -> Any:
            return torch.nn.functional.cross_entropy(super().forward(given), torch.tensor([0, 1]))

    net = Net(3, 2)

    def traced() -> tuple[list[str], list[str]]:
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            graph = torch.jit.trace(net, torch.ones(2, 3)).inlined_graph
        return [node.kind() for node in graph.nodes()], [str(each.message) for each in said]

    plain = traced()
    with envprint.record(tmp_path / "run.json"):
        recorded = traced()

    assert plain == recorded


def test_what_raises_within_passes_through(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="shapes"), envprint.record(tmp_path / "run.json"):
        model()(torch.zeros(2, 5))

    assert (tmp_path / "run.json").exists()
