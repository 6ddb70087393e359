"""Record a process that `envprint capture -- COMMAND` started, as its environment says."""

import atexit
import os
import sys
from pathlib import Path
from types import TracebackType
from typing import Any

from envprint.recorder.attaching import attach, finish
from envprint.recorder.chosen import chosen_outside
from envprint.recorder.claiming import Claim, claim_of_this_process
from envprint.recorder.frames import kind_of
from envprint.recorder.recording import Recording


def begin() -> None:
    """Attach to this process, unless it is a worker of multiprocessing."""
    path = os.environ.get("ENVPRINT_RECORD")
    if not path or _is_of_multiprocessing():
        return
    claim, target = claim_of_this_process(Path(path))
    recording = Recording(target, tuple(sys.orig_argv), claim.take, chosen_outside(os.environ))
    attach(recording)
    atexit.register(_finish, recording, claim)
    sys.excepthook = _show


def _finish(recording: Recording, claim: Claim) -> None:
    """Write for the last time; what made no steps writes only if it is the command, and nothing it started trained."""
    if recording.steps.count or (claim.is_free() and (claim.is_foremost or "torch" in sys.modules)):
        finish(recording, getattr(sys, "last_type", None))  # what Python died of


def _is_of_multiprocessing() -> bool:
    """Tell whether this is a worker that multiprocessing started: of a DataLoader, say."""
    words = " ".join(sys.orig_argv)
    return "--multiprocessing-fork" in words or "multiprocessing.resource_tracker" in words


def _show(kind: type[BaseException], raised: BaseException, trace: TracebackType | None) -> None:
    """Show what a run died of as Python does, without the frames of what stood between its functions."""
    _cleared(raised, set())
    sys.__excepthook__(kind, raised, _without_own(trace))


def _cleared(raised: Any, seen: set[int]) -> None:
    while raised is not None and id(raised) not in seen:
        seen.add(id(raised))
        raised.__traceback__ = _without_own(raised.__traceback__)
        _cleared(raised.__context__, seen)
        raised = raised.__cause__


def _without_own(trace: TracebackType | None) -> TracebackType | None:
    while trace is not None and kind_of(trace.tb_frame.f_code.co_filename) == "own":
        trace = trace.tb_next
    if trace is not None:
        trace.tb_next = _without_own(trace.tb_next)
    return trace
