"""Collect the accelerators: what the drivers say of them, and what an imported torch says without initialising any."""

import contextlib
import ctypes
import dataclasses
import functools
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from envprint.collectors import kfd, nvml, nvml_devices, torch_devices
from envprint.collectors.nvml import device_ids
from envprint.collectors.visibility import visible_devices
from envprint.manifest.gaps import Absent, Gaps
from envprint.manifest.machine import Accelerators, Device

__all__ = ["collect_accelerators", "device_ids"]

NVML_FIELDS = ("driver", "driver_api", "nvml", "peer_access", "topology")
CUDA_LIBRARIES = ("libcuda.so.1", "/usr/lib/wsl/lib/libcuda.so.1", "nvcuda.dll")


@dataclasses.dataclass(frozen=True)
class _Nvidia:
    """What NVML tells, or why it tells nothing; `visible` is None where it takes CUDA to know."""

    devices: Mapping[str, Device] = dataclasses.field(default_factory=dict)
    facts: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    visible: tuple[int, ...] | None = ()
    trouble: Exception | None = None


def collect_accelerators(gaps: Gaps, nodes: Path = kfd.NODES) -> Accelerators:
    """Read NVIDIA's devices through NVML, AMD's through the kernel, and every backend's through torch."""
    nvidia = _read_nvidia(gaps)
    devices = gaps.ask("devices", lambda: _all_devices(nvidia, gaps, nodes))
    cuda = gaps.ask(
        "cuda_available", lambda: torch_devices.cuda_available(lambda: _count_without_cuda(nvidia, devices))
    )
    torch_says = gaps.ask_all(
        {
            "torch_devices": lambda: torch_devices.read_torch_devices(gaps.within("torch_devices"), cuda=cuda),
            "torch_peer_access": lambda: torch_devices.read_peer_access(cuda=cuda),
            "cuda_initialized": torch_devices.cuda_initialized,
            "rocm_available": lambda: _rocm_available(cuda=cuda),
            "xpu_available": torch_devices.xpu_available,
            "mps_available": torch_devices.mps_available,
        }
    )
    return Accelerators(
        devices=devices,
        visible_devices=os.environ.get("CUDA_VISIBLE_DEVICES"),
        cuda_available=cuda,
        **nvidia.facts,
        **torch_says,
    )


def _read_nvidia(gaps: Gaps) -> _Nvidia:
    try:
        with nvml.session():
            return _ask_nvml(gaps)
    except (Absent, OSError, ImportError) as exc:
        for field in NVML_FIELDS:
            gaps.note(field, exc)
        return _Nvidia(facts=dict.fromkeys(NVML_FIELDS), trouble=exc)


def _ask_nvml(gaps: Gaps) -> _Nvidia:
    below = gaps.within("devices")
    handles = nvml.open_devices(below)
    read = {index: nvml_devices.read_device(handle, below.within(str(index))) for index, handle in handles.items()}
    facts = gaps.ask_all(
        {
            "driver": functools.partial(nvml.call, "nvmlSystemGetDriverVersion"),
            "driver_api": nvml.driver_api,
            "nvml": functools.partial(nvml.call, "nvmlSystemGetNVMLVersion"),
        }
    )
    visible = None
    try:
        visible = _visible(handles, partitioned=any(device["mig"] for device in read.values()))
    except (Absent, OSError) as exc:
        for index in handles:
            below.within(str(index)).note("visible", exc)
    for index, device in read.items():
        device["visible"] = None if visible is None else index in visible
    devices = {str(index): Device(**device) for index, device in read.items()}
    return _Nvidia(devices, {**facts, **nvml_devices.read_pairs(handles, gaps)}, visible)


def _visible(handles: Mapping[int, Any], *, partitioned: bool) -> tuple[int, ...]:
    """Return NVML's indices as CUDA enumerates them: as it did in this process, else as the variables will have it."""
    known = nvml.identify(handles)
    with contextlib.suppress(Absent):
        enumerated = torch_devices.enumerated_uuids()
        if all(uuid in known for uuid in enumerated):
            return tuple(known[uuid] for uuid in enumerated)
    if not set(handles) <= set(known.values()):
        raise OSError("a device does not tell its UUID")
    variable = os.environ.get("CUDA_VISIBLE_DEVICES")
    by_bus = os.environ.get("CUDA_DEVICE_ORDER") == "PCI_BUS_ID"
    visible = visible_devices(variable, known, nvml.bus_order(handles), by_bus=by_bus)
    if visible is None:
        raise Absent("CUDA_DEVICE_ORDER is not PCI_BUS_ID: numbers tell of no card until CUDA is initialised")
    if visible and partitioned and not (variable or "").startswith("MIG-"):
        raise Absent("a device is divided (MIG): CUDA chooses one part when it is initialised")
    return visible


def _all_devices(nvidia: _Nvidia, gaps: Gaps, nodes: Path) -> dict[str, Device]:
    try:
        amd = kfd.read_devices(gaps.within("devices"), nodes)
    except Absent as exc:
        if isinstance(nvidia.trouble, Absent):
            raise Absent(f"{nvidia.trouble}; {exc}") from exc
        amd = {}
    if nvidia.trouble is not None and not isinstance(nvidia.trouble, Absent):
        gaps.note("devices", nvidia.trouble)
    return {**nvidia.devices, **amd}


def _count_without_cuda(nvidia: _Nvidia, devices: Mapping[str, Device] | None) -> int:
    """Return how many devices torch would find, as far as that can be told without it; otherwise raise."""
    built = torch_devices.built_for("cuda")
    if built is None:  # for ROCm: torch finds a subset of the kernel's devices
        if not any(device.kind == "amd" for device in (devices or {}).values()):
            return 0
        raise Absent(f"HIP {torch_devices.UNINITIALIZED}")
    if nvidia.trouble is not None:
        if isinstance(nvidia.trouble, Absent) and not _cuda_driver_is_there():
            return 0
        raise nvidia.trouble
    if nvidia.visible == () or not nvidia.devices:
        return 0
    if nvidia.facts["driver_api"] is None or (nvidia.visible is None and _divided(nvidia)):
        raise Absent(f"CUDA {torch_devices.UNINITIALIZED}")
    # A driver runs what was built for its own major version of CUDA or an older one (CUDA compatibility guide).
    driver_major, built_major = (int(version.partition(".")[0]) for version in (nvidia.facts["driver_api"], built))
    return len(nvidia.visible or nvidia.devices) if driver_major >= built_major else 0


def _divided(nvidia: _Nvidia) -> bool:
    return any(device.mig for device in nvidia.devices.values())


def _cuda_driver_is_there() -> bool:
    """Tell whether libcuda can be loaded where NVML cannot: Jetson boards had no NVML. Loading initialises nothing."""
    for name in CUDA_LIBRARIES:
        with contextlib.suppress(OSError):
            ctypes.CDLL(name)
            return True
    return False


def _rocm_available(*, cuda: bool | None) -> bool:
    if torch_devices.built_for("hip") is None:
        return False
    if cuda is None:
        raise Absent(f"HIP {torch_devices.UNINITIALIZED}")
    return cuda
