"""What the numbers of a stored tensor look like, as envprint.models.looks tells of a live one; without torch."""

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass

from envprint.models.content import Content
from envprint.models.kinds import floats, kind_of, raw_of
from envprint.models.looks import BEYOND, ENOUGH, ERRORS, NONSENSE, NORMALS, SAMPLED, TINY, Looks

MOST_BLOCKS = 64  # 16 MiB
FLOATS = ("bfloat16", "float16", "float32", "float64")


@dataclass(frozen=True)
class Spread:
    """How numbers scatter: the least and the largest of `count`, and mean and deviation of the first of them."""

    low: float
    high: float
    count: int
    mean: float = math.nan
    deviation: float = math.nan
    sampled: int = 1


def looks_in(name: str, contents: Mapping[str, Content]) -> Looks | None:
    """Return what a tensor of a file looks like, by its numbers and by the shape of the weight beside it."""
    content = contents[name]
    if content.dtype not in FLOATS or not math.prod(content.shape):
        return None
    spread = _spread(content)
    largest = max(abs(spread.low), abs(spread.high))
    if not math.isfinite(largest) or largest > NONSENSE or 0 < largest < TINY:
        return "uninitialised"
    if spread.low == spread.high:
        return "constant"
    if spread.count < ENOUGH:
        return None
    room = 10.0 / spread.count  # the largest of n draws is below 1 - 10/n in one of 22 000 cases
    fills = any(bound * (1 - room) <= largest <= bound * BEYOND for bound in _bounds(name, contents))
    return "fresh" if fills or _is_normal(spread) else None


def _spread(content: Content) -> Spread:
    """Return how the numbers scatter, of a large tensor those at its beginning."""
    import numpy as np

    kind = kind_of(content.dtype)
    low, high, count = math.inf, -math.inf, 0
    sample = np.zeros(0)
    with np.errstate(invalid="ignore", over="ignore"):
        for block in itertools.islice(content.blocks(), MOST_BLOCKS):
            numbers = floats(raw_of(block, kind), kind.name)
            low, high, count = min(low, float(numbers.min())), max(high, float(numbers.max())), count + numbers.size
            if not math.isfinite(high - low):
                return Spread(math.nan, math.nan, count)
            sample = sample if sample.size else numbers[:SAMPLED].astype("<f8")
    deviation = float(sample.std(ddof=1)) if sample.size > 1 else 0.0
    return Spread(low, high, count, float(sample.mean()), deviation, sample.size)


def _bounds(name: str, contents: Mapping[str, Content]) -> list[float]:
    """Return the bounds of the draws that torch's layers make, for the tensor of this name."""
    owner, _, local = name.rpartition(".")
    beside = f"{owner}." if owner else ""
    recurrent = contents.get(f"{beside}weight_hh_l0")
    if recurrent is not None and local.startswith(("weight_ih_l", "weight_hh_l", "bias_ih_l", "bias_hh_l")):
        return [1 / math.sqrt(max(1, recurrent.shape[-1]))]
    weight: Content | None = contents[name] if len(contents[name].shape) > 1 else contents.get(f"{beside}weight")
    if local not in {"weight", "bias", "in_proj_weight"} or weight is None or len(weight.shape) == 1:
        return []  # a norm's weight has no fan
    inside = math.prod(weight.shape[2:])
    fans = max(1, weight.shape[1] * inside), max(1, weight.shape[0] * inside)
    return [1 / math.sqrt(fans[0]), math.sqrt(6 / sum(fans))]  # of Linear and convolutions; of Xavier


def _is_normal(spread: Spread) -> bool:
    """Tell whether the numbers scatter as a normal draw of the deviations that libraries use."""
    mean = abs(spread.mean) / max(spread.deviation, TINY) * math.sqrt(spread.sampled)
    error = ERRORS / math.sqrt(2 * spread.sampled)
    return mean < ERRORS and any(abs(spread.deviation / each - 1) < error for each in NORMALS)
