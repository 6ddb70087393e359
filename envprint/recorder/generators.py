"""The states of this process's random generators, as digests: equal states draw equal numbers from there on."""

import array
import ctypes
import functools
import sys
from collections.abc import Callable
from typing import Any

from envprint.recorder.chaining import Here
from envprint.recorder.torch_twister import digest, digest_of
from envprint.recorder.twisters import NumpyTwister, python_state, words_of

States = dict[str, tuple[Callable[[Any], str], Any]]
NUMPY = NumpyTwister()


def states() -> dict[str, str]:
    """Return the digest of the state of each generator that this process has, by its name; nothing is drawn."""
    return _digests(_states())


def read_states() -> Here:
    """Read the state of each generator, and return what gives their digests."""
    return Here(_digests, _states())


def read_torch() -> Here:
    """Read the state of torch's generator of the processor, and return what gives its digest: the quickest of all."""
    return Here(dict, {"torch": digest_of(sys.modules["torch"].default_generator)})


def only_torch(read: Here) -> dict[str, str]:
    """Return what `read_torch` gives, of the states of all."""
    return {"torch": read()["torch"]}


def _states() -> States:
    found: States = {"python": (_digest_python, python_state())}
    if numpy := sys.modules.get("numpy"):
        found["numpy"] = _digest_numpy, NUMPY.read(numpy)
    if torch := sys.modules.get("torch"):
        found["torch"] = str, digest_of(torch.default_generator)
        cuda = getattr(torch, "cuda", None)
        if cuda is not None and cuda.is_initialized() and cuda.is_available():
            for index, generator in enumerate(cuda.default_generators):
                found[f"cuda:{index}"] = _digest_tensor, generator.get_state()
    return found


def _digests(states: States) -> dict[str, str]:
    return {name: digest(state) for name, (digest, state) in states.items()}


@functools.lru_cache(maxsize=1)  # few runs draw from it with each step
def _digest_python(state: Any) -> str:
    return digest(array.array("L", words_of(state)).tobytes())


def _digest_numpy(state: Any) -> str:
    if isinstance(state, dict):  # of a generator of another kind
        return digest(repr(state).encode())
    name, keys, position, *rest = state
    return digest(keys.tobytes() + f"{name} {position} {rest}".encode())


def _digest_tensor(state: Any) -> str:
    return digest((ctypes.c_ubyte * state.numel()).from_address(state.data_ptr()))
