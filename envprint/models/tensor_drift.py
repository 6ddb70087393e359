"""How one tensor differs between two models: by its numbers where both can be read, else by digests and samples."""

from typing import Any

from envprint.manifest.model import Tensor
from envprint.models.content import Content
from envprint.models.contents import ContentDrift, compare_contents
from envprint.models.digest import digest_of
from envprint.models.samples import Sampled, samples_of
from envprint.models.subject import Subject
from envprint.report import TensorDrift

ON_SAMPLES = "by samples"


def drift_of(a: Subject, b: Subject, name: str, other: str) -> TensorDrift | None:
    """Return how a tensor of a and one of b differ; None where they are identical."""
    left, right = a.tensors[name], b.tensors[other]
    facts: dict[str, Any] = {
        "name": name,
        "other": other if other != name else "",
        "kind": "buffer" if "buffer" in {left.kind, right.kind} else "parameter",
        "dtype": {"a": left.dtype, "b": right.dtype},
        "shape": {"a": left.shape, "b": right.shape},
        "looks": {side: each.looks for side, each in (("a", left), ("b", right)) if each.looks},
    }
    if left.digest is not None and left.digest == right.digest:
        return None
    contents = a.contents.get(name), b.contents.get(other)
    if contents[0] is not None and contents[1] is not None:
        found = compare_contents(contents[0], contents[1])
        return None if found.state == "identical" else TensorDrift(**facts, **_sizes(found))
    digests = [_digest(each, content) for each, content in zip((left, right), contents, strict=True)]
    if None in digests:
        return TensorDrift(**facts, state="unknown", detail="its numbers could not be read on one side")
    if digests[0] == digests[1]:
        return None
    samples = samples_of(left, contents[0]), samples_of(right, contents[1])
    return TensorDrift(**facts, **_by_samples(*samples, same_shape=left.shape == right.shape))


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
