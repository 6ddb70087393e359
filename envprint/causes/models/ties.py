"""A rule about tied weights: one tensor under two names on one side, two tensors on the other."""

from collections.abc import Iterator
from typing import TypeAlias

from envprint.causes.models.observed import LIKELY, SURE, Observed, Open, named, verb
from envprint.models.comparing import Comparison
from envprint.models.content import Content
from envprint.models.contents import compare_contents
from envprint.models.subject import Subject
from envprint.report import TensorDrift

Ties: TypeAlias = dict[str, str]
OUTPUT_LAYERS = (
    "lm_head.weight",
    "decoder.weight",
    "output.weight",
    "head.weight",
    "generator.weight",
    "proj.weight",
    "embed_out.weight",
    "projection.weight",
)
EMBEDDINGS = ("emb", "wte", "tok", "shared")


def see_ties(open_: Open) -> Iterator[Observed]:
    """Yield weights that are one tensor on one side, and two on the other."""
    found = open_.comparison
    ties = ties_of(found.a), ties_of(found.b)
    names = [name for name, other in found.names.pairs if _is_untied(name, other, found, ties)]
    unlike = tuple(open_.tensors[name] for name in names if name in open_.tensors)
    if names:
        words = f"{named(names)} {verb(names, 'shares', 'share')} memory with another tensor on one side only"
        evidence = (words,) if unlike else (words, "the numbers are the same still")
        how_sure = SURE if unlike else LIKELY
        yield open_.account(Observed("tied-weights", how_sure, evidence, unlike, acts_on_outputs=bool(unlike)))
    lacking = tuple(each for each in open_.of("missing", "unexpected") if _ought_to_be_tied(each, found.a, found.b))
    if lacking:
        words = f"{named(each.name for each in lacking)} is of the shape of an embedding, and in one side only"
        yield open_.account(Observed("tied-weights", LIKELY, (words,), lacking))


def _is_untied(name: str, other: str, found: Comparison, ties: tuple[Ties, Ties]) -> bool:
    """Tell whether a tensor is tied to one that is there on the other side, too, and is not tied to it there."""
    left, right = ties[0].get(name, ""), ties[1].get(other, "")
    if bool(left) is bool(right):
        return False
    return _are_two(found.b, other, left) if left else _are_two(found.a, name, right)


def _are_two(subject: Subject, name: str, partner: str) -> bool:
    """Tell whether two tensors are two; files may hold one twice, so there their numbers tell."""
    if partner not in subject.tensors:
        return False
    if not subject.is_bare:
        return True
    contents: list[Content | None] = [subject.contents.get(each) for each in (name, partner)]
    if contents[0] is None or contents[1] is None:
        return subject.tensors[name].digest != subject.tensors[partner].digest
    return compare_contents(contents[0], contents[1]).state != "identical"


def ties_of(subject: Subject) -> Ties:
    """Return the tensors that share the memory of another, each with one of those, by their names."""
    found = {name: each.tied_to for name, each in subject.tensors.items() if each.tied_to}
    if subject.kind == "file":
        first: dict[tuple[str, tuple[int, ...]], str] = {}
        for name, each in subject.contents.items():
            partner = first.setdefault((each.place, each.shape), name)
            found |= {name: partner} if partner != name else {}
    return {**{partner: name for name, partner in found.items()}, **found}


def _ought_to_be_tied(tensor: TensorDrift, a: Subject, b: Subject) -> bool:
    """Tell whether a tensor that one side lacks may be an output layer that shares the embedding there."""
    here, there = (a, b) if tensor.state == "missing" else (b, a)
    shape = here.tensors[tensor.name].shape
    alike = [name.lower() for name, other in there.tensors.items() if other.shape == shape]
    embeds = any(word in name for name in alike for word in EMBEDDINGS)
    return len(shape) > 1 and embeds and tensor.name.endswith(OUTPUT_LAYERS)
