"""Which tensors of two models are the same one: by name, or by names that wrappers, versions and libraries changed."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from functools import partial

# what wrappers put into names: DataParallel and DDP, torch.compile, FSDP, activation checkpoints, AveragedModel
WRAPPERS = ("module", "_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module", "_forward_module")
# torch.nn.utils.weight_norm became a parametrisation in torch 2.1; BERT's norms come from TensorFlow
RENAMED = (
    (".parametrizations.weight.original0", ".weight_g"),
    (".parametrizations.weight.original1", ".weight_v"),
    (".LayerNorm.gamma", ".LayerNorm.weight"),
    (".LayerNorm.beta", ".LayerNorm.bias"),
)
LEAST_SHARE = 0.5  # of the names of the smaller side that a renaming must pair


@dataclass(frozen=True)
class Pairing:
    """Pairs of names; what only one side has; and how b's names differ, in words, where they do."""

    pairs: tuple[tuple[str, str], ...]
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]
    renaming: str = ""


def pair(a: Collection[str], b: Collection[str]) -> Pairing:
    """Return which names belong together: equal ones, and the rest as far as one rule explains how they differ."""
    exact = [name for name in a if name in set(b)]
    left, right = [name for name in a if name not in set(exact)], [name for name in b if name not in set(exact)]
    found: dict[str, str] = {}
    said = []
    for words, rename_a, rename_b in _rules(left, right):
        by_new = {rename_b(name): name for name in right if name not in found.values()}
        new = {name: by_new[rename_a(name)] for name in left if name not in found and rename_a(name) in by_new}
        if new:
            found.update(new)
            said.append(words)
    pairs = (*((name, name) for name in exact), *found.items())
    return Pairing(
        pairs=tuple(pairs),
        only_a=tuple(name for name in left if name not in found),
        only_b=tuple(name for name in right if name not in set(found.values())),
        renaming=" and ".join(said),
    )


Rename = Callable[[str], str]


def _rules(a: list[str], b: list[str]) -> Iterable[tuple[str, Rename, Rename]]:
    """Yield ways in which names may differ, in words, with what makes them equal on either side."""
    if not a or not b:
        return
    wrapped = {name for name in WRAPPERS if _has(name, a) != _has(name, b)}
    if wrapped:
        where = "a" if any(_has(name, a) for name in wrapped) else "b"
        yield f"names in {where} have {', '.join(sorted(wrapped))}", _unwrapped, _unwrapped
    yield "older and newer names of layers", _modern, _modern
    for side, longer, shorter in (("a", a, b), ("b", b, a)):
        prefix = _prefix(longer, shorter)
        if prefix:
            cut = partial(_without, prefix)
            yield f"names in {side} begin with {prefix}", *((cut, _unwrapped) if side == "a" else (_unwrapped, cut))


def _has(wrapper: str, names: Iterable[str]) -> bool:
    return any(wrapper in name.split(".") for name in names)


def _unwrapped(name: str) -> str:
    return ".".join(part for part in name.split(".") if part not in WRAPPERS)


def _modern(name: str) -> str:
    name = _unwrapped(name)
    for older, newer in RENAMED:
        name = name.replace(older, newer)
    return name


def _without(prefix: str, name: str) -> str:
    return _unwrapped(name).removeprefix(prefix)


def _prefix(longer: list[str], shorter: list[str]) -> str:
    """Return the prefix that one side's names have and the other's lack, if it explains most of them."""
    known = {_unwrapped(name) for name in shorter}
    counts: dict[str, int] = {}
    for name in map(_unwrapped, longer):
        parts = name.split(".")
        for depth in range(1, len(parts)):
            if ".".join(parts[depth:]) in known:
                prefix = ".".join(parts[:depth]) + "."
                counts[prefix] = counts.get(prefix, 0) + 1
    best = max(counts, key=lambda prefix: counts[prefix], default="")
    return best if best and counts[best] >= LEAST_SHARE * min(len(longer), len(known)) else ""
