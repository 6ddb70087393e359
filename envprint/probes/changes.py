"""What the probes of two manifests say, as changes: a kernel that moved decides, one that failed is unknown."""

from collections.abc import Iterator
from typing import Any, Literal

from envprint.manifest import Manifest
from envprint.probes.drift import is_same_question
from envprint.probes.standing import Standing, kernels_of, keys_of, orders_of, standing
from envprint.probes.wording import describe
from envprint.report import Change, Drift

Bearing = Literal["numeric", "none"]


def is_evidence(path: str) -> bool:
    """Tell whether a path is about what was computed: that is compared here, not fact by fact."""
    return path == "probes" or path.startswith("probes.")


def changes_of(a: Manifest, b: Manifest, drift: Drift | None) -> tuple[Change, ...]:
    """Return the kernels and orders that moved or are unknown, and what else failed; nothing where both ran nothing.

    What was not run on a side is missing evidence, and bears on nothing; what failed there might bear. A device or a
    section that a side lacks is one change.
    """
    found: dict[str, Change] = {}
    for change in (*_kernels(a, b, drift or Drift()), *_orders(a, b)):
        known = found.get(change.path)
        if known is None or (known.bearing == "none" and change.bearing == "numeric"):
            found[change.path] = change
    told = {path for path, change in found.items() if change.bearing == "numeric"}
    found.update((change.path, change) for change in _failures(a, b, told))
    return tuple(found.values())


def _kernels(a: Manifest, b: Manifest, drift: Drift) -> Iterator[Change]:
    left, right = kernels_of(a), kernels_of(b)
    for kernel in drift.kernels:
        if kernel.state == "identical":
            continue
        device, name = kernel.device, kernel.path[len(kernel.device) + 1 :]
        sides = standing(a, "kernels", left, device, name), standing(b, "kernels", right, device, name)
        path = f"probes.kernels.{kernel.path}"
        if kernel.state == "moved":
            yield _moved(path, sides, describe(kernel))
        else:
            yield _unknown(path, sides, kernel.reason, "none" if kernel.missing else "numeric")


def _orders(a: Manifest, b: Manifest) -> Iterator[Change]:
    left, right = orders_of(a), orders_of(b)
    for device, name in keys_of("orders", (a, left), (b, right)):
        sides = standing(a, "orders", left, device, name), standing(b, "orders", right, device, name)
        path, (first, second) = f"probes.orders.{device}.{name}", (side.record for side in sides)
        if first is None or second is None:
            reasons = {side.reason for side in sides if side.record is None}
            failed = any(side.failed for side in sides)
            yield _unknown(path, sides, "; ".join(sorted(reasons)), "numeric" if failed else "none")
        elif not is_same_question(first, second):
            yield _unknown(path, sides, "another version", "none")
        elif first.digest != second.digest:
            yield _moved(path, sides, "adds in another order")


def _moved(path: str, sides: tuple[Standing[Any], Standing[Any]], why: str) -> Change:
    a, b = (_digest(side) for side in sides)
    return Change(path=path, kind="changed", a=a, b=b, bearing="numeric", decisive=True, why=why)


def _unknown(path: str, sides: tuple[Standing[Any], Standing[Any]], reason: str, bearing: Bearing) -> Change:
    """Return one change where a side ends: at the device or the section, where it has none of that."""
    lacking = [side for side in sides if side.record is None]
    failed = [side for side in lacking if side.failed]
    where = min((side.where for side in failed or lacking), key=len, default=path)
    a, b = (_digest(side) if where == path else None for side in sides)
    why = f"no evidence: {reason}" if bearing == "none" else reason
    return Change(path=where, kind="unknown", a=a, b=b, bearing=bearing, why=why)


def _digest(side: Standing[Any]) -> str | None:
    return None if side.record is None else str(side.record.digest)


def _failures(a: Manifest, b: Manifest, told: set[str]) -> Iterator[Change]:
    """Yield what else failed: a device of which a part was run, or what no probe of this version is."""
    known = [_recorded(manifest) for manifest in (a, b)]
    failed: dict[str, set[str]] = {}
    for manifest, recorded in zip((a, b), known, strict=True):
        for path, gap in manifest.gaps.items():
            if gap.kind == "failed" and is_evidence(path) and not _is_within(path, told | recorded):
                failed.setdefault(path, set()).add(f"failed: {gap.reason}")
    for path in sorted(failed):
        yield Change(path=path, kind="unknown", bearing="numeric", why="; ".join(sorted(failed[path])))


def _recorded(manifest: Manifest) -> set[str]:
    """Return the paths of what ran: of that, what could not be counted or timed makes no other bits."""
    tables: tuple[tuple[str, Any], ...] = (("kernels", kernels_of(manifest)), ("orders", orders_of(manifest)))
    return {f"probes.{table}.{device}.{name}" for table, of in tables for device, names in of.items() for name in names}


def _is_within(path: str, paths: set[str]) -> bool:
    while path:
        if path in paths:
            return True
        path = path.rpartition(".")[0]
    return False
