"""Read many manifests without keeping them: of each the bits of its kernels, and its facts as numbers."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import xxhash

from envprint.errors import EnvprintError, ManifestError
from envprint.manifest import Manifest
from envprint.manifest.facts import SKIPPED
from envprint.manifest.reading import LIMIT_BYTES, refuse_excess

APART = frozenset({"schema", "taken", *SKIPPED})
FAILED, KERNELS = "failed", "probes.kernels."
MOST_READ = 20_000  # parts of manifests


Reading = Callable[[str], Manifest]  # the whole of one, by its name


@dataclass(frozen=True)
class Known:
    """What is kept of one manifest: its name and id, the bits of its kernels and its facts, as numbers of a Catalogue.

    A kernel whose bits are None failed, or did not repeat; one that is not there was not run.
    """

    name: str
    id: str
    bits: dict[str, int | None]
    facts: tuple[int, ...]


@dataclass
class Catalogue:
    """Numbers for what many manifests hold: one for each pair of a path and a value, and one for each digest."""

    pairs: dict[tuple[str, str], int] = field(default_factory=dict)
    digests: dict[tuple[Any, ...], int] = field(default_factory=dict)
    read: dict[bytes, tuple[Any, ...]] = field(default_factory=dict)

    def fact(self, path: str, value: str) -> int:
        """Return the number of a fact."""
        return self.pairs.setdefault((path, value), len(self.pairs))

    def digest(self, *key: Any) -> int:
        """Return the number of what a kernel gave."""
        return self.digests.setdefault(key, len(self.digests))

    def once(self, read: Callable[[str, Any, "Catalogue"], Iterable[Any]], path: str, value: Any) -> tuple[Any, ...]:
        """Return what is read of a value; machines of one kind share most of theirs, and each is read once."""
        key = xxhash.xxh3_128_digest(path.encode(errors="replace") + b" " + orjson.dumps(value))
        if key not in self.read:
            if len(self.read) >= MOST_READ:
                self.read.clear()
            self.read[key] = tuple(read(path, value, self))
        return self.read[key]


def files_of(names: Iterable[str]) -> Iterator[str]:
    """Yield the files that are named, and of folders those that may be manifests; one without any as it is named."""
    for name in names:
        found = sorted(Path(name).glob("*.json")) if Path(name).is_dir() else []
        yield from map(str, found) if found else [name]


def read_all(
    names: Iterable[str], catalogue: Catalogue, tick: Callable[[str], None]
) -> tuple[list[Known], dict[str, str]]:
    """Return what is known of each file, and of those that are no manifests why."""
    known: list[Known] = []
    refused: dict[str, str] = {}
    for place, name in enumerate(names):
        if place % 100 == 0:
            tick(f"{place} read")
        try:
            known.append(read_one(name, catalogue))
        except EnvprintError as exc:
            refused[name] = str(exc)
    return known, refused


def read_one(name: str, catalogue: Catalogue) -> Known:
    """Return what is known of one file; ManifestError where it is no manifest.

    Nothing is checked beyond what is read here: those manifests that an answer is drawn from are read whole.
    """
    try:
        with Path(name).open("rb") as file:
            content = file.read(LIMIT_BYTES + 1)
    except (OSError, ValueError) as exc:
        raise ManifestError(f"{name} cannot be read: {getattr(exc, 'strerror', None) or exc}") from exc
    return known_of(document_of(content, name), name, catalogue)


def document_of(content: bytes, name: str) -> dict[str, Any]:
    """Return a manifest as plain values; ManifestError where it is none."""
    if len(content) > LIMIT_BYTES:
        raise ManifestError(f"{name} is larger than a manifest")
    refuse_excess(content, None, name)
    try:
        document = orjson.loads(content)
    except orjson.JSONDecodeError as exc:
        raise ManifestError(f"{name} is not JSON; expected a manifest") from exc
    schema = document.get("schema") if isinstance(document, dict) else None
    if not isinstance(schema, str) or not schema.startswith("envprint/manifest/1"):
        raise ManifestError(f"{name} is no manifest of this version")
    return dict(document)


def known_of(document: Mapping[str, Any], name: str, catalogue: Catalogue) -> Known:
    """Return what is kept of a manifest; ManifestError where it is nested too deeply."""
    gaps = document.get("gaps")
    failed = sorted(
        path
        for path, gap in (gaps.items() if isinstance(gaps, dict) else ())
        if isinstance(gap, dict) and gap.get("kind") == FAILED
    )
    try:
        sections = ((each, value) for each, value in document.items() if each not in APART)
        facts = {number for each, value in sections for number in catalogue.once(_facts, each, value)}
        facts |= {catalogue.fact(path, FAILED) for path in failed if not path.startswith("probes")}
        bits = dict(catalogue.once(_bits, "probes", [document.get("probes"), failed]))
    except (RecursionError, TypeError) as exc:  # orjson's own limit is a TypeError
        raise ManifestError(f"{name} is nested deeper than a manifest") from exc
    return Known(name, str(document.get("id", ""))[:80], bits, tuple(sorted(facts)))


def _facts(path: str, value: Any, catalogue: Catalogue) -> Iterator[int]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _facts(f"{path}.{key}", each, catalogue)
    elif value is not None:
        yield catalogue.fact(path, orjson.dumps(value).decode())


def _bits(_: str, found: list[Any], catalogue: Catalogue) -> Iterator[tuple[str, int | None]]:
    probes, failed = found
    kernels = probes.get("kernels") if isinstance(probes, dict) else None
    yield from ((path.removeprefix(KERNELS), None) for path in failed if path.startswith(KERNELS))
    for device, theirs in kernels.items() if isinstance(kernels, dict) else ():
        for name, probe in theirs.items() if isinstance(theirs, dict) else ():
            path = f"{device}.{name}"
            if f"{KERNELS}{path}" not in failed:
                yield path, _number(path, probe, catalogue)


def _number(path: str, probe: Any, catalogue: Catalogue) -> int | None:
    """Return the number of what a kernel gave; None where it gave more than one thing."""
    if not isinstance(probe, dict) or not isinstance(probe.get("digest"), str):
        return None
    outputs = probe.get("outputs")
    if isinstance(outputs, int) and outputs > 1:
        return None
    return catalogue.digest(path, str(probe.get("version")), str(probe.get("dtype")), probe["digest"])
