"""What a window tells of modules: which, in which order, and how often."""

from typing import Any

import pytest

torch = pytest.importorskip("torch")

from _listened import calls_of, listened  # noqa: E402
from _recorded_shapes import by_hand  # noqa: E402
from _recorded_windows import (  # noqa: E402
    Checkpointed,
    Reader,
    accumulated,
    by_closure,
    checkpointed,
    checkpointed_selectively,
    checkpointed_within,
    cnn,
    encoder,
    recurrent,
    train,
)
from torch import nn  # noqa: E402
from torch.nn.modules import module as of_modules  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("one_thread", "nothing_compiled")]


def test_modules_are_told_of_within_the_window_only() -> None:
    run = listened(cnn)

    assert 5 == run["steps"]
    assert [False, True, True, False, False] == ["modules" in each for each in run["ledger"]]


def test_modules_stand_in_the_order_in_which_they_end_and_gradients_as_they_come() -> None:
    run = listened(cnn)

    block = ["3.conv1", "3.act", "3.drop", "3.conv2", "3"]
    assert ["0", "1", "2", *block] == calls_of(run, 2)[:8]
    assert ["7", ""] == calls_of(run, 2)[-2:]
    back = calls_of(run, 2, "backward")
    assert ["7", "", "6", "5", "4", "4.conv2"] == back[:6]
    assert sorted(back) == sorted(calls_of(run, 2))
    assert {"0", "1", "3.conv1", "3.conv2", "4.conv1", "4.conv2", "7"} == set(calls_of(run, 2, "gradients"))


def test_what_one_module_returns_is_what_the_next_is_given() -> None:
    told = listened(cnn)["ledger"][1]["modules"]["forward"]

    returned, given = told["digest"].split(), told["inputs"].split()
    assert returned[0] == given[1]
    assert returned[1] == given[2] != returned[2]


def test_an_evaluation_within_a_step_is_not_told_of() -> None:
    run = listened(encoder)

    calls = calls_of(run, 2)
    assert calls.count("inner.layers.0.linear1") == calls.count("") == 1
    assert not [name for name in calls if "#" in name]


@pytest.mark.parametrize(
    "training", [checkpointed, checkpointed_within, checkpointed_selectively], ids=lambda each: each.__name__
)
def test_what_a_checkpoint_computes_again_is_told_of_once(training: Any) -> None:
    run = listened(training)

    inner = ["middle.0", "middle.1", "middle.2", "middle.3", "middle"]
    assert ["first", *inner, "last", ""] == calls_of(run, 2)
    assert {"last", "middle.3", "middle.0", "first"} <= set(calls_of(run, 2, "backward"))
    assert not [name for name in calls_of(run, 2, "backward") if name.startswith("middle.") and "#" in name]


def test_the_passes_of_one_step_are_counted() -> None:
    run = listened(accumulated)

    assert ["0", "1", "2", "", "0#2", "1#2", "2#2", "#2"] == calls_of(run, 2)
    assert ["2", "", "1", "0", "2#2", "#2", "1#2", "0#2"] == calls_of(run, 2, "backward")
    types = {kind for name, kind in zip(run["modules"], run["types"], strict=True) if name == "0"}
    assert {"bfloat16", "float32"} == types


def test_the_passes_of_a_closure_belong_to_its_step() -> None:
    run = listened(by_closure)

    assert {"0", "0#2"} <= set(calls_of(run, 2))
    assert 4 == len(run["ledger"])


def test_each_of_several_outputs_has_a_gradient_of_its_own() -> None:
    def stateful() -> None:
        class Both(Reader):
            def forward(self, inputs: Any) -> Any:
                read, (last, _) = self.inner(inputs)
                return self.head(read[:, -1] + last[-1])

        train(Both(nn.LSTM(8, 8, batch_first=True)), lambda: torch.randn(4, 5, 8))

    assert {"inner", "inner[1]"} <= set(calls_of(listened(stateful), 2, "backward"))
    assert {"inner", "head"} <= set(calls_of(listened(recurrent), 2, "backward"))


def test_metrics_and_losses_are_not_told_of_and_a_second_model_is_by_its_class() -> None:
    def beside() -> None:
        critic, metric = nn.Bilinear(3, 3, 1), nn.Softmax(dim=-1)

        class Judged(nn.Linear):  # type: ignore[misc]  # torch is Any here
            pass

        net = Judged(8, 3)

        def before(_: Any, step: int) -> None:
            metric(torch.randn(2, 3))
            if step > 1:
                critic(torch.randn(2, 3), torch.randn(2, 3))

        train(net, lambda: torch.randn(4, 8), before=before)

    assert ["Bilinear", ""] == calls_of(listened(beside), 2)


def test_without_an_optimizer_gradients_belong_to_the_step_of_their_pass() -> None:
    run = listened(by_hand)

    for step in (2, 3):
        assert ["0", "1", "2", "3", "4", ""] == calls_of(run, step)
        assert ["4", "", "3", "2", "1", "0"] == calls_of(run, step, "backward")
        assert ["0", "1", "4"] == calls_of(run, step, "gradients")


def test_a_window_from_the_first_step_on_knows_the_model_when_that_ends() -> None:
    run = listened(cnn, (1, 1))

    assert [True, False] == ["modules" in each for each in run["ledger"]][:2]
    assert "3.conv1" in calls_of(run, 1)


def test_what_spreads_a_model_has_no_part_in_names() -> None:
    def spread() -> None:
        train(nn.DataParallel(Checkpointed(reentrant=False)), lambda: torch.randn(6, 8))

    assert "middle.3" in calls_of(listened(spread), 2)


def test_of_many_steps_those_that_are_kept_tell_of_modules() -> None:
    def training() -> None:
        train(nn.Linear(4, 3), lambda: torch.randn(2, 4), steps=1100)

    run = listened(training, (1, 2000))

    told = [each["step"] for each in run["ledger"] if "modules" in each]
    assert list(range(4, 1101, 4)) == told


def test_a_pass_that_raises_leaves_the_next_ones_alone() -> None:
    def training() -> None:
        def fail(net: Any, _: int) -> None:
            for grad in (True, False):
                with pytest.raises(RuntimeError), torch.set_grad_enabled(grad):
                    net(torch.randn(2, 5))

        train(nn.Sequential(nn.Linear(4, 3), nn.Tanh()), lambda: torch.randn(2, 4), before=fail)

    assert ["0", "1", ""] == calls_of(listened(training), 2)


def test_where_there_is_no_more_room_no_more_is_told_and_no_hook_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("envprint.recorder.passing.MOST_CHARACTERS", 4 * 1100 + 250)

    def hooks() -> int:
        return len(of_modules._global_forward_hooks)

    before = hooks()
    seen: list[int] = []

    def training() -> None:
        train(nn.Linear(4, 3), lambda: torch.randn(2, 4), 6, lambda *_: seen.append(hooks()))

    run = listened(training, (2, 5))

    told = ["modules" in each for each in run["ledger"]]
    assert told[1]
    assert not told[4]
    assert before == seen[4] < seen[1]
    assert any(note.startswith("no more modules are told of from step") for note in run["notes"])


def test_a_step_between_two_that_are_kept_adds_nothing_to_either() -> None:
    def training() -> None:
        train(Checkpointed(reentrant=True), lambda: torch.randn(2, 8), steps=8)

    dense, sparse = listened(training, (1, 8)), listened(training, (1, 2000))

    assert [4, 8] == [each["step"] for each in sparse["ledger"] if "modules" in each]
    for kind in ("forward", "backward", "gradients"):
        assert [calls_of(dense, step, kind) for step in (4, 8)] == [calls_of(sparse, step, kind) for step in (4, 8)]
