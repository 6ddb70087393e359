"""A manifest as dotted paths: what is known, what is absent by nature, and what was not read."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from envprint.manifest.document import Gap, Manifest
from envprint.manifest.section import Section

# what was computed is an effect, no fact of the machine; models are compared on their own; a saved model's history and
# files are none of it either
SKIPPED = frozenset({"schema_", "id", "gaps", "probes", "model", "run", "lineage", "carrier"})

State = Literal["known", "absent", "unknown"]


@dataclass(frozen=True)
class Facts:
    """Values by path, the containers (records have fixed fields, maps any key), and the gaps."""

    values: dict[str, Any] = field(default_factory=dict)
    records: set[str] = field(default_factory=lambda: {""})
    maps: set[str] = field(default_factory=set)
    gaps: Mapping[str, Gap] = field(default_factory=dict)

    def get(self, path: str) -> Any:
        """Return the value at a path, None where there is none."""
        return self.values.get(path)

    def state(self, path: str) -> tuple[State, str]:
        """Tell what is known of a path, and at which path (itself or above it) that was decided.

        A key that a map lacks is absent, a field that a record lacks was never asked for, so unknown; and so is what
        has a value and a gap: it was read in part.
        """
        gap = self.gaps.get(path)
        if gap is not None and gap.kind == "failed":
            return "unknown", path
        if self.values.get(path) is not None or self.holds(path):
            return "known", path
        below = path
        for prefix in _upwards(path):
            gap = self.gaps.get(prefix)
            if gap is not None:
                return ("unknown" if gap.kind == "failed" else "absent"), prefix
            if prefix in self.maps or prefix in self.values:
                return "absent", prefix
            if prefix in self.records:
                return "unknown", below
            below = prefix
        return "unknown", below

    def has_none(self, path: str) -> bool:
        """Tell whether it was read that there is nothing at a path."""
        return self.state(path)[0] == "absent"

    def holds(self, path: str) -> bool:
        """Tell whether a path is a container."""
        return path in self.maps or path in self.records

    def failed_at(self, path: str) -> bool:
        """Tell whether it was tried to read this, or what it is a part of, and that failed."""
        return any(gap.kind == "failed" for each in _upwards(path) if (gap := self.gaps.get(each)) is not None)

    def failed_under(self, path: str) -> bool:
        """Tell whether something under a path could not be read."""
        return any(gap.kind == "failed" and key.startswith(f"{path}.") for key, gap in self.gaps.items())

    def under(self, path: str) -> Iterator[str]:
        """Yield the paths of the values at and under a path."""
        return (key for key in self.values if key == path or key.startswith(f"{path}."))


def facts_of(manifest: Manifest) -> Facts:
    """Flatten a manifest; fields that were never asked for have no path."""
    facts = Facts(gaps=manifest.gaps)
    _flatten("", manifest, facts)
    return facts


def _flatten(path: str, value: Any, facts: Facts) -> None:
    if isinstance(value, Section):
        facts.records.add(path)
        children: Mapping[str, Any] = {**_set_fields(value, () if path else SKIPPED), **(value.model_extra or {})}
    elif isinstance(value, Mapping):
        facts.maps.add(path)
        children = value
    else:
        facts.values[path] = list(value) if isinstance(value, tuple) else value
        return
    for name, child in children.items():
        _flatten(f"{path}.{name}" if path else str(name), child, facts)


def _set_fields(section: Section, skipped: Collection[str]) -> dict[str, Any]:
    names = (name for name in type(section).model_fields if name in section.model_fields_set and name not in skipped)
    return {name: getattr(section, name) for name in names}


def _upwards(path: str) -> Iterator[str]:
    """Yield a path and what lies above it, the nearest first, the root last."""
    while path:
        yield path
        path = path.rpartition(".")[0]
    yield ""
