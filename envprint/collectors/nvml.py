"""Ask NVIDIA's management library (NVML) about its devices: without CUDA, without torch."""

import contextlib
import ctypes
import functools
import os
import sys
import warnings
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any

from envprint.collectors import _outside
from envprint.manifest.gaps import Absent, Gaps

# nvmlReturn_t: not supported, not found, driver not loaded, library not found, function not found,
# ECC not supported by this vGPU, deprecated, GPU not found. Anything else (unknown error, GPU is lost,
# library and driver of different versions, ...) is a failure.
ABSENT_BY_NATURE = frozenset({3, 6, 9, 12, 13, 22, 26, 28})


@contextlib.contextmanager
def session() -> Iterator[None]:
    """Open NVML for a while; where there is no NVIDIA driver raise Absent, where it does not work OSError.

    NVML counts its users, so a session within another, or beside torch's own, closes nothing for them.
    """
    _require_library()
    call("nvmlInit")
    try:
        yield
    finally:
        with contextlib.suppress(OSError, Absent):  # what was read stays read
            call("nvmlShutdown")


def call(name: str, *arguments: object) -> Any:
    """Return what a function of pynvml returns; what is not supported raises Absent, else OSError."""
    pynvml = _pynvml()
    try:
        answer = _outside.attribute(pynvml, name)(*arguments)
    except pynvml.NVMLError as exc:
        if exc.value in ABSENT_BY_NATURE:
            raise Absent(f"{name}: {exc}") from exc
        raise OSError(f"{name}: {exc}") from exc
    return answer.decode("utf-8", errors="replace") if isinstance(answer, bytes) else answer


def device_ids() -> dict[str, str]:
    """Return the UUID of every NVIDIA device by NVML's index: which card it is, which is circumstance."""
    with session():
        return {str(index): uuid for index, uuid in _each("nvmlDeviceGetUUID", open_devices()).items()}


def open_devices(gaps: Gaps | None = None) -> dict[int, Any]:
    """Return a handle for each device by NVML's index; a device that is lost leaves a gap of its own."""
    noted = Gaps("") if gaps is None else gaps
    found = {
        index: noted.ask(str(index), functools.partial(call, "nvmlDeviceGetHandleByIndex", index))
        for index in range(call("nvmlDeviceGetCount"))
    }
    return {index: handle for index, handle in found.items() if handle is not None}


def driver_api() -> str:
    """Return the CUDA version that the driver's library offers, such as 12.4.

    Version 2 of this call asks the libcuda that a process here would load: a forward compatibility package counts.
    """
    number = call("nvmlSystemGetCudaDriverVersion_v2")  # 12040
    return f"{number // 1000}.{number % 1000 // 10}"


def open_partitions(handle: Any) -> dict[int, Any]:
    """Return a handle for each MIG instance of a device by number; none where it is not divided."""
    if call("nvmlDeviceGetMigMode", handle)[0] != 1:
        return {}
    found = {}
    for index in range(call("nvmlDeviceGetMaxMigDeviceCount", handle)):
        with contextlib.suppress(Absent):  # a free slot
            found[index] = call("nvmlDeviceGetMigDeviceHandleByIndex", handle, index)
    return found


def identify(handles: Mapping[int, Any]) -> dict[str, int]:
    """Return NVML's index by UUID, MIG instances with the index of their device; what does not answer is left out."""
    known = {uuid: index for index, uuid in _each("nvmlDeviceGetUUID", handles).items()}
    for index, handle in handles.items():
        with contextlib.suppress(OSError, Absent):
            known |= dict.fromkeys(_each("nvmlDeviceGetUUID", open_partitions(handle)).values(), index)
    return known


def bus_order(handles: Mapping[int, Any]) -> tuple[int, ...]:
    """Return NVML's indices in the order of CUDA_DEVICE_ORDER=PCI_BUS_ID."""
    return tuple(sorted(handles, key=lambda index: call("nvmlDeviceGetPciInfo", handles[index]).busId))


def _each(name: str, handles: Mapping[int, Any]) -> dict[int, Any]:
    unnoted = Gaps("")
    found = {index: unnoted.ask("", functools.partial(call, name, handle)) for index, handle in handles.items()}
    return {index: answer for index, answer in found.items() if answer is not None}


def _require_library() -> None:
    """Load NVML or raise Absent: a load that fails takes 60 microseconds, pynvml's import some 20 milliseconds.

    Once loaded from WSL2's folder, the loader finds it by name for pynvml too.
    """
    for name in _library_names():
        with contextlib.suppress(OSError):
            ctypes.CDLL(name)
            return
    raise Absent("there is no NVIDIA driver: its management library (NVML) cannot be loaded")


def _library_names() -> tuple[str, ...]:
    if sys.platform == "win32":
        windows = os.environ.get("WINDIR", "C:/Windows")
        programs = os.environ.get("PROGRAMFILES", "C:/Program Files")
        return f"{windows}/System32/nvml.dll", f"{programs}/NVIDIA Corporation/NVSMI/nvml.dll"
    return "libnvidia-ml.so.1", "/usr/lib/wsl/lib/libnvidia-ml.so.1"


def _pynvml() -> ModuleType:
    if "pynvml" in sys.modules:
        return sys.modules["pynvml"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the older distribution of the same name warns that nvidia-ml-py replaces it
        import pynvml
    module: ModuleType = pynvml
    return module
