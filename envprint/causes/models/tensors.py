"""Rules about tensors as such: tied ones, those that no checkpoint holds, their types, and how they lie in memory."""

from collections.abc import Iterator

from envprint.causes.models.observed import HARDLY, LIKELY, SURE, Observed, Open, counted, named
from envprint.models.subject import Subject
from envprint.report import TensorDrift

OUTPUT_LAYERS = ("lm_head.weight", "decoder.weight", "output.weight", "head.weight", "generator.weight", "proj.weight")


def see_ties(open_: Open) -> Iterator[Observed]:
    """Yield weights that are one tensor on one side, and two on the other."""
    found = open_.comparison
    untied = tuple(each for each in open_.tensors.values() if _is_untied(each, found.a, found.b))
    if untied:
        words = f"{named(each.name for each in untied)} shares its memory with another tensor on one side only"
        yield open_.account(Observed("tied-weights", SURE, (words,), untied))
    lacking = tuple(each for each in open_.of("missing", "unexpected") if _ought_to_be_tied(each, found.a, found.b))
    if lacking:
        words = f"{named(each.name for each in lacking)} is of the shape of an embedding, and in one side only"
        yield open_.account(Observed("tied-weights", LIKELY, (words,), lacking))


def _is_untied(tensor: TensorDrift, a: Subject, b: Subject) -> bool:
    if tensor.state in {"missing", "unexpected"}:
        return False
    left, right = tied_to(a, tensor.name), tied_to(b, tensor.other or tensor.name)
    return bool(left) is not bool(right)


def tied_to(subject: Subject, name: str) -> str:
    """Return the tensor whose memory this one shares, by its name; nothing where it is alone."""
    tensor, content = subject.tensors[name], subject.contents.get(name)
    if tensor.tied_to or content is None or subject.kind == "live":
        return tensor.tied_to or next((each for each, other in subject.tensors.items() if other.tied_to == name), "")
    return next((each for each, other in subject.contents.items() if each != name and other.place == content.place), "")


def _ought_to_be_tied(tensor: TensorDrift, a: Subject, b: Subject) -> bool:
    """Tell whether a tensor that one side lacks may be an output layer that shares the embedding there."""
    here, there = (a, b) if tensor.state == "missing" else (b, a)
    shape = here.tensors[tensor.name].shape
    says_so = any(each.attributes.get("config.tie_word_embeddings") for each in here.model.modules.values())
    embeds = any("emb" in name.lower() and other.shape == shape for name, other in there.tensors.items())
    return len(shape) > 1 and embeds and (says_so or tensor.name.endswith(OUTPUT_LAYERS))


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
    """Yield buffers that no checkpoint holds."""
    found = open_.comparison
    transient = tuple(
        each
        for each in open_.of("differs", "missing", "unexpected")
        if any(
            subject.tensors[name].persistent is False
            for subject, name in ((found.a, each.name), (found.b, each.other or each.name))
            if name in subject.tensors
        )
    )
    if transient:
        words = f"{named(each.name for each in transient)}: a buffer with persistent=False, which no state_dict holds"
        how_sure = LIKELY if len(open_.tensors) > len(transient) else SURE
        yield open_.account(Observed("nonpersistent-buffers", how_sure, (words,), transient))


def see_layout(open_: Open) -> Iterator[Observed]:
    """Yield tensors that lie otherwise in memory."""
    found = open_.comparison
    lying = [
        name
        for name, other in found.names.pairs
        if found.a.tensors[name].layout != found.b.tensors[other].layout and name not in open_.tensors
    ]
    if lying:
        name = lying[0]
        layouts = [
            found.a.tensors[name].layout or "row by row",
            found.b.tensors[name].layout if name in found.b.tensors else "",
        ]
        words = f"{named(lying)}: {layouts[0]} in a, {layouts[1] or 'row by row'} in b, with the same numbers"
        yield Observed("channels-last", LIKELY if found.drift.outputs.get("own") != "same" else HARDLY, (words,))
