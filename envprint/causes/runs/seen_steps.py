"""Rules about steps: the optimizer and its settings, and gradients that are clipped or kept."""

from collections.abc import Iterator, Mapping
from typing import Any

from envprint.causes.models.observed import LIKELY, MAYBE, SURE, Observed
from envprint.causes.runs.pair import Pair, at, values
from envprint.causes.runs.parting import BEFORE

IMPLEMENTED = ("fused", "foreach", "capturable", "differentiable")
UPDATES = ("rates", "parameters", "state")
GRADIENTS = ("gradients", *UPDATES)


def see_optimizer(pair: Pair) -> Iterator[Observed]:
    """Yield another optimizer, or the same with other settings."""
    if not pair.parts_in(*UPDATES):
        return
    if pair.a.optimizer != pair.b.optimizer:
        cause = (
            "adam-vs-adamw" if {pair.a.optimizer, pair.b.optimizer} == {"Adam", "AdamW"} else "optimizer-hyperparams"
        )
        yield Observed(cause, SURE, (f"the optimizer is {pair.a.optimizer} in a, {pair.b.optimizer} in b",))
    if len(pair.a.groups) != len(pair.b.groups):
        words = f"the optimizer has {len(pair.a.groups)} groups of parameters in a, {len(pair.b.groups)} in b"
        yield Observed("optimizer-hyperparams", LIKELY, (words,))
    for place, (left, right) in enumerate(zip(pair.a.groups, pair.b.groups, strict=False)):
        yield from _of_group(pair, place, left, right)


def _of_group(pair: Pair, place: int, left: Mapping[str, Any], right: Mapping[str, Any]) -> Iterator[Observed]:
    group = f" of group {place}" if place else ""
    same_class = pair.a.optimizer == pair.b.optimizer
    unlike = sorted((each for each in left.keys() & right.keys() if left[each] != right[each]), key=str)
    for name in [each for each in unlike if each != "initial_lr" or "lr" not in unlike]:
        if name == "decoupled_weight_decay" and not same_class:
            continue
        words = f"{name}{group} is {left[name]} in a, {right[name]} in b"
        if name in IMPLEMENTED:
            yield Observed("optimizer-impl", LIKELY if pair.parts_in("parameters", "state") else MAYBE, (words,))
        elif same_class or name == "lr":
            yield Observed("optimizer-hyperparams", SURE if not pair.aligned.begins else MAYBE, (words,))


def see_rates(pair: Pair) -> Iterator[Observed]:
    """Yield that learning rates go another way."""
    if not pair.parts_in("rates") or pair.aligned.begins:
        return
    left, right = (values(each) for each in pair.events("scheduler"))
    if left != right:
        words = f"the schedule is {', '.join(left) or 'none'} in a, {', '.join(right) or 'none'} in b"
        yield Observed("optimizer-hyperparams", SURE, (words,))
    elif not any(one.get("lr") != other.get("lr") for one, other in zip(pair.a.groups, pair.b.groups, strict=False)):
        words = f"the learning rate is {pair.parting.a} in a, {pair.parting.b} in b, from step {pair.parting.step} on"
        yield Observed("optimizer-hyperparams", LIKELY, (words,))
        yield from _of_length(pair)


def _of_length(pair: Pair) -> Iterator[Observed]:
    """Yield that loaders make another number of steps, which a schedule over all of them follows."""
    for left, right in zip(pair.a.loaders[:1], pair.b.loaders[:1], strict=False):
        for field, cause in (
            ("drop_last", "drop-last"),
            ("batch_size", "batch-size-train"),
            ("length", "dataset-version"),
        ):
            if getattr(left, field) != getattr(right, field):
                said = f"{field} of the loader is {getattr(left, field)} in a, {getattr(right, field)} in b"
                words = f"{said}: a schedule over all steps goes another way{at(left.where)}"
                yield Observed(cause, SURE, (words,))


def see_clipping(pair: Pair) -> Iterator[Observed]:
    """Yield gradients that are clipped otherwise: by another limit, on one side only, or in another place."""
    if not pair.parts_in(*GRADIENTS):
        return
    left, right = pair.events("clip", "clip-value")
    if values(left) != values(right):
        said = [f"clipped to {', '.join(each)}" if each else "not clipped" for each in (values(left), values(right))]
        place = next((each.where for each in (*left, *right)), "")
        words = f"gradients are {said[0]} in a, {said[1]} in b{at(place)}"
        yield Observed("grad-clip-order", SURE, (words,))
    else:
        orders = [_order(each) for each in _calls(pair)]
        if "clip" in orders[0] and "clip" in orders[1] and orders[0] != orders[1]:
            words = f"the order is {', '.join(orders[0])} in a, {', '.join(orders[1])} in b"
            yield Observed("grad-clip-order", SURE, (words,))


def _order(calls: tuple[str, ...]) -> list[str]:
    return [each for each in calls if each in {"backward", "clip", "unscale", "step"}]


def _calls(pair: Pair) -> tuple[tuple[str, ...], tuple[str, ...]]:
    one, other = pair.steps
    return (one.calls or () if one else ()), (other.calls or () if other else ())


def see_kept_gradients(pair: Pair) -> Iterator[Observed]:
    """Yield that one side sets gradients to zero before a step, and the other does not, or goes back more often."""
    left, right = _calls(pair)
    if not pair.parts_in("batch", "loss", *GRADIENTS) or not left or not right or pair.parting.step == BEFORE:
        return
    cleared = ["zero-grad" in calls for calls in (left, right)]
    if cleared[0] != cleared[1] and pair.parts_in(*GRADIENTS):
        side = "b" if cleared[0] else "a"
        words = (
            f"{side} does not set gradients to zero before step {pair.parting.step}: those of the step before are added"
        )
        yield Observed("grad-not-zeroed", SURE, (words,))
    times = [calls.count("backward") for calls in (left, right)]
    if times[0] != times[1] and min(times):
        words = f"a step sums the gradients of {times[0]} passes in a, of {times[1]} in b"
        yield Observed("batch-size-train", SURE if pair.parts_in("batch") else LIKELY, (words,))
