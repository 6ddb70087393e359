"""The steps of a run so far: what each showed, and the choice of them that is kept."""

import contextlib
import weakref
from collections.abc import Callable
from typing import Any

from envprint.models.reading import Reading
from envprint.recorder.batches import Batches
from envprint.recorder.chaining import Chain, kept_back
from envprint.recorder.chosen import Chosen
from envprint.recorder.generators import states, states_of_torch
from envprint.recorder.sampling import is_read_whole, is_sampled
from envprint.recorder.weights import rates_of, read_after, read_tensors

MOST_CALLS = 32
WHOLE = frozenset({"parameters", "state", "gradients", "gradient_norm"})


class Steps:
    """The steps of the optimizers; where torch has none, each call of backward() is one.

    `entry` is that of the ledger for the last one, if any.
    """

    def __init__(self, chosen: Chosen | None = None) -> None:
        self.chosen = chosen
        self.count = 0
        self.ledger: list[dict[str, Any]] = []
        self.chain = Chain(self.ledger.append)
        self.entry: dict[str, Any] | None = None
        self.modules: Callable[[], Any] = lambda: None
        self.batches = Batches()
        self.calls: list[str] = []
        self.passes = 0
        self.mode: bool | None = None
        self.loss: Any = None
        self.owner: weakref.ref[Any] | None = None
        self.pending: dict[str, Any] = {}
        self.began: tuple[str, ...] = ()

    @property
    def reading(self) -> Reading:
        """What devices are asked for until the next step that is kept ends."""
        return self.chain.reading

    @property
    def model(self) -> Any:
        """The model that is trained, as long as it lives."""
        return None if self.owner is None else self.owner()

    def is_chosen(self, step: int) -> bool:
        """Tell whether somebody asked for a step to be kept and read whole."""
        return self.chosen is not None and step in self.chosen

    def keeps(self, step: int) -> bool:
        """Tell whether a step is kept: as one of each doubling, or since somebody chose it."""
        return is_sampled(step) or self.is_chosen(step)

    def reads(self, step: int) -> bool:
        """Tell whether weights, gradients and what the optimizer remembers are read at a step."""
        return is_read_whole(step) or self.is_chosen(step)

    def called(self, name: str) -> None:
        """Note a call since the last step; neighbours that are the same once."""
        if len(self.calls) < MOST_CALLS and (not self.calls or self.calls[-1] != name):
            self.calls.append(name)

    def passed(self, module: Any) -> None:
        """Note a forward pass of the outermost module, with gradients; where it trains all of it, in which mode."""
        self.called("forward")
        self.passes += 1
        first = next(iter(module.parameters()), None)
        if first is not None and first.requires_grad:
            self.mode = bool(module.training) and self.mode is not False

    def lost(self, loss: Any) -> None:
        """Note the loss whose gradients are asked for."""
        self.called("backward")
        self.loss = kept_back(loss)

    def begin(self, optimizer: Any) -> None:
        """Note what goes into the step that an optimizer is about to make."""
        self.count += 1
        self.pending = {"generators": self._states(), "rates": rates_of(optimizer)}
        self.began = (*self.calls, "step")
        self.calls = []

    def end(self, optimizer: Any) -> None:
        """Note what came of the step; the calls of a closure that the optimizer was handed belong to it."""
        facts, self.pending = self.pending, {}
        if self.reads(self.count):
            with contextlib.suppress(Exception):  # a step with less in it is a step
                facts |= read_after(optimizer, self.reading)
        self._close(facts, self.began if not self.calls else _within(self.began, self.calls))

    def without_optimizer(self) -> None:
        """Note a call of backward() as a step; the parameters are those that made its loss."""
        self.count += 1
        facts: dict[str, Any] = {"generators": self._states()}
        if self.model is not None and self.reads(self.count):
            with contextlib.suppress(Exception):
                facts |= read_tensors({"parameters": list(self.model.parameters())}, self.reading)
        self._close(facts, tuple(self.calls))

    def _states(self) -> dict[str, str]:
        return states() if self.keeps(self.count) else states_of_torch()

    def _close(self, facts: dict[str, Any], calls: tuple[str, ...]) -> None:
        loss, self.loss, self.calls = self.loss, None, []
        facts |= self.batches.take(self.passes)
        mode, self.passes, self.mode = self.mode, 0, None
        if self.model is not None:
            facts["training"] = bool(self.model.training) if mode is None else mode
        facts = {name: value for name, value in facts.items() if value is not None}
        self.entry = {"step": self.count, "calls": calls, **facts} if self.keeps(self.count) else None
        if self.entry is not None and (told := self.modules()):
            self.entry["modules"] = told
        self.chain.add(self._usual(facts), loss, self.entry)

    def _usual(self, facts: dict[str, Any]) -> dict[str, Any]:
        """Return what a step shows where nobody asked for more: so the chain is that of a run without a window."""
        if not is_read_whole(self.count):
            facts = {name: value for name, value in facts.items() if name not in WHOLE}
        if not is_sampled(self.count):
            facts = {**facts, "generators": {name: facts["generators"][name] for name in ("torch",)}}
        return facts


def _within(began: tuple[str, ...], calls: list[str]) -> tuple[str, ...]:
    """Return the calls before and within a step, which comes last: its closure computes what the step applies."""
    return (*began[:-1], *calls, began[-1])
