"""A device of torch that lags behind its host, made of the processor: tests/stubs/lagging.cpp, compiled and registered.

It stands in for a GPU one level lower: tensors, operations, optimizers and autograd on it are torch's own, and what is
copied from it without waiting holds wrong numbers until its event has come.
"""

import contextlib
import ctypes
import shutil
import subprocess
import types
from pathlib import Path
from typing import Any

import torch

SOURCE = Path(__file__).parent.parent / "stubs" / "lagging.cpp"
NAME = "lagging"


def compile_device(folder: Path) -> Path:
    """Return the library, compiled against the torch that is installed."""
    from torch.utils import cpp_extension

    library = folder / "liblagging.so"
    words = [shutil.which("c++") or "c++", "-std=c++20", "-Wall", "-Werror", "-fPIC", "-shared", str(SOURCE)]
    words += [word for path in cpp_extension.include_paths() for word in ("-isystem", path)]
    words += [*(f"-L{path}" for path in cpp_extension.library_paths()), "-lc10", "-ltorch_cpu"]
    subprocess.run([*words, "-o", str(library)], check=True)
    return library


class Lagging:
    """The device; its clock counts the operations that it was asked for."""

    def __init__(self, library: Path) -> None:
        self.library = ctypes.CDLL(str(library))
        for name in ("due", "now", "waits"):
            getattr(self.library, f"lagging_{name}").restype = ctypes.c_int64

    @property
    def waits(self) -> int:
        """How often the host waited for it so far."""
        return int(self.library.lagging_waits())

    def lag(self, operations: int) -> None:
        """Let what is asked for from now on come so many operations later."""
        self.library.lagging_set_lag(ctypes.c_int64(operations))

    def register(self) -> None:
        """Make it a device of torch's."""
        library = self.library

        class Event:
            """As torch.cuda.Event."""

            def record(self, _: Any) -> None:
                self.due = library.lagging_due()

            def query(self) -> bool:
                return bool(library.lagging_now() >= self.due)

            def synchronize(self) -> None:
                library.lagging_wait()

        torch.utils.rename_privateuse1_backend(NAME)
        module = types.ModuleType(f"torch.{NAME}")
        told: dict[str, Any] = {
            "Event": Event, "current_stream": lambda _: "the only one", "stream": lambda _: contextlib.nullcontext(),
            "is_available": lambda: True,
            "current_device": lambda: 0, "device_count": lambda: 1, "_is_in_bad_fork": lambda: False,
            "manual_seed_all": lambda _: None,
        }  # fmt: skip
        vars(module).update(told)
        torch._register_device_module(NAME, module)
