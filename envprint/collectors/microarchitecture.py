"""Name a processor's microarchitecture from its vendor and flags, with archspec's table."""

import functools
from typing import Any

from envprint.manifest.gaps import Absent


@functools.lru_cache(maxsize=8)
def name_microarchitecture(architecture: str, vendor: str, flags: tuple[str, ...], part: str = "") -> str:
    """Return archspec's name of the newest target that a processor is a superset of; `part` is Arm's number.

    archspec's own detection reads the machine that it runs on, and keeps the answer; this is its rule for any
    processor that was described. A flag that firmware or a hypervisor hides makes the name an older one.
    """
    from archspec.cpu import TARGETS

    if architecture not in {"x86_64", "aarch64"}:
        raise Absent(f"microarchitectures of {architecture} are not told apart by flags")
    known = {*flags, "sse3"} if "ssse3" in flags else set(flags)  # Linux lists sse3 as pni
    fitting = [
        target
        for target in TARGETS.values()
        if target.family.name == architecture and target.vendor in {vendor, "generic"} and target.features <= known
    ]
    # Arm's generic targets (armv8.2a, ...) have no features of their own, so each would fit
    generic = [target for target in fitting if target.vendor == "generic" and (target.features or not target.parents)]
    base = max(generic, key=_age)
    candidates = [target for target in fitting if target.vendor != "generic" and base in target.ancestors]
    same_part = [target for target in candidates if part and getattr(target, "cpu_part", "") == part]
    return str(max(same_part or candidates or [base], key=_age).name)


def arm_vendor(implementer: str) -> str:
    """Return the name behind Arm's `CPU implementer`, or the number itself."""
    from archspec.cpu.schema import TARGETS_JSON

    return str(TARGETS_JSON["conversions"]["arm_vendors"].get(implementer, implementer))


def linux_flags(flags: set[str]) -> set[str]:
    """Return macOS's names of x86 flags with Linux's names of the same ones added."""
    from archspec.cpu.schema import TARGETS_JSON

    conversions: dict[str, str] = TARGETS_JSON["conversions"]["darwin_flags"]
    added = [theirs.split() for ours, theirs in conversions.items() if flags.issuperset(ours.split())]
    return flags.union(*added)


def _age(target: Any) -> tuple[int, int]:
    return len(target.ancestors), len(target.features)
