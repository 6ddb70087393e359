"""The steps of a run so far: what each showed, and the choice of them that is kept."""

import contextlib
import weakref
from typing import Any

from envprint.manifest.ledger import Step
from envprint.recorder.batches import Batches
from envprint.recorder.chaining import Chain, kept_back
from envprint.recorder.generators import states, states_of_torch
from envprint.recorder.sampling import is_read_whole, is_sampled
from envprint.recorder.weights import digest_of_all, rates_of, read_after

MOST_CALLS = 32


class Steps:
    """The steps of the optimizers; where torch has none, each call of backward() is one."""

    def __init__(self) -> None:
        self.count = 0
        self.chain = Chain()
        self.batches = Batches()
        self.calls: list[str] = []
        self.passes = 0
        self.loss: Any = None
        self.ledger: list[Step] = []
        self.owner: weakref.ref[Any] | None = None
        self.pending: dict[str, Any] = {}
        self.began: tuple[str, ...] = ()

    @property
    def model(self) -> Any:
        """The model that is trained, as long as it lives."""
        return None if self.owner is None else self.owner()

    def called(self, name: str) -> None:
        """Note a call since the last step; neighbours that are the same once."""
        if len(self.calls) < MOST_CALLS and (not self.calls or self.calls[-1] != name):
            self.calls.append(name)

    def passed(self) -> None:
        """Note a forward pass of the outermost module, with gradients."""
        self.called("forward")
        self.passes += 1

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
        if is_read_whole(self.count):
            with contextlib.suppress(Exception):  # a step with less in it is a step
                facts |= read_after(optimizer)
        self._close(facts, self.began if not self.calls else _within(self.began, self.calls))

    def without_optimizer(self) -> None:
        """Note a call of backward() as a step; the parameters are those that made its loss."""
        self.count += 1
        facts: dict[str, Any] = {"generators": self._states()}
        if self.model is not None and is_read_whole(self.count):
            facts["parameters"] = digest_of_all(list(self.model.parameters()))
        self._close(facts, tuple(self.calls))

    def _states(self) -> dict[str, str]:
        return states() if is_sampled(self.count) else states_of_torch()

    def _close(self, facts: dict[str, Any], calls: tuple[str, ...]) -> None:
        loss, self.loss, self.calls = self.loss, None, []
        facts["batch"], facts["samples"] = self.batches.take(self.passes)
        self.passes = 0
        if self.model is not None:
            facts["training"] = bool(self.model.training)
        facts = {name: value for name, value in facts.items() if value is not None}
        self.chain.add(facts, loss)
        if is_sampled(self.count):
            read = self.chain.read()
            known = loss if isinstance(loss, str) else read
            if loss is not None:
                facts["loss"] = known
            self.ledger.append(Step(step=self.count, chain=self.chain.digest, calls=calls, **facts))


def _within(began: tuple[str, ...], calls: list[str]) -> tuple[str, ...]:
    """Return the calls before and within a step, which comes last: its closure computes what the step applies."""
    return (*began[:-1], *calls, began[-1])
