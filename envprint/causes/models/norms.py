"""Rules about norm layers: what they keep, how they are set, and the statistics themselves."""

from collections.abc import Iterator

from envprint.causes.models.observed import HARDLY, LIKELY, MAYBE, SURE, Observed, Open, named, verb
from envprint.models.comparing import Comparison
from envprint.models.settings import Setting
from envprint.report import TensorDrift

NORMS = ("BatchNorm", "InstanceNorm", "LayerNorm", "GroupNorm", "RMSNorm")
OF_NORMS = frozenset(
    {"eps", "variance_epsilon", "momentum", "affine", "elementwise_affine", "num_groups", "normalized_shape"}
)
TRACKING = "track_running_stats"
COUNT = "num_batches_tracked"  # only BatchNorm with momentum=None computes with it, in training mode
STATISTICS = ("running_mean", "running_var", COUNT)


def see_norms(open_: Open) -> Iterator[Observed]:
    """Yield norm layers that are set otherwise, keep no statistics, or have other ones."""
    found = open_.comparison
    others = {each.module for each in open_.settings.values() if each.name == "type"}  # of another class altogether
    settings = [each for each in open_.settings.values() if _is_of_norms(each) and each.module not in others]
    tracking = tuple(each for each in settings if each.name == TRACKING)
    statistics = tuple(
        each
        for each in open_.tensors.values()
        if is_statistic(each.name) and each.name.rpartition(".")[0] not in others and has_a_place(each, found)
    )
    lacking = tuple(each for each in statistics if each.state in {"missing", "unexpected"})
    untracked = sorted({*(each.module for each in tracking), *(_untracked(each, found) for each in lacking)} - {""})
    if untracked:
        words = f"{named(untracked)} {verb(untracked, 'keeps', 'keep')} running statistics on one side only"
        yield open_.account(Observed("bn-track-running-stats", SURE, (words,), lacking, tracking))
    if left := tuple(each for each in statistics if each.name in open_.tensors):
        yield open_.account(_statistics(open_, left))
    hyper = sorted((each for each in settings if each.name != TRACKING), key=lambda each: not each.module)
    if hyper:
        yield open_.account(_settings(open_, tuple(hyper)))


def _untracked(statistic: TensorDrift, found: Comparison) -> str:
    """Return the norm layer that has no such statistic on the side that lacks it, and says so."""
    module = statistic.name.rpartition(".")[0]
    side = found.b if statistic.state == "missing" else found.a
    there = side.model.modules.get(module)
    return module if there is not None and there.attributes.get(TRACKING) is False else ""


def _statistics(open_: Open, statistics: tuple[TensorDrift, ...]) -> Observed:
    """Return what other statistics tell: they follow where most weights, or those of these layers, are others too."""
    lacking = [each for each in statistics if each.state in {"missing", "unexpected"}]
    words = f"{named(each.name for each in statistics)} {verb(statistics, 'differs', 'differ')}"
    if lacking:
        words = f"{named(each.name for each in lacking)} {verb(lacking, 'is', 'are')} there on one side only"
    if all(each.name.endswith(COUNT) for each in statistics):
        counts = "they count batches, on which no output depends in evaluation mode"
        return Observed("bn-running-stats", HARDLY, (words, counts), statistics)
    drift = open_.comparison.drift
    weights = [each for each in drift.tensors if not is_statistic(each.name)]
    if not weights:
        return Observed("bn-running-stats", SURE, (words, "all other tensors have the same bits"), statistics)
    share = len(weights) / max(1, drift.identical + len(weights))
    owners = {each.name.rpartition(".")[0] for each in weights}
    follow = share >= MAYBE or all(each.name.rpartition(".")[0] in owners for each in statistics)
    return Observed("bn-running-stats", HARDLY if follow else LIKELY, (words,), statistics)


def _settings(open_: Open, hyper: tuple[Setting, ...]) -> Observed:
    """Return how norm layers are set otherwise, with the weights that they have on one side only for it."""
    first = hyper[0]
    words = f"{first.name} of {first.module or first.type or 'the model'} is {first.a} in a, {first.b} in b"
    without = tuple(f"{each.module}." for each in hyper if each.name.endswith("affine"))
    tensors = tuple(each for each in open_.of("missing", "unexpected") if without and each.name.startswith(without))
    acts = any(each.name != "momentum" for each in hyper)
    return Observed("bn-hyperparams", LIKELY, (words,), tensors, hyper, acts_on_outputs=acts)


def _is_of_norms(setting: Setting) -> bool:
    """Tell whether a setting is one of norm layers, or what a configuration says of them."""
    if setting.name.startswith("config."):
        return "norm" in setting.name and "eps" in setting.name
    return setting.name in {*OF_NORMS, TRACKING} and any(norm in setting.type for norm in NORMS)


def has_a_place(tensor: TensorDrift, found: Comparison) -> bool:
    """Tell whether the other side may have a tensor: not where weights alone have one of a module that is not there."""
    if tensor.state not in {"missing", "unexpected"}:
        return True
    here, there = (found.a, found.b) if tensor.state == "missing" else (found.b, found.a)
    return not here.is_bare or there.is_bare or tensor.name.rpartition(".")[0] in there.model.modules


def is_statistic(name: str) -> bool:
    """Tell whether a tensor is a running statistic of a norm layer, by its name."""
    return name.rpartition(".")[2] in STATISTICS
