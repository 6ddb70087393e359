"""Compare two models: tensors, what modules are beside them, and where the outputs of a forward pass part."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from envprint.models.pairing import Pairing, pair
from envprint.models.partings import find_partings, outputs_of
from envprint.models.subject import Subject
from envprint.models.tensor_drift import drift_of
from envprint.report import Change, ModelDrift, TensorDrift

MODULES, TENSORS = "model.modules", "model.tensors"
HOOKS = "hooks"
AT_ONCE = 2  # tensors; more would only wait for memory


@dataclass(frozen=True)
class Setting:
    """Something of a module that differs: its mode, its class, a plain attribute; None where a side lacks it."""

    module: str
    name: str
    a: Any
    b: Any
    type: str = ""

    @property
    def path(self) -> str:
        """Return the path that a report has for it."""
        return ".".join(part for part in (MODULES, self.module, self.name) if part)


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
    alone = (*_alone(a, names.only_a, "missing"), *_alone(b, names.only_b, "unexpected"))
    settings = tuple(_settings(a, b, _modules(a, b, names)))
    drift = ModelDrift(
        tensors=(*differing, *alone),
        identical=len(found) - len(differing),
        compared=len(found),
        renaming=names.renaming,
        outputs=outputs_of(a, b),
        partings=find_partings(a, b, {each.name for each in (*differing, *alone)}, _modules(a, b, names)),
    )
    return Comparison(a, b, names, settings, drift)


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


def _alone(side: Subject, names: tuple[str, ...], state: Any) -> Iterator[TensorDrift]:
    letter: Any = "a" if state == "missing" else "b"
    for name in names:
        tensor = side.tensors[name]
        looks: Mapping[Any, str] = {letter: tensor.looks} if tensor.looks else {}
        yield TensorDrift(
            name=name, kind=tensor.kind, state=state, dtype={letter: tensor.dtype}, shape={letter: tensor.shape},
            looks=dict(looks),
        )  # fmt: skip


def _modules(a: Subject, b: Subject, names: Pairing) -> dict[str, str]:
    """Return the modules of a that b has, with their names in b."""
    by_tensor = {left.rpartition(".")[0]: right.rpartition(".")[0] for left, right in names.pairs}
    paired = {name: by_tensor.get(name, name) for name in a.model.modules}
    if names.renaming:
        found = pair(a.model.modules, b.model.modules)
        paired.update({left: right for left, right in found.pairs if paired[left] not in b.model.modules})
    return {left: right for left, right in paired.items() if right in b.model.modules}


def _settings(a: Subject, b: Subject, modules: Mapping[str, str]) -> Iterator[Setting]:
    """Yield what differs between modules; those that only one side has come as a class against nothing."""
    if not a.model.modules or not b.model.modules:
        return
    for name, other in modules.items():
        yield from _of_module(name, a.model.modules[name], b.model.modules[other])
    taken = set(modules.values())
    for name, module in a.model.modules.items():
        if name not in modules:
            yield Setting(name, "type", module.type, None, module.type)
    for name, module in b.model.modules.items():
        if name not in taken:
            yield Setting(name, "type", None, module.type, module.type)


def _of_module(name: str, a: Any, b: Any) -> Iterator[Setting]:
    if a.type != b.type:
        yield Setting(name, "type", a.type, b.type, a.type)
    if a.training is not None and b.training is not None and a.training != b.training:
        yield Setting(name, "training", a.training, b.training, a.type)
    for key in sorted({*a.attributes, *b.attributes}):
        left, right = a.attributes.get(key), b.attributes.get(key)
        if left != right or type(left) is not type(right):
            yield Setting(name, key, left, right, a.type)
    if (a.hooks or ()) != (b.hooks or ()):
        yield Setting(name, HOOKS, list(a.hooks or ()), list(b.hooks or ()), a.type)
