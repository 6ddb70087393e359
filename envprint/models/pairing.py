"""Which tensors of two models are the same one: by name, or by names that wrappers, versions and libraries changed."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
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
ALL_ALONE = 1  # a single name that agrees but for its beginning is chance
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
    both = set(a) & set(b)
    exact = [name for name in a if name in both]
    left, right = [name for name in a if name not in both], [name for name in b if name not in both]
    found: dict[str, str] = {}
    said = []
    for words, rename_a, rename_b in _rules(left, right):
        taken = set(found.values())
        ours = _by_new_names((name for name in left if name not in found), rename_a)
        theirs = _by_new_names((name for name in right if name not in taken), rename_b)
        new = {name: theirs[renamed] for renamed, name in ours.items() if renamed in theirs}
        if new:
            found.update(new)
            said.append(words)
    pairs = (*((name, name) for name in exact), *found.items())
    taken = set(found.values())
    return Pairing(
        pairs=tuple(pairs),
        only_a=tuple(name for name in left if name not in found),
        only_b=tuple(name for name in right if name not in taken),
        renaming=" and ".join(said),
    )


Rename = Callable[[str], str]


def _by_new_names(names: Iterable[str], rename: Rename) -> dict[str, str]:
    """Return names by what they are called otherwise; none of those that are called the same then."""
    known: dict[str, list[str]] = {}
    for name in names:
        known.setdefault(rename(name), []).append(name)
    return {renamed: theirs[0] for renamed, theirs in known.items() if len(theirs) == 1}


def _rules(a: list[str], b: list[str]) -> Iterable[tuple[str, Rename, Rename]]:
    """Yield ways in which names may differ, in words, with what makes them equal on either side."""
    if not a or not b:
        return
    wrapped = {name for name in WRAPPERS if _has(name, a) != _has(name, b)}
    if wrapped:
        where = "a" if any(_has(name, a) for name in wrapped) else "b"
        yield f"names in {where} have '{', '.join(sorted(wrapped))}'", unwrapped, unwrapped
    yield "older and newer names of layers", _modern, _modern
    ours, theirs = _prefixes(a, b)
    if ours != theirs:
        yield _in_words(ours, theirs), partial(_without, ours), partial(_without, theirs)


def _has(wrapper: str, names: Iterable[str]) -> bool:
    return any(wrapper in name.split(".") for name in names)


def unwrapped(name: str) -> str:
    """Return a name without what wrappers put into it."""
    *parts, last = name.split(".")
    return ".".join([*(part for part in parts if part not in WRAPPERS), last])


def _modern(name: str) -> str:
    name = unwrapped(name)
    for older, newer in RENAMED:
        name = name.replace(older, newer)
    return name


def _without(prefix: str, name: str) -> str:
    """Return a name without a prefix; one that does not begin with it gets one that no name has."""
    name = unwrapped(name)
    return name.removeprefix(prefix) if name.startswith(prefix) else f"?{name}"


def _in_words(ours: str, theirs: str) -> str:
    if not ours or not theirs:
        return f"names in {'a' if ours else 'b'} begin with '{ours or theirs}'"
    return f"names begin with '{ours}' in a, with '{theirs}' in b"


def _prefixes(a: list[str], b: list[str]) -> tuple[str, str]:
    """Return with what names begin on each side where the rest is the same, if that explains most of them."""
    endings = {end: start for name in map(unwrapped, b) for start, end in _cuts(name)}
    counts: Counter[tuple[str, str]] = Counter()
    for name in map(unwrapped, a):
        found = next(((start, end) for start, end in _cuts(name) if end in endings), None)
        if found and _is_telling(found[0], endings[found[1]], found[1]):
            counts[found[0], endings[found[1]]] += 1
    best = max(counts, key=lambda pair: counts[pair], default=("", ""))
    least = max(LEAST_SHARE * min(len(a), len(b)), ALL_ALONE + 1 if all(best) else ALL_ALONE)
    return best if counts[best] >= least else ("", "")


def _cuts(name: str) -> Iterator[tuple[str, str]]:
    """Yield the ways to cut a name between two of its parts, the longest ending first."""
    parts = name.split(".")
    for depth in range(len(parts)):
        yield "".join(f"{part}." for part in parts[:depth]), ".".join(parts[depth:])


def _is_telling(ours: str, theirs: str, ending: str) -> bool:
    """Tell whether what two names share says that they mean one tensor: many layers have a `weight`."""
    return not ours or not theirs or "." in ending
