"""Rules about norm layers: what they keep, how they are set, and the statistics themselves."""

from collections.abc import Iterator

from envprint.causes.models.observed import HARDLY, LIKELY, MAYBE, SURE, Observed, Open, named
from envprint.report import TensorDrift

NORMS = ("BatchNorm", "InstanceNorm", "LayerNorm", "GroupNorm", "RMSNorm")
OF_NORMS = frozenset({"eps", "momentum", "affine", "elementwise_affine", "num_groups", "normalized_shape"})
STATISTICS = ("running_mean", "running_var", "num_batches_tracked")


def see_norms(open_: Open) -> Iterator[Observed]:
    """Yield norm layers that are set otherwise, keep no statistics, or have other ones."""
    settings = [each for each in open_.settings.values() if any(norm in each.type for norm in NORMS)]
    tracking = tuple(each for each in settings if each.name == "track_running_stats")
    statistics = tuple(each for each in open_.tensors.values() if is_statistic(each.name))
    lacking = tuple(each for each in statistics if each.state in {"missing", "unexpected"})
    if tracking:
        words = f"{named(each.module for each in tracking)} keep running statistics on one side only"
        yield open_.account(Observed("bn-track-running-stats", SURE, (words,), lacking, tracking))
    if left := tuple(each for each in statistics if each.name in open_.tensors):
        yield open_.account(_statistics(open_, left))
    hyper = tuple(each for each in settings if each.name in OF_NORMS)
    if hyper:
        first = hyper[0]
        words = f"{first.name} of {first.module or first.type} is {first.a} in a, {first.b} in b"
        acts = any(each.name != "momentum" for each in hyper)
        yield open_.account(Observed("bn-hyperparams", LIKELY, (words,), (), hyper, acts_on_outputs=acts))


def _statistics(open_: Open, statistics: tuple[TensorDrift, ...]) -> Observed:
    """Return what other statistics tell: where most weights are others too, they follow from those."""
    lacking = [each for each in statistics if each.state in {"missing", "unexpected"}]
    words = f"{named(each.name for each in statistics)} differ"
    if lacking:
        words = f"{named(each.name for each in lacking)} {'are' if len(lacking) > 1 else 'is'} there on one side only"
    drift = open_.comparison.drift
    weights = [each for each in drift.tensors if not is_statistic(each.name)]
    if not weights:
        return Observed("bn-running-stats", SURE, (words, "all other tensors have the same bits"), statistics)
    share = len(weights) / max(1, drift.identical + len(weights))
    return Observed("bn-running-stats", LIKELY if share < MAYBE else HARDLY, (words,), statistics)


def is_statistic(name: str) -> bool:
    """Tell whether a tensor is a running statistic of a norm layer, by its name."""
    return name.rpartition(".")[2] in STATISTICS
