"""What else is set otherwise in two runs that have parted already: it would part them later, or further in the step."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from envprint.causes.models.observed import LIKELY, MAYBE, Observed
from envprint.causes.runs.pair import Pair
from envprint.causes.runs.seen_forwards import see_autocast, see_compiled, see_losses
from envprint.causes.runs.seen_loaders import see_files, see_loaders
from envprint.causes.runs.seen_models import see_mode, see_models, see_types
from envprint.causes.runs.seen_resuming import see_resuming
from envprint.causes.runs.seen_steps import see_clipping, see_kept_gradients, see_optimizer

ALSO = 0.5  # of a setting that is another, and would part the runs if they had not parted before
SAID = "it differs as well, and acts after they have parted"
# rules that read how runs are set, not what came of it, and the component in which that would part them
SETTINGS: tuple[tuple[Callable[[Pair], Iterator[Observed]], str], ...] = (
    (see_types, "loss"),
    (see_loaders, "batch"),
    (see_files, "batch"),
    (see_resuming, "generators"),
    (see_mode, "training"),
    (see_models, "loss"),
    (see_losses, "loss"),
    (see_autocast, "loss"),
    (see_compiled, "loss"),
    (see_clipping, "gradients"),
    (see_kept_gradients, "gradients"),
    (see_resuming, "parameters"),
    (see_optimizer, "parameters"),
)
EACH_TIME = frozenset(("pythonhashseed",))  # what is another in each process, mostly without effect


def see_later(pair: Pair, seen: Iterable[Observed]) -> tuple[Observed, ...]:
    """Return causes that differ as well and act behind where the runs part, without those that part them there."""
    known = {each.cause for each in seen if each.probability >= MAYBE} | EACH_TIME
    found: dict[str, Observed] = {}
    for rule, component in SETTINGS:
        for each in rule(_parted_last(pair, component)):
            if each.probability >= LIKELY and each.cause not in known:
                found.setdefault(each.cause, replace(each, probability=ALSO, evidence=(*each.evidence, SAID)))
    return tuple(found.values())


def _parted_last(pair: Pair, component: str) -> Pair:
    """Return a pair as if it parted at the last step of both, in a component of it."""
    last = max(pair.parting.common, 1)
    return replace(pair, parting=replace(pair.parting, step=last, acts=last, component=component))


def without(seen: Sequence[Observed], later: Iterable[Observed]) -> list[Observed]:
    """Return what was seen, without what is told as acting later."""
    causes = {each.cause for each in later}
    return [each for each in seen if each.cause not in causes]
