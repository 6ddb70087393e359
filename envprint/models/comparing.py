"""Compare two models: tensors, what modules are beside them, and where the outputs of a forward pass part."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from envprint.models.pairing import Pairing, pair
from envprint.models.partings import find_partings, outputs_of
from envprint.models.settings import Setting, modules_of_both, settings_of
from envprint.models.subject import Subject
from envprint.models.tensor_drift import alone_on, drift_of
from envprint.report import Change, ModelDrift, TensorDrift

TENSORS = "model.tensors"
AT_ONCE = 2  # tensors; more would only wait for memory


@dataclass(frozen=True)
class Comparison:
    """Two models and how they differ."""

    a: Subject
    b: Subject
    names: Pairing
    settings: tuple[Setting, ...]
    drift: ModelDrift

    def of_tensors(self, *states: str) -> tuple[TensorDrift, ...]:
        """Return the tensors that are in one of these states; all that are not identical where none is named."""
        return tuple(each for each in self.drift.tensors if not states or each.state in states)


def compare_models(a: Subject, b: Subject) -> Comparison:
    """Return how two models differ; of what only one side tells nothing is said."""
    names = pair(a.tensors, b.tensors)
    with ThreadPoolExecutor(AT_ONCE) as pool:  # reading and comparing leave Python to others
        found = list(pool.map(lambda pair: drift_of(a, b, *pair), names.pairs))
    differing = [each for each in found if each is not None]
    alone = (*(alone_on("a", a, name) for name in names.only_a), *(alone_on("b", b, name) for name in names.only_b))
    modules = modules_of_both(a, b, names)
    drift = ModelDrift(
        tensors=(*differing, *alone),
        identical=len(found) - len(differing),
        compared=len(found),
        renaming=names.renaming,
        outputs=outputs_of(a, b),
        partings=find_partings(a, b, {each.name for each in (*differing, *alone)}, modules),
    )
    return Comparison(a, b, names, tuple(settings_of(a, b, modules)), drift)


def changes_of_models(comparison: Comparison) -> tuple[Change, ...]:
    """Return the differences of tensors and settings as the changes of a report."""
    found = [
        Change(path=f"{TENSORS}.{each.name}", a=_said(each, "a"), b=_said(each, "b"), **_kind(each), why=each.detail)
        for each in comparison.drift.tensors
    ]
    for each in comparison.settings:
        kind: Any = "appeared" if each.a is None else "vanished" if each.b is None else "changed"
        found.append(Change(path=each.path, kind=kind, a=each.a, b=each.b, bearing="numeric"))
    return tuple(found)


def _kind(tensor: TensorDrift) -> dict[str, Any]:
    kinds = {"missing": "vanished", "unexpected": "appeared", "unknown": "unknown"}
    return {"kind": kinds.get(tensor.state, "changed"), "bearing": "numeric"}


def _said(tensor: TensorDrift, side: Any) -> str | None:
    if side not in tensor.dtype:
        return None
    return f"{tensor.dtype[side]} {list(tensor.shape.get(side, ()))}"
