"""Within a window, too, a run computes the same bits, draws the same numbers and compiles the same graphs."""

import copy
import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from _listened import calls_of, listened  # noqa: E402
from _recorded_shapes import SHAPES  # noqa: E402
from _recorded_twice import outcome, run_of  # noqa: E402
from _recorded_windows import WINDOWED, cnn, encoder, train  # noqa: E402
from torch.nn.modules import module as of_modules  # noqa: E402
from torch.optim.optimizer import register_optimizer_step_pre_hook  # noqa: E402

import envprint  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("one_thread", "nothing_compiled")]
HOOKS = (
    "_global_forward_pre_hooks", "_global_forward_hooks", "_global_forward_hooks_always_called",
    "_global_forward_hooks_with_kwargs", "_global_backward_hooks", "_global_backward_pre_hooks",
)  # fmt: skip


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
@pytest.mark.parametrize("training", [*WINDOWED, *SHAPES], ids=lambda each: each.__name__)
@pytest.mark.parametrize(
    "steps", [pytest.param((1, 1000), id="all"), pytest.param((2, 2), id="one", marks=pytest.mark.slow)]
)
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


def test_what_a_module_returned_can_be_saved_within_a_window(recwarn: pytest.WarningsRecorder) -> None:
    saved = io.BytesIO()

    def training() -> None:
        def save(net: Any, step: int) -> None:
            if step == 2:
                torch.save([net(torch.ones(2, 8)), copy.copy(net)], saved)

        train(torch.nn.Sequential(torch.nn.Linear(8, 3)), lambda: torch.randn(2, 8), before=save)

    listened(training, (1, 5))

    assert [] == list(recwarn)
    assert torch.load(io.BytesIO(saved.getvalue()), weights_only=False)[0].requires_grad


def test_a_listener_that_fails_never_reaches_the_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("broken")

    plain = outcome(cnn)
    monkeypatch.setattr("envprint.recorder.passing.look_at", fail)
    with envprint.record(tmp_path / "run.json", steps=(1, 3), modules=True):
        recorded = outcome(cnn)

    assert plain == recorded
    assert {"modules": "RuntimeError: broken"} == run_of(tmp_path / "run.json")["unread"]


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
