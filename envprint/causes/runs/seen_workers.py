"""A rule about the workers of loaders: on one side they all begin with one state, and draw the same numbers."""

from collections.abc import Iterator

from envprint.causes.models.observed import HARDLY, LIKELY, Observed
from envprint.causes.runs.pair import Pair
from envprint.manifest.ledger import Run

POSSIBLE = 0.5  # of a function that may set workers up alike: what it does is not seen


def see_workers(pair: Pair) -> Iterator[Observed]:
    """Yield that the workers of one side begin with the same state of numpy, as far as their states are known."""
    if not pair.parts_in("batch", "generators") or not all(workers_of(run) > 1 for _, run in pair.sides):
        return
    states = {side: states_of_workers(run) for side, run in pair.sides}
    alike = [side for side, count in states.items() if count == 1]
    known = [side for side, count in states.items() if count]
    if len(alike) == 1:
        run = dict(pair.sides)[alike[0]]
        words = f"the {workers_of(run)} loader workers of {alike[0]} all begin with one state of numpy.random"
        other = next(side for side in states if side != alike[0])
        rest = f"; those of {other} with {states[other]}" if other in known else ""
        yield Observed("numpy-worker-duplicate-seed", LIKELY, (f"{words}: what they draw is the same{rest}",))
    elif len({run.loaders[0].worker_init for _, run in pair.sides}) > 1:
        side = next(side for side, run in pair.sides if run.loaders[0].worker_init)
        words = f"only {side} sets its loader workers up with a worker_init_fn of its own"
        rest = "" if len(known) == len(states) else "; with which states they begin is not known"
        yield Observed("numpy-worker-duplicate-seed", HARDLY if not rest else POSSIBLE, (f"{words}{rest}",))


def workers_of(run: Run) -> int:
    """Return how many workers the first loader of a run has."""
    return (run.loaders[0].workers or 0) if run.loaders else 0


def states_of_workers(run: Run) -> int:
    """Return with how many states of numpy the workers of a run begin, 0 where that is not known."""
    told = next((each.value for each in run.events if each.name == "workers"), "")
    found = dict(word.split("=", 1) for word in told.split() if "=" in word)
    return int(found["numpy"]) if found.get("numpy", "").isdecimal() else 0
