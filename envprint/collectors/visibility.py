"""Tell which NVIDIA devices CUDA will show to this process, from CUDA_VISIBLE_DEVICES alone."""

import re
from collections.abc import Callable, Mapping, Sequence


def visible_devices(
    variable: str | None, known: Mapping[str, int], order: Sequence[int], *, by_bus: bool
) -> tuple[int, ...] | None:
    """Return NVML's indices in CUDA's order, or None where that cannot be known without initialising CUDA.

    `known` gives the index by UUID, `order` the indices as CUDA_DEVICE_ORDER=PCI_BUS_ID has them; without that
    setting (`by_bus`) CUDA counts the fastest device first by a rule of its own, so numbers tell of no card.
    https://docs.nvidia.com/cuda/cuda-programming-guide/05-appendices/environment-variables.html
    """
    if variable is None:
        return tuple(order)
    entries = [entry.strip() for entry in variable.split(",")]
    if entries[0].startswith(("GPU-", "MIG-")):
        return _until_invalid(entries, lambda entry: _by_uuid(entry, known))
    numbers = _until_invalid(entries, lambda entry: _by_number(entry, len(order)))
    if by_bus or not numbers or len(numbers) == len(order):
        return tuple(order[number] for number in numbers)
    return None


def _until_invalid(entries: Sequence[str], find: Callable[[str], int | None]) -> tuple[int, ...]:
    """Return what the entries before the first invalid one name; an entry given twice leaves no device at all."""
    found: list[int] = []
    seen: set[str] = set()
    for entry in entries:
        index = find(entry)
        if index is None:
            break
        if entry in seen or (index in found and not entry.startswith("MIG-")):
            return ()
        seen.add(entry)
        found.append(index)
    return tuple(dict.fromkeys(found))


def _by_number(entry: str, count: int) -> int | None:
    digits = re.match(r"\+?\d+", entry, re.ASCII)  # CUDA reads like strtoul: `1gpu` is 1
    number = int(digits.group()) if digits else count
    return number if number < count else None


def _by_uuid(entry: str, known: Mapping[str, int]) -> int | None:
    if entry.startswith("MIG-GPU-"):  # MIG-GPU-<UUID>/<GPU instance>/<compute instance>, before driver 470
        entry = entry.removeprefix("MIG-").partition("/")[0]
    matches = {uuid for uuid in known if entry and uuid.startswith(entry)}  # enough of the UUID's beginning will do
    return known[matches.pop()] if len(matches) == 1 else None
