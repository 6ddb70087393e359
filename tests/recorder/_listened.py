"""Record trainings with windows, neither captured nor written, and read what they tell of modules."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch

from envprint.recorder.attaching import attach
from envprint.recorder.chosen import Chosen, choose
from envprint.recorder.recording import Recording


def listened(training: Callable[[], Any], steps: tuple[int, int] = (2, 3), *, seed: int = 3) -> dict[str, Any]:
    """Return what a run whose modules are listened to would have in its manifest; nothing is captured."""
    recording = recorded(training, choose(steps, modules=True), seed)
    table = recording.listener.table if recording.listener else None
    return {
        "ledger": recording.steps.ledger, "window": steps, "notes": recording.notes, "steps": recording.steps.count,
        **({"modules": table.names, "types": table.types} if table else {}),
    }  # fmt: skip


def ledger_of(training: Callable[[], Any], chosen: Chosen | None) -> list[dict[str, Any]]:
    """Return the steps that are kept of a run."""
    return recorded(training, chosen, 3).steps.ledger


def recorded(training: Callable[[], Any], chosen: Chosen | None, seed: int) -> Recording:
    """Return a recording that was never written."""
    recording = Recording(Path("nowhere"), chosen=chosen)
    torch.manual_seed(seed)
    with attach(recording), kept_from_disk(recording):
        training()
    assert "modules" not in recording.unread, recording.unread
    assert recording.steps.chain.finish(0.0)
    return recording


@contextlib.contextmanager
def kept_from_disk(recording: Recording) -> Iterator[None]:
    """Let a recording read the model at its first step, and neither capture nor write."""
    keeper = recording.keeper
    keeper.manifest = None
    keeper.capture = lambda: setattr(keeper, "manifest", True)  # type: ignore[method-assign]
    keeper.write = lambda **_: None  # type: ignore[method-assign]
    keeper.due = float("inf")
    yield


def calls_of(run: dict[str, Any], step: int, kind: str = "forward") -> list[str]:
    """Return the names of the modules that gave something in a step, in order."""
    told = run["ledger"][step - 1].get("modules") or {}
    return [run["modules"][int(place)] for place in told.get(kind, {}).get("module", "").split()]
