"""Read the environment: a table of collectors, one a section, and capture(), which asks them all."""

import functools
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from envprint.collectors import fresh
from envprint.collectors._options import options_of
from envprint.collectors.accelerators import collect_accelerators
from envprint.collectors.blas import collect_blas
from envprint.collectors.code import collect_code, collect_repository
from envprint.collectors.compile import collect_compile
from envprint.collectors.cpu import collect_cpu
from envprint.collectors.determinism import collect_determinism
from envprint.collectors.distributed import collect_distributed
from envprint.collectors.effective import derive_effective
from envprint.collectors.libraries import collect_libraries
from envprint.collectors.packages import collect_packages
from envprint.collectors.precision import collect_precision
from envprint.collectors.python import collect_python
from envprint.collectors.rng import collect_rng, collect_unseeded_rng
from envprint.collectors.system import collect_system
from envprint.collectors.taken import collect_taken, who
from envprint.collectors.threads import collect_threads
from envprint.collectors.torch import collect_torch
from envprint.collectors.variables import collect_variables
from envprint.manifest import SCHEMA, Gap, Manifest, Section, identity, secrets
from envprint.manifest.document import canonical_json
from envprint.manifest.gaps import Gaps, readable
from envprint.manifest.model import Model
from envprint.manifest.probes import Kind

Collector = Callable[[Gaps], Section]
Collected: TypeAlias = tuple[dict[str, Section], dict[str, Gap], dict[str, float]]


def ignore(_: str) -> None:
    """Hear what runs, and do nothing."""


COLLECTORS: dict[str, Collector] = {
    "system": collect_system,
    "cpu": collect_cpu,
    "accelerators": collect_accelerators,
    "python": collect_python,
    "packages": collect_packages,
    "torch": collect_torch,
    "libraries": collect_libraries,
    "blas": collect_blas,
    "threads": collect_threads,
    "precision": collect_precision,
    "determinism": collect_determinism,
    "compile": collect_compile,
    "rng": collect_rng,
    "distributed": collect_distributed,
    "code": collect_code,
    "variables": collect_variables,
}

KINDS = (None, "default", "full")
FRESH: dict[str, Collector] = {**COLLECTORS, "rng": collect_unseeded_rng, "code": collect_repository}


def capture(
    *,
    anonymous: bool = False,
    probe: Kind | None = None,
    model: Model | None = None,
    collectors: Mapping[str, Collector] = COLLECTORS,
    tick: Callable[[str], None] = ignore,
) -> Manifest:
    """Return a manifest of this process as it is; what cannot be read is a gap, never an exception.

    Nothing is imported, seeded, set or initialised on the way. `anonymous` leaves out host, user and home folder.
    `model` is what describe() says of the model that this process works with. With `probe`, "default" or "full", it
    computes the probes too, about a second; `tick` hears of each. Meanwhile no other thread should compute or draw:
    attention's switches, and the generator that dropout draws from, are borrowed.
    """
    if probe not in KINDS:  # a typing error, at the first call: else nothing would have been measured, unnoticed
        raise ValueError(f'probe is {probe!r}; expected None, "default" or "full"')
    collected = collect(collectors)
    if probe is not None:
        _add_probes(probe, collected, live=True, tick=tick)
    if model is not None:
        collected[0]["model"] = model
    return _compose(*collected, process="live", anonymous=anonymous)


def capture_fresh(
    *,
    anonymous: bool = False,
    probe: Kind | None = "default",
    collectors: Mapping[str, Collector] = FRESH,
    tick: Callable[[str], None] = ignore,
) -> Manifest:
    """Return what a process that begins now would get: torch and numpy are imported first, and the GPU is initialised.

    Meant for a process of envprint's own. Its script, its arguments and its unseeded generators are no facts.
    """
    failures = fresh.import_libraries()
    collected = collect(collectors)
    if probe is not None:
        _add_probes(probe, collected, live=False, tick=tick)
    _, gaps, _ = collected
    gaps.update(fresh.explain_missing(gaps, failures))
    return _compose(*collected, process="fresh", anonymous=anonymous)


def collect(collectors: Mapping[str, Collector]) -> Collected:
    """Ask each collector; return the sections, the gaps by path, and how many milliseconds each took."""
    sections: dict[str, Section] = {}
    gaps: dict[str, Gap] = {}
    durations: dict[str, float] = {}
    for name, collector in {**collectors, "effective": lambda noted: derive_effective(sections, noted)}.items():
        began = time.perf_counter()
        section = _ask(name, collector, gaps)
        if section is not None:
            sections[name] = section
        durations[name] = round((time.perf_counter() - began) * 1000, 3)
    return sections, gaps, durations


def _add_probes(kind: Kind, collected: Collected, *, live: bool, tick: Callable[[str], None]) -> None:
    """Run the probes, last: what they load is not the environment's."""
    from envprint.probes.running import run_probes

    sections, gaps, durations = collected
    noted = Gaps("probes", gaps)
    began = time.perf_counter()
    found = noted.ask("", lambda: run_probes(kind, noted, live=live, tick=tick))
    durations["probes"] = round((time.perf_counter() - began) * 1000, 3)
    if found is not None:
        sections["probes"] = found[0]
        durations.update({f"probes.{name}": milliseconds for name, milliseconds in found[1].items()})


def _ask(name: str, collector: Collector, gaps: dict[str, Gap]) -> Section | None:
    noted = Gaps(name, gaps)
    return noted.ask("", lambda: collector(noted))


def _compose(
    sections: Mapping[str, Section],
    gaps: dict[str, Gap],
    durations: dict[str, float],
    *,
    process: str,
    anonymous: bool,
) -> Manifest:
    document: dict[str, Any] = {}
    for name, section in sections.items():
        facts = Gaps(name, gaps).ask("", functools.partial(_as_json, section))
        if facts is not None:
            document[name] = facts
    taken = Gaps("taken").ask("", lambda: _as_json(collect_taken(process, durations, anonymous=anonymous)))
    document["taken"] = taken if taken is not None else {"process": process}
    document["gaps"] = {path: gap.model_dump(mode="json") for path, gap in sorted(gaps.items())}
    document = without_secrets(document, anonymous=anonymous)
    return Manifest.model_validate({"schema": SCHEMA, "id": identity(document), **document})


def _as_json(section: Section) -> dict[str, Any]:
    """Return a section as JSON values; one that JSON has no place for, such as a number of 80 bits, raises."""
    facts: dict[str, Any] = secrets.replace_texts(section.model_dump(mode="json", exclude_unset=True), readable)
    canonical_json(facts)
    return facts


def without_secrets(document: dict[str, Any], *, anonymous: bool) -> dict[str, Any]:
    """Return a manifest's JSON with secrets masked, and with who and where left out where that is asked for."""
    masked: dict[str, Any] = secrets.replace_texts(document, secrets.mask)
    if (environment := masked.get("variables", {}).get("environment")) is not None:
        masked["variables"]["environment"] = secrets.replace_texts(environment, secrets.mask_entropy)
    if (arguments := masked.get("code", {}).get("arguments")) is not None:
        masked["code"]["arguments"] = list(secrets.mask_arguments(tuple(arguments)))
    if anonymous:
        for host, user, home in who():
            masked = secrets.replace_texts(masked, secrets.anonymiser(host, user, home))
    if (code := masked.get("code", {})).get("options"):  # its names, too, come from the arguments
        code["options"] = options_of(code["arguments"])
    return masked
