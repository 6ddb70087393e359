"""Hear of what each module returns, and of the gradients that come back to it, in the steps that were chosen."""

import weakref
from functools import partial
from typing import Any

from envprint.models.reading import Reading
from envprint.recorder.calls import Undo, hook, wrap
from envprint.recorder.listening import Listener
from envprint.recorder.recording import Recording


def observe_building(torch: Any, recording: Recording) -> list[Undo]:
    """Hear of modules that are given parameters, after those that are there already."""
    register = torch.nn.modules.module.register_module_parameter_registration_hook

    def built(module: Any, *_: Any) -> None:
        recording.built = weakref.ref(module)

    recording.look_for_models()
    return [register(hook(built)).remove]


def observe_modules(torch: Any, recording: Recording) -> list[Undo]:
    """Have modules listened to in the chosen steps, if somebody wants that."""
    if recording.chosen is None or not recording.chosen.modules:
        return []
    steps, chain = recording.steps, recording.steps.chain

    def reading() -> Reading | None:
        return chain.reading if recording.optimizers else None  # without any, gradients come when the step has ended

    listener = recording.listener = Listener(recording.chosen, torch, recording.note, recording.noting, reading)
    steps.modules = partial(listener.told, steps)
    if recording.chosen.first == 1:
        listener.open()
    return [listener.shut]


def observe_compiled_modules(eval_frame: Any, recording: Recording) -> list[Undo]:
    """Hear of what a compiled module returns as a whole."""
    if recording.chosen is None or not recording.chosen.modules:
        return []

    def heard(module: Any, *given: Any, **_: Any) -> None:
        if recording.listener is not None and recording.listener.is_open:
            with recording.noting("modules"):
                recording.listener.begin(module._orig_mod, given)  # noqa: SLF001

    def returned(output: Any, module: Any, *given: Any, **named: Any) -> None:
        if recording.listener is not None and recording.listener.is_open:
            with recording.noting("modules"):
                recording.listener.end(module._orig_mod, given, named, output)  # noqa: SLF001

    return [wrap(eval_frame.OptimizedModule, "__call__", heard, returned)]
