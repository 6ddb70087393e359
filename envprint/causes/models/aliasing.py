"""A rule about memory: one side is the other's, or was when it was saved."""

from collections.abc import Iterator

from envprint.causes.models.observed import LIKELY, SURE, Observed, Open
from envprint.models.subject import Subject

STATE_DICT = "state_dict"  # as a mapping of names to tensors is described


def see_alias(open_: Open) -> Iterator[Observed]:
    """Yield that one side is the very memory of the other, or was when it was saved."""
    found = open_.comparison
    if found.a is found.b:
        return
    within = {side: _alias_within(subject) for side, subject in (("a", found.a), ("b", found.b))}
    for side in [side for side, path in within.items() if path and not all(within.values())]:
        words = f"{within[side]} of {side} is the memory of the weights themselves: no copy of them was kept"
        yield Observed("state-dict-alias", LIKELY, (words,), acts_on_outputs=False)
    if open_.tensors or not found.names.pairs:
        return
    if _are_of_one_kind(found.a, found.b) and all(_is_one(found.a, a, found.b, b) for a, b in found.names.pairs):
        words = (
            f"all {len(found.names.pairs)} tensors of a and b are the same memory: what changes one changes the other"
        )
        yield Observed("state-dict-alias", SURE, (words,), acts_on_outputs=False)
    elif moved := _moved_counters(found.a, found.b):
        words = f"{moved}, and not a bit of the weights differs"
        yield Observed("state-dict-alias", LIKELY, (words,), acts_on_outputs=False)


def _alias_within(subject: Subject) -> str:
    """Return the name of a set of best weights in a file that lies where the weights themselves lie."""
    own = subject.contents
    for path, weights in (subject.kept.others if subject.kept else {}).items():
        same = all(name in own and each.place == own[name].place for name, each in weights.items())
        if same and "best" in path.lower():
            return path
    return ""


def _are_of_one_kind(a: Subject, b: Subject) -> bool:
    """Tell whether both are live, and neither one is a wrapper around the other, which has its memory by design."""
    if not a.kind == b.kind == "live":
        return False
    return STATE_DICT in {a.model.type, b.model.type} or (
        a.model.type == b.model.type and a.model.compiled == b.model.compiled
    )


def _is_one(a: Subject, left: str, b: Subject, right: str) -> bool:
    here, there = a.contents.get(left), b.contents.get(right)
    return here is not None and there is not None and here.place == there.place


def _moved_counters(a: Subject, b: Subject) -> str:
    """Return in words the first counter of two checkpoints that differs."""
    ours, theirs = (subject.kept.counters if subject.kept else {} for subject in (a, b))
    moved = [name for name in ours if theirs.get(name, ours[name]) != ours[name]]
    return f"{moved[0]} is {ours[moved[0]]:g} in a, {theirs[moved[0]]:g} in b" if moved else ""
