"""The steps of a run so far: what each showed, and the choice of them that is kept."""

import contextlib
import sys
import weakref
from collections.abc import Callable
from typing import Any

from envprint.recorder.batches import Batches
from envprint.recorder.between import beginning_of
from envprint.recorder.chaining import Chain, Here
from envprint.recorder.chosen import Chosen
from envprint.recorder.frames import is_within
from envprint.recorder.generators import only_torch, read_states, read_torch
from envprint.recorder.sampling import is_read_whole, next_sampled
from envprint.recorder.torch_twister import Memory, memory_of
from envprint.recorder.weights import rates_of, read_after, read_tensors, trains_all

MOST_CALLS = 32
WHOLE = frozenset({"parameters", "state", "gradients", "gradient_norm"})


class Steps:
    """The steps of the optimizers; where torch has none, each call of backward() is one.

    Steps between those that are kept do as little as can be: behind a step that took the processor's caches, each line
    of this costs ten times what it does in a loop.
    """

    def __init__(self, chosen: Chosen | None = None) -> None:
        self.chosen = chosen
        self.arrive(0)
        self.ledger: list[dict[str, Any]] = []
        self.chain = Chain(self.ledger.append)
        self.modules: Callable[[], Any] = _nothing
        self.batches = Batches()
        self.calls: list[str] = []
        self.passes = 0
        self.mode: bool | None = None
        self.loss: Any = None
        self.owner: weakref.ref[Any] | None = None
        self.modes: set[bool] = set()
        self.stepping = 0  # the id of the optimizer whose step began
        self.pending: dict[str, Any] | tuple[str, list[float]] | None = None
        self.memory: Memory | None = None  # that of torch's generator, as it was found at the last step that was kept
        self.is_simple = chosen is None
        self.began: tuple[str, ...] = ()

    def arrive(self, count: int) -> None:
        """Have so many steps behind, and find out which of those to come is kept first: `following`.

        `is_kept` tells it of the next step, or of one that is being made; `is_usual`, whether it is in every run.
        """
        self.count = count
        self.following = self.usual = next_sampled(count)
        if self.chosen is not None:
            self.following = min(self.usual, self.chosen.behind(count) or self.usual)
        self.turn()

    def turn(self) -> None:
        """Turn to the next step."""
        self.is_kept = self.following == self.count + 1
        self.is_usual = self.usual == self.count + 1
        self.turned_to = self.count + 1  # last: where an interrupt comes before, the next step arrives anew

    @property
    def model(self) -> Any:
        """The model that is trained, as long as it lives."""
        return None if self.owner is None else self.owner()

    def is_chosen(self, step: int) -> bool:
        """Tell whether somebody asked for a step to be kept and read whole."""
        return self.chosen is not None and step in self.chosen

    def reads(self, step: int) -> bool:
        """Tell whether weights, gradients and what the optimizer remembers are read at a step."""
        return is_read_whole(step) or self.is_chosen(step)

    def called(self, name: str) -> None:
        """Note a call since the last step; neighbours that are the same once, and none where the next is not kept."""
        if self.is_kept and len(self.calls) < MOST_CALLS and (not self.calls or self.calls[-1] != name):
            self.calls.append(name)

    def passed(self, module: Any, *, is_trained: bool) -> None:
        """Note a forward pass of the outermost module, with gradients; in which mode, where it trains all of it."""
        if self.is_kept:
            self.called("forward")
        self.passes += 1
        if is_trained:  # whether all of it is asked when it matters
            self.modes.add(bool(module.training))
        elif trains_all(module):
            self.mode = bool(module.training) and self.mode is not False

    def begin(self, optimizer: Any) -> None:
        """Note what goes into the step that an optimizer is about to make, unless it is part of another's.

        Optimizers that wrap others make one step, and one that raised before made none.
        """
        if self.stepping and self.stepping != id(optimizer) and is_within(self.stepping):
            return
        if not self.stepping:
            self._count()
            self.began = ()
        self.stepping = id(optimizer)
        if self.is_kept:
            self.began, self.calls = _within(self.began, self.calls)[-MOST_CALLS:], []
        self.pending = {"generators": read_states() if self.is_kept else read_torch()}
        self.pending["rates"] = rates_of(optimizer)
        if self.is_kept:
            self.memory = memory_of(sys.modules["torch"].default_generator)

    def _count(self) -> None:
        self.count += 1
        if self.turned_to != self.count:  # an interrupt came between
            self.arrive(self.count - 1)
            self.count += 1

    def end(self, optimizer: Any) -> None:
        """Note what came of the step that began; the calls of a closure that the optimizer was handed belong to it."""
        pending, self.pending, self.stepping = self.pending, None, 0
        facts = beginning_of(*pending) if isinstance(pending, tuple) else pending or {}
        if self.is_kept and self.reads(self.count):
            with contextlib.suppress(Exception):  # a step with less in it is a step
                facts |= read_after(optimizer, self.chain.reading)
        self._close(facts, self.began if not self.calls else _within(self.began, self.calls))

    def without_optimizer(self) -> None:
        """Note a call of backward() as a step; the parameters are those that made its loss."""
        self._count()
        facts: dict[str, Any] = {"generators": read_states() if self.is_kept else read_torch()}
        if self.model is not None and self.is_kept and self.reads(self.count):
            with contextlib.suppress(Exception):
                facts |= read_tensors({"parameters": list(self.model.parameters())}, self.chain.reading)
        self._close(facts, tuple(self.calls))

    def _close(self, facts: dict[str, Any], calls: tuple[str, ...]) -> None:
        if self.batches.waiting:
            facts |= self.batches.take(self.passes)
        if self.owner is not None and (model := self.owner()) is not None:
            facts["training"] = self._mode_of(model)
        loss, self.loss, self.passes, self.mode, self.modes = self.loss, None, 0, None, set()
        if not self.is_kept:
            self.chain.add(facts, loss, None)
            if self.following <= self.count:  # another thread made a step within this one
                self.arrive(self.count)
            self.turn()
            return
        self.calls = []
        entry = {"step": self.count, "calls": calls, **facts, **self.batches.take_all(facts)}
        if told := self.modules():
            entry["modules"] = told
        self.chain.add(self._usual(facts), loss, entry)
        self.arrive(self.count)

    def _mode_of(self, model: Any) -> bool:
        """Return the mode of the passes of a step that trained; where there were none, or not of all, that of now."""
        now = bool(model.training)
        if self.mode is None and (not now) not in self.modes:
            return now
        modes = [*([] if self.mode is None else [self.mode]), *(self.modes if trains_all(model) else [])]
        return all(modes) if modes else now

    def _usual(self, facts: dict[str, Any]) -> dict[str, Any]:
        """Return what a step shows where nobody asked for more: so the chain is that of a run without a window."""
        if self.chosen is None or (self.is_usual and is_read_whole(self.count)):
            return facts
        usual = {name: value for name, value in facts.items() if name not in WHOLE}
        if self.is_usual:
            return usual
        here = {name: value for name, value in usual.items() if isinstance(value, Here) or not callable(value)}
        return {**here, "generators": Here(only_torch, usual["generators"])}


def _nothing() -> None:
    """Know of nothing."""


def _within(began: tuple[str, ...], calls: list[str]) -> tuple[str, ...]:
    """Return the calls before and within a step, which comes last: its closure computes what the step applies."""
    return (*began[:-1], *calls, "step")
