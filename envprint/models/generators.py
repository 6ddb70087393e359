"""The random generators of this process: seeded for a while, and put back."""

import contextlib
import random
import sys
from collections.abc import Iterator
from typing import Any

SEED = 0


@contextlib.contextmanager
def generators_kept(torch: Any) -> Iterator[None]:
    """Put back the states of the generators of Python, numpy, torch and each device in use."""
    numpy = sys.modules.get("numpy")
    of_python, of_numpy = random.getstate(), numpy.random.get_state() if numpy else None
    with contextlib.ExitStack() as stack:
        for kind in ("cuda", "xpu", "mps"):
            backend = getattr(torch, kind, None)
            if backend is not None and backend.is_available() and getattr(backend, "is_initialized", lambda: True)():
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
    torch.manual_seed(SEED)
    random.seed(SEED)
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed(SEED)
