"""A rule about draws that come before a seed: a library seeds later, and what was drawn by then is other each time."""

from collections.abc import Iterator

from envprint.causes.models.observed import LIKELY, SURE, Observed
from envprint.causes.runs.pair import Pair, at
from envprint.causes.runs.seen_seeds import CALLS, UNSEEDED
from envprint.manifest.ledger import Run, Seeding


def see_early_draws(pair: Pair) -> Iterator[Observed]:
    """Yield generators of Python and numpy that were drawn from before they were seeded."""
    if not pair.parts_in("batch"):
        return
    for generator in ("numpy", "python"):
        drawn = [side for side, run in pair.sides if _drew_early(run, generator)]
        if not drawn:
            continue
        run = dict(pair.sides)[drawn[0]]
        first = _seedings(run, generator)[0]
        who = f"{drawn[0]} draws" if len(drawn) == 1 else "both draw"
        words = f"{who} from {CALLS[generator]} before it is seeded with {first.value}{at(first.where)}"
        partly = generator == "numpy" and len(drawn) > 1 and _was_seeded_before(run, first)
        yield Observed("partial-seeding" if partly else UNSEEDED[generator], SURE if partly else LIKELY, (words,))


def _drew_early(run: Run, generator: str) -> bool:
    """Tell whether the state of a generator moves before it is seeded for the first time, if it ever is."""
    states: set[str] = set()
    for mark in run.marks:
        if mark.name == f"seeded {generator}":
            return len(states) > 1
        if generator in mark.generators:
            states.add(mark.generators[generator])
    return False


def _seedings(run: Run, generator: str) -> list[Seeding]:
    return [each for each in run.seedings if each.generator == generator]


def _was_seeded_before(run: Run, first: Seeding) -> bool:
    """Tell whether torch was seeded before."""
    earlier = run.seedings[: run.seedings.index(first)]
    return any(each.generator == "torch" for each in earlier)
