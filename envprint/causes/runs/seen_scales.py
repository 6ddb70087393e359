"""A rule about data that is the same but for its scale: how the first batch ranks tells it from other data."""

from collections.abc import Iterator

from envprint.causes.models.observed import HARDLY, LIKELY, MAYBE, Observed
from envprint.causes.runs.pair import Pair
from envprint.causes.runs.seen_loaders import order_is_the_same
from envprint.manifest.ledger import Run

NAMES = frozenset(("ranks", "values", "mean", "deviation"))
CAUSE = "normalisation-statistics"


def see_scales(pair: Pair) -> Iterator[Observed]:
    """Yield that the first batch has the same samples on both sides, scaled otherwise; or that this is not known."""
    if not pair.parts_in("batch") or pair.parting.acts != 1:
        return
    if values_are_the_same(pair):
        return  # what differs is beside them: the targets, say
    left, right = (_ranks(run) for run in (pair.a, pair.b))
    if is_scaled(pair):
        said = (f"{each['mean']} and {each['deviation']}" for each in (left, right))
        words = (
            "the values of the first batch rank alike on both sides, each among those of the other samples: "
            "the same samples in the same order, scaled otherwise"
        )
        means = "their mean and deviation are {} in a, {} in b".format(*said)
        yield Observed(CAUSE, MAYBE if pair.parted_states & pair.drawn else LIKELY, (words, means))
    elif not (left and right) and order_is_the_same(pair):
        words = "other samples and the same ones scaled otherwise are not told apart: how they rank was not recorded"
        yield Observed(CAUSE, HARDLY, (words,))


def values_are_the_same(pair: Pair) -> bool:
    """Tell whether the first tensor of the first batch is known to be the same on both sides."""
    left, right = (_ranks(run).get("values") for run in (pair.a, pair.b))
    return left is not None and left == right


def is_scaled(pair: Pair) -> bool:
    """Tell whether the runs part at the first batch, whose values rank alike and are others."""
    if pair.parting.acts != 1 or values_are_the_same(pair):
        return False
    left, right = (_ranks(run).get("ranks") for run in (pair.a, pair.b))
    return left is not None and left == right


def _ranks(run: Run) -> dict[str, str]:
    """Return what is said of the first batch of a run."""
    said = next((each.value for each in run.events if each.name == "first-batch"), "")
    found = dict(word.split("=", 1) for word in said.split() if "=" in word)
    return found if found.keys() >= NAMES else {}
