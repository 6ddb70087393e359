"""Two recorded runs and what is known of how they differ, as the rules read them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from envprint.causes.runs.alignment import Alignment
from envprint.causes.runs.drawing import drawn_for, drawn_from, drawn_in_vain, untouched
from envprint.causes.runs.modules import first_module
from envprint.causes.runs.parting import Parting, states_of
from envprint.manifest.ledger import Event, Run, Step
from envprint.report import Change, ModuleParting


@dataclass(frozen=True)
class Pair:
    """Two runs, where they part, and what of their environments differs, by path, or is a hazard, by cause."""

    a: Run
    b: Run
    aligned: Alignment
    parting: Parting
    changes: Mapping[str, Change]
    hazards: frozenset[str] = frozenset()

    def parts_in(self, *components: str) -> bool:
        """Tell whether one of these components is where the runs part."""
        return self.parting.component in components

    @property
    def sides(self) -> tuple[tuple[str, Run], ...]:
        """Return both runs with what a report calls them."""
        return ("a", self.a), ("b", self.b)

    @property
    def steps(self) -> tuple[Step | None, Step | None]:
        """Return the step at which results part, of both runs."""
        number = self.parting.acts
        return self.aligned.a.get(number), self.aligned.b.get(number)

    @cached_property
    def parted_states(self) -> frozenset[str]:
        """Return the generators in use whose states differ where the runs part."""
        return frozenset(states_of(self.aligned, self.parting.step, drawn_from(self.a) | drawn_from(self.b)))

    @cached_property
    def drawn(self) -> frozenset[str]:
        """Return the generators that a side drew from for the step at which results part."""
        sides = ((self.a, self.aligned.a), (self.b, self.aligned.b))
        return frozenset(name for run, steps in sides for name in drawn_for(run, steps, self.parting.acts))

    @cached_property
    def vain(self) -> frozenset[str]:
        """Return the generators that were drawn from before, differently, and made no batch another one."""
        return drawn_in_vain(self.aligned.a, self.aligned.b, self.parting.acts)

    @cached_property
    def idle(self) -> frozenset[str]:
        """Return the generators that neither side was seen to draw from by then."""
        left, right = (untouched(run, self.parting.acts + 1) for run in (self.a, self.b))
        return left & right

    @cached_property
    def module(self) -> ModuleParting | None:
        """Return the first module that parts, where both runs tell of modules there."""
        return first_module(self.a, self.b, self.aligned, self.parting)

    def events(self, *names: str) -> tuple[tuple[Event, ...], tuple[Event, ...]]:
        """Return what both runs did of some kinds, up to where they part."""
        left, right = (tuple(_until(run, self.parting.acts, names)) for run in (self.a, self.b))
        return left, right


def _until(run: Run, step: int, names: tuple[str, ...]) -> Iterator[Event]:
    yield from (each for each in run.events if each.name in names and each.step <= max(step, 1))


def values(events: tuple[Event, ...]) -> list[str]:
    """Return what events say, each value once, in order."""
    return list(dict.fromkeys(each.value for each in events))


def at(where: str) -> str:
    """Return a place in the code as the end of a sentence, nothing where it is not known."""
    return f", at {where}" if where and where != "?" else ""
