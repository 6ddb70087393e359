"""The steps of a run that are recorded densely, as somebody chose them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from envprint.errors import EnvprintError

MOST_KEPT = 500  # each takes about 1 kB of the manifest, which is to stay below 2 MB
MOST_STEPS = 1_000_000
EXPECTED = f"expected the first and the last step, at most {MOST_STEPS} of them, as 900:960"
STEPS, MODULES = "ENVPRINT_RECORD_STEPS", "ENVPRINT_RECORD_MODULES"
WRITTEN = re.compile(r"(\d{1,15}):(\d{1,15})", re.ASCII)


@dataclass(frozen=True)
class Chosen:
    """The first and the last of these steps, counted from 1; `modules`: what each module gives is recorded, too.

    Of five hundred steps each is kept, of more at most as many, at equal distances up to the last.
    """

    first: int
    last: int
    modules: bool = False

    def __contains__(self, step: int) -> bool:
        return self.first <= step <= self.last and not (self.last - step) % self._distance

    def __len__(self) -> int:
        return (self.last - self.first) // self._distance + 1

    def behind(self, step: int) -> int | None:
        """Return the first of these steps that comes behind another one, None where none does."""
        lowest = max(step + 1, self.first)
        return None if lowest > self.last else self.last - (self.last - lowest) // self._distance * self._distance

    @property
    def _distance(self) -> int:
        return -(-(self.last - self.first + 1) // MOST_KEPT)


def choose(steps: tuple[int, int] | None, *, modules: bool = False) -> Chosen | None:
    """Return the steps that are chosen, None where none are; EnvprintError where no run could have them."""
    if steps is None:
        if modules:
            raise EnvprintError("modules are recorded at some steps only; expected these too, as --steps 900:960")
        return None
    if len(steps) != 2 or not all(type(each) is int for each in steps):  # noqa: PLR2004 - first and last
        raise EnvprintError(f"steps are {steps!r:.80}; {EXPECTED}")
    first, last = steps
    if not 1 <= first <= last < first + MOST_STEPS:
        raise EnvprintError(f"steps are {first}:{last}; {EXPECTED}")
    return Chosen(first, last, modules)


def read_steps(text: str) -> tuple[int, int]:
    """Return the first and the last step of a text such as 900:960; EnvprintError where it is none."""
    found = WRITTEN.fullmatch(text)
    if found is None:
        raise EnvprintError(f"--steps is {text!r:.80}; {EXPECTED}")
    return int(found[1]), int(found[2])


def variables_of(steps: tuple[int, int] | None, *, modules: bool) -> dict[str, str]:
    """Return the variables that tell a command of the steps that are chosen; EnvprintError as choose() raises it."""
    chosen = choose(steps, modules=modules)
    if chosen is None:
        return {}
    return {STEPS: f"{chosen.first}:{chosen.last}", **({MODULES: "1"} if modules else {})}


def chosen_outside(variables: Mapping[str, str]) -> Chosen | None:
    """Return the steps of which variables tell."""
    text = variables.get(STEPS)
    return choose(read_steps(text), modules=MODULES in variables) if text else None
