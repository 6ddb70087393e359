"""Collect the processor, and how much of it this process may use."""

import functools
import os
import platform
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from envprint.collectors import _linux, _outside, cpuinfo
from envprint.collectors.cgroup import quota_cores
from envprint.collectors.microarchitecture import name_microarchitecture
from envprint.collectors.system import architecture
from envprint.manifest.gaps import Absent, Gaps
from envprint.manifest.machine import Cpu

TOLD = (
    *("vendor", "model", "family_number", "model_number", "stepping", "microcode", "flags", "address_bits"),
    *("logical_cores", "physical_cores", "sockets", "threads_per_core", "caches_bytes"),
)
CACHE_NAMES = {"Data": "d", "Instruction": "i", "Unified": ""}
UNITS = {"K": 1024, "M": 1024**2, "G": 1024**3}


def collect_cpu(gaps: Gaps) -> Cpu:
    """Read the processor's own description first: under emulation, /sys still shows the machine below."""
    told = functools.cache(describe)
    questions: dict[str, Callable[[], Any]] = {
        **{field: functools.partial(_pick, told, field) for field in TOLD},
        "microarchitecture": lambda: microarchitecture(architecture(), told()),
        "affinity": affinity,
        "quota_cores": quota_cores,
        "numa_nodes": numa_nodes,
        "iommu_groups": iommu_groups,
        "mitigations": lambda: _linux.read_folder(Path("/sys/devices/system/cpu/vulnerabilities")),
    }
    if sys.platform == "linux":
        questions["caches_bytes"] = caches
    return Cpu(**gaps.ask_all(questions))


def describe() -> Mapping[str, Any]:
    """Return what this system tells of its processor, by field of Cpu."""
    if sys.platform == "linux":
        return describe_linux()
    if sys.platform == "darwin":
        return cpuinfo.parse_sysctl(_outside.ask_version(("sysctl", "-i", "machdep.cpu", "hw")))
    return {**cpuinfo.parse_identifier(platform.processor()), **_count_with_psutil()}


def describe_linux(
    block: Path = Path("/proc/cpuinfo"), cpus: Path = Path("/sys/devices/system/cpu")
) -> Mapping[str, Any]:
    """Return what /proc/cpuinfo tells of the first processor, and how many there are."""
    told = cpuinfo.parse_cpuinfo(_linux.read_first_block(block))
    return {**told, **count_cores(told, cpus)}


def count_cores(told: Mapping[str, Any], cpus: Path) -> dict[str, int]:
    """Return logical and physical cores, sockets, and the most threads that a core has.

    The first processor speaks for all: sockets are alike, and hybrid ones begin with a core that has two threads.
    """
    try:
        logical = _linux.count_cpus(_linux.read_small(cpus / "online"))
    except Absent:
        logical = os.cpu_count() or 1
    if told.get("siblings") and told.get("cores_per_socket"):
        together, cores = told["siblings"], told["cores_per_socket"]
        threads = -(-together // cores)
    else:
        topology = cpus / "cpu0" / "topology"
        threads = _count_first(topology, ("core_cpus_list", "thread_siblings_list"))  # Linux 5.3, before
        together = _count_first(topology, ("package_cpus_list", "core_siblings_list"))
        cores = together // threads
    sockets = -(-logical // together)
    physical = sockets * cores
    return {"logical_cores": logical, "physical_cores": physical, "sockets": sockets, "threads_per_core": threads}


def microarchitecture(family: str, told: Mapping[str, Any]) -> str:
    """Return archspec's name for a processor that was described."""
    apple = cpuinfo.apple_microarchitecture(told.get("model", ""))
    if apple is not None:
        return apple
    if "flags" not in told:
        raise Absent("this system does not list the processor's flags")
    return name_microarchitecture(family, told.get("vendor", "generic"), told["flags"], told.get("part", ""))


def caches(folder: Path = Path("/sys/devices/system/cpu/cpu0/cache")) -> dict[str, int]:
    """Return the size of each cache that the first processor sees, in bytes: `l1d`, `l1i`, `l2`, `l3`."""
    sizes: dict[str, int] = {}
    for index in sorted(name for name in _linux.list_folder(folder) if name.startswith("index")):
        level, kind = (_linux.read_small(f"{folder}/{index}/{name}") for name in ("level", "type"))
        try:
            sizes[f"l{level}{CACHE_NAMES[kind]}"] = parse_size(_linux.read_small(f"{folder}/{index}/size"))
        except Absent:
            continue  # Arm machines whose firmware lists the caches without their sizes
    if not sizes:
        raise Absent("the sizes of the caches are not shown")
    return sizes


def parse_size(text: str) -> int:
    """Return the bytes of a size such as `48K`."""
    return int(text[:-1]) * UNITS[text[-1]] if text[-1] in UNITS else int(text)


def affinity() -> tuple[int, ...]:
    """Return the processors that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return tuple(sorted(os.sched_getaffinity(0)))
    if sys.platform == "darwin":
        raise Absent("macOS does not bind processes to processors")
    import psutil

    return tuple(psutil.Process().cpu_affinity())


def numa_nodes(folder: Path = Path("/sys/devices/system/node")) -> dict[str, str]:
    """Return the processors of each NUMA node, as Linux lists them (`0-31,64-95`)."""
    nodes = (name for name in _linux.list_folder(folder) if name.startswith("node"))
    return {name.removeprefix("node"): _linux.read_small(folder / name / "cpulist") for name in nodes}


def iommu_groups(folder: Path = Path("/sys/kernel/iommu_groups")) -> int:
    """Return how many IOMMU groups there are: with some, peer-to-peer traffic between devices may be redirected."""
    return len(_linux.list_folder(folder))


def _pick(told: Callable[[], Mapping[str, Any]], field: str) -> Any:
    if field not in told():
        raise Absent("this processor's description does not tell")
    return told()[field]


def _count_first(folder: Path, names: Iterable[str]) -> int:
    for name in names:
        if (folder / name).exists():
            return _linux.count_cpus(_linux.read_small(folder / name))
    raise Absent(f"there is none of {', '.join(names)} in {folder}")


def _count_with_psutil() -> dict[str, int]:
    import psutil

    logical, physical = psutil.cpu_count(logical=True), psutil.cpu_count(logical=False)
    if not logical or not physical:
        return {}
    return {"logical_cores": logical, "physical_cores": physical, "threads_per_core": -(-logical // physical)}
