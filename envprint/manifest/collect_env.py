"""Read the text that `python -m torch.utils.collect_env` prints, as people paste it, as a manifest."""

from collections.abc import Callable, Mapping
from typing import Any

from envprint.errors import ManifestError
from envprint.manifest import _collect_env_software as software
from envprint.manifest._collect_env_accelerators import accelerators
from envprint.manifest._collect_env_cpu import cpu
from envprint.manifest._collect_env_gaps import not_printed, read_section
from envprint.manifest._collect_env_system import system
from envprint.manifest._collect_env_text import Report, count_reports, is_report, split_report
from envprint.manifest.document import Gap, Manifest
from envprint.manifest.machine import Accelerators, Cpu, System
from envprint.manifest.run import Taken
from envprint.manifest.secrets import mask, replace_texts
from envprint.manifest.section import Section
from envprint.manifest.software import Packages, Python, Torch, Variables

Questions = Mapping[str, Callable[[], Any]]

SECTIONS: dict[str, tuple[type[Section], Callable[[Report], Questions]]] = {
    "system": (System, system),
    "cpu": (Cpu, cpu),
    "accelerators": (Accelerators, accelerators),
    "python": (Python, software.python),
    "packages": (Packages, software.packages),
    "torch": (Torch, software.torch),
    "variables": (Variables, software.variables),
}


def is_collect_env(text: str) -> bool:
    """Return whether a text holds a report of collect_env, or enough of one."""
    return is_report(split_report(text))


def parse_collect_env(text: str) -> Manifest:
    """Return the first report in a text as a manifest; a text without one raises ManifestError.

    What the report does not tell is a gap, so it never counts as equal; a map of which it tells a part has its values
    and a gap of kind `failed` on its own path: a key that is missing there is unknown.
    """
    report = split_report(text)
    if not is_report(report):
        raise ManifestError("the text holds no report of torch.utils.collect_env")
    gaps: dict[str, Gap] = {}
    sections: dict[str, Section] = {}
    for name, (model, questions) in SECTIONS.items():
        noted: dict[str, Gap] = {}
        section = read_section(name, model, questions(report), noted)
        if _tells(section, noted):
            sections[name] = section
            gaps |= noted
    gaps |= not_printed(sections, gaps, report.last)
    manifest = Manifest(**sections, gaps=dict(sorted(gaps.items())), taken=_taken(text))  # type: ignore[arg-type]  # by name
    return _without_secrets(manifest)


def _without_secrets(manifest: Manifest) -> Manifest:
    document = manifest.as_json()
    masked = replace_texts(document, mask)
    return manifest if masked is document else Manifest.model_validate({**masked, "id": ""})


def _tells(section: Section, noted: Mapping[str, Gap]) -> bool:
    """Return whether anything at all is known of a section."""
    known = (getattr(section, field) is not None for field in section.model_fields_set)
    return any(known) or any(gap.kind == "absent" for gap in noted.values())


def _taken(text: str) -> Taken:
    count = count_reports(text)
    if count > 1:
        return Taken(source="collect_env", process=None, notes=(f"the text holds {count} reports; this is the first",))
    return Taken(source="collect_env", process=None)
