"""Hear of what seeds a generator, and of what sets one back to a state of before."""

from collections.abc import Callable
from numbers import Integral
from typing import Any

from envprint.recorder.calls import Undo, wrap
from envprint.recorder.frames import asking
from envprint.recorder.recording import Recording

LENDING = (
    "torch/random.py", "_dynamo/", "_functorch/", "_inductor/", "compile_fx/",
    "utilities/seed.py:_set_rng_states",  # isolate_rng() of Lightning
)  # fmt: skip


def observe_random(random: Any, recording: Recording) -> list[Undo]:
    """Hear of random.seed() and of random.setstate() where that sets another: torch.compile sets the same again."""
    restoring = _restoring("python", recording)

    def heard(state: Any) -> None:
        if state != random.getstate():
            restoring()

    return [_seeding(random, "seed", "python", recording), wrap(random, "setstate", heard)]


def observe_numpy(numpy: Any, recording: Recording) -> list[Undo]:
    """Hear of numpy.random.seed(), numpy.random.set_state() and numpy.random.default_rng()."""

    def made(_: Any, seed: Any = None) -> None:
        if seed is None or isinstance(seed, (Integral, list, tuple)):  # else it has its seed from elsewhere
            recording.seeded("numpy.Generator", int(seed) if isinstance(seed, Integral) else seed)

    return [
        wrap(numpy.random, "default_rng", returned=made),
        _seeding(numpy.random, "seed", "numpy", recording),
        wrap(numpy.random, "set_state", _restoring("numpy", recording)),
    ]


def observe_torch_seeds(torch: Any, recording: Recording) -> list[Undo]:
    """Hear of torch.manual_seed() and of set_rng_state(), of the processor and of CUDA."""
    holders = (torch, torch.random)
    return [
        *(_seeding(holder, "manual_seed", "torch", recording) for holder in holders),
        *(wrap(holder, "set_rng_state", _restoring("torch", recording)) for holder in holders),
        wrap(torch.cuda, "set_rng_state", _restoring("cuda", recording)),
        wrap(torch.cuda, "set_rng_state_all", _restoring("cuda", recording)),
    ]


def _seeding(holder: Any, name: str, generator: str, recording: Recording) -> Undo:
    def heard(value: object = None, *_: Any, **named: Any) -> None:
        recording.seeded(generator, next(iter(named.values()), None) if value is None else value)

    def returned(*_: Any, **__: Any) -> None:
        recording.mark(f"seeded {generator}")

    return wrap(holder, name, heard, returned)


def _restoring(generator: str, recording: Recording) -> Callable[..., None]:
    """Return what hears of a state that is set; fork_rng() and such set back what they lent themselves."""

    def heard(*_: Any, **__: Any) -> None:
        if not asking()[1].startswith(LENDING):
            recording.event("restore-rng", generator)

    return heard
