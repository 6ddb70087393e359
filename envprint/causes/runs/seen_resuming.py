"""Rules about a run that goes on from a checkpoint of the other: what it did not put back."""

from collections.abc import Iterator

from envprint.causes.models.observed import LIKELY, MAYBE, SURE, Observed
from envprint.causes.runs.pair import Pair
from envprint.manifest.ledger import Run, Step

LOADS = frozenset(("checkpoint", "load-model", "load-optimizer"))


def see_resuming(pair: Pair) -> Iterator[Observed]:
    """Yield what a resumed run lacks of optimizer, schedule, position and random states."""
    begins, resumed = pair.aligned.begins, pair.aligned.resumed
    if not begins:
        yield from _both_resumed(pair)
        return
    run, other = (pair.b, pair.a) if resumed == "b" else (pair.a, pair.b)
    goes_on = f"{resumed} goes on from step {begins} of the other run"
    if pair.parts_in("batch", "generators"):
        yield from _position(pair, goes_on, other)
    if pair.parts_in("batch", "generators") and _lacks_states(pair, run):
        sure = SURE if pair.parts_in("generators") else MAYBE
        yield Observed("rng-state-on-resume", sure, (f"{goes_on}, with other random states than that had then",))
    if pair.parts_in("rates", "parameters", "state"):
        yield from _optimizer(pair, goes_on, run, other)


def _lacks_states(pair: Pair, run: Run) -> bool:
    """Tell whether a generator that parts, or torch's where that is not known, was not put back to its state."""
    return not (pair.parted_states or {"torch"}) <= _names(run, "restore-rng")


def _names(run: Run, event: str) -> set[str]:
    return {each.value for each in run.events if each.name == event}


def _position(pair: Pair, goes_on: str, other: Run) -> Iterator[Observed]:
    one, two = pair.steps
    resumed = two if pair.aligned.resumed == "b" else one
    first = next((each for each in other.ledger if each.step == 1), None)
    if not pair.parts_in("batch") or resumed is None:
        return
    if first is not None and first.batch == resumed.batch:
        words = f"{goes_on}, and takes the first batch of that once more"
        yield Observed("dataloader-position-resume", SURE, (words,))
    else:
        yield Observed("dataloader-position-resume", LIKELY, (f"{goes_on}, with another batch than that took next",))


def _optimizer(pair: Pair, goes_on: str, run: Run, other: Run) -> Iterator[Observed]:
    if not run.restored:
        words = f"{goes_on}, and its optimizer remembers nothing of the steps before"
        yield Observed("optimizer-state-missing", SURE, (words,))
    if not pair.parts_in("rates"):
        return
    rates = _rates(pair, run)
    again = rates is not None and rates in [each.rates for each in other.ledger[:2]]
    is_loaded = "load-scheduler" in {each.name for each in run.events}
    if again or not is_loaded:
        said = "as if the schedule began anew" if again else "where the other's goes on"
        words = f"{goes_on}; its learning rate is {pair.parting.a} in a, {pair.parting.b} in b, {said}"
        yield Observed("scheduler-state-missing", SURE if run.restored and not is_loaded else LIKELY, (words,))


def _rates(pair: Pair, run: Run) -> tuple[float | str, ...] | None:
    steps: dict[int, Step] = pair.aligned.a if run is pair.a else pair.aligned.b
    step = steps.get(pair.parting.step)
    return step.rates if step else None


def _both_resumed(pair: Pair) -> Iterator[Observed]:
    """Yield what only one of two runs that begin alike had put back."""
    if None not in (pair.a.restored, pair.b.restored) and pair.a.restored != pair.b.restored:
        side = "b" if pair.a.restored else "a"
        words = f"the optimizer of {side} remembers nothing before its first step, that of the other side does"
        if pair.parts_in("rates", "parameters", "state"):
            yield Observed("optimizer-state-missing", SURE, (words,))
    for event, cause, components in (
        ("load-scheduler", "scheduler-state-missing", ("rates",)),
        ("restore-rng", "rng-state-on-resume", ("batch", "generators")),
    ):
        has = [_loads(run) and any(each.name == event for each in run.events) for run in (pair.a, pair.b)]
        if has[0] != has[1] and pair.parts_in(*components):
            yield Observed(cause, SURE, (f"only {'a' if has[0] else 'b'} puts it back from a checkpoint",))


def _loads(run: Run) -> bool:
    """Tell whether a run reads a checkpoint; compilers put random states back, too."""
    return any(each.name in LOADS for each in run.events)
