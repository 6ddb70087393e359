"""The smallest set of facts that tells the groups apart."""

import itertools
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from envprint.fleet.reading import Catalogue, Known
from envprint.fleet.reasons import values_at
from envprint.fleet.report import Group, Separating

Values: TypeAlias = Mapping[int, frozenset[str | None]]  # by the number of a group
Pair: TypeAlias = tuple[int, int]
LIKELY = 0.5
LEAST = (False, -math.inf, "", 0.0)
GLANCE = 24  # characters of a value
MOST_VALUES = 8  # of a group that are told


def tell_apart(
    groups: Sequence[Sequence[Known]], explained: Sequence[Group], catalogue: Catalogue
) -> tuple[tuple[Separating, ...], bool, float | None]:
    """Return few facts that together tell each manifest's group, whether they do, and how sure the least sure is.

    Those that are asked are what the causes found rest on. A fact separates two groups where no value is in both; of
    those that separate most pairs of groups the one with the surest cause is taken, until all are separated.
    """
    causes = _causes(explained)
    values = _values(groups, list(causes), catalogue)
    open_pairs = set(itertools.combinations(range(1, len(groups) + 1), 2))
    chosen: list[str] = []
    while open_pairs:
        best = max(
            values,
            key=lambda path: (len(_separated(values[path], open_pairs)), *_worth(path, causes[path][1], values[path])),
            default="",
        )
        gained = _separated(values[best], open_pairs) if best else set()
        if not gained:
            break
        chosen.append(best)
        open_pairs -= gained
    facts = tuple(_told(path, values, causes) for path in chosen)
    surest = min((causes[path][1] for path in chosen), default=None)
    return facts, not open_pairs, surest


def _worth(path: str, confidence: float, values: Values) -> tuple[bool, float, int, str]:
    """Return what ranks facts that separate as much: a sure cause, then values that are read at a glance."""
    longest = max(len(each or "") for theirs in values.values() for each in theirs)
    return longest <= GLANCE, confidence, -longest, path


def _causes(explained: Sequence[Group]) -> dict[str, tuple[str, float]]:
    """Return the paths that causes rest on, each with the likely cause that rests on least, else with the surest."""
    ranked: dict[str, tuple[bool, float, str, float]] = {}
    for finding in (finding for each in explained for finding in each.findings):
        likely = finding.confidence >= LIKELY
        rank = (likely, -float(len(finding.changes)) if likely else finding.confidence)
        for path in finding.changes:
            ranked[path] = max(
                ranked.get(path, (False, -math.inf, "", 0.0)), (*rank, finding.cause, finding.confidence)
            )
    return {path: (cause, confidence) for path, (_, _, cause, confidence) in ranked.items()}


def _values(groups: Sequence[Sequence[Known]], paths: Sequence[str], catalogue: Catalogue) -> dict[str, Values]:
    held = values_at(paths, itertools.chain.from_iterable(groups), catalogue)
    return {
        path: {
            number: frozenset(held.of(each.name, path) for each in theirs) for number, theirs in enumerate(groups, 1)
        }
        for path in paths
    }


def _separated(values: Values, pairs: set[Pair]) -> set[Pair]:
    return {(a, b) for a, b in pairs if values[a].isdisjoint(values[b])}


def _told(path: str, values: Mapping[str, Values], causes: Mapping[str, tuple[str, float]]) -> Separating:
    alike = [other for other in values if other != path and _divides_as(values[other], values[path])]
    return Separating(
        path=path,
        cause=causes[path][0],
        values={str(number): tuple(_plain(each) for each in _some(theirs)) for number, theirs in values[path].items()},
        alike=tuple(sorted(alike)),
    )


def _divides_as(some: Values, others: Values) -> bool:
    pairs = set(itertools.combinations(some, 2))
    return _separated(some, pairs) == _separated(others, pairs)


def _some(values: frozenset[str | None]) -> list[str | None]:
    return sorted(values, key=lambda each: each or "")[:MOST_VALUES]


def _plain(value: str | None) -> Any:
    return None if value is None else json.loads(value)
