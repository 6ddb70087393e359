"""Hear of what a run reads: loaders and their batches, checkpoints, folders."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from envprint.recorder.calls import Undo, wrap, wrap_next
from envprint.recorder.frames import asking, caller, short
from envprint.recorder.recording import Recording

MOST_NAMES = 100_000


def observe_loaders(_: Any, recording: Recording) -> list[Undo]:
    """Hear of DataLoaders that are made, of those that begin an epoch, and of each batch."""
    from torch.utils.data import dataloader

    loaded = recording.hearing("batches", recording.fed.loaded)
    return [
        wrap(dataloader.DataLoader, "__init__", returned=lambda *_, **__: recording.mark("loader built")),
        wrap(dataloader.DataLoader, "__iter__", recording.fed.loading),
        wrap_next(dataloader._BaseDataLoaderIter, loaded, recording.fed.epoch_ended),  # noqa: SLF001 - of all
    ]


def observe_restoring(torch: Any, recording: Recording) -> list[Undo]:
    """Hear of torch.load() and of weights that a module is given."""

    def loading(file: Any = None, *_: Any, **__: Any) -> None:
        named = isinstance(file, (str, os.PathLike))
        recording.event("checkpoint", Path(file).name if named else type(file).__name__)

    def restoring(module: Any, *given: Any, **named: Any) -> None:
        strict = named.get("strict", given[1] if len(given) > 1 else True)
        recording.event("load-model", f"{type(module).__qualname__} strict={strict}")

    holders = (torch, torch.serialization)
    return [
        *(wrap(holder, "load", loading) for holder in holders),
        wrap(torch.nn.Module, "load_state_dict", restoring),
    ]


def observe_folders(system: Any, recording: Recording) -> list[Undo]:
    """Hear of the folders that the user's own code lists, and in which order their names come."""
    names_of = system.listdir

    def listed(names: Any, folder: Any = ".", *_: Any) -> None:
        _note(folder, lambda: names, recording)

    def scanned(folder: Any = ".", *_: Any) -> None:
        _note(folder, lambda: names_of(folder), recording)

    return [wrap(system, "listdir", returned=listed), wrap(system, "scandir", scanned)]


def _note(folder: Any, names: Callable[[], list[Any]], recording: Recording) -> None:
    """Note a folder, if the user's code asked for it, and for the first time at that line."""
    import xxhash

    if not isinstance(folder, (str, os.PathLike)) or recording.events.is_full("listing") or asking()[0] != "user":
        return
    path = os.path.abspath(os.fspath(folder))  # noqa: PTH100 - as often as folders are listed
    if isinstance(path, bytes) or not recording.is_new((path, where := caller())):
        return
    found = names()
    digest = xxhash.xxh3_128_hexdigest("\n".join(map(str, found[:MOST_NAMES])).encode(errors="replace"))
    recording.event("listing", f"{short(path)} {len(found)} names xxh3-128:{digest}", where)


def observe_torchvision(transforms: Any, recording: Recording) -> list[Undo]:
    """Hear of the mean and the deviation by which images are normalised."""

    def normalising(_: Any, mean: Any, std: Any, *__: Any, **___: Any) -> None:
        recording.event("normalise", f"mean={[float(each) for each in mean]} std={[float(each) for each in std]}")

    return [wrap(transforms.Normalize, "__init__", normalising)]
