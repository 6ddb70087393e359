"""How one tensor differs between two models: by its numbers where both can be read, else by digests and samples."""

from typing import Any

from envprint.manifest.model import Tensor
from envprint.models.contents import compare_contents
from envprint.models.digest import digest_of
from envprint.models.subject import Subject
from envprint.probes.bits import decode, relative_difference, ulp_distance
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
        if found.state == "identical":
            return None
        sizes = {key: getattr(found, key) for key in ("state", "differing", "count", "max_ulp", "relative", "detail")}
        return TensorDrift(**facts, **sizes)
    digests = [
        each.digest or (digest_of(content) if content else None)
        for each, content in zip((left, right), contents, strict=True)
    ]
    if None in digests:
        reason = "its numbers could not be read on one side"
        return TensorDrift(**facts, state="unknown", detail=reason)
    return None if digests[0] == digests[1] else TensorDrift(**facts, **_by_samples(left, right))


def _by_samples(a: Tensor, b: Tensor) -> dict[str, Any]:
    """Return what samples tell of two tensors that differ: how far they are apart there."""
    if a.dtype != b.dtype or a.shape != b.shape or not a.samples or not b.samples:
        return {"state": "differs"}
    pairs = list(zip(decode(a.samples, a.dtype), decode(b.samples, b.dtype), strict=False))
    differing = [pair for pair in pairs if pair[0] != pair[1]]
    if not differing:
        return {"state": "differs", "detail": "outside of the samples"}
    distances = [ulp_distance(*pair, a.dtype) for pair in differing]
    known = [each for each in distances if each is not None]
    return {
        "state": "differs",
        "max_ulp": max(known) if len(known) == len(distances) else None,
        "relative": relative_difference(pairs, a.dtype),
        "detail": ON_SAMPLES,
    }
