"""Rules about what loading did: names that did not match, layers that no file had, tied weights, types, averages."""

from collections.abc import Iterator, Mapping

from envprint.causes.models.norms import is_statistic
from envprint.causes.models.observed import LIKELY, SURE, Observed, Open, counted, named
from envprint.causes.models.tensors import tied_to
from envprint.models.content import Content
from envprint.models.contents import compare_contents
from envprint.models.digest import digest_of
from envprint.models.pairing import WRAPPERS
from envprint.models.subject import Subject
from envprint.report import TensorDrift

HALF = 0.5
AVERAGED = "n_averaged"  # torch.optim.swa_utils.AveragedModel counts in it


def see_alias(open_: Open) -> Iterator[Observed]:
    """Yield that one side is the very memory of the other, or was when it was saved."""
    found = open_.comparison
    if found.drift.tensors or not found.names.pairs:
        return
    places = [_places(found.a, left, found.b, right) for left, right in found.names.pairs]
    if found.a.kind == found.b.kind == "live" and all(a == b for a, b in places):
        words = f"all {len(places)} tensors of a are those of b in memory: what changes one changes the other"
        yield Observed("state-dict-alias", SURE, (words,))
        return
    a, b = found.a.kept, found.b.kept
    if (
        a
        and b
        and (moved := [name for name in a.counters if b.counters.get(name, a.counters[name]) != a.counters[name]])
    ):
        first = f"{moved[0]} is {a.counters[moved[0]]:g} in a, {b.counters[moved[0]]:g} in b"
        yield Observed("state-dict-alias", LIKELY, (f"{first}, and not a bit of the weights differs",))


def _places(a: Subject, left: str, b: Subject, right: str) -> tuple[str, str]:
    here, there = a.contents.get(left), b.contents.get(right)
    return here.place if here else "a", there.place if there else "b"


def see_names(open_: Open) -> Iterator[Observed]:
    """Yield names that did not match, so that loading passed them over."""
    found = open_.comparison
    renamed = [name for name, other in found.names.pairs if name != other]
    unlike = tuple(each for each in open_.tensors.values() if each.other and each.state in {"differs", "unknown"})
    if renamed and found.names.renaming and len(unlike) > HALF * len(renamed):
        fresh = [each for each in unlike if "fresh" in each.looks.values()]
        words = [found.names.renaming, f"{len(unlike)} of {counted(len(renamed), 'tensor')} of other names differ"]
        if fresh:
            words.append(f"{named(each.other for each in fresh)} look as a layer draws them")
        whole = (*unlike, *open_.of("missing", "unexpected"))
        yield open_.account(Observed("strict-false-missing", SURE if fresh else LIKELY, tuple(words), whole))


def see_new_layers(open_: Open) -> Iterator[Observed]:
    """Yield layers that one side has no weights for, and that look as they were drawn."""
    found = open_.comparison
    alone = tuple(each for each in open_.of("unexpected", "missing") if not _is_transient(each, found.a, found.b))
    files = [side for side, subject in (("a", found.a), ("b", found.b)) if subject.kind == "file"]
    new = tuple(each for each in alone if _lacked_by_a_file(each, files))
    if new and not all(is_statistic(each.name) for each in new):
        words = f"{named(each.name for each in new)} {'are' if len(new) > 1 else 'is'} not in the file"
        drawn = [each for each in new if "fresh" in each.looks.values()]
        extra = (f"{named(each.name for each in drawn)} look as a layer draws them",) if drawn else ()
        yield open_.account(Observed("newly-initialised-layers", SURE if drawn else LIKELY, (words, *extra), new))


def _lacked_by_a_file(tensor: TensorDrift, files: list[str]) -> bool:
    lacking = "b" if tensor.state == "missing" else "a"
    return lacking in files


def _is_transient(tensor: TensorDrift, a: Subject, b: Subject) -> bool:
    """Tell whether no state_dict would hold this tensor."""
    here = a if tensor.state == "missing" else b
    return here.tensors[tensor.name].persistent is False


def leave_out_what_files_lack(open_: Open) -> None:
    """Leave out what no file holds: buffers that are not persistent, tied tensors that stand under another name."""
    found = open_.comparison
    for side, other, state in ((found.a, found.b, "missing"), (found.b, found.a, "unexpected")):
        if other.kind != "file":
            continue
        for each in open_.of(state):
            partner = tied_to(side, each.name)
            if _is_transient(each, found.a, found.b) or (partner and partner in _paired(open_, side is found.a)):
                open_.tensors.pop(each.name)


def _paired(open_: Open, of_a: bool) -> set[str]:  # noqa: FBT001 - one of two sides
    return {left if of_a else right for left, right in open_.comparison.names.pairs}


def see_averages(open_: Open) -> Iterator[Observed]:
    """Yield that one side has the averaged weights that the other's file keeps beside its own."""
    found = open_.comparison
    counters = tuple(each for each in open_.of("missing", "unexpected") if each.name.rpartition(".")[2] == AVERAGED)
    if counters:
        unlike = (*counters, *open_.of("differs"))
        yield open_.account(Observed("ema-weights", LIKELY, (f"{AVERAGED} is there on one side only",), unlike))
    for side, other, letter in ((found.a, found.b, "a"), (found.b, found.a, "b")):
        for name, averaged in (side.kept.averaged if side.kept else {}).items():
            unlike = open_.of("differs")
            if unlike and _is_same(averaged, other):
                words = f"the weights of the other side are those that {letter} keeps under {name}"
                yield open_.account(Observed("ema-weights", SURE, (words,), unlike))


def _is_same(weights: Mapping[str, Content], subject: Subject) -> bool:
    """Tell whether all of these weights are the subject's, as far as names are the same."""
    known = {_bare(name): content for name, content in weights.items()}
    names = [name for name in subject.tensors if _bare(name) in known]
    return bool(names) and all(_holds(subject, name, known[_bare(name)]) for name in names)


def _holds(subject: Subject, name: str, content: Content) -> bool:
    own = subject.contents.get(name)
    if own is None:
        return subject.tensors[name].digest == digest_of(content)
    return compare_contents(own, content).state == "identical"


def _bare(name: str) -> str:
    return ".".join(part for part in name.split(".") if part not in WRAPPERS)
