"""Read what a report of collect_env says about the processor."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from envprint.manifest import _lscpu
from envprint.manifest._collect_env_system import is_macos
from envprint.manifest._collect_env_text import CPU, Report

NUMBERED_ON_ARM = frozenset({"vendor", "model", "family_number", "model_number", "stepping"})
ARM_VENDORS = {"FUJITSU": "Fujitsu", "NVIDIA": "Nvidia"}  # lscpu's word and archspec's
ARM_PARTS = {  # lscpu-arm.c; the kernel shows the number
    "Cortex-A53": "0xd03", "Cortex-A55": "0xd05", "Cortex-A57": "0xd07", "Cortex-A72": "0xd08", "Cortex-A76": "0xd0b",
    "Cortex-A78AE": "0xd42", "Cortex-A725": "0xd87", "Cortex-X1": "0xd44", "Cortex-X925": "0xd85",
    "Neoverse-N1": "0xd0c", "Neoverse-N2": "0xd49", "Neoverse-N3": "0xd8e",
    "Neoverse-V1": "0xd40", "Neoverse-V2": "0xd4f", "Neoverse-V3": "0xd84",
}  # fmt: skip


def cpu(report: Report) -> Mapping[str, Callable[[], Any]]:
    """Return the questions about the processor, in lscpu's words, WMI's or macOS's."""
    if not report.lines.get(CPU):
        return {}
    if is_macos(report):
        return _apple_cpu(report.lines[CPU])
    if "Manufacturer" in report.cpu:
        return _windows_cpu(report.cpu)
    if report.cpu.get("Architecture") in {"aarch64", "armv7l"}:
        told = _linux_cpu(report.cpu)
        return {field: told[field] for field in told if field not in NUMBERED_ON_ARM} | _arm_cpu(report.cpu)
    return _linux_cpu(report.cpu)


def _linux_cpu(table: dict[str, str]) -> dict[str, Callable[[], Any]]:
    flags = table.get("Flags", "").split()
    sockets, cores = _lscpu.number(table, "Socket(s)"), _lscpu.number(table, "Core(s) per socket")
    facts: dict[str, Any] = {
        "vendor": table.get("Vendor ID"),
        "model": table.get("Model name"),
        "family_number": _lscpu.number(table, "CPU family"),
        "model_number": _lscpu.number(table, "Model"),
        "stepping": _lscpu.number(table, "Stepping"),
        "microcode": table.get("Microcode version"),
        "flags": tuple(sorted(set(flags))),
        "logical_cores": _lscpu.count_online(table),
        "physical_cores": sockets * cores if sockets and cores else None,
        "sockets": sockets,
        "threads_per_core": _lscpu.number(table, "Thread(s) per core"),
        "caches_bytes": _lscpu.cache_bytes(table),
        "address_bits": {kind: int(bits) for bits, kind in _lscpu.ADDRESS.findall(table.get("Address sizes", ""))},
        "numa_nodes": _lscpu.numa_nodes(table),
        "mitigations": _lscpu.mitigations(table),
    }
    return _held(facts)


def _arm_cpu(table: dict[str, str]) -> dict[str, Callable[[], Any]]:
    """Return what differs on Arm: lscpu names what the kernel numbers; a name not in the table stays unknown.

    Samples: `Vendor ID: ARM`, `Model name: Neoverse-V2`, `Stepping: r0p0`.
    """
    vendor, part = table.get("Vendor ID", ""), ARM_PARTS.get(table.get("Model name", ""))
    revision = re.fullmatch(r"r[0-9]{1,2}p([0-9]{1,2})", table.get("Stepping", ""))
    known = part is not None and revision is not None and vendor == "ARM"
    return _held(
        {
            "vendor": ARM_VENDORS.get(vendor, vendor),
            "model": f"ARM part {part} {table['Stepping']}" if known else None,
            "family_number": 8 if table["Architecture"] == "aarch64" else None,
            "model_number": int(part, 16) if part else None,
            "stepping": int(revision[1]) if revision else None,
        }
    )


def _windows_cpu(table: dict[str, str]) -> dict[str, Callable[[], Any]]:
    """Return what WMI tells; its family is a number of its own, its revision is 256 times the model, plus stepping."""
    revision = _lscpu.number(table, "Revision")
    facts = {
        "vendor": table["Manufacturer"],
        "model": table.get("Name"),
        "model_number": revision >> 8 if revision is not None else None,
        "stepping": revision & 255 if revision is not None else None,
        "sockets": _lscpu.number(table, "Processors"),
    }
    return _held(facts)


def _apple_cpu(block: str) -> dict[str, Callable[[], Any]]:
    model = block.partition("\n")[0]
    chip = re.match(r"Apple M([0-9]{1,2})", model)
    vendor = "Apple" if "Apple" in model else "GenuineIntel" if "Intel" in model else None
    return _held({"vendor": vendor, "model": model, "microarchitecture": f"m{chip[1]}" if chip else None})


def _held(facts: Mapping[str, Any]) -> dict[str, Callable[[], Any]]:
    return {field: _always(value) for field, value in facts.items() if value not in (None, "", (), {})}


def _always(value: Any) -> Callable[[], Any]:
    return lambda: value
