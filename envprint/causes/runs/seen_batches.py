"""A rule about batches that no DataLoader gives: the same samples in another order, other data, or nobody knows."""

from collections.abc import Iterator

from envprint.causes.models.observed import MAYBE, Observed
from envprint.causes.runs.drawing import samples_meet
from envprint.causes.runs.pair import Pair
from envprint.causes.runs.seen_scales import values_are_the_same

UNEXPLAINED = "non-contract-upstream"
ORDERED = 0.75  # inputs and targets are told of apart: targets alone that are in another order look the same
PERHAPS = 0.5  # behind the first step, of whose inputs it is known whether they are the same
POSSIBLE = 0.4  # of what nothing speaks for, but that nothing else does either
CODE = "code."


def see_batches(pair: Pair) -> Iterator[Observed]:
    """Yield what may have made another batch where no loader did: what it is given tells little of where it is from."""
    if not pair.parts_in("batch") or (pair.a.loaders and pair.b.loaders):
        return
    words = f"step {pair.parting.step} has another batch, {_given(pair)}"
    is_first = pair.parting.acts == 1 and not pair.aligned.begins
    beside = is_first and values_are_the_same(pair)
    meet = samples_meet(pair.aligned.a, pair.aligned.b, pair.parting.acts)
    if meet and not beside:
        where = "within the batch" if meet == pair.parting.acts else f"from there to step {meet}"
        yield Observed(
            "shuffle-order", ORDERED if is_first else PERHAPS, (f"the same samples, in another order {where}", words)
        )
    elif is_first:
        alike = "; its inputs are the same, what differs is beside them: the targets, say" if beside else ""
        sure = POSSIBLE if any(path.startswith(CODE) for path in pair.changes) else MAYBE
        yield Observed("dataset-version", sure, (f"{words}, from the first one on{alike}",))
    else:
        same = f"; those up to step {pair.parting.same} were the same" if pair.parting.same else ""
        yield Observed(UNEXPLAINED, POSSIBLE, (f"{words}{same}",))


def _given(pair: Pair) -> str:
    sides = [side for side, run in pair.sides if run.loaders]
    return f"which a DataLoader gave in {sides[0]} alone" if sides else "and no DataLoader gave it"
