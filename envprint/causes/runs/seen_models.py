"""Rules about the models that are trained: their weights before the first step, their types, mode and settings."""

from collections.abc import Iterator

from envprint.causes.models.finding import observe
from envprint.causes.models.observed import HARDLY, LIKELY, MAYBE, SURE, Observed, named
from envprint.causes.runs.drawing import drawn_weights
from envprint.causes.runs.pair import Pair, at, values
from envprint.causes.runs.parting import INPUTS, RESULTS, WEIGHTS
from envprint.models.comparing import compare_models
from envprint.models.subject import Subject

OF_WEIGHTS = frozenset(("model-dtype", "uninitialised-read", "architecture-config", "identical-encoder-layers"))
OF_SETTINGS = frozenset(("train-vs-eval", "dropout-p", "architecture-config", "bn-hyperparams"))


def see_models(pair: Pair) -> Iterator[Observed]:
    """Yield what the descriptions of both models show that bears on where the runs part."""
    if pair.a.model is None or pair.b.model is None or pair.aligned.begins:
        return
    comparison = compare_models(Subject("description", pair.a.model), Subject("description", pair.b.model))
    bearing = OF_WEIGHTS if pair.parts_in(WEIGHTS) else OF_SETTINGS if pair.parts_in(*INPUTS, *RESULTS) else frozenset()
    for each in observe(comparison):
        if each.cause in bearing:
            early = each.cause != "bn-hyperparams" or "eps" in " ".join(each.evidence)
            acts = each.probability >= LIKELY and early and not pair.parts_in("batch")
            most = LIKELY if each.cause == "architecture-config" else SURE  # wrappers change attributes, too
            sure = most if acts else HARDLY
            yield Observed(each.cause, sure if each.probability >= MAYBE else HARDLY, each.evidence)


def see_types(pair: Pair) -> Iterator[Observed]:
    """Yield that tensors are made in another type by default."""
    change = pair.changes.get("torch.default_dtype")
    if change is not None and pair.parts_in(WEIGHTS, "batch", "loss"):
        yield Observed("default-dtype", 0.98, (f"tensors are {change.a} by default in a, {change.b} in b",))


def see_mode(pair: Pair) -> Iterator[Observed]:
    """Yield that the model trains in evaluation mode on one side."""
    one, other = pair.steps
    if one and other and one.training is not None and other.training is not None and one.training != other.training:
        side = "b" if one.training else "a"
        words = f"{side} trains with the model in evaluation mode, the other side in training mode"
        acts = pair.parts_in("training", "generators", *RESULTS)
        yield Observed("train-vs-eval", SURE if acts else HARDLY, (words,))


def see_initial(pair: Pair) -> Iterator[Observed]:
    """Yield that training begins from other weights."""
    if not pair.parts_in(WEIGHTS):
        return
    words = ["the weights before the first step are not the same"]
    left, right = pair.events("load-model", "checkpoint")
    loaded = values(left) != values(right)
    if loaded:
        said = [", ".join(filter(None, values(each))) or ("a file" if each else "nothing") for each in (left, right)]
        place = next((each.where for each in (*left, *right)), "")
        words.append(f"a loads {said[0]}, b {said[1]}{at(place)}")
    alike, unlike = drawn_weights(pair.a, pair.b)
    if alike and unlike:
        words.append(f"{named(unlike)} are drawn otherwise, {named(alike)} are the same")
    yield Observed("initial-weights", SURE if loaded else LIKELY if alike else MAYBE, tuple(words))
