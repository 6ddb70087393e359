"""The states of this process's random generators, as digests: equal states draw equal numbers from there on."""

import array
import sys
from typing import Any


def states_of_torch() -> dict[str, str]:
    """Return the digest of the state of torch's generator of the processor: a tenth of the time that all take."""
    return {"torch": _digest(_bytes(sys.modules["torch"].default_generator.get_state()))}


def states() -> dict[str, str]:
    """Return the digest of the state of each generator that this process has, by its name; nothing is drawn."""
    import random

    found = {"python": _digest(array.array("L", random.getstate()[1]).tobytes())}
    if numpy := sys.modules.get("numpy"):
        name, keys, position, *rest = numpy.random.get_state(legacy=True)
        found["numpy"] = _digest(keys.tobytes() + f"{name} {position} {rest}".encode())
    if torch := sys.modules.get("torch"):
        found["torch"] = _digest(_bytes(torch.default_generator.get_state()))
        cuda = getattr(torch, "cuda", None)
        if cuda is not None and cuda.is_available() and cuda.is_initialized():
            for index, generator in enumerate(cuda.default_generators):
                found[f"cuda:{index}"] = _digest(_bytes(generator.get_state()))
    return found


def _bytes(state: Any) -> bytes:
    import ctypes

    return ctypes.string_at(state.data_ptr(), state.numel())


def _digest(content: bytes) -> str:
    import xxhash

    return f"xxh3-128:{xxhash.xxh3_128_hexdigest(content)}"
