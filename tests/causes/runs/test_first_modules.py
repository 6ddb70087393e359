"""The first module at which two runs part, forward or backward, and how far: of trainings with one thing changed."""

from typing import Any

import pytest

torch = pytest.importorskip("torch")

from _parted_modules import (  # noqa: E402
    Change,
    detach,
    drop_more,
    drop_nothing,
    freeze_statistics,
    halve_gradients,
    leak,
    mute,
    nudge,
    parting_of,
    recorded,
    recorded_once,
    report_of,
    weigh_gradients,
)
from torch import nn  # noqa: E402

from envprint.causes.runs.module_words import say_module  # noqa: E402
from envprint.manifest.ledger import Run  # noqa: E402
from envprint.renderers import render  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("nothing_compiled")]
FORWARD: tuple[tuple[Change, str], ...] = (
    (drop_more, "3.drop"),
    (drop_nothing, "4.drop"),
    (freeze_statistics, "1"),
    (nudge, "4.conv2"),
    (leak, "4.act"),
    (mute, "4.drop"),
)
BACKWARD: tuple[tuple[Change, str], ...] = (
    (halve_gradients, "3.conv2"),
    (detach, "4.conv1"),
    (weigh_gradients, "3.conv1"),
)


@pytest.fixture(scope="module")
def usual(nothing_compiled_before: None) -> Run:
    return recorded_once()


@pytest.mark.parametrize(("change", "module"), FORWARD, ids=lambda each: getattr(each, "__name__", each))
def test_the_first_module_that_returns_something_else_is_named(usual: Run, change: Change, module: str) -> None:
    step, at = parting_of(usual, recorded_once(change))

    assert (3, module, "forward", True, False) == (step, at.module, at.direction, at.same_inputs, at.rounding)
    assert at.relative is not None
    assert at.relative > 1e-4


@pytest.mark.parametrize(("change", "module"), BACKWARD, ids=lambda each: getattr(each, "__name__", each))
def test_where_all_forward_is_the_same_the_first_that_passes_back_another_gradient_is(
    usual: Run, change: Change, module: str
) -> None:
    step, at = parting_of(usual, recorded_once(change))

    assert (3, module, "backward", True, False) == (step, at.module, at.direction, at.same_inputs, at.rounding)


def test_the_order_of_the_sides_changes_nothing(usual: Run) -> None:
    other = recorded_once(detach)

    assert parting_of(usual, other)[1] == parting_of(other, usual)[1]


def test_a_sum_in_another_order_is_rounding(usual: Run) -> None:
    def round_otherwise(net: Any) -> None:
        inner = net[4].conv1.forward
        net[4].conv1.forward = lambda given: (inner(given) * 3) / 3

    step, at = parting_of(usual, recorded(round_otherwise))

    assert (3, "4.conv1", "forward", True, True) == (step, at.module, at.direction, at.same_inputs, at.rounding)
    assert at.relative is not None
    assert at.relative < 1e-6
    assert "as rounding makes it" in say_module(at)


def test_another_number_of_threads_is_rounding() -> None:
    class Mean(nn.Module):  # type: ignore[misc]  # torch is Any here
        def forward(self, given: Any) -> Any:
            return given.repeat(1, 64).exp().mean(1, keepdim=True).mean(0, keepdim=True) + given[:, :3]

    def long() -> Any:
        return nn.Sequential(nn.Flatten(), nn.Linear(192, 192), Mean())

    step, at = parting_of(*(recorded(make=long, threads=threads) for threads in (1, 2)))

    assert (1, True) == (step, at.rounding)


def test_a_loss_that_is_made_otherwise_parts_at_the_gradient_that_comes_from_it(usual: Run) -> None:
    def smooth(net: Any) -> None:
        net.register_forward_hook(lambda _, __, output: output * 1.5)

    at = parting_of(usual, recorded(smooth))[1]

    assert ("backward", False) == (at.direction, at.same_inputs)
    assert "from the loss" in say_module(at)


def test_a_module_that_one_side_alone_calls_is_named(usual: Run) -> None:
    def more(net: Any) -> None:
        net[3].drop = nn.Sequential(net[3].drop, nn.Tanh())

    left, right = parting_of(usual, other := recorded(more)), parting_of(other, usual)

    assert [(3, "3.drop.0", "b"), (3, "3.drop.0", "a")] == [(step, at.module, at.only) for step, at in (left, right)]


def test_another_batch_is_no_modules_doing(usual: Run) -> None:
    other = recorded(lambda net: net.register_forward_pre_hook(lambda _, given: (given[0] * 2,)))
    found = report_of(usual, other).first_divergence

    assert found is not None
    assert found.module is None or found.module.same_inputs is False


def test_without_modules_on_both_sides_none_is_named(usual: Run) -> None:
    report = report_of(usual, recorded(leak, window=(1, 2)))

    assert report.first_divergence is not None
    assert report.first_divergence.module is None
    assert report.summary.endswith("To see the module, record both runs again with --steps 3:3 --modules.")


def test_runs_that_are_the_same_name_none(usual: Run) -> None:
    assert report_of(usual, recorded()).first_divergence is None


@pytest.mark.parametrize("name", ["text", "markdown", "html"])
def test_every_report_says_it(usual: Run, name: str) -> None:
    said = " ".join(render(report_of(usual, recorded_once(leak)), name).split())

    assert "4.act, forward: its inputs agree, what it returns is" in said.replace("\\", "")
    assert "more than rounding makes" in said


def test_the_json_says_pass_and_module(usual: Run) -> None:
    found = report_of(usual, recorded_once(detach)).model_dump(by_alias=True)["first_divergence"]["module"]

    assert ("4.conv1", "backward") == (found["module"], found["pass"])
