"""A module that was saved whole, by torch.save(model) or as TorchScript: what its state says of modules and tensors."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from envprint.manifest.gaps import readable
from envprint.manifest.model import Model, Module, Tensor
from envprint.models.attributes import OWN, plain_value
from envprint.models.content import Content
from envprint.models.files.stored import Opaque
from envprint.models.files.tensor import StoredTensor

TABLES = ("_parameters", "_buffers", "_modules")
DEEPEST = 64
SCRIPTED = "__torch__."
MANGLED = re.compile(r"\.___torch_mangle_[0-9]+")  # of a class of which there are several


def is_module(value: Any) -> bool:
    """Tell whether an object of a pickle is a module."""
    if not isinstance(value, Opaque) or not isinstance(value.state, Mapping):
        return False
    return all(isinstance(value.state.get(table), Mapping) for table in TABLES) or _is_scripted(value)


def _is_scripted(value: Opaque) -> bool:
    return value.name.startswith(SCRIPTED) and isinstance(value.state, Mapping) and "training" in value.state


def module_of(value: Opaque) -> tuple[Model, dict[str, Content]]:
    """Return a module that was saved whole as a model, and where its numbers can be read."""
    modules: dict[str, Module] = {}
    tensors: dict[str, Tensor] = {}
    contents: dict[str, Content] = {}
    for path, each in _modules(value):
        modules[path] = _module(each)
        for kind, name, stored, persistent in _tensors(each):
            full = f"{path}.{name}" if path else name
            facts: dict[str, Any] = (
                {"trainable": stored.requires_grad} if kind == "parameter" else {"persistent": persistent}
            )
            tensors[full] = Tensor(kind=kind, dtype=stored.dtype, shape=stored.shape, **facts)
            contents[full] = stored
    return Model(type=_class_of(value), modules=modules, tensors=tensors), contents


def _modules(value: Opaque, path: str = "", depth: int = DEEPEST) -> Iterator[tuple[str, Opaque]]:
    yield path, value
    inner = value.state if _is_scripted(value) else value.state["_modules"]
    for name, each in inner.items() if depth else ():
        if is_module(each):
            yield from _modules(each, f"{path}.{name}" if path else readable(str(name)), depth - 1)


def _tensors(value: Opaque) -> Iterator[tuple[Any, str, StoredTensor, bool]]:
    """Yield kind and name of each tensor, and whether a state_dict would hold it."""
    if _is_scripted(value):
        for name, each in value.state.items():
            if isinstance(each, StoredTensor):
                yield ("parameter" if each.requires_grad else "buffer"), readable(str(name)), each, True
        return
    transient = value.state.get("_non_persistent_buffers_set") or ()
    for kind, table in (("parameter", "_parameters"), ("buffer", "_buffers")):
        for name, each in value.state[table].items():
            if isinstance(each, StoredTensor):
                yield kind, readable(str(name)), each, name not in transient


def _module(value: Opaque) -> Module:
    plain = {
        readable(str(name)): plain_value(each, lambda _: "<tensor>")
        for name, each in sorted(value.state.items(), key=lambda item: str(item[0]))
        if not str(name).startswith("_") and name not in OWN and not isinstance(each, (StoredTensor, Opaque))
    }
    return Module(type=_class_of(value), training=bool(value.state.get("training")), attributes=plain)


def _class_of(value: Opaque) -> str:
    """Return the name of the class, of TorchScript that of the class that was scripted."""
    return readable(MANGLED.sub("", value.name.removeprefix(SCRIPTED))[:200])
