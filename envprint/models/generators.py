"""The random generators of this process: seeded for a while, and put back."""

import contextlib
import random
import sys
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

SEED = 0
DEVICES = ("cuda", "xpu", "mps")


@contextlib.contextmanager
def generators_kept(torch: Any) -> Iterator[None]:
    """Put back the states of the generators of Python, numpy, torch and each device in use."""
    numpy = sys.modules.get("numpy")
    of_python, of_numpy = random.getstate(), numpy.random.get_state(legacy=False) if numpy else None
    with contextlib.ExitStack() as stack:
        for kind, backend in _in_use(torch):
            devices = list(range(backend.device_count()))
            stack.enter_context(torch.random.fork_rng(devices, device_type=kind))
        stack.enter_context(torch.random.fork_rng([]))
        try:
            yield
        finally:
            random.setstate(of_python)
            if numpy:
                numpy.random.set_state(of_numpy)


def seed_generators(torch: Any) -> None:
    """Seed every generator that a model may draw from."""
    # not by torch.manual_seed: for devices that are not in use yet, it would seed those that begin later
    torch.default_generator.manual_seed(SEED)
    for _, backend in _in_use(torch):
        getattr(backend, "manual_seed_all", backend.manual_seed)(SEED)
    random.seed(SEED)
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed(SEED)


def states(torch: Any) -> list[Any]:
    """Return the states of torch's generators, which tell whether one was drawn from."""
    found = [torch.default_generator.get_state()]
    for _, backend in _in_use(torch):
        found += backend.get_rng_state_all() if hasattr(backend, "get_rng_state_all") else [backend.get_rng_state()]
    return found


def is_generator(value: Any, torch: Any) -> bool:
    """Tell whether a value is a generator of its own, of torch, Python or numpy."""
    of_numpy = type(value).__module__.startswith("numpy.random") and type(value).__name__ in {
        "Generator",
        "RandomState",
    }
    own = isinstance(value, (random.Random, torch.Generator)) and not isinstance(value, random.SystemRandom)
    return own or of_numpy


def state_of(generator: Any) -> Callable[[], None]:
    """Return what sets a generator back to where it is now."""
    for read, write in (("get_state", "set_state"), ("getstate", "setstate")):
        if hasattr(generator, read):
            return partial(getattr(generator, write), getattr(generator, read)())
    bits = getattr(generator, "bit_generator", generator)  # of numpy's Generator
    return partial(setattr, bits, "state", bits.state)


def _in_use(torch: Any) -> Iterator[tuple[str, Any]]:
    for kind in DEVICES:
        backend = getattr(torch, kind, None)
        if backend is not None and getattr(backend, "is_initialized", backend.is_available)():
            yield kind, backend
