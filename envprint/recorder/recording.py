"""Hear of what one run does, and keep it: each method hears of one event."""

import contextlib
import sys
import threading
import weakref
from collections.abc import Callable, Hashable, Iterator
from pathlib import Path
from typing import Any

from envprint.recorder.batches import is_elsewhere, parts_of
from envprint.recorder.beginning import begin, has_optimizer
from envprint.recorder.chosen import Chosen
from envprint.recorder.events import Events
from envprint.recorder.flags import read_flags, turned
from envprint.recorder.frames import asking, caller
from envprint.recorder.generators import states
from envprint.recorder.keeping import Keeper
from envprint.recorder.listening import Listener
from envprint.recorder.loaders import describe_loader
from envprint.recorder.ranks import ranks_of
from envprint.recorder.sampling import is_sampled
from envprint.recorder.stepping import Steps
from envprint.recorder.weights import modules

MOST = 256  # seedings, loaders and changes that are kept
MOST_MARKS = 32  # of one name
LOOKED_FOR = 8  # seedings before which modules are looked for among all objects, which takes long
WITHOUT = "no optimizer of torch was made: a step is a call of backward()"


class StoppedError(Exception):
    """The run is over, or this is a child that was forked from it."""


class Recording:
    """What was seen of a run so far."""

    def __init__(
        self,
        path: Path,
        command: tuple[str, ...] = (),
        may_write: Callable[[], bool] = lambda: True,
        chosen: Chosen | None = None,
    ) -> None:
        self.keeper = Keeper(path, command, may_write)
        self.chosen = chosen
        self.listener: Listener | None = None
        self.steps = Steps(chosen)
        self.events = Events()
        self.seedings: list[dict[str, Any]] = []
        self.loaders: list[dict[str, Any]] = []
        self.marks: list[dict[str, Any]] = []
        self.changes: list[dict[str, Any]] = []
        self.notes: list[str] = []
        self.unread: dict[str, str] = {}
        self.flags: dict[str, Any] = {}
        self.places: set[Hashable] = set()
        self.optimizers: bool | None = None
        self.lock = threading.RLock()
        self.stopped = False

    @contextlib.contextmanager
    def noting(self, what: str) -> Iterator[None]:
        """Let one thread at a time write down; keep why that failed."""
        if self.stopped:
            raise StoppedError
        with self.lock:
            try:
                yield
            except Exception as exc:  # noqa: BLE001 - a run goes on, whatever could not be read of it
                from envprint.manifest.gaps import gap_from

                self.unread.setdefault(what, gap_from(exc).reason)

    def is_new(self, place: Hashable) -> bool:
        """Tell whether a place was not asked for before."""
        if place in self.places:
            return False
        self.places.add(place)
        return True

    def note(self, text: str) -> None:
        """Note what is not seen of this run."""
        if text not in self.notes:
            self.notes.append(text)

    def event(self, name: str, value: str = "", where: str | None = None) -> None:
        """Note something that bears on the steps."""
        if not self.events.is_settled(name, value):
            with self.noting("events"):
                self.events.add(name, self.steps.count, value, caller() if where is None else where)

    def called(self, name: str) -> None:
        """Note a call that belongs to a step."""
        self.steps.called(name)

    def seeded(self, generator: Any, value: object) -> None:
        """Note a call that seeds a generator."""
        with self.noting("seedings"):
            if len(self.seedings) < MOST:
                built = self.steps.count > 0 or (len(self.seedings) < LOOKED_FOR and any(True for _ in modules()))
                self.seedings.append(
                    {
                        "generator": generator, "value": repr(value)[:40], "where": caller(), "step": self.steps.count,
                        "after_model": built, "after_batch": bool(self.steps.batches.seen),
                    }
                )  # fmt: skip

    def mark(self, name: str) -> None:
        """Note the states of the generators at a place of the run."""
        with self.noting("marks"):
            self._add_mark(name, states)

    def _add_mark(self, name: str, read: Any) -> None:
        kind = name.partition(":")[0]
        if sum(1 for each in self.marks if each["name"].startswith(kind)) < MOST_MARKS:
            self.marks.append({"name": name, "step": self.steps.count, "generators": read()})

    def optimizer_made(self) -> None:
        """Note that an optimizer was made: steps are its own from here on, whatever it will work on."""
        self.optimizers = True
        self.mark("model built")

    def loading(self, loader: Any) -> None:
        """Note how a DataLoader walks through its data, as it begins to."""
        with self.noting("loaders"):
            told = describe_loader(loader)
            if told not in self.loaders and len(self.loaders) < MOST:
                self.loaders.append(told)
            self._add_mark("epoch", states)

    def loaded(self, batch: Any) -> None:
        """Note a batch that a DataLoader gave; those that are loaded without gradients evaluate."""
        with self.noting("batches"):
            if sys.modules["torch"].is_grad_enabled() and self._may_read(parts := parts_of(batch)):
                self.steps.batches.add(parts, loaded=True, ahead=asking()[0] == "library")
                self._ranked(parts)

    def epoch_ended(self) -> None:
        """Note the samples of an epoch."""
        with self.noting("epochs"):
            digest, count = self.steps.batches.end_epoch()
            if count:
                self._add_mark(f"samples of an epoch: {count}", lambda: {"samples": digest})

    def given(self, module: Any, arguments: tuple[Any, ...], named: dict[str, Any]) -> None:
        """Note what the outermost module is given: the batch, where no loader gives one."""
        torch = sys.modules["torch"]
        if torch._C._current_graph_task_id() != -1:  # noqa: SLF001
            return  # what a checkpoint computes again within backward()
        if self.steps.model is not module and next(iter(module.parameters()), None) is None:
            return  # a metric, a loss
        mode = "training" if module.training else "evaluation"
        if not torch.is_grad_enabled():
            self.event("evaluate", f"{type(module).__qualname__} in {mode} mode")
            return
        with self.noting("batches"):
            self.steps.passed(module)
            if self.steps.owner is None or self.optimizers is False:
                self.steps.owner = weakref.ref(module)
            self._given((arguments, named))

    def aimed_at(self, target: Any) -> None:
        """Note what a loss is computed against: of the batch, where no loader gives one."""
        with self.noting("batches"):
            if sys.modules["torch"].is_grad_enabled():
                self._given(target)

    def _given(self, batch: Any) -> None:
        """Note a part of a batch that no loader gave; its samples are told apart for steps that are kept."""
        if not self.steps.batches.loaded and self._may_read(parts := parts_of(batch)):
            self._ranked(parts)
            self.steps.batches.add(parts, loaded=False, rows=is_sampled(self.steps.count + 1))

    def _ranked(self, parts: list[Any]) -> None:
        """Note how the values of the first batch rank, whatever their scale."""
        if self.is_new("first batch"):
            with self.noting("first batch"):
                self.event("first-batch", ranks_of(parts))

    def _may_read(self, parts: list[Any]) -> bool:
        """Tell whether a batch may be read: on another device that waits, and is done for steps that are kept only."""
        return self.steps.keeps(self.steps.count + 1) or not is_elsewhere(parts)

    def turned(self) -> None:
        """Note the switches that were turned since the first step."""
        with self.noting("changes"):
            if not self.flags:
                return
            now = read_flags()
            for path, (before, after) in turned(self.flags, now).items():
                if len(self.changes) < MOST:
                    told = {"path": path, "where": caller(), "before": before, "after": after}
                    self.changes.append({"step": self.steps.count, **told})
            self.flags = now

    def backward(self, tensors: Any) -> None:
        """Note the loss whose gradients are asked for; without an optimizer this is a step."""
        if sys.modules["torch"]._C._current_graph_task_id() != -1:  # noqa: SLF001 - https://docs.pytorch.org/docs/stable/checkpoint.html
            return
        with self.noting("loss"):
            self.steps.lost(tensors[0] if isinstance(tensors, (tuple, list)) and len(tensors) == 1 else tensors)
        if self.optimizers is None:
            self.optimizers = has_optimizer(self.steps.model)
        if not self.optimizers:
            with self.noting("steps"):
                self.note(WITHOUT)
                if self.keeper.manifest is None:
                    self._begin(None)
                self.steps.without_optimizer()
            self._kept(gone=False)

    def stepping(self, optimizer: Any) -> None:
        """Note the step that an optimizer is about to make; at the first one the environment and the model."""
        self.optimizers = True
        with self.noting("steps"):
            if self.keeper.manifest is None:
                self._begin(optimizer)
            self.steps.begin(optimizer)

    def stepped(self, optimizer: Any) -> None:
        """Note what a step made of the parameters, at those that are kept, and write from time to time."""
        with self.noting("steps"):
            self.steps.end(optimizer)
        self._kept(gone=True)

    def _begin(self, optimizer: Any) -> None:
        self.keeper.facts |= begin(optimizer, self.steps, self.noting)
        self.flags = read_flags()
        self.keeper.capture()

    def returned(self) -> None:
        """Note the gradients that backward() left, where somebody chose to see them."""
        if self.listener is not None:
            with self.noting("modules"):
                self.listener.returned()

    def _kept(self, *, gone: bool) -> None:
        """Keep a step whose gradients are gone by now, or still come."""
        if self.listener is not None:
            with self.noting("modules"):
                self.listener.stepped(self.steps, gone=gone)
        if is_sampled(self.steps.count):
            self.turned()
        if self.keeper.is_due(self.steps.count):
            self.flush("running")

    def flush(self, status: str) -> None:
        """Write what there is, whole or not at all."""
        with self.noting("writing"):
            if self.chosen is not None:
                self.keeper.facts["window"] = (self.chosen.first, self.chosen.last)
            if self.listener is not None:
                self.keeper.facts |= {"modules": self.listener.table.names, "types": self.listener.table.types}
            self.keeper.write(
                status=status, steps=self.steps.count, ledger=self.steps.ledger, events=self.events.found.values(),
                seedings=self.seedings, loaders=self.loaders, marks=self.marks, changes=self.changes, notes=self.notes,
                unread=dict(self.unread),
            )  # fmt: skip

    def stop(self) -> None:
        """Hear of nothing more: this is a child that was forked, or the run is over."""
        self.stopped = True
