"""Tell what a report of collect_env does not hold: each thing that is not there is a gap with its reason."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, TypeVar

from envprint.manifest.document import SECTIONS, Gap
from envprint.manifest.section import Section

NOT_PRINTED = Gap(kind="failed", reason="collect_env does not print it")
NOTHING_BY_NATURE = {
    "probes": Gap(kind="absent", reason="collect_env computes nothing"),
    "model": Gap(kind="absent", reason="collect_env sees no model"),
    "run": Gap(kind="absent", reason="collect_env sees no run"),
}
PARTIAL = {  # maps of which collect_env knows some keys only
    "accelerators.torch_devices": "collect_env prints not all of torch's devices",
    "packages.conda": "collect_env lists only some packages",
    "packages.installed": "collect_env lists only some packages",
    "packages.origins": "collect_env lists only some packages",
    "system.compilers": "collect_env asks only gcc, clang, cmake and nvcc",
    "variables.environment": "collect_env prints only the allocator's variables",
}
CUT_OFF_AFTER = {
    "CPU": ("cpu.address_bits", "cpu.caches_bytes", "cpu.mitigations", "cpu.numa_nodes"),
    "GPU models and configuration": ("accelerators.devices",),
    "Intel GPU models detected": ("accelerators.torch_devices",),
}
S = TypeVar("S", bound=Section)


class Missing(Exception):  # noqa: N818 - it is no error: the report does not hold this
    """The report does not hold a fact: it is unknown (`failed`), or it says that there is none (`absent`)."""

    def __init__(self, reason: str, kind: Literal["absent", "failed"] = "failed") -> None:
        super().__init__(reason)
        self.gap = Gap(kind=kind, reason=reason)


def nothing(reason: str) -> Missing:
    """Return the exception for what is not there by nature."""
    return Missing(reason, "absent")


def read_section(path: str, model: type[S], questions: Mapping[str, Callable[[], Any]], gaps: dict[str, Gap]) -> S:
    """Return a section of those facts that the report holds; each that it does not hold leaves a gap."""
    return model(**{field: _ask(f"{path}.{field}", question, gaps) for field, question in questions.items()})


def not_printed(sections: Mapping[str, Section], gaps: Mapping[str, Gap], last: str) -> dict[str, Gap]:
    """Return a gap for every section, and for every field of the sections there are, that has neither value nor gap.

    Maps that are known in part get one too, those of the last label as well: the rest of them may be cut off.
    """
    missing = {name: NOTHING_BY_NATURE.get(name, NOT_PRINTED) for name in SECTIONS if name not in sections}
    for name, section in sections.items():
        missing |= {path: NOT_PRINTED for path in _unset(name, section) if path not in gaps}
    partial = PARTIAL | dict.fromkeys(CUT_OFF_AFTER.get(last, ()), "the text ends there: it may be cut off")
    return missing | {path: Gap(kind="failed", reason=partial[path]) for path in partial if _has(sections, path)}


def _ask(path: str, question: Callable[[], Any], gaps: dict[str, Gap]) -> Any:
    try:
        return question()
    except Missing as exc:
        gaps[path] = exc.gap
        return None


def _unset(path: str, section: Section) -> Iterator[str]:
    for field in type(section).model_fields:
        below = f"{path}.{field}"
        if field not in section.model_fields_set:
            yield below
        else:
            value = getattr(section, field)
            for key, record in {"": value}.items() if isinstance(value, Section) else _records(value):
                yield from _unset(f"{below}.{key}".rstrip("."), record)


def _records(value: Any) -> Iterator[tuple[str, Section]]:
    if isinstance(value, dict):
        yield from ((key, record) for key, record in value.items() if isinstance(record, Section))


def _has(sections: Mapping[str, Section], path: str) -> bool:
    section, _, field = path.partition(".")
    return getattr(sections.get(section), field, None) is not None
