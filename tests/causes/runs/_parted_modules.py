"""Runs of a small CNN that is changed before its third step, their modules listened to."""

import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).parents[2] / "recorder"))
from _listened import listened
from _recorded_windows import pictures, train

from envprint.causes.runs.reporting import report_runs
from envprint.manifest.ledger import Run
from envprint.report import ModuleParting, Report, Side

Change = Callable[[Any], None]


def recorded(
    change: Change | None = None, *, window: tuple[int, int] = (1, 5), make: Any = pictures, threads: int = 1
) -> Run:
    """Return a run of a small CNN that is changed before its third step; its batches are those of any other."""

    def before(net: Any, step: int) -> None:
        if change is not None and step == 3:
            change(net)

    def training() -> None:
        given = torch.Generator().manual_seed(5)
        train(make(), lambda: torch.randn(6, 3, 8, 8, generator=given), before=before)

    before_it = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        return Run.model_validate(listened(training, window))
    finally:
        torch.set_num_threads(before_it)


@cache
def recorded_once(change: Change | None = None) -> Run:
    """Return such a run; the same one each time that it is asked for."""
    return recorded(change)


def report_of(a: Run, b: Run) -> Report:
    same = Report(verdict="identical", summary="", sides={"a": Side(id="a"), "b": Side(id="b")})
    return report_runs(a, b, same)


def parting_of(a: Run, b: Run) -> tuple[int, ModuleParting]:
    at = report_of(a, b).first_divergence
    assert at is not None
    assert at.module is not None
    return at.step, at.module


class Halved(torch.autograd.Function):  # type: ignore[misc]  # torch is Any here
    """What it is given, but half of the gradient."""

    @staticmethod
    def forward(_: Any, given: Any) -> Any:
        """Return the same."""
        return given.clone()

    @staticmethod
    def backward(_: Any, gradient: Any) -> Any:
        """Return half."""
        return gradient / 2


def halve_gradients(net: Any) -> None:
    inner = net[3].conv2.forward
    net[3].conv2.forward = lambda given: inner(Halved.apply(given))


def detach(net: Any) -> None:
    inner = net[4].conv1.forward
    net[4].conv1.forward = lambda given: inner(given.detach())


def weigh_gradients(net: Any) -> None:
    net[3].conv1.weight.register_hook(lambda gradient: gradient * 2)


def leak(net: Any) -> None:
    net[4].act = nn.LeakyReLU(0.1)


def nudge(net: Any) -> None:
    with torch.no_grad():
        net[4].conv2.weight[0, 0] += 1e-2


def freeze_statistics(net: Any) -> None:
    net[1].eval()


def drop_more(net: Any) -> None:
    net[3].drop.p = 0.5


def drop_nothing(net: Any) -> None:
    net[4].drop.eval()


def mute(net: Any) -> None:
    net[4].drop = nn.Identity()
