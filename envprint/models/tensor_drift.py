"""How one tensor differs between two models: by its numbers where both can be read, else by digests and samples."""

from collections.abc import Mapping
from typing import Any

from envprint.manifest.model import Tensor
from envprint.models.content import Content
from envprint.models.contents import ContentDrift, compare_contents
from envprint.models.digest import digest_of
from envprint.models.samples import Sampled, samples_of
from envprint.models.stored_looks import looks_in
from envprint.models.subject import Subject
from envprint.report import SideName, TensorDrift

ON_SAMPLES = "by samples"


def drift_of(a: Subject, b: Subject, name: str, other: str) -> TensorDrift | None:
    """Return how a tensor of a and one of b differ; None where they are identical."""
    left, right = a.tensors[name], b.tensors[other]
    found = _compare(left, right, a.contents.get(name), b.contents.get(other))
    if found is None:
        return None
    return TensorDrift(
        name=name,
        other=other if other != name else "",
        kind="buffer" if "buffer" in {left.kind, right.kind} else "parameter",
        dtype={"a": left.dtype, "b": right.dtype},
        shape={"a": left.shape, "b": right.shape},
        looks=_looks({"a": (a, name), "b": (b, other)}),
        **found,
    )


def _compare(left: Tensor, right: Tensor, a: Content | None, b: Content | None) -> dict[str, Any] | None:
    """Return how two tensors differ, by all that is known of each; None where they are identical."""
    if left is right or (left.digest is not None and left.digest == right.digest):
        return None
    if a is not None and b is not None:
        found = compare_contents(a, b)
        return None if found.state == "identical" else _sizes(found)
    digests = [_digest(left, a), _digest(right, b)]
    if None in digests:
        return {"state": "unknown", "detail": "its numbers could not be read on one side"}
    if digests[0] == digests[1]:
        return None
    return _by_samples(samples_of(left, a), samples_of(right, b), same_shape=left.shape == right.shape)


def alone_on(side: SideName, subject: Subject, name: str) -> TensorDrift:
    """Return that only one side has a tensor."""
    tensor = subject.tensors[name]
    return TensorDrift(
        name=name,
        kind=tensor.kind,
        state="missing" if side == "a" else "unexpected",
        dtype={side: tensor.dtype},
        shape={side: tensor.shape},
        looks=_looks({side: (subject, name)}),
    )


def _looks(sides: Mapping[SideName, tuple[Subject, str]]) -> dict[SideName, str]:
    """Return what the numbers of a tensor look like on each side; a live one is described with its looks."""
    found: dict[SideName, str | None] = {}
    for side, (subject, name) in sides.items():
        found[side] = subject.tensors[name].looks
        if subject.kind == "file" and name in subject.contents:
            found[side] = looks_in(name, subject.contents)
    return {side: looks for side, looks in found.items() if looks}


def _digest(tensor: Tensor, content: Content | None) -> str | None:
    return tensor.digest or (digest_of(content) if content else None)


def _sizes(found: ContentDrift) -> dict[str, Any]:
    return {key: getattr(found, key) for key in ("state", "differing", "count", "max_ulp", "relative", "detail")}


def _by_samples(a: Sampled | None, b: Sampled | None, *, same_shape: bool) -> dict[str, Any]:
    """Return what samples tell of two tensors that differ: their type, and how far they are apart there."""
    if a is None or b is None or not same_shape:
        return {"state": "differs"}
    found = compare_contents(a, b)
    if found.state == "recast" or "rounded to" in found.detail:
        return {"state": found.state, "detail": f"{found.detail}, {ON_SAMPLES}"}
    if not found.differing:
        return {"state": "differs", "detail": "outside of the samples"}
    return {"state": "differs", "max_ulp": found.max_ulp, "relative": found.relative, "detail": ON_SAMPLES}
