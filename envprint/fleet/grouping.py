"""Which manifests compute the same bits."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from envprint.fleet.reading import Known

NO_PROBES = "it has no probes: what it computes is not known"
MOST_TIED = 64
SEVERAL = "what was measured of it fits several groups"

Bits: TypeAlias = Mapping[str, int]


@dataclass
class Grouping:
    """Groups of the same bits, the largest first; `apart` are in no group, `partly` in one as far as was measured."""

    groups: list[list[Known]] = field(default_factory=list)
    apart: dict[str, str] = field(default_factory=dict)
    partly: dict[str, str] = field(default_factory=dict)


def group(members: Iterable[Known]) -> Grouping:
    """Group manifests by what their kernels gave; the order in which they come does not matter.

    What could not be read never counts as equal, nor as different: a manifest that lacks kernels goes to the one group
    that it does not contradict, and that is said; where several are such, to none.
    """
    found = Grouping()
    founders: list[tuple[Bits, list[Known]]] = []
    for bits, theirs in _alike(members, found):
        fitting = [placed for placed in founders if not _contradict(bits, placed[0])]
        if not fitting:
            founders.append((bits, theirs))
        elif len(fitting) > 1:
            found.apart.update((each.name, SEVERAL) for each in theirs)
        else:
            lacking = len(fitting[0][0].keys() - bits.keys())
            said = f"as far as was measured: {lacking} of {len(fitting[0][0])} kernels of its group are unknown"
            fitting[0][1].extend(theirs)
            found.partly.update((each.name, said) for each in theirs)
    groups = [sorted(theirs, key=lambda one: one.name) for _, theirs in founders]
    found.groups = sorted(groups, key=lambda theirs: (-len(theirs), theirs[0].name))
    most = [theirs for theirs in found.groups if len(theirs) == len(found.groups[0])][:MOST_TIED]
    if len(most) > 1:  # of groups of one size the first is that which differs least from the others
        found.groups.sort(
            key=lambda theirs: (-len(theirs), -sum(agreement(theirs, each) for each in most), theirs[0].name)
        )
    return found


def _alike(members: Iterable[Known], found: Grouping) -> list[tuple[Bits, list[Known]]]:
    """Return the different results, those of the most kernels first, with the manifests that have them."""
    alike: dict[tuple[tuple[str, int], ...], list[Known]] = defaultdict(list)
    for each in members:
        bits = tuple(sorted((path, number) for path, number in each.bits.items() if number is not None))
        if bits:
            alike[bits].append(each)
        else:
            found.apart[each.name] = NO_PROBES
    ranked = sorted(alike, key=lambda bits: (-len(bits), min(each.name for each in alike[bits])))
    return [(dict(bits), alike[bits]) for bits in ranked]


def _contradict(some: Bits, others: Bits) -> bool:
    """Tell whether two results differ in a kernel that both have, or have none in common."""
    common = False
    for path, number in some.items():
        other = others.get(path)
        if other is not None:
            if other != number:
                return True
            common = True
    return not common


def agreement(some: Sequence[Known], others: Sequence[Known]) -> int:
    """Return how many kernels give the same in two groups."""
    return len(some[0].bits.items() & others[0].bits.items())


def kernels_of_all(groups: Sequence[Sequence[Known]]) -> tuple[str, ...]:
    """Return the kernels that any of the manifests has, by device and name."""
    return tuple(sorted({path for theirs in groups for each in theirs for path in each.bits}))
