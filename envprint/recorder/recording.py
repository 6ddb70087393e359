"""Hear of what one run does, and keep it: each method hears of one event."""

import functools
import math
import sys
import threading
import time
import weakref
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Any

from envprint.models.reading import Reading
from envprint.recorder.beginning import begin, has_optimizer
from envprint.recorder.calls import Hearing
from envprint.recorder.chaining import kept_back
from envprint.recorder.chosen import Chosen
from envprint.recorder.events import Events
from envprint.recorder.fed import Fed
from envprint.recorder.flags import read_flags, turned
from envprint.recorder.frames import caller
from envprint.recorder.generators import states
from envprint.recorder.keeping import Keeper
from envprint.recorder.listening import Listener
from envprint.recorder.stepping import Steps
from envprint.recorder.weights import modules

MOST = 256  # changes that are kept
MOST_OF_ONE = 64  # and seedings of each kind of generator
MOST_MARKS = 32  # of one name
LOOKED_FOR = 8  # seedings before which modules are looked for among all objects, which takes long
PATIENCE = 5.0  # seconds that the end of a run waits for a device
UNANSWERED = "a device did not answer within 5 seconds of the end: steps that it was asked about are not told of"
WITHOUT = "no optimizer of torch was made: a step is a call of backward()"


class StoppedError(Exception):
    """The run is over, or this is a child that was forked from it."""


class Noting:
    """Within it one thread at a time writes down, and what fails is kept: a run goes on, whatever is not read of it."""

    __slots__ = ("recording", "what")  # and no generator, since each step enters several

    def __init__(self, recording: "Recording", what: str) -> None:
        self.recording = recording
        self.what = what

    def __enter__(self) -> None:
        if self.recording.stopped:
            raise StoppedError
        self.recording.lock.acquire()

    def __exit__(self, kind: type[BaseException] | None, raised: BaseException | None, _: object) -> bool:
        self.recording.lock.release()
        if not isinstance(raised, Exception):
            return False
        self.recording.failed(self.what, raised)
        return True


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
        self.fed = Fed(self)
        self.events = Events()
        self.seedings: list[dict[str, Any]] = []
        self.marks: list[dict[str, Any]] = []
        self.changes: list[dict[str, Any]] = []
        self.notes: list[str] = []
        self.unread: dict[str, str] = {}
        self.flags: dict[str, Any] = {}
        self.places: set[Hashable] = set()
        self.optimizers: bool | None = None
        self.built: Callable[[], Any] | None = None  # a module that was built, as long as it lives
        self.lock = threading.RLock()
        self.stopped = False

    def noting(self, what: str) -> "Noting":
        """Let one thread at a time write down; keep why that failed."""
        return Noting(self, what)

    def hearing(self, what: str, heard: Callable[..., None]) -> Hearing:
        """Return what hears of something that comes with each step; why that failed is kept, as within `noting`."""
        hearing = Hearing(heard)
        hearing.failed = functools.partial(self.failed, what)
        return hearing

    def failed(self, what: str, raised: Exception) -> None:
        """Keep why something was not read."""
        if isinstance(raised, StoppedError):
            return
        from envprint.manifest.gaps import gap_from

        self.unread.setdefault(what, gap_from(raised).reason)

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
        if (name, value) not in self.events.settled:
            with self.noting("events"):
                self.events.count(name, value)
                if not self.events.is_full(name):
                    self.events.add(name, self.steps.count, value, caller() if where is None else where)

    def called(self, name: str) -> None:
        """Note a call that belongs to a step."""
        self.steps.called(name)

    def seeded(self, generator: str, value: object) -> None:
        """Note a call that seeds a generator."""
        with self.noting("seedings"):
            if sum(1 for each in self.seedings if each["generator"] == generator) < MOST_OF_ONE:
                built = self.steps.count > 0 or self._has_models()
                self.seedings.append(
                    {
                        "generator": generator, "value": repr(value)[:40], "where": caller(), "step": self.steps.count,
                        "after_model": built, "after_batch": bool(self.steps.batches.seen),
                    }
                )  # fmt: skip

    def look_for_models(self) -> None:
        """Know a module that was built, if one lives."""
        self.built = next(map(weakref.ref, modules()), None)

    def _has_models(self) -> bool:
        """Tell whether a module was built; where the one that was known is gone, another is looked for."""
        if self.built is not None and self.built() is None and len(self.seedings) < LOOKED_FOR:
            self.look_for_models()
        return self.built is not None and self.built() is not None

    def mark(self, name: str) -> None:
        """Note the states of the generators at a place of the run."""
        with self.noting("marks"):
            self.add_mark(name, states)

    def add_mark(self, name: str, read: Callable[[], dict[str, str]]) -> None:
        """Note what there is to read at a place of the run, of each kind of place a bounded number of times."""
        kind = name.partition(":")[0]
        if sum(1 for each in self.marks if each["name"].startswith(kind)) < MOST_MARKS:
            self.marks.append({"name": name, "step": self.steps.count, "generators": read()})

    def optimizer_made(self) -> None:
        """Note that an optimizer was made: steps are its own from here on, whatever it will work on."""
        self.optimizers = True
        self.mark("model built")

    def turned(self) -> None:
        """Note the switches that were turned since the first step."""
        with self.noting("changes"):
            if not self.flags:
                return
            now = read_flags()
            if now == self.flags:
                return
            for path, (before, after) in turned(self.flags, now).items():
                if len(self.changes) < MOST:
                    told = {"path": path, "where": caller(), "before": before, "after": after}
                    self.changes.append({"step": self.steps.count, **told})
            self.flags = now

    def backward(self, tensors: Any, *_: Any, **__: Any) -> None:
        """Note the loss whose gradients are asked for; without an optimizer this is a step."""
        if self.stopped or sys.modules["torch"]._C._current_graph_task_id() != -1:  # noqa: SLF001 - https://docs.pytorch.org/docs/stable/checkpoint.html
            return
        loss = tensors[0] if isinstance(tensors, (tuple, list)) and len(tensors) == 1 else tensors
        with self.lock:
            if self.steps.is_kept:
                self.steps.called("backward")
            if self.optimizers:
                self.steps.loss = kept_back(loss)
            else:
                self._maybe_a_step(loss)

    def _maybe_a_step(self, loss: Any) -> None:
        with self.noting("loss"):
            self.steps.loss = kept_back(loss)
        if self.optimizers is None:
            self.optimizers = has_optimizer(self.steps.model)
        if not self.optimizers:
            is_usual = self.steps.is_usual
            with self.noting("steps"):
                self.note(WITHOUT)
                if self.keeper.manifest is None:
                    self._begin(None)
                self.steps.without_optimizer()
            self._kept(is_usual=is_usual, gone=False)

    def stepping(self, optimizer: Any, *_: Any) -> None:
        """Note the step that an optimizer is about to make; at the first one the environment and the model."""
        if self.stopped:
            return
        self.optimizers = True
        with self.lock:
            if self.keeper.manifest is None:
                self._begin(optimizer)
            self.steps.begin(optimizer)

    def stepped(self, optimizer: Any, *_: Any) -> None:
        """Note what a step made of the parameters, at those that are kept, and write from time to time."""
        if self.stopped:
            return
        with self.lock:
            if self.steps.stepping != id(optimizer):
                return  # it is part of another's, or ended as its own base
            is_usual = self.steps.is_usual
            self.steps.end(optimizer)
            if is_usual or self.listener is not None or time.monotonic() > self.keeper.due:
                self._kept(is_usual=is_usual, gone=True)

    def _begin(self, optimizer: Any) -> None:
        self.keeper.facts |= begin(optimizer, self.steps, self.noting)
        self.flags = read_flags()
        self.keeper.capture()

    def returned(self) -> None:
        """Note the gradients that backward() left, where somebody chose to see them."""
        if self.listener is not None:
            with self.noting("modules"):
                self.listener.returned()

    def _kept(self, *, is_usual: bool, gone: bool) -> None:
        """Keep a step whose gradients are gone by now, or still come."""
        if self.listener is not None:
            with self.noting("modules"):
                self.listener.stepped(self.steps, gone=gone)
        if is_usual:
            self.turned()
        if self.keeper.is_due(self.steps.count):
            self.flush("running")

    def flush(self, status: str) -> None:
        """Write what there is, whole or not at all."""
        with self.noting("devices"):
            self.steps.chain.settle()
            if status != "running" and not (self.steps.chain.finish(PATIENCE) and self._left()):
                self.note(UNANSWERED)
        with self.noting("writing"):
            if self.chosen is not None:
                self.keeper.facts["window"] = (self.chosen.first, self.chosen.last)
            if self.listener is not None:
                self.keeper.facts |= {"modules": self.listener.table.names, "types": self.listener.table.types}
            self.keeper.write(
                status=status, steps=self.steps.count, ledger=self.steps.ledger, events=self.events.found.values(),
                seedings=self.seedings, loaders=self.fed.loaders, marks=self.marks, changes=self.changes,
                notes=self.notes, unread={**self.steps.chain.unread, **self.unread},
            )  # fmt: skip

    def _left(self) -> bool:
        """Note a loss that is not finite and of which no step came: scalers skip those whose gradients are not.

        Return whether it came, where it lies on a device.
        """
        loss = self.steps.loss
        if hasattr(loss, "device"):
            reading = Reading()
            come = reading.fetch(loss)
            reading.start()
            if not reading.wait(PATIENCE):
                return False
            loss = come()
        if loss is not None and not math.isfinite(number := float(loss)):
            self.event("lost", number.hex(), "")
        return True

    def stop(self) -> None:
        """Hear of nothing more: this is a child that was forked, or the run is over."""
        self.stopped, self.steps.is_simple = True, False
