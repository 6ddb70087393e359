"""Hear of the data that a run is fed: by loaders, or where there is none, as what its outermost module is given."""

import sys
import weakref
from typing import TYPE_CHECKING, Any

from envprint.recorder.batch import gather, read_batch, read_later
from envprint.recorder.frames import asking
from envprint.recorder.generators import states
from envprint.recorder.loaders import describe_loader
from envprint.recorder.ranks import ranks_of

if TYPE_CHECKING:
    from envprint.recorder.recording import Recording

MOST_LOADERS = 256
MOST_OF_A_BATCH = 1 << 28  # bytes that are copied from a device
LARGE = "batches of more than 256 MiB lie on a device, and are not read"


class Fed:
    """What a run is fed, as its recording has it."""

    def __init__(self, recording: "Recording") -> None:
        self.recording = recording
        self.steps = recording.steps
        self.loaders: list[dict[str, Any]] = []
        self.has_begun = False

    def loading(self, loader: Any) -> None:
        """Note how a DataLoader walks through its data, as it begins to."""
        with self.recording.noting("loaders"):
            told = describe_loader(loader)
            if told not in self.loaders and len(self.loaders) < MOST_LOADERS:
                self.loaders.append(told)
            self.recording.add_mark("epoch", states)

    def loaded(self, batch: Any) -> None:
        """Note a batch that a DataLoader gave; those that are loaded without gradients evaluate."""
        if self.recording.stopped or not sys.modules["torch"].is_grad_enabled():
            return
        parts: list[Any] = []
        with self.recording.lock:
            steps, elsewhere = self.steps, gather(batch, parts)
            if not elsewhere or self._may_fetch(parts):
                steps.batches.loading(ahead=asking()[0] == "library")
                if elsewhere:
                    steps.batches.add(read_later(parts, steps.chain.reading, rows=True))
                else:
                    steps.batches.add(read_batch(parts, rows=True))
                if not self.has_begun:
                    self._ranked(parts)

    def epoch_ended(self) -> None:
        """Note the samples of an epoch."""
        with self.recording.noting("epochs"):
            digest, count = self.steps.batches.end_epoch()
            if count:
                self.recording.add_mark(f"samples of an epoch: {count}", lambda: {"samples": digest})

    def given(self, module: Any, arguments: tuple[Any, ...], named: dict[str, Any]) -> None:
        """Note what the outermost module is given: the batch, where no loader gives one."""
        torch = sys.modules["torch"]
        if self.recording.stopped or torch._C._current_graph_task_id() != -1:  # noqa: SLF001
            return  # what a checkpoint computes again within backward()
        owner = self.steps.owner
        is_trained = owner is not None and owner() is module
        if not is_trained and next(iter(module.parameters()), None) is None:
            return  # a metric, a loss
        if not torch.is_grad_enabled():
            mode = "training" if module.training else "evaluation"
            self.recording.event("evaluate", f"{type(module).__qualname__} in {mode} mode")
            return
        with self.recording.lock:
            self.steps.passed(module, is_trained=is_trained)
            if not is_trained and (owner is None or self.recording.optimizers is False):
                self.steps.owner = weakref.ref(module)
            if not self.steps.batches.loaded:
                self._given(arguments[0] if len(arguments) == 1 and not named else (arguments, named))

    def aimed_at(self, target: Any) -> None:
        """Note what a loss is computed against: of the batch, where no loader gives one.

        Only where a step is kept: between those, a loss that is another tells of a target that is another.
        """
        steps = self.steps
        if not steps.is_kept or steps.batches.loaded or self.recording.stopped:
            return
        if sys.modules["torch"].is_grad_enabled():
            self._given(target, beside=not steps.is_usual)

    def _given(self, batch: Any, *, beside: bool = False) -> None:
        """Note a part of a batch that no loader gave; its samples are told apart for steps that are kept in every run.

        What is noted `beside` the batch is not in the chain.
        """
        if sys.modules["torch"]._C._get_tracing_state() is not None:  # noqa: SLF001 - it would become part of the trace
            return
        parts: list[Any] = []
        with self.recording.lock:
            steps, elsewhere = self.steps, gather(batch, parts)
            if not elsewhere:
                steps.batches.add(read_batch(parts, rows=steps.is_usual), beside=beside)
            elif self._may_fetch(parts):
                steps.batches.add(read_later(parts, steps.chain.reading, rows=steps.is_usual), beside=beside)
            else:
                return
            if not self.has_begun:
                self._ranked(parts)

    def _ranked(self, parts: list[Any]) -> None:
        """Note how the values of the first batch rank, whatever their scale."""
        self.has_begun = True
        with self.recording.noting("first batch"):
            self.recording.event("first-batch", ranks_of(parts))

    def _may_fetch(self, parts: list[Any]) -> bool:
        """Tell whether a batch may be read from another device: for steps that are kept only, unless it is large."""
        if sum(part.numel() * part.element_size() for part in parts if not isinstance(part, str)) > MOST_OF_A_BATCH:
            self.recording.note(LARGE)
            return False
        return self.steps.is_kept
