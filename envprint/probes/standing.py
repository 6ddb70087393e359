"""What is known of a probe on one side: its record, or where and why there is none."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, Literal, TypeAlias, TypeVar

from envprint.manifest import Gap, Manifest
from envprint.manifest.probes import Order, Probe

R = TypeVar("R", Probe, Order)
Table: TypeAlias = Literal["kernels", "orders"]
Records: TypeAlias = Mapping[str, Mapping[str, R]]


@dataclass(frozen=True)
class Standing(Generic[R]):
    """The record of a probe, or None; `where` is the path at which that was decided, itself or above it."""

    record: R | None
    where: str
    gap: Gap | None = None

    @property
    def failed(self) -> bool:
        """Tell whether it was tried, and failed."""
        return self.gap is not None and self.gap.kind == "failed"

    @property
    def reason(self) -> str:
        """Return why there is no record."""
        if self.gap is None:
            return "not run"
        return f"failed: {self.gap.reason}" if self.failed else f"not run: {self.gap.reason}"


def kernels_of(manifest: Manifest) -> Records[Probe]:
    """Return the kernels by device and name."""
    return manifest.probes.kernels if manifest.probes else {}


def orders_of(manifest: Manifest) -> Records[Order]:
    """Return the orders of addition by device and name."""
    return manifest.probes.orders if manifest.probes else {}


def standing(manifest: Manifest, table: Table, records: Records[R], device: str, name: str) -> Standing[R]:
    """Tell what is known of a probe on a device: what has a record and a failure was read in part, so unknown."""
    path = f"probes.{table}.{device}.{name}"
    gap, record = manifest.gaps.get(path), records.get(device, {}).get(name)
    if record is not None and (gap is None or gap.kind == "absent"):
        return Standing(record, path)
    lacking = {
        "probes": manifest.probes is None,
        f"probes.{table}": not records,
        f"probes.{table}.{device}": device not in records,
        path: True,
    }
    for each in reversed(lacking):
        if each in manifest.gaps:
            return Standing(None, each, manifest.gaps[each])
    return Standing(None, next(each for each, lacks in lacking.items() if lacks))


def keys_of(table: Table, *sides: tuple[Manifest, Records[R]]) -> Iterator[tuple[str, str]]:
    """Yield device and name of each probe that has a record on a side, or failed there, by device and name."""
    keys = {(device, name) for _, records in sides for device, probes in records.items() for name in probes}
    prefix = f"probes.{table}."
    for manifest, _ in sides:
        failed = (path for path, gap in manifest.gaps.items() if gap.kind == "failed" and path.startswith(prefix))
        keys |= {(parts[0], parts[1]) for path in failed if len(parts := path[len(prefix) :].split(".")) == 2}  # noqa: PLR2004 - device and name
    yield from sorted(keys)
