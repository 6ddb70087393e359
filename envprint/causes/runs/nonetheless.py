"""A report of two runs that are the same as far as both went, and what differs nonetheless."""

from collections.abc import Iterator

from envprint.causes.models.observed import named
from envprint.causes.runs.alignment import Alignment
from envprint.causes.runs.pair import values
from envprint.manifest.ledger import Run
from envprint.models.comparing import compare_models
from envprint.models.subject import Subject
from envprint.report import Report

OF_LOADERS = ("dataset", "length", "batch_size", "shuffle", "workers", "drop_last", "generator", "worker_init")
HAPPENED = ("clip", "loss", "autocast", "scaler", "scheduler", "compile", "normalise", "listing")
NOTED = 6


def report_alike(a: Run, b: Run, aligned: Alignment, environments: Report) -> Report:
    """Return that two runs are the same, bit for bit, as far as both went, and what of them differs nonetheless."""
    common = aligned.common
    if not common:
        return environments
    nonetheless = list(_differences(a, b, aligned))
    same = environments.verdict == "identical" and not nonetheless
    said = f"The runs are the same, bit for bit, up to step {common[-1]}"
    lengths = [max(steps, default=0) for steps in (aligned.a, aligned.b)]
    if lengths[0] != lengths[1]:
        longer = "a" if lengths[0] > lengths[1] else "b"
        said = f"{said}; {longer} went on to step {max(lengths)}"
    if not same:
        what = f": {nonetheless[0]}" if nonetheless else ""
        said = f"{said}. What differs nonetheless had no effect on them{what}"
    return environments.model_copy(
        update={
            "verdict": "identical" if same else "equivalent",
            "summary": f"{said}.",
            "notes": (*environments.notes, *nonetheless[1:NOTED]),
            "findings": tuple(
                each.model_copy(update={"confidence": min(each.confidence, 0.1), "status": "possible"})
                for each in environments.findings
            ),
        }
    )


def _differences(a: Run, b: Run, aligned: Alignment) -> Iterator[str]:
    yield from _seeds(a, b)
    yield from _loaders(a, b)
    yield from _models(a, b)
    for name in HAPPENED:
        left, right = ([each for each in run.events if each.name == name] for run in (a, b))
        if values(tuple(left)) != values(tuple(right)):
            said = [named(values(tuple(each))) or "none" for each in (left, right)]
            yield f"{name} is {said[0]} in a, {said[1]} in b"
    yield from _states(aligned)


def _seeds(a: Run, b: Run) -> Iterator[str]:
    for generator in ("torch", "numpy", "python"):
        left, right = ([each.value for each in run.seedings if each.generator == generator] for run in (a, b))
        if left != right:
            said = [f"seeded with {named(each)}" if each else "not seeded" for each in (left, right)]
            yield f"{generator}'s generator is {said[0]} in a, {said[1]} in b"


def _loaders(a: Run, b: Run) -> Iterator[str]:
    for left, right in zip(a.loaders, b.loaders, strict=False):
        for field in OF_LOADERS:
            one, other = getattr(left, field), getattr(right, field)
            if one != other:
                yield f"{field} of the loader of {left.dataset} is {one} in a, {other} in b"


def _models(a: Run, b: Run) -> Iterator[str]:
    if a.model is None or b.model is None:
        return
    comparison = compare_models(Subject("description", a.model), Subject("description", b.model))
    for each in comparison.settings:
        yield f"{each.name} of {each.module or 'the model'} ({each.type}) is {each.a} in a, {each.b} in b"
    buffers = [each.name for each in comparison.drift.tensors if each.kind == "buffer"]
    if buffers:
        yield f"{named(buffers)} hold other numbers, which no step has read yet"


def _states(aligned: Alignment) -> Iterator[str]:
    for step in aligned.common:
        one, other = aligned.a[step].generators, aligned.b[step].generators
        unlike = sorted(name for name in one.keys() & other.keys() if one[name] != other[name])
        if unlike:
            yield f"the random state of {named(unlike)} differs from step {step} on"
            return
