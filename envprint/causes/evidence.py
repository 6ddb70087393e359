"""What the probes say of a suspect: which kernels it reaches, which of them moved, and whether the size is its own."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from envprint.causes.cause import Cause
from envprint.causes.coverage import name_of
from envprint.causes.suspects import Suspect
from envprint.manifest.patterns import matches
from envprint.probes.bits import LAYOUTS
from envprint.probes.drift import typical_size
from envprint.report import KernelDrift

FLOAT32_FRACTION = 23
# how far beyond its usual band a cause is still believed: probes are made to cancel, and bands are of whole models
SLACK = 1000.0
CANCELS = "-cancel-"  # in the name of a probe that is made to cancel: what is left of it is rounding of any size


@dataclass(frozen=True)
class Evidence:
    """What the kernels that were compared say of one suspect, by their paths.

    `reach` are those that it may move, `surely` those of them that it moves wherever it acts; `covers` those that moved
    and that it accounts for: by its size, and not spoken against by what one thread gives.
    """

    suspect: Suspect
    reach: frozenset[str]
    surely: frozenset[str]
    covers: frozenset[str]
    is_unlike: bool = False  # what it reaches moved, and not in its way

    @property
    def cause(self) -> Cause:
        """Return the cause that is suspected."""
        return self.suspect.cause


def weigh(suspect: Suspect, compared: Sequence[KernelDrift]) -> Evidence:
    """Return what the kernels that were compared say of a suspect."""
    cause = _as_a_bug_moves(suspect)
    reach = [kernel for kernel in compared if reaches(cause, kernel)]
    moved = [kernel for kernel in reach if kernel.state == "moved"]
    covers = frozenset(
        kernel.path for kernel in _of_its_size(cause, [each for each in moved if _thread_agrees(cause, each)])
    )
    return Evidence(
        suspect=suspect,
        reach=frozenset(kernel.path for kernel in reach),
        surely=frozenset(kernel.path for kernel in reach if _names(cause.surely, kernel)),
        covers=covers,
        is_unlike=bool(moved) and not covers,
    )


def give_to_threads(evidence: Sequence[Evidence], compared: Sequence[KernelDrift]) -> list[Evidence]:
    """Return the evidence, where what one thread makes the same is accounted for by threads, if those are suspected."""
    same = {kernel.path for kernel in compared if kernel.with_one_thread == "same"}
    by_thread = frozenset(path for each in evidence if each.cause.by_thread for path in each.covers & same)
    return [each if each.cause.by_thread else replace(each, covers=each.covers - by_thread) for each in evidence]


def reaches(cause: Cause, kernel: KernelDrift) -> bool:
    """Tell whether a cause may move a kernel."""
    return _names(cause.moves, kernel) and not _names(cause.stays, kernel)


def measured_size(kernels: Iterable[KernelDrift]) -> float | None:
    """Return the median of how far kernels moved, each as if it computed in float32."""
    return typical_size(
        kernel.model_copy(update={"relative": in_float32(kernel)}) for kernel in kernels if kernel.relative is not None
    )


def in_float32(kernel: KernelDrift) -> float | None:
    """Return how far a kernel moved in units of its own type, as the same number of units of float32."""
    layout = LAYOUTS.get(kernel.dtype)
    if kernel.relative is None or layout is None or not layout.exponent:
        return None
    return kernel.relative * float(2.0 ** (layout.fraction - FLOAT32_FRACTION))


def _as_a_bug_moves(suspect: Suspect) -> Cause:
    """Return the cause, or as it acts where one side has a known bug of it: elsewhere too, and in any size."""
    if suspect.bug is None:
        return suspect.cause
    moves = tuple(pattern for _, bug in suspect.bugs for pattern in bug.moves)
    return suspect.cause.model_copy(update={"moves": (*suspect.cause.moves, *moves), "band": ()})


def _names(patterns: tuple[str, ...], kernel: KernelDrift) -> bool:
    name = name_of(kernel)
    return any(pattern in kernel.layers or matches(pattern, name) for pattern in patterns)


def _thread_agrees(cause: Cause, kernel: KernelDrift) -> bool:
    """Tell whether what one thread gives speaks for this cause: what threads part, one thread makes the same."""
    return not cause.by_thread or kernel.with_one_thread in (None, "same")


def _of_its_size(cause: Cause, kernels: Sequence[KernelDrift]) -> Iterator[KernelDrift]:
    """Yield the kernels, if they typically moved by what the cause makes; those far beyond it are not its work."""
    typical = measured_size(kernels)
    low, high = (*cause.band, None, None)[:2]
    if typical is None or low is None:
        yield from kernels
    elif typical * SLACK >= low:
        sized = ((kernel, in_float32(kernel)) for kernel in kernels)
        yield from (
            kernel
            for kernel, size in sized
            if size is None or high is None or size <= high * SLACK or CANCELS in kernel.path
        )
