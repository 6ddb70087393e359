"""Parse how Linux, macOS and Windows describe a processor into the fields of Cpu."""

import re
from typing import Any

from envprint.collectors.microarchitecture import arm_vendor, linux_flags

LINUX_NUMBERS = {
    "cpu family": "family_number",
    "model": "model_number",
    "stepping": "stepping",
    "siblings": "siblings",
    "cpu cores": "cores_per_socket",
}
ARM_NUMBERS = {"CPU architecture": "family_number", "CPU part": "model_number", "CPU revision": "stepping"}
SYSCTL_NUMBERS = {
    "machdep.cpu.family": "family_number",
    "machdep.cpu.model": "model_number",
    "machdep.cpu.stepping": "stepping",
    "hw.logicalcpu": "logical_cores",
    "hw.physicalcpu": "physical_cores",
    "hw.packages": "sockets",
}
SYSCTL_CACHES = {"l1dcachesize": "l1d", "l1icachesize": "l1i", "l2cachesize": "l2", "l3cachesize": "l3"}


def parse_cpuinfo(block: str) -> dict[str, Any]:
    """Return what one block of /proc/cpuinfo tells; clock rates and bogomips are circumstance.

    Beside fields of Cpu: `siblings` and `cores_per_socket` of x86, `part` of Arm.
    """
    pairs = (line.partition(":") for line in block.splitlines())
    said = {key.strip(): value.strip() for key, _, value in pairs}
    told: dict[str, Any] = {field: int(said[key], 0) for key, field in LINUX_NUMBERS.items() if _is_number(said, key)}
    told["vendor"] = said.get("vendor_id") or said.get("mvendorid")
    told["model"] = said.get("model name") or said.get("cpu") or said.get("uarch")  # POWER, RISC-V
    told["microcode"] = said.get("microcode")
    flags = said.get("flags") or said.get("Features") or said.get("isa", "").replace("_", " ")  # x86, Arm, RISC-V
    told["flags"] = tuple(sorted(set(flags.split()))) or None
    told["address_bits"] = _address_bits(said.get("address sizes", ""))
    if "CPU implementer" in said:
        told |= _parse_arm(said)
    return {field: value for field, value in told.items() if value is not None}


def parse_sysctl(text: str) -> dict[str, Any]:
    """Return what macOS' `sysctl machdep.cpu hw` tells, of an Intel or an Apple processor."""
    pairs = (line.partition(": ") for line in text.splitlines())
    said = {key: value.strip() for key, _, value in pairs}
    told: dict[str, Any] = {field: int(said[key]) for key, field in SYSCTL_NUMBERS.items() if _is_number(said, key)}
    told["model"] = said.get("machdep.cpu.brand_string")
    told["vendor"] = said.get("machdep.cpu.vendor") or ("Apple" if "Apple" in (told["model"] or "") else None)
    told["microcode"] = said.get("machdep.cpu.microcode_version")
    told["flags"] = _sysctl_flags(said)
    told["caches_bytes"] = _sysctl_caches(said)
    told["address_bits"] = _sysctl_address_bits(said)
    if told.get("physical_cores"):
        told["threads_per_core"] = told["logical_cores"] // told["physical_cores"]
    return {field: value for field, value in told.items() if value is not None}


def parse_identifier(text: str) -> dict[str, Any]:
    """Return what Windows' PROCESSOR_IDENTIFIER tells: `Intel64 Family 6 Model 158 Stepping 10, GenuineIntel`."""
    found = re.search(r"Family (\w+) Model (\w+) (?:Stepping|Revision) (\w+), (.+)", text)
    if found is None:
        return {}
    family, model, stepping = (int(number, 10 if number.isdecimal() else 16) for number in found.groups()[:3])
    return {"family_number": family, "model_number": model, "stepping": stepping, "vendor": found[4].strip()}


def apple_microarchitecture(model: str) -> str | None:
    """Return archspec's kind of name (`m1`) for an Apple processor by its brand string, `Apple M1 Pro`."""
    found = re.match(r"Apple M(\d+)", model)
    return f"m{found[1]}" if found else None


def _parse_arm(said: dict[str, str]) -> dict[str, Any]:
    # 64-bit kernels give no name: implementer and part are those of the register MIDR_EL1
    told: dict[str, Any] = {field: int(said[key], 0) for key, field in ARM_NUMBERS.items() if _is_number(said, key)}
    told["vendor"] = arm_vendor(said["CPU implementer"])
    told["part"] = said.get("CPU part", "")
    if "model name" not in said and _is_number(said, "CPU variant") and "stepping" in told:
        told["model"] = f"{told['vendor']} part {told['part']} r{int(said['CPU variant'], 0)}p{told['stepping']}"
    return told


def _address_bits(text: str) -> dict[str, int] | None:
    # 46 bits physical, 57 bits virtual
    return {kind: int(bits) for bits, kind in re.findall(r"(\d+) bits (\w+)", text)} or None


def _sysctl_address_bits(said: dict[str, str]) -> dict[str, int] | None:
    prefix = "machdep.cpu.address_bits."
    return {key.removeprefix(prefix): int(said[key]) for key in said if key.startswith(prefix)} or None


def _sysctl_caches(said: dict[str, str]) -> dict[str, int] | None:
    # performance level 0 is the fast cores; without it hw.l2cachesize is that of the slow ones (macOS 12)
    found = {}
    for key, name in SYSCTL_CACHES.items():
        size = said.get(f"hw.perflevel0.{key}") or said.get(f"hw.{key}", "0")
        found[name] = int(size)
    return {name: size for name, size in found.items() if size} or None


def _sysctl_flags(said: dict[str, str]) -> tuple[str, ...] | None:
    lists = ("machdep.cpu.features", "machdep.cpu.leaf7_features", "machdep.cpu.extfeatures")
    intel = {flag for key in lists for flag in said.get(key, "").lower().split()}
    apple = {
        key.removeprefix("hw.optional.").removeprefix("arm.")
        for key, value in said.items()
        if key.startswith("hw.optional.") and value == "1"
    }
    return tuple(sorted(linux_flags(intel) if intel else apple)) or None


def _is_number(said: dict[str, str], key: str) -> bool:
    return re.fullmatch(r"\d+|0x[0-9a-fA-F]+", said.get(key, "")) is not None
