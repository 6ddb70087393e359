"""Hear of what the outermost module is given: the batch where no loader gives one, and the mode at each forward pass.

torch.nn.Module.__call__ is stood before, not hooked: hooks take TransformerEncoder off its fast path. torch.compile
compares that very method, so that it is put back before anything is compiled; what is seen from there on are the calls
of compiled modules from outside, which are not traced.
"""

from typing import Any

from envprint.recorder.calls import GRAPHS, ORIGINAL, SKIPPED, Undo, wrap, wrap_outermost
from envprint.recorder.frames import asking
from envprint.recorder.recording import Recording

COMPILED = "torch.compile is used: batches that no loader gives are seen where a compiled module is called, else not"
CAPTURED = "a CUDA graph was captured: what it replays is not seen, nor are steps that are made within it"


def observe_forwards(torch: Any, recording: Recording) -> list[Undo]:
    """Hear of calls of modules from outside all modules, until torch.compile is called."""
    module = torch.nn.Module
    undo = wrap_outermost(module, "__call__", recording.hearing("batches", recording.fed.given))

    def compiling(_: Any = None, *__: Any, **settings: Any) -> None:
        undo()
        recording.note(COMPILED)
        if recording.listener is not None:
            recording.listener.compiling()
        if asking()[1].startswith("torch/__init__.py"):
            return  # a decorator, which calls the function again
        said = (f"{name}={value!r}"[:60] for name, value in sorted(settings.items()) if value is not None)
        recording.event("compile", " ".join(said) or "as it is by default")

    return [undo, wrap(torch, "compile", compiling)]


def observe_graphs(torch: Any, recording: Recording) -> list[Undo]:
    """Hear of CUDA graphs that are captured."""

    def heard(*_: Any) -> None:
        GRAPHS.add("captured")
        recording.note(CAPTURED)

    graphs = getattr(torch.cuda, "graphs", None)
    return [wrap(graphs.graph, "__enter__", heard)] if graphs else []


def observe_tracing(utils: Any, _: Recording) -> list[Undo]:
    """Let torch.compile, whose module for it was just imported, know the method of modules that will be put back."""
    current = getattr(utils, "unpatched_nn_module_call", None)
    if hasattr(current, ORIGINAL):
        utils.unpatched_nn_module_call = getattr(current, ORIGINAL)
    return []


def observe_compiled(eval_frame: Any, recording: Recording) -> list[Undo]:
    """Hear of calls of compiled modules, and let torch.compile make no graphs of what stands before functions."""
    undo = wrap_outermost(eval_frame.OptimizedModule, "__call__", recording.hearing("batches", recording.fed.given))
    for code in SKIPPED:
        eval_frame.skip_code(code)
    return [undo]
