"""Attach a recording to this process: to what is imported already, and to torch and numpy once they are."""

import atexit
import contextlib
import importlib.abc
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

from envprint.recorder.calls import wrap
from envprint.recorder.forced_seed import force, forced_seed
from envprint.recorder.recording import Recording

Undo = Callable[[], None]
Attach = Callable[[Any, Recording], list[Undo]]


def attach(recording: Recording) -> contextlib.ExitStack:
    """Observe this process from now on; return what ends that. A child that it forks is not observed."""
    stack = contextlib.ExitStack()
    for name, observe in OBSERVERS.items():
        if name in sys.modules:
            _observe(sys.modules[name], observe, recording, stack)
    waiting = {name: observe for name, observe in OBSERVERS.items() if name not in sys.modules}
    if waiting:
        later = Later(waiting, recording, stack)
        sys.meta_path.insert(0, later)
        stack.callback(sys.meta_path.remove, later)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=recording.stop)
    return stack


def _observe(module: Any, observe: Attach, recording: Recording, stack: contextlib.ExitStack) -> None:
    for undo in observe(module, recording):
        stack.callback(undo)
    seed = forced_seed()
    if seed is not None:
        force(module, seed)


@contextlib.contextmanager
def record(path: str | Path) -> Iterator[None]:
    """Record what this process trains within the block, and write it with the environment to a manifest.

    What cannot be read is a gap; what the block raises passes through. `path` is written anew while the run goes on.
    """
    recording = Recording(Path(path))
    with attach(recording):
        try:
            yield
        finally:
            finish(recording)


def finish(recording: Recording) -> None:
    """Write what was seen, for the last time."""
    if not recording.stopped:
        recording.flush("ended")
        recording.stop()


class Later(importlib.abc.MetaPathFinder):
    """Hears of modules as they are imported, and has them observed once they have been."""

    def __init__(self, waiting: dict[str, Attach], recording: Recording, stack: contextlib.ExitStack) -> None:
        self.waiting = waiting
        self.recording = recording
        self.stack = stack

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Return the spec that the other finders have for a module that is waited for; None for all else."""
        observe = self.waiting.pop(name, None)
        if observe is None:
            return None
        found = (finder.find_spec(name, path, target) for finder in sys.meta_path if finder is not self)
        spec = next((each for each in found if each is not None), None)
        if spec is not None and spec.loader is not None:
            load = spec.loader.exec_module

            def loaded(module: ModuleType) -> None:
                load(module)
                _observe(module, observe, self.recording, self.stack)

            spec.loader.exec_module = loaded  # type: ignore[method-assign]
        return spec


def observe_random(random: Any, recording: Recording) -> list[Undo]:
    """Hear of random.seed()."""
    return [wrap(random, "seed", lambda value=None, *_, **__: recording.seeded("python", value))]


def observe_numpy(numpy: Any, recording: Recording) -> list[Undo]:
    """Hear of numpy.random.seed()."""
    return [wrap(numpy.random, "seed", lambda value=None: recording.seeded("numpy", value))]


def observe_torch(torch: Any, recording: Recording) -> list[Undo]:
    """Hear of torch's seeding, of loaders and their batches, of backward() and of optimizers' steps.

    Optimizers have hooks for all of them; the others have no public place to stand at. No hook is put on modules: it
    would take TransformerEncoder off its fast path, and change what torch.compile traces.
    """
    from torch.optim import optimizer
    from torch.utils.data import dataloader

    undo = [
        wrap(holder, "manual_seed", lambda seed: recording.seeded("torch", seed)) for holder in (torch, torch.random)
    ]
    undo += [
        wrap(torch.Tensor, "backward", lambda loss, *_, **__: recording.backward(loss)),
        wrap(dataloader.DataLoader, "__iter__", recording.loading),
        _observe_batches(dataloader._BaseDataLoaderIter, recording),  # noqa: SLF001 - the base of all iterators
        optimizer.register_optimizer_step_pre_hook(lambda of, *_: recording.stepping(of)).remove,
        optimizer.register_optimizer_step_post_hook(lambda of, *_: recording.stepped(of)).remove,
    ]
    recording.mark("torch imported")
    return undo


def _observe_batches(kind: Any, recording: Recording) -> Undo:
    original = kind.__next__

    def following(self: Any) -> Any:
        try:
            batch = original(self)
        except StopIteration:
            recording.epoch_ended()
            raise
        recording.loaded(batch)
        return batch

    kind.__next__ = following
    return lambda: setattr(kind, "__next__", original)


OBSERVERS: dict[str, Attach] = {"random": observe_random, "numpy": observe_numpy, "torch": observe_torch}


def begin() -> None:
    """Attach to a process that `envprint capture -- COMMAND` started, as its environment says."""
    path, parent = os.environ.get("ENVPRINT_RECORD"), os.environ.get("ENVPRINT_RECORD_PARENT")
    if not path or _is_of_multiprocessing():
        return
    rank = os.environ.get("RANK")
    if rank is None and str(os.getppid()) != parent:
        return
    target = Path(path)
    if rank is not None and int(os.environ.get("WORLD_SIZE", "1")) > 1:
        target = target.with_name(f"{target.stem}.rank{rank}{target.suffix}")
    recording = Recording(target, tuple(sys.orig_argv))
    attach(recording)
    atexit.register(finish, recording)


def _is_of_multiprocessing() -> bool:
    """Tell whether this is a worker that multiprocessing started: of a DataLoader, say."""
    words = " ".join(sys.orig_argv)
    return "--multiprocessing-fork" in words or "multiprocessing.resource_tracker" in words
