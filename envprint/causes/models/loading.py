"""Rules about what loading did: names that did not match, layers that no file had."""

from collections.abc import Iterable, Iterator

from envprint.causes.models.architecture import is_idle
from envprint.causes.models.norms import is_statistic
from envprint.causes.models.observed import (
    LIKELY,
    MAYBE,
    SURE,
    Observed,
    Open,
    are_unrelated,
    counted,
    named,
    verb,
)
from envprint.causes.models.tensors import is_transient, is_unfilled
from envprint.causes.models.ties import ties_of
from envprint.models.comparing import Comparison
from envprint.models.rows import begins_alike
from envprint.report import TensorDrift

HALF = 0.5
# of a module, what another number of classes or words brings along
SIZES = ("num_embeddings", "out_features", "in_features", "out_channels", "num_classes", "num_labels", "vocab_size")
SIZES_OF_CONFIGURATIONS = ("id2label", "label2id", *SIZES)


def see_names(open_: Open) -> Iterator[Observed]:
    """Yield names that did not match, so that loading passed them over."""
    found = open_.comparison
    alone = open_.of("missing", "unexpected")
    renamed = [name for name, other in found.names.pairs if name != other]
    unlike = tuple(each for each in open_.tensors.values() if each.other and each.state in {"differs", "unknown"})
    if renamed and len(unlike) > HALF * len(renamed) and are_unrelated(unlike):
        words = f"{len(unlike)} of {counted(len(renamed), 'tensor')} of other names differ"
        yield open_.account(_passed_over((found.names.renaming, words), (*unlike, *alone), LIKELY))
    elif not found.names.pairs and found.a.is_bare != found.b.is_bare and len({each.state for each in alone}) > 1:
        yield open_.account(_passed_over(("no name of a is in b",), alone, MAYBE))


def _passed_over(words: tuple[str, ...], tensors: tuple[TensorDrift, ...], how_sure: float) -> Observed:
    """Return that loading left tensors as they were, more surely where they look as they were drawn."""
    drawn = [each for each in tensors if "fresh" in each.looks.values()]
    if not drawn:
        return Observed("strict-false-missing", how_sure, words, tensors)
    extra = f"{named(each.other or each.name for each in drawn)} {_as_drawn(drawn)}"
    return Observed("strict-false-missing", SURE, (*words, extra), tensors)


def _as_drawn(tensors: Iterable[TensorDrift]) -> str:
    return f"{verb(tensors, 'looks', 'look')} as a layer draws {verb(tensors, 'it', 'them')}"


def see_new_layers(open_: Open) -> Iterator[Observed]:
    """Yield layers that one side has no weights for, and whether they look as they were drawn."""
    found = open_.comparison
    lacking = [side for side, subject in (("missing", found.b), ("unexpected", found.a)) if subject.is_bare]
    new = tuple(each for each in open_.of(*lacking) if each.kind == "parameter" and not is_statistic(each.name))
    if new and not found.names.pairs and found.a.is_bare and found.b.is_bare:
        alone = open_.of("missing", "unexpected")
        yield open_.account(Observed("architecture-config", MAYBE, ("no name of a is in b",), alone))
    elif new:
        side = "a" if new[0].state == "missing" else "b"
        words = f"{named(each.name for each in new)} {verb(new, 'is', 'are')} in {side} only"
        drawn = [each for each in new if "fresh" in each.looks.values()]
        extra = (f"{named(each.name for each in drawn)} {_as_drawn(drawn)}",) if drawn else ()
        how_sure = SURE if drawn else LIKELY if found.a.is_bare != found.b.is_bare else MAYBE
        yield open_.account(Observed("newly-initialised-layers", how_sure, (words, *extra), new))


def see_resized(open_: Open) -> Iterator[Observed]:
    """Yield layers of another size where nearly all others are the same, and what was drawn, or added, is seen."""
    sized = tuple(each for each in open_.of("differs") if len(set(each.shape.values())) > 1)
    drawn = [each for each in sized if "fresh" in each.looks.values()]
    grown = [each for each in sized if _has_grown(each, open_.comparison)]
    drift = open_.comparison.drift
    if not (drawn or grown) or drift.identical < len(sized):
        return
    settings = tuple(
        each
        for each in open_.settings.values()
        if each.name in SIZES or each.name.removeprefix("config.") in SIZES_OF_CONFIGURATIONS
    )
    if any(each not in settings and not is_idle(each) for each in open_.settings.values()):
        return  # built otherwise as a whole
    first = sized[0]
    shapes = f"{first.name} is {list(first.shape['a'])} in a, {list(first.shape['b'])} in b"
    words = f"{shapes}, and {drift.identical} of {counted(drift.compared, 'tensor')} are identical"
    evidence = [words]
    if drawn:
        evidence.append(f"{named(each.name for each in drawn)} {_as_drawn(drawn)}")
    if grown:
        evidence.append(f"{named(each.name for each in grown)} {verb(grown, 'begins', 'begin')} with the same rows")
    yield open_.account(Observed("newly-initialised-layers", LIKELY, tuple(evidence), sized, settings))


def _has_grown(tensor: TensorDrift, found: Comparison) -> bool:
    """Tell whether one side begins with all rows of the other, as an embedding that was given more words."""
    a, b = found.a.contents.get(tensor.name), found.b.contents.get(tensor.other or tensor.name)
    return a is not None and b is not None and len(a.shape) > 1 and begins_alike(a, b)


def leave_out_what_files_lack(open_: Open) -> None:
    """Leave out what no file holds: buffers that are not persistent, tied tensors that stand under another name."""
    found = open_.comparison
    for side, other, state in ((found.a, found.b, "missing"), (found.b, found.a, "unexpected")):
        if not other.is_bare:
            continue
        ties = ties_of(side)
        for each in open_.of(state):
            partner = ties.get(each.name)
            hidden = is_transient(side, each.name) and not is_unfilled(side, each.name)
            if hidden or (partner and partner in _paired(open_, side is found.a)):
                open_.tensors.pop(each.name)


def _paired(open_: Open, of_a: bool) -> set[str]:  # noqa: FBT001 - one of two sides
    return {left if of_a else right for left, right in open_.comparison.names.pairs}
