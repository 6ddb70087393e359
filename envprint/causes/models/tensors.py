"""Rules about tensors as such: those that no checkpoint holds, their types, and how they lie in memory."""

import math
from collections.abc import Iterator

from envprint.causes.models.observed import HARDLY, LIKELY, SURE, Observed, Open, counted, named, verb
from envprint.models.settings import Setting
from envprint.models.subject import Subject
from envprint.probes.bits import decode, values
from envprint.report import TensorDrift

FREQUENCIES = ("freq", "cos", "sin", "rot")  # in the names of buffers that are zero only where nobody filled them
FORMATS = ("channels_last", "channels_last_3d")


def see_types(open_: Open) -> Iterator[Observed]:
    """Yield numbers that were rounded to another type."""
    found = open_.comparison
    recast = tuple(each for each in open_.tensors.values() if each.state == "recast" or "rounded to" in each.detail)
    if not recast:
        return
    first = recast[0]
    types = f"{first.dtype.get('a')} in a, {first.dtype.get('b')} in b"
    words = f"{counted(len(recast), 'tensor')}: {first.detail or types}"
    kept_type = len(set(first.dtype.values())) == 1
    loaded = {found.a.kind, found.b.kind} > {"file"} or kept_type
    settings = tuple(each for each in open_.settings.values() if each.name.endswith("dtype"))
    cause = "dtype-cast-on-load" if loaded else "model-dtype"
    yield open_.account(Observed(cause, SURE, (words,), recast, settings))


def see_transient(open_: Open) -> Iterator[Observed]:
    """Yield buffers that no checkpoint holds, where no setting says why they are others."""
    found = open_.comparison
    transient = tuple(
        each
        for each in open_.of("differs", "missing", "unexpected")
        if is_transient(found.a, each.name) or is_transient(found.b, each.other or each.name)
    )
    if not transient:
        return
    words = f"{named(each.name for each in transient)}: {verb(transient, 'a buffer', 'buffers')} with persistent=False"
    unfilled = {
        side: [name for each in transient if (name := each.name) in subject.tensors and is_unfilled(subject, name)]
        for side, subject in (("a", found.a), ("b", found.b))
    }
    extra = [_never_filled(names, side) for side, names in unfilled.items() if names]
    if not extra and any(_decides(each, transient) for each in open_.settings.values()):
        return
    how_sure = LIKELY if len(open_.tensors) > len(transient) else SURE
    evidence = (f"{words}, which no state_dict holds", *extra)
    yield open_.account(Observed("nonpersistent-buffers", how_sure, evidence, transient))


def _never_filled(names: list[str], side: str) -> str:
    return f"{named(names)} {verb(names, 'looks', 'look')} as if never filled in {side}"


def is_transient(subject: Subject, name: str) -> bool:
    """Tell whether no state_dict would hold this tensor."""
    return name in subject.tensors and subject.tensors[name].persistent is False


def is_unfilled(subject: Subject, name: str) -> bool:
    """Tell whether a buffer holds no numbers, or zeros where that cannot be meant, by its samples."""
    tensor = subject.tensors[name]
    if not tensor.samples or "float" not in tensor.dtype:
        return False
    numbers = values(decode(tensor.samples, tensor.dtype), tensor.dtype)
    zeros = any(word in name.lower() for word in FREQUENCIES) and not any(numbers)
    return zeros or any(map(math.isnan, numbers))


def _decides(setting: Setting, transient: tuple[TensorDrift, ...]) -> bool:
    """Tell whether a setting may be what the numbers of these buffers follow from."""
    if setting.name.startswith("config."):
        return "rope" in setting.name or "rotary" in setting.name or "position" in setting.name
    return any(setting.module == each.name.rpartition(".")[0] for each in transient) and setting.name != "training"


def see_layout(open_: Open) -> Iterator[Observed]:
    """Yield tensors of which channels lie in another place."""
    found = open_.comparison
    lying = {
        name: (found.a.tensors[name].layout, found.b.tensors[other].layout)
        for name, other in found.names.pairs
        if name not in open_.tensors
    }
    lying = {name: sides for name, sides in lying.items() if len(set(sides)) > 1 and set(sides) & set(FORMATS)}
    if lying:
        a, b = (each or "row by row" for each in next(iter(lying.values())))
        words = f"{named(lying)}: {a} in a, {b} in b, with the same numbers"
        yield Observed("channels-last", LIKELY if found.drift.outputs.get("own") != "same" else HARDLY, (words,))
