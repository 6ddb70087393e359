"""Rules about loaders: how they walk through their data, and whether it is the same data."""

from collections.abc import Iterator

from envprint.causes.models.observed import LIKELY, MAYBE, SURE, Observed, counted, named
from envprint.causes.runs.drawing import samples_of_first_epoch, states_before_training
from envprint.causes.runs.pair import Pair, at, values
from envprint.manifest.ledger import Loader

FIELDS = (
    ("batch_size", "batch-size-train", "takes {0} samples at once in a, {1} in b"),
    ("shuffle", "shuffle-disabled", "shuffles its samples in {2} alone"),
    ("workers", "num-workers", "has {0} workers in a, {1} in b"),
    ("drop_last", "drop-last", "drops its last, incomplete batch in {2} alone"),
)


def see_loaders(pair: Pair) -> Iterator[Observed]:
    """Yield loaders that are set otherwise."""
    if not pair.parts_in("batch", "generators"):
        return
    ranks = pair.changes.get("distributed.world_size")
    if ranks is not None and pair.parts_in("batch"):
        words = f"the data is shared by {counted(ranks.a or 1, 'rank')} in a, by {counted(ranks.b or 1, 'rank')} in b"
        yield Observed("batch-size-train", SURE, (words,))
    for left, right in zip(pair.a.loaders[:1], pair.b.loaders[:1], strict=False):
        for field, cause, words in FIELDS:
            one, other = getattr(left, field), getattr(right, field)
            if one != other and None not in (one, other) and _can_act(pair, field, left):
                said = words.format(one, other, "a" if one else "b")
                yield Observed(cause, SURE, (f"the loader of {left.dataset} {said}{at(left.where)}",))


def _can_act(pair: Pair, field: str, loader: Loader) -> bool:
    """Tell whether a setting can part runs at this step: what is dropped is at the end of an epoch."""
    if field == "shuffle":
        return "SequentialSampler" in {each.sampler for run in (pair.a, pair.b) for each in run.loaders[:1]}
    if field != "drop_last" or not loader.length or not loader.batch_size:
        return True
    return bool(loader.length % loader.batch_size) and pair.parting.acts > loader.length // loader.batch_size


def see_data(pair: Pair) -> Iterator[Observed]:
    """Yield that batches of loaders hold other samples, or the same otherwise ordered, where no setting tells why."""
    if not pair.parts_in("batch") or not (pair.a.loaders and pair.b.loaders):
        return
    for left, right in zip(pair.a.loaders[:1], pair.b.loaders[:1], strict=False):
        if left.dataset != right.dataset or left.length != right.length:
            words = f"the data is {left.dataset} of {left.length} samples in a, {right.dataset} of {right.length} in b"
            yield Observed("dataset-version", SURE, (words,))
            return
    yield from _same_or_other_samples(pair)


def _same_or_other_samples(pair: Pair) -> Iterator[Observed]:
    epochs = [samples_of_first_epoch(run) for run in (pair.a, pair.b)]
    one, other = pair.steps
    what = (
        "other samples" if one is not None and one.samples is not None else "another batch: its samples were not told"
    )
    within = one is not None and other is not None and one.samples is not None and one.samples == other.samples
    if within or (epochs[0] is not None and epochs[0] == epochs[1]):
        words = (
            "the same samples, in another order within the batch"
            if within
            else "the first epoch has the same samples on both sides, in another order"
        )
        yield Observed("shuffle-order", LIKELY, (words, *_own_generators(pair)))
    elif None not in epochs:
        yield Observed("dataset-version", MAYBE, ("the samples of the first epoch are not the same, in any order",))
    elif order_is_the_same(pair):
        words = f"step {pair.parting.step} has {what}, though their order is drawn from the same random state"
        yield Observed("dataset-version", MAYBE, (words,))
    else:
        yield Observed("shuffle-order", MAYBE, (f"step {pair.parting.step} has {what}",))


def order_is_the_same(pair: Pair) -> bool:
    """Tell whether both loaders draw their order from torch's generator, which stands the same as they begin."""
    own = any(loader.generator for run in (pair.a, pair.b) for loader in run.loaders[:1])
    return not own and not pair.parted_states and states_before_training(pair.a, pair.b, "torch") is True


def _own_generators(pair: Pair) -> Iterator[str]:
    for left, right in zip(pair.a.loaders[:1], pair.b.loaders[:1], strict=False):
        if left.generator and right.generator:
            yield "both loaders draw their order from a generator of their own"
        elif left.generator != right.generator:
            yield f"only the loader of {'a' if left.generator else 'b'} draws its order from a generator of its own"


def see_files(pair: Pair) -> Iterator[Observed]:
    """Yield files that were listed in another order, other statistics of the data, and other hashes of text."""
    if not pair.parts_in("batch"):
        return
    left, right = pair.events("listing")
    orders = [[each.value.rpartition(" ")[2] for each in events] for events in (left, right)]
    if left and right and orders[0] != orders[1]:
        words = f"a folder gives its names in one order in a, in another in b{at(left[0].where)}"
        yield Observed("file-listing-order", SURE, (words,))
    left, right = pair.events("normalise")
    if values(left) != values(right):
        said = [named(values(each)) or "nothing" for each in (left, right)]
        words = f"the data is normalised with {said[0]} in a, with {said[1]} in b"
        yield Observed("normalisation-statistics", SURE, (f"{words}{at((*left, *right)[0].where)}",))
    yield from _hashes(pair)


def _hashes(pair: Pair) -> Iterator[Observed]:
    change = pair.changes.get("python.hash_seed")
    sure = LIKELY if not pair.parted_states else MAYBE
    if change is not None:
        words = f"the hash seed of Python is {change.a} in a, {change.b} in b: sets of text come in another order"
        yield Observed("pythonhashseed", sure, (words,))
    elif "pythonhashseed" in pair.hazards and not pair.parted_states and _other_samples(pair):
        words = "each process has a hash seed of its own, and the samples are others though all seeds are the same"
        yield Observed("pythonhashseed", MAYBE, (words,))


def _other_samples(pair: Pair) -> bool:
    epochs = [samples_of_first_epoch(run) for run in (pair.a, pair.b)]
    return None not in epochs and epochs[0] != epochs[1]
