"""Within a group: facts that differ, and that equal bits of the probes do not clear."""

from collections import defaultdict
from collections.abc import Sequence

from envprint.bearing import rule_of
from envprint.causes import foresee
from envprint.fleet.reading import Catalogue, Known, Reading
from envprint.fleet.report import Unsettled

LOOKED_AT = 8  # environments within a group


def unsettled(theirs: Sequence[Known], catalogue: Catalogue, read: Reading) -> tuple[Unsettled, ...]:
    """Return members of a group whose environment differs from the usual one in what the probes do not compute.

    Another NCCL, say, adds in another order over ranks, and no kernel of one machine shows that.
    """
    alike = _by_environment(theirs, catalogue)
    if len(alike) == 1:
        return ()
    usual, *others = sorted(alike, key=lambda members: (-len(members), members[0].name))
    found = []
    for members in others[:LOOKED_AT]:
        report = foresee(read(usual[0].name), read(members[0].name), name_a=usual[0].name, name_b=members[0].name)
        if report.verdict in ("divergent", "undecidable"):
            names = tuple(each.name for each in members)
            found.append(Unsettled(members=names, usual=usual[0].name, findings=report.findings))
    return tuple(found)


def _by_environment(theirs: Sequence[Known], catalogue: Catalogue) -> list[list[Known]]:
    """Return the members by what of their facts may bear on results."""
    bearing = {
        number for (path, _), number in catalogue.pairs.items() if rule_of(path).weight not in ("none", "circumstance")
    }
    alike: dict[frozenset[int], list[Known]] = defaultdict(list)
    for each in theirs:
        alike[frozenset(bearing.intersection(each.facts))].append(each)
    return list(alike.values())
