"""Say what changed: how a change is called, and both its values, in a line."""

import re
from collections.abc import Iterable, Sequence

from envprint.renderers.plain import LONGEST, brief, plain, size
from envprint.report import Change

LISTED = 12
VARIABLE = "variables.environment."
OF_MODULES = "model.modules."
BYTES = re.compile(r"(^|\.|_)(bytes|caches_bytes\..+)$")
FOLDED = {
    "packages.installed": "packages",
    "packages.twice": "packages installed twice",
    "packages.conda": "conda packages",
    "libraries.loaded": "libraries",
    "libraries.other_copies": "copies on the search path",
    "cpu.mitigations": "mitigations",
    "accelerators.devices": "facts of GPUs as the driver shows them",
    "torch.build": "build settings of torch",
}


def listed(changes: Iterable[Change], longest: int = LONGEST) -> str:
    """Return changes as a sentence's list: many of one kind as their number, the others with both values."""
    folded: dict[str, int] = {}
    unread: list[str] = []
    single: list[str] = []
    for label, change in labelled(changes):
        group = next((prefix for prefix in FOLDED if change.path.startswith(f"{prefix}.")), None)
        if group is not None:
            folded[group] = folded.get(group, 0) + 1
        elif change.kind == "unknown" and change.a is None and change.b is None:
            unread.append(label)
        else:
            single.append(f"{label} {sides(change, longest)}")
    texts = [f"{number} {FOLDED[group]}" for group, number in folded.items()]
    if unread:
        rest = f" and {len(unread) - LISTED} more" if len(unread) > LISTED else ""
        single.insert(0, f"{', '.join(unread[:LISTED])}{rest} could not be read")
    more = len(single) - LISTED
    return "; ".join([*single[:LISTED], *([f"{more} more"] if more > 0 else []), *texts])


def labelled(changes: Iterable[Change]) -> list[tuple[str, Change]]:
    """Return changes with what to call them: a module's setting and a variable by name, once if the same at exec."""
    by_path = {change.path: change for change in changes}
    named: list[tuple[str, Change]] = []
    for path, change in by_path.items():
        name, _, when = path.removeprefix(VARIABLE).rpartition(".")
        if not path.startswith(VARIABLE) or when not in ("at_exec", "now"):
            named.append((plain(path.removeprefix(OF_MODULES)), change))
            continue
        other = by_path.get(f"{VARIABLE}{name}.{'now' if when == 'at_exec' else 'at_exec'}")
        both = other is not None and (change.kind, change.a, change.b) == (other.kind, other.a, other.b)
        if not both:
            named.append((f"variable {plain(name)} {'when the process began' if when == 'at_exec' else 'now'}", change))
        elif when == "at_exec":
            named.append((f"variable {plain(name)}", change))
    return named


def sides(change: Change, longest: int = LONGEST) -> str:
    """Return both values of a change; of two lists what each has that the other lacks."""
    if change.kind == "unknown":
        if change.a is None and change.b is None:
            return "could not be read"
        return " / ".join("unknown" if value is None else brief(value, longest) for value in (change.a, change.b))
    if isinstance(change.a, (list, tuple)) and isinstance(change.b, (list, tuple)):
        return _difference(change.a, change.b, longest)
    if isinstance(change.a, int) and isinstance(change.b, int) and BYTES.search(change.path):
        texts = size(change.a), size(change.b)
        if texts[0] != texts[1]:
            return " / ".join(texts)
    return f"{brief(change.a, longest)} / {brief(change.b, longest)}"


def _difference(a: Sequence[object], b: Sequence[object], longest: int) -> str:
    in_a, in_b = set(map(repr, a)), set(map(repr, b))  # items may be lists
    only_a, only_b = [item for item in a if repr(item) not in in_b], [item for item in b if repr(item) not in in_a]
    if not only_a and not only_b:
        return "in another order"
    parts = [f"only in {side}: {brief(items, longest)}" for side, items in (("a", only_a), ("b", only_b)) if items]
    return ", ".join(parts)
