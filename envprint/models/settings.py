"""What modules of two models are beside their tensors, as far as it differs: mode, class, plain attributes, hooks."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from envprint.manifest.model import Module
from envprint.models.pairing import Pairing
from envprint.models.subject import CONFIGURED, Subject, configuration_of

MODULES, HOOKS = "model.modules", "hooks"


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


def modules_of_both(a: Subject, b: Subject, names: Pairing) -> dict[str, str]:
    """Return the modules of a that b has, with their names in b."""
    known: dict[str, str] = {}
    for left, right in names.pairs:
        known.update(_owners(left, right))
    taken = set(known.values())
    paired = {name: _renamed(name, known) for name in a.model.modules}
    alone = {left: left for left, right in paired.items() if right is None and left not in taken}
    found = {left: right for left, right in paired.items() if right is not None} | alone
    return {left: found[left] for left in paired if found.get(left) in b.model.modules}


def _owners(left: str, right: str) -> Iterator[tuple[str, str]]:
    """Yield the modules that hold a tensor by either name, as far up as the names say the same."""
    ours, theirs = left.split(".")[:-1], right.split(".")[:-1]
    yield ".".join(ours), ".".join(theirs)
    while ours and theirs and ours[-1] == theirs[-1]:
        ours, theirs = ours[:-1], theirs[:-1]
        yield ".".join(ours), ".".join(theirs)


def _renamed(name: str, known: Mapping[str, str]) -> str | None:
    """Return what a module is called on the other side, by the next one above it that is known; None without."""
    parts = name.split(".") if name else []
    for depth in range(len(parts), -1, -1):
        above = ".".join(parts[:depth])
        if above in known:
            return ".".join(filter(None, [known[above], *parts[depth:]]))
    return None


def settings_of(a: Subject, b: Subject, modules: Mapping[str, str]) -> Iterator[Setting]:
    """Yield what differs between modules; those that only one side has come as a class against nothing."""
    if not a.model.modules or not b.model.modules:
        yield from _of_configurations(a, b)
        return
    known = "file" not in {a.kind, b.kind}  # a file does not tell all attributes, and no hooks
    said = dict(_differing(configuration_of(a), configuration_of(b)))
    for name, other in modules.items():
        for each in _of_module(name, a.model.modules[name], b.model.modules[other], all_are_known=known):
            yield from _without_what_is_said(each, said)
    for name in _left_over(a.model.modules, set(modules)):
        type_ = a.model.modules[name].type
        yield Setting(name, "type", type_, None, type_)
    for name in _left_over(b.model.modules, set(modules.values())):
        type_ = b.model.modules[name].type
        yield Setting(name, "type", None, type_, type_)


def _left_over(modules: Mapping[str, Module], paired: set[str]) -> Iterator[str]:
    """Yield the modules without a counterpart; of what is around the one that is the other's whole, nothing."""
    for name in modules:
        around = f"{name}." if name else ""
        if name not in paired and not any(each.startswith(around) for each in paired):
            yield name


def _without_what_is_said(setting: Setting, said: Mapping[str, tuple[Any, Any]]) -> Iterator[Setting]:
    """Yield a setting; of a module's configuration, which in transformers is that of the whole, what differs in it."""
    if setting.name != "config" or not (isinstance(setting.a, dict) and isinstance(setting.b, dict)):
        yield setting
        return
    for key, (left, right) in _differing(setting.a, setting.b):
        if f"{CONFIGURED}{key}" not in said and not key.startswith("_"):
            yield replace(setting, name=f"{CONFIGURED}{key}", a=left, b=right)


def _of_configurations(a: Subject, b: Subject) -> Iterator[Setting]:
    """Yield where two configurations differ in what both tell; files leave out what is as their library has it."""
    for key, (left, right) in _differing(configuration_of(a), configuration_of(b)):
        yield Setting("", key, left, right)


def _differing(a: Mapping[str, Any], b: Mapping[str, Any]) -> Iterator[tuple[str, tuple[Any, Any]]]:
    """Yield the entries that both have, where they differ."""
    return ((key, (a[key], b[key])) for key in sorted(a.keys() & b.keys()) if a[key] != b[key])


def _of_module(name: str, a: Module, b: Module, *, all_are_known: bool) -> Iterator[Setting]:
    if not _is_of_one_class(a, b):
        yield Setting(name, "type", a.type, b.type, a.type)
    if a.training is not None and b.training is not None and a.training != b.training:
        yield Setting(name, "training", a.training, b.training, a.type)
    all_are_known = all_are_known and not (_is_scripted(a) or _is_scripted(b))
    both = a.attributes.keys() & b.attributes.keys()
    for key in sorted({*a.attributes, *b.attributes} if all_are_known else both):
        left, right = a.attributes.get(key), b.attributes.get(key)
        if left != right or type(left) is not type(right):
            yield Setting(name, key, left, right, a.type)
    if all_are_known and (a.hooks or ()) != (b.hooks or ()):
        yield Setting(name, HOOKS, list(a.hooks or ()), list(b.hooks or ()), a.type)


def _is_scripted(module: Module) -> bool:
    """Tell whether a module is TorchScript, which keeps the name of its class alone, and constants apart."""
    return "." not in module.type


def _is_of_one_class(a: Module, b: Module) -> bool:
    short = _is_scripted(a) or _is_scripted(b)
    return a.type == b.type or (short and a.type.rpartition(".")[2] == b.type.rpartition(".")[2])
