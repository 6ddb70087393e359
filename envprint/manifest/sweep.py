"""What the seed alone makes of a command: the same run under several seeds, and how far its results scatter."""

import math
import statistics
from pathlib import Path

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from envprint.errors import ManifestError
from envprint.manifest._wording import one_line

SCHEMA = "envprint/sweep/1"
LARGEST = 1 << 20  # bytes
# quantiles of Student's t for 95 %, both sides, by degrees of freedom:
# https://www.itl.nist.gov/div898/handbook/eda/section3/eda3672.htm
T95 = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131)
T95_BEYOND = 2.12  # for 16 and more, a little too wide
FEWEST = 2


class Sweep(BaseModel):
    """The results of a command by seed; `metric` is what was read: the last loss, or a pattern in what it printed."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    schema_: str = Field(default=SCHEMA, alias="schema", pattern=r"^envprint/sweep/1$")
    command: tuple[str, ...]
    metric: str
    results: dict[str, float] = Field(min_length=FEWEST)

    @property
    def mean(self) -> float:
        """Return the mean of the results."""
        return statistics.fmean(self.results.values())

    @property
    def deviation(self) -> float:
        """Return the standard deviation of the results, as a sample has it."""
        return statistics.stdev(self.results.values())

    @property
    def interval(self) -> tuple[float, float]:
        """Return the interval of 95 % of the mean, were the results normal."""
        half = self._quantile * self.deviation / math.sqrt(len(self.results))
        return self.mean - half, self.mean + half

    @property
    def usual_gap(self) -> float:
        """Return how far two runs of unlike seeds are apart in at most 95 % of all cases, were the results normal."""
        return self._quantile * self.deviation * math.sqrt(2)

    @property
    def _quantile(self) -> float:
        freedom = len(self.results) - 1
        return T95[freedom - 1] if freedom <= len(T95) else T95_BEYOND

    def as_json(self) -> bytes:
        """Return the sweep as indented JSON, with what follows from its results."""
        low, high = self.interval
        told = {"mean": self.mean, "deviation": self.deviation, "interval": [low, high], "usual_gap": self.usual_gap}
        document = {**self.model_dump(mode="json", by_alias=True), **told}
        return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def load_sweep(path: str | Path) -> Sweep:
    """Read a sweep; raise ManifestError where a file is none."""
    try:
        content = Path(path).read_bytes()[:LARGEST]
        document = orjson.loads(content)
        kept = {key: document[key] for key in ("schema", "command", "metric", "results") if key in document}
        return Sweep.model_validate(kept)
    except (OSError, ValueError, TypeError, ValidationError) as exc:
        said = getattr(exc, "strerror", None) or "it has not what one has"
        hint = "write one with: envprint sweep -o FILE --seeds 0,1,2 -- COMMAND"
        raise ManifestError(one_line(f"{path} is no sweep: {said}; expected {SCHEMA}"), hint=hint) from exc
