"""Check the edited pairs, and what is live and has none: python tests/causes/check_catalog.py [--write] [FAMILY ...].

Pairs are judged by the catalog as it was made (make catalog). --write makes samples/pairs/ anew.
"""

import sys

from _edited import SAMPLES, families, make_pair, read_edits

from envprint.causes import explain
from envprint.causes.loading import load_catalog
from envprint.manifest import Manifest, dump_manifest


def problem_of(cause: str, pair: tuple[Manifest, Manifest]) -> str:
    """Return what is wrong with a pair, nothing where it gives its finding, hazard or dismissal."""
    report = explain(*pair)
    found = [finding.cause for finding in report.findings]
    others = {hazard.cause for hazard in report.hazards} | {each.cause for each in report.dismissed}
    if cause in found or cause in others:
        return ""
    changes = [f"{change.path}:{change.bearing}" for change in report.changes]
    return f"findings {found[:4]}, changes {changes[:6]}, verdict {report.verdict}"


def write(cause: str, pair: tuple[Manifest, Manifest]) -> None:
    """Write the two manifests of a pair."""
    folder = SAMPLES / "pairs" / cause
    folder.mkdir(exist_ok=True)
    for name, manifest in zip(("a", "b"), pair, strict=True):
        (folder / f"{name}.json").write_bytes(dump_manifest(manifest))


def main(words: list[str]) -> int:
    """Check, and with --write, write."""
    names = [word for word in words if word != "--write"] or list(families())
    edits = {name: read_edits(name) for name in names}
    real = {folder.name for folder in (SAMPLES / "pairs").iterdir()}
    live = [cause for cause in load_catalog().causes if cause.is_environmental]
    problems = [
        f"{cause.family}: {cause.id} is live and has no pair"
        for cause in live
        if cause.family in names and cause.id not in real and cause.id not in edits.get(cause.family, {})
    ]
    for family, entries in edits.items():
        for cause_id, entry in entries.items():
            pair = make_pair(entry)
            if "--write" in words:
                write(cause_id, pair)
            if problem := problem_of(cause_id, pair):
                problems.append(f"{family}: {cause_id}: {problem}")
    sys.stdout.write("\n".join((*problems, f"{len(live)} live causes, {len(problems)} problems", "")))
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
