"""Attach a recording to this process: to what is imported already, and to other libraries once they are."""

import contextlib
import importlib.abc
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

from envprint.recorder.calls import WITHIN, Undo
from envprint.recorder.chosen import choose
from envprint.recorder.forced_seed import force, forced_seed
from envprint.recorder.observing import data, forwards, modules, optimizing, seeds, switches, workers
from envprint.recorder.recording import Recording

Attach = Callable[[Any, Recording], list[Undo]]


def attach(recording: Recording) -> contextlib.ExitStack:
    """Observe this process from now on; return what ends that. A child that it forks is not observed."""
    stack = contextlib.ExitStack()
    waiting: dict[str, tuple[Attach, ...]] = {}
    for name, observers in OBSERVERS.items():
        if name in sys.modules:
            _observe(sys.modules[name], observers, recording, stack)
        else:
            waiting[name] = observers
    if waiting:
        later = Later(waiting, recording, stack)
        sys.meta_path.insert(0, later)
        stack.callback(sys.meta_path.remove, later)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=recording.stop)
        os.register_at_fork(after_in_child=WITHIN.clear)
    return stack


def _observe(module: Any, observers: tuple[Attach, ...], recording: Recording, stack: contextlib.ExitStack) -> None:
    """Have a module observed; an observer that does not know this version of it is noted, and is no trouble."""
    for observe in observers:
        with contextlib.suppress(Exception), recording.noting(observe.__name__):
            for undo in observe(module, recording):
                stack.callback(undo)
    seed = forced_seed()
    if seed is not None and module.__name__ in FORCED:
        force(module, seed)


@contextlib.contextmanager
def record(path: str | Path, *, steps: tuple[int, int] | None = None, modules: bool = False) -> Iterator[None]:
    """Record what this process trains within the block, and write it with the environment to a manifest.

    Between the first and the last of `steps` each is kept and read whole, with `modules` what each module gives, too.
    What cannot be read is a gap; what the block raises passes through. `path` is written anew while the run goes on.
    Functions that were imported by name before, such as `from torch.nn.functional import cross_entropy`, are not heard.
    """
    recording = Recording(Path(path), chosen=choose(steps, modules=modules))
    with attach(recording):
        try:
            yield
        finally:
            finish(recording, sys.exc_info()[0])


def finish(recording: Recording, failure: type[BaseException] | None) -> None:
    """Write what was seen, for the last time, and what ended the run, if anything did."""
    if not recording.stopped:
        recording.flush("ended" if failure is None else f"raised {failure.__name__}")
        recording.stop()


class Later(importlib.abc.MetaPathFinder):
    """Hears of modules as they are imported, and has them observed once they have been."""

    def __init__(
        self, waiting: dict[str, tuple[Attach, ...]], recording: Recording, stack: contextlib.ExitStack
    ) -> None:
        self.waiting = waiting
        self.recording = recording
        self.stack = stack

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Return the spec that the other finders have for a module that is waited for; None for all else."""
        observers = self.waiting.pop(name, None)
        if observers is None:
            return None
        found = (finder.find_spec(name, path, target) for finder in sys.meta_path if finder is not self)
        spec = next((each for each in found if each is not None), None)
        if spec is not None and spec.loader is not None:
            load = spec.loader.exec_module

            def loaded(module: ModuleType) -> None:
                load(module)
                _observe(module, observers, self.recording, self.stack)

            spec.loader.exec_module = loaded  # type: ignore[method-assign]
        return spec


def _mark_import(_: Any, recording: Recording) -> list[Undo]:
    recording.mark("torch imported")
    return []


FORCED = ("random", "numpy", "torch")
OBSERVERS: dict[str, tuple[Attach, ...]] = {
    "os": (data.observe_folders,),
    "random": (seeds.observe_random,),
    "numpy": (seeds.observe_numpy,),
    "torch": (
        seeds.observe_torch_seeds,
        optimizing.observe_steps,
        optimizing.observe_clipping,
        optimizing.observe_schedulers,
        optimizing.observe_scaler,
        data.observe_loaders,
        workers.observe_workers,
        data.observe_restoring,
        switches.observe_losses,
        switches.observe_autocast,
        switches.observe_setters,
        forwards.observe_forwards,
        forwards.observe_graphs,
        modules.observe_building,
        modules.observe_modules,
        _mark_import,
    ),
    "torch._dynamo.utils": (forwards.observe_tracing,),
    "torch._dynamo.eval_frame": (forwards.observe_compiled, modules.observe_compiled_modules),
    "torchvision.transforms.transforms": (data.observe_torchvision,),
}
