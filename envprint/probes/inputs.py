"""Inputs of the probes: from an integer hash, exact in their type, the same on every machine and version.

Never from a random generator: torch.randn itself changes with the CPU's vector width. The hash is the finalizer of
MurmurHash3 (public domain) over the index, in numpy's unsigned integers, whose arithmetic is modulo 2**32 everywhere.
"""

import math
import zlib
from dataclasses import dataclass
from typing import Any

SIGNIFICAND_BITS = {"float64": 53, "float32": 24, "float16": 11, "bfloat16": 8}
GOLDEN = 0x9E3779B1


@dataclass(frozen=True)
class Inputs:
    """Makes the inputs of one probe, of its type and on its device.

    With `exact` the values are the same, held in float64: so a reference of the very inputs is computed.
    """

    torch: Any
    dtype: str = "float32"
    device: str = "cpu"
    exact: bool = False

    @property
    def floating(self) -> Any:
        """Return the torch type that the inputs have."""
        return self.torch.float64 if self.exact else getattr(self.torch, self.dtype)

    def uniform(self, name: str, *shape: int, scale: int = 0) -> Any:
        """Return values between -1 and 1, times 2 to the `scale`."""
        return self.from_array(steps(name, math.prod(shape), self.dtype, scale), *shape)

    def opposed(self, name: str, *shape: int) -> Any:
        """Return the values of `uniform(name)` with the other sign, half of them a step further from zero or nearer.

        In a sum of both nearly all cancels; what is left shows roundings that an output of 16 bits would hide.
        """
        count = math.prod(shape)
        step = 2.0 ** (1 - SIGNIFICAND_BITS[self.dtype]) * powers(name, count)
        return self.from_array(-steps(name, count, self.dtype) - step * (hashes(f"{name}, opposed", count) & 1), *shape)

    def positive(self, name: str, *shape: int, scale: int = 0) -> Any:
        """Return values above 0 and at most 1, times 2 to the `scale`."""
        count = math.prod(shape)
        unit = 2.0 ** (scale + 1 - SIGNIFICAND_BITS[self.dtype]) * powers(name, count)
        array = steps(name, count, self.dtype, scale)
        return self.from_array(abs(array) + unit * (array >= 0), *shape)

    def integers(self, name: str, *shape: int, below: int) -> Any:
        """Return integers of 64 bits from 0 to below."""
        array = (hashes(name, math.prod(shape)) % below).astype("int64")
        return self._tensor(array, self.torch.int64).reshape(shape).to(self.device)

    def from_array(self, array: Any, *shape: int) -> Any:
        """Return a numpy array of float64, whose values the type must have, as a tensor."""
        tensor = self._tensor(array.astype("float64"), self.torch.float64)
        return tensor.to(self.floating).reshape(shape).to(self.device)

    def _tensor(self, array: Any, dtype: Any) -> Any:
        # frombuffer, not from_numpy: a torch that was built for numpy 1 refuses arrays of numpy 2
        return self.torch.frombuffer(bytearray(array.tobytes()), dtype=dtype)


def hashes(name: str, count: int) -> Any:
    """Return `count` unsigned integers of 32 bits that follow from the name alone."""
    import numpy as np

    mixed = np.arange(count, dtype=np.uint32) * np.uint32(GOLDEN) + np.uint32(zlib.crc32(name.encode()))
    mixed ^= mixed >> np.uint32(16)
    mixed *= np.uint32(0x85EBCA6B)
    mixed ^= mixed >> np.uint32(13)
    mixed *= np.uint32(0xC2B2AE35)
    mixed ^= mixed >> np.uint32(16)
    return mixed


def powers(name: str, count: int) -> Any:
    """Return powers of two from 1/128 to 1: without them a sum of a few products would be exact, in any order."""
    return 0.5 ** (hashes(f"{name}, powers", count) & 7).astype("float64")


def steps(name: str, count: int, dtype: str, scale: int = 0) -> Any:
    """Return float64 values between -1 and 1, times 2 to the `scale`, that the type holds exactly."""
    bits = SIGNIFICAND_BITS[dtype]
    whole = hashes(name, count).astype("int64")
    if bits > 32:  # noqa: PLR2004 - more than one hash has
        whole = (whole << 21) | (hashes(f"{name}, lower bits", count) >> 11).astype("int64")
        whole -= 2**52
    else:
        whole = (whole >> (32 - bits)) - 2 ** (bits - 1)
    return whole.astype("float64") * 2.0 ** (scale - bits + 1) * powers(name, count)
