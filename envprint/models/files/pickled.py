"""Read a pickle without unpickling it: nothing is imported, nothing is called; what is not plain data is symbols."""

import struct
from dataclasses import dataclass
from typing import Any

from envprint.models.files.instructions import INSTRUCTIONS
from envprint.models.files.stack import Stack
from envprint.models.files.symbols import CutOff, Storage, Unsound

LARGEST_PICKLE = 256 << 20  # bytes; the numbers of tensors are outside of it
MOST_INSTRUCTIONS = 4_000_000  # 3000 tensors take 100 000
LONGEST = 9  # bytes of an instruction of fixed size
STOP = ord(".")


@dataclass(frozen=True)
class Pickled:
    """What a pickle describes, in symbols; where it ends; and the storages that it names, by key."""

    value: Any
    stop: int
    storages: dict[str, Storage]


def read_pickle(data: bytes, at: int = 0) -> Pickled:
    """Return what the pickle at an offset describes; raise Unsound where it is none."""
    stack = Stack(data)
    try:
        for _ in range(MOST_INSTRUCTIONS):
            code = data[at]
            if code == STOP:
                return Pickled(stack.top.pop(), at + 1, stack.storages)
            at = INSTRUCTIONS[code](stack, at + 1)
    except Unsound:
        raise
    except (IndexError, struct.error) as exc:
        if at + LONGEST > len(data):
            raise CutOff("it ends too early") from exc
        raise Unsound("it takes what is not there") from exc
    except KeyError as exc:
        raise Unsound(f"its instruction {data[at : at + 1]!r} is none that torch writes, or refers to nothing") from exc
    except (TypeError, ValueError, AttributeError, OverflowError, RecursionError) as exc:
        raise Unsound(f"its instruction {data[at : at + 1]!r} cannot be followed: {exc}") from exc
    raise Unsound(f"it has more than {MOST_INSTRUCTIONS} instructions")
