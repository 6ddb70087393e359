"""Read AMD's compute devices from what the Linux kernel driver (amdkfd) shows under /sys, without ROCm or torch."""

from pathlib import Path

from envprint.collectors import _outside
from envprint.manifest.gaps import Absent, Gaps
from envprint.manifest.machine import Device

NODES = Path("/sys/class/kfd/kfd/topology/nodes")
AMD = 4098  # PCI vendor 0x1002
LOCAL_MEMORY = (1, 2)  # heap_type of the device's own memory: seen by the CPU, or not


def read_devices(gaps: Gaps, nodes: Path = NODES) -> dict[str, Device]:
    """Return each AMD GPU by its node (`amd1`); CPUs are nodes too and left out. Without the driver raise Absent."""
    if not nodes.is_dir():
        raise Absent("there is no AMD compute driver (amdkfd)")
    found: dict[str, Device] = {}
    for node in sorted(nodes.iterdir()):
        key = f"amd{node.name}"
        properties = gaps.ask(key, lambda: parse_properties(_outside.read_text(node / "properties")))  # noqa: B023 - called at once
        if properties and properties.get("vendor_id") == AMD and properties.get("simd_count"):
            found[key] = _device(node, properties, gaps.within(key))
    return found


def parse_properties(text: str) -> dict[str, int]:
    """Return one node's properties, a line each: `simd_count 192`."""
    pairs = (line.split() for line in text.splitlines())
    return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2}  # noqa: PLR2004 - a name and a number


def gfx_target(version: int) -> str:
    """Return the compiler's name of a target: 90010 is 9.0.10, gfx90a; 110000 is 11.0.0, gfx1100."""
    return f"gfx{version // 10000}{version // 100 % 100:x}{version % 100:x}"


def _device(node: Path, properties: dict[str, int], gaps: Gaps) -> Device:
    facts = gaps.ask_all(
        {
            "name": lambda: _outside.read_text(node / "name") or None,  # gfx1100, or the chip's code name
            "architecture": lambda: gfx_target(properties["gfx_target_version"]),
            "multiprocessors": lambda: properties["simd_count"] // properties["simd_per_cu"],
            "memory_bytes": lambda: _local_memory(node / "mem_banks"),
        }
    )
    return Device(kind="amd", **facts)


def _local_memory(banks: Path) -> int:
    found = [parse_properties(_outside.read_text(bank / "properties")) for bank in sorted(banks.glob("*"))]
    return sum(bank["size_in_bytes"] for bank in found if bank["heap_type"] in LOCAL_MEMORY)
