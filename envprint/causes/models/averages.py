"""A rule about averaged weights: one side has those that the other keeps beside its own, or counts what it averaged."""

from collections.abc import Iterator, Mapping

from envprint.causes.models.observed import LIKELY, SURE, Observed, Open
from envprint.models.content import Content
from envprint.models.contents import compare_contents
from envprint.models.digest import digest_of
from envprint.models.pairing import pair
from envprint.models.subject import Subject

AVERAGED = "n_averaged"  # torch.optim.swa_utils.AveragedModel counts in it
HALF = 0.5


def see_averages(open_: Open) -> Iterator[Observed]:
    """Yield that one side has averaged weights, where the other has raw ones."""
    found = open_.comparison
    counters = tuple(each for each in open_.of("missing", "unexpected") if each.name.rpartition(".")[2] == AVERAGED)
    unlike = open_.of("differs")
    if counters and unlike:
        side = "a" if counters[0].state == "missing" else "b"
        words = f"{counters[0].name} is in {side} only: it counts the models that were averaged there"
        yield open_.account(Observed("ema-weights", LIKELY, (words,), (*counters, *unlike)))
    open_.leave_out(counters)
    for letter, one, other in (("a", found.a, found.b), ("b", found.b, found.a)):
        for name, averaged in (one.kept.averaged if one.kept else {}).items():
            unlike = open_.of("differs")
            if unlike and _are_those_of(averaged, other):
                words = f"the weights of the other side are those that {letter} keeps under {name}"
                yield open_.account(Observed("ema-weights", SURE, (words,), unlike))


def _are_those_of(weights: Mapping[str, Content], subject: Subject) -> bool:
    """Tell whether all of these weights are the subject's, as far as names belong together."""
    pairs = pair(weights, subject.tensors).pairs
    return len(pairs) > HALF * len(weights) and all(_holds(subject, own, weights[name]) for name, own in pairs)


def _holds(subject: Subject, name: str, content: Content) -> bool:
    own = subject.contents.get(name)
    if own is None:
        return subject.tensors[name].digest == digest_of(content)
    return compare_contents(own, content).state == "identical"
