"""Rules about weights that nobody trained or loaded: as layers draw them, or as the memory was that they got."""

import math
from collections.abc import Iterator

from envprint.causes.models.observed import LIKELY, MAYBE, MOST, SURE, Observed, Open, are_unrelated, named, verb
from envprint.models.comparing import Comparison
from envprint.report import SideName, TensorDrift

SIDES: tuple[SideName, ...] = ("a", "b")
AS_SET = ("fresh", "constant")
ENOUGH = 64  # numbers, of fewer nothing is told


def see_uninitialised(open_: Open) -> Iterator[Observed]:
    """Yield tensors that differ and look like memory that nobody wrote."""
    weights = [each for each in open_.tensors.values() if each.kind == "parameter"]
    unwritten = tuple(each for each in weights if "uninitialised" in each.looks.values())
    if 0 < len(unwritten) < MOST * (open_.comparison.drift.identical + len(weights)):  # where all are NaN, training did
        sides = sorted({side for each in unwritten for side, looks in each.looks.items() if looks == "uninitialised"})
        holds = verb(unwritten, "holds", "hold")
        words = f"{named(each.name for each in unwritten)} {holds} NaN or nonsense in {' and '.join(sides)}"
        yield open_.account(Observed("uninitialised-read", SURE, (words,), unwritten))


def see_drawn(open_: Open) -> Iterator[Observed]:
    """Yield weights that look as layers draw them, on both sides or on one."""
    unlike = [each for each in open_.of("differs") if each.kind == "parameter"]
    told = [each for each in unlike if each.looks or max(each.count or 0, _size(each)) >= ENOUGH]
    drawn = {side: [each for each in told if each.looks.get(side) in AS_SET] for side in SIDES}
    fresh = {side for side in SIDES if any(each.looks.get(side) == "fresh" for each in drawn[side])}
    if not told or not are_unrelated(told):  # steps of one training, from weights that were drawn not long ago
        return
    both = [each for each in drawn["a"] if each in drawn["b"]]
    if len(both) >= MOST * len(told) and fresh == set(SIDES):
        looks = f"{verb(both, 'looks', 'look')} as a layer draws weights on both sides"
        words = f"{named(each.name for each in both)} {looks}"
        yield open_.account(Observed("initial-weights", SURE, (words,), open_.of("differs")))
    elif untouched := _as_they_were_set(open_.comparison, unlike):
        words = (
            f"{named(each.name for each in told)} differ as if drawn apart, and {untouched} are constants on both sides"
        )
        yield open_.account(Observed("initial-weights", LIKELY, (words,), open_.of("differs")))
    else:
        for side in sorted(fresh):
            only = [each for each in drawn[side] if each not in both]
            if len(only) >= MOST * len(told):
                yield open_.account(_drawn_on(side, only, open_))
                return


def _as_they_were_set(found: Comparison, unlike: list[TensorDrift]) -> str:
    """Return in words the norms that no training has touched on either side, where no other parameter differs so."""
    matrices = {each.name.rpartition(".")[0] for each in unlike if len(each.shape.get("a", ())) > 1}
    if any(each.name.rpartition(".")[0] not in matrices for each in unlike):
        return ""
    names = {each.name for each in unlike}
    norms = [name for name, each in found.a.tensors.items() if each.looks == "constant" and name not in names]
    theirs = dict(found.names.pairs)
    both = [name for name in norms if name in theirs and found.b.tensors[theirs[name]].looks in {"constant", None}]
    return named(both) if len(both) > 1 else ""


def _drawn_on(side: str, only: list[TensorDrift], open_: Open) -> Observed:
    """Return that weights were drawn on one side: a part of the model, or nearly all."""
    looks = verb(only, "looks", "look")
    words = f"{named(each.name for each in only)} {looks} as a layer draws weights in {side}, and not on the other side"
    unlike = open_.of("differs")
    identical = open_.comparison.drift.identical
    if sum(each.kind == "parameter" for each in unlike) < MOST * (identical + len(unlike)):
        return Observed("newly-initialised-layers", LIKELY, (words,), unlike)
    return Observed("strict-false-missing", MAYBE, (words,), unlike)


def _size(tensor: TensorDrift) -> int:
    return math.prod(tensor.shape.get("a", ()))
