"""Within a window, too, a run computes the same bits, draws the same numbers and compiles the same graphs."""

import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from _recorded_commands import run, said  # noqa: E402
from _recorded_shapes import SHAPES  # noqa: E402
from _recorded_twice import outcome, run_of  # noqa: E402
from _recorded_windows import WINDOWED, calls_of, cnn, encoder, listened, train  # noqa: E402
from test_no_effect import STAMP  # noqa: E402
from torch.nn.modules import module as of_modules  # noqa: E402
from torch.optim.optimizer import register_optimizer_step_pre_hook  # noqa: E402

import envprint  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("one_thread")]
HOOKS = (
    "_global_forward_pre_hooks", "_global_forward_hooks", "_global_forward_hooks_always_called",
    "_global_forward_hooks_with_kwargs", "_global_backward_hooks", "_global_backward_pre_hooks",
)  # fmt: skip


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
@pytest.mark.parametrize("training", [*WINDOWED, *SHAPES], ids=lambda each: each.__name__)
@pytest.mark.parametrize("steps", [(1, 1000), (2, 2)], ids=["all", "one"])
def test_a_run_whose_modules_are_listened_to_computes_and_draws_the_same(training: Any, steps: Any) -> None:
    recorded: list[Any] = []
    plain = outcome(training)

    listened(lambda: recorded.extend(outcome(training)), steps)

    assert plain == recorded


def test_the_fast_path_of_attention_is_taken_within_a_window(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[int] = []
    fast = torch._transformer_encoder_layer_fwd

    def counted(*given: Any) -> Any:
        taken.append(1)
        return fast(*given)

    monkeypatch.setattr(torch, "_transformer_encoder_layer_fwd", counted)

    encoder()
    before = len(taken)
    listened(encoder, (1, 5))

    assert before
    assert 2 * before == len(taken)


def test_outside_a_window_no_module_has_a_hook() -> None:
    seen: list[int] = []

    def watched() -> Any:
        handle = register_optimizer_step_pre_hook(lambda *_: seen.append(count()))
        try:
            return cnn()
        finally:
            handle.remove()

    def count() -> int:
        return sum(len(getattr(of_modules, name)) for name in HOOKS)

    before = count()
    listened(watched, (3, 4))

    assert [False, False, True, True, False] == [each > before for each in seen]
    assert before == count()


def test_a_listener_that_fails_never_reaches_the_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("broken")

    plain = outcome(cnn)
    monkeypatch.setattr("envprint.recorder.passing.look_at", fail)
    with envprint.record(tmp_path / "run.json", steps=(1, 3), modules=True):
        recorded = outcome(cnn)

    assert plain == recorded
    assert {"modules": "RuntimeError: broken"} == run_of(tmp_path / "run.json")["unread"]


def test_what_is_compiled_before_a_recording_begins_is_not_listened_to() -> None:
    net = torch.nn.Sequential(torch.nn.Linear(8, 3), torch.nn.ReLU())
    compiled = torch.compile(net, backend="eager")

    def training() -> None:
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
        for _ in range(3):
            compiled(torch.randn(4, 8)).sum().backward()
            optimizer.step()

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        told = listened(training, (1, 3))

    assert [""] == calls_of(told, 2)
    assert [""] == calls_of(told, 2, "backward")
    assert any(note.startswith("torch.compile is used: within") for note in told["notes"])
    torch._dynamo.reset()


def test_from_the_moment_on_at_which_something_is_compiled_no_module_has_a_hook() -> None:
    net = torch.nn.Sequential(torch.nn.Linear(8, 3), torch.nn.ReLU())
    graphs: list[int] = []

    def backend(graph: Any, _: Any) -> Any:
        graphs.append(1)
        return graph.forward

    def training() -> None:
        optimizer, model = torch.optim.SGD(net.parameters(), lr=0.1), net
        for step in range(6):
            if step == 2:
                model = torch.compile(net, backend=backend)
            model(torch.randn(4, 8)).sum().backward()
            optimizer.step()

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        told = listened(training, (2, 4))

    assert [["0", "1", ""], [""], [""]] == [calls_of(told, step) for step in (2, 3, 4)]
    assert [1] == graphs
    torch._dynamo.reset()


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_what_is_traced_or_transformed_is_not_read() -> None:
    net = torch.nn.Sequential(torch.nn.Linear(8, 3), torch.nn.Tanh())
    weights = dict(net.named_parameters())

    def unusual() -> list[Any]:
        traced = torch.jit.trace(net, torch.ones(2, 8))
        exported = torch.export.export(net, (torch.ones(2, 8),)).module()
        mapped = torch.func.vmap(lambda given: torch.func.functional_call(net, weights, (given,)))(torch.ones(2, 3, 8))
        made = torch.func.grad(lambda given: net(given).sum())(torch.ones(2, 8))
        sizes = torch.tensor([len(list(traced.inlined_graph.nodes())), len(exported.graph.nodes)])
        return [*(each(torch.ones(2, 8)) for each in (traced, exported)), mapped, made, sizes]

    def training() -> list[Any]:
        optimizer, found = torch.optim.SGD(net.parameters(), lr=0.0), []
        for _ in range(3):
            net(torch.ones(2, 8)).sum().backward()
            found += unusual()
            optimizer.step()
        return found

    recorded: list[Any] = []
    plain = outcome(training)
    told = listened(lambda: recorded.extend(outcome(training)), (1, 3))

    assert plain == recorded
    assert calls_of(told, 2)


def test_what_other_threads_train_is_not_told_of() -> None:
    other = torch.nn.Sequential(torch.nn.Linear(8, 3))

    def training() -> None:
        def beside(_: Any, step: int) -> None:
            with ThreadPoolExecutor(1) as pool:
                pool.submit(lambda: step > 1 and other(torch.ones(2, 8)).sum().backward()).result()

        train(torch.nn.Sequential(torch.nn.Linear(8, 3)), lambda: torch.randn(2, 8), before=beside)

    told = listened(training, (2, 4))

    assert [["0", ""]] * 3 == [calls_of(told, step) for step in (2, 3, 4)]
    assert any("other threads" in note for note in told["notes"])


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["eager", "aot_eager", pytest.param("inductor", marks=pytest.mark.cc)])
def test_what_is_compiled_is_the_same_graphs_within_a_window(backend: str, tmp_path: Path) -> None:
    words = (sys.executable, str(Path(__file__).with_name("_recorded_compiled.py")), backend)

    plain, recorded = twice(words, tmp_path)

    assert plain.stdout.decode() == recorded.stdout.decode()
    assert (0, 0) == (plain.returncode, recorded.returncode)
    assert STAMP.sub(b"", plain.stderr) == STAMP.sub(b"", said(recorded)[0])
    told = run_of(tmp_path / "run.json")
    assert ({}, 10) == (told["unread"], told["steps"])
    assert [""] == calls_of(told, 2)


@pytest.mark.slow
@pytest.mark.parametrize("trainer", ["lightning", "transformers"])
def test_what_a_trainer_computes_is_the_same_within_a_window(trainer: str, tmp_path: Path) -> None:
    words = (sys.executable, str(Path(__file__).with_name("_recorded_trainers.py")), trainer)

    plain, recorded = twice(words, tmp_path)

    assert plain.stdout.decode() == recorded.stdout.decode()
    assert (0, 0) == (plain.returncode, recorded.returncode)
    assert STAMP.sub(b"", plain.stderr) == STAMP.sub(b"", said(recorded)[0])
    told = run_of(tmp_path / "run.json")
    assert ({}, 6) == (told["unread"], told["steps"])
    expected = {"lightning": "inner.0", "transformers": "transformer.h.0.attn.c_attn"}[trainer]
    assert all(expected in calls_of(told, step) for step in range(2, 7))
    assert all(expected in calls_of(told, step, "backward") for step in range(2, 7))


def twice(words: tuple[str, ...], folder: Path) -> tuple[Any, Any]:
    """Run a command without the recorder, and with one that listens to modules from the first step on."""
    recording = (sys.executable, "-m", "envprint", "capture", "-o", "run.json", "--steps", "1:20", "--modules", "--")
    return run(words, folder), run((*recording, *words), folder)
