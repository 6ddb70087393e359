"""Rules about what a run goes on from: state of the optimizer, schedule, loss scale and generators."""

from collections.abc import Iterator

from envprint.causes.models.observed import HARDLY, LIKELY, MAYBE, SURE, Observed, Open, named
from envprint.models.subject import Kept, Subject


def see_resuming(open_: Open) -> Iterator[Observed]:
    """Yield state of training that one side lacks; hardly where that side is weights alone, and meant as such."""
    found = open_.comparison
    yield from _of_optimizers(found.a, found.b)
    a, b = found.a.kept, found.b.kept
    if a is None or b is None:
        return
    how_sure = _how_sure(a, b)
    for part, cause in (("scheduler", "scheduler-state-missing"), ("scaler", "scaler-state-missing")):
        if getattr(a, part) != getattr(b, part):
            there = "a" if getattr(a, part) else "b"
            yield Observed(cause, how_sure, (f"only {there} has the state of a {part}",), acts_on_outputs=False)
    yield from _of_generators(a, b, how_sure)


def _how_sure(*sides: Kept | None) -> float:
    known = [kept for kept in sides if kept is not None]
    if all(kept.is_resumable for kept in known):
        return SURE
    return MAYBE if all(kept.is_resumable or kept.is_nested for kept in known) else HARDLY


def _of_optimizers(a: Subject, b: Subject) -> Iterator[Observed]:
    sides = [_has_state(subject) for subject in (a, b)]
    if None not in sides and sides[0] != sides[1]:
        there = "a" if sides[0] else "b"
        words = f"only {there} has what the optimizer remembers of its steps"
        yield Observed("optimizer-state-missing", _how_sure(a.kept, b.kept), (words,), acts_on_outputs=False)


def _has_state(subject: Subject) -> bool | None:
    """Tell whether an optimizer's state is there; None where none can be, as in a description without one."""
    if subject.model.optimizer is not None:
        return bool(subject.model.optimizer.state)
    return subject.kept.optimizer_filled if subject.kept is not None else None


def _of_generators(a: Kept, b: Kept, how_sure: float) -> Iterator[Observed]:
    only = sorted(a.rng.keys() ^ b.rng.keys())
    unlike = [name for name in sorted(a.rng) if name in b.rng and a.rng[name] != b.rng[name]]
    if only and not (a.rng and b.rng):
        words = f"only {'a' if a.rng else 'b'} has the state of a random generator: {named(only)}"
        yield Observed("rng-state-on-resume", min(how_sure, LIKELY), (words,), acts_on_outputs=False)
    elif only:
        words = f"the states of other random generators are kept: {named(only)} on one side only"
        yield Observed("rng-state-on-resume", min(how_sure, MAYBE), (words,), acts_on_outputs=False)
    elif unlike and a.counters == b.counters:
        words = f"the states of random generators differ at the same step: {named(unlike)}"
        yield Observed("rng-state-on-resume", LIKELY, (words,), acts_on_outputs=False)
