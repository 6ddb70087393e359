"""One thread for a while, for the calling thread alone: nothing of the process is set."""

import contextlib
import ctypes
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from envprint.manifest.gaps import Absent

OPENBLAS = ("scipy_openblas{}_num_threads64_", "openblas{}_num_threads64_", "scipy_openblas{}_num_threads",
            "openblas{}_num_threads")  # fmt: skip


@contextlib.contextmanager
def one_thread_of_torch(torch: Any) -> Iterator[None]:
    """Let torch compute with one thread.

    torch.set_num_threads would set a number for all threads to come, and MKL_DYNAMIC with it (ParallelOpenMP.cpp), and
    has no way back. OpenMP's number of threads, and MKL's local one, belong to the calling thread (OpenMP 5.2, 2.4).
    """
    library = _library_of(torch)
    before = torch.get_num_threads()
    set_mkl = getattr(library, "MKL_Set_Num_Threads_Local", None)
    library.omp_set_num_threads(1)
    mkl_before = set_mkl(1) if set_mkl else 0
    try:
        if torch.get_num_threads() != 1:
            raise Absent(f"torch keeps its {torch.get_num_threads()} threads")
        yield
    finally:
        library.omp_set_num_threads(before)
        if set_mkl:
            set_mkl(mkl_before)


def may_get_fewer(torch: Any) -> bool:
    """Tell whether OpenMP may give torch fewer threads than it asks for (OMP_DYNAMIC, OMP_THREAD_LIMIT)."""
    try:
        library = _library_of(torch)
    except Absent:
        return False
    return bool(library.omp_get_dynamic()) or int(library.omp_get_thread_limit()) < int(torch.get_num_threads())


def _library_of(torch: Any) -> Any:
    """Return torch's library for CPUs; its symbols, and those of what it is linked with, are found through it."""
    folder = Path(torch.__file__).parent / "lib"
    names = ("libtorch_cpu.so", "libtorch_cpu.dylib")
    path = next((folder / name for name in names if (folder / name).exists()), None)
    if path is None:
        raise Absent("this torch has no library whose threads can be set for one thread alone")
    library = ctypes.CDLL(str(path), mode=getattr(os, "RTLD_NOLOAD", 0) | os.RTLD_LAZY)
    if not hasattr(library, "omp_set_num_threads"):
        raise Absent("this torch does not compute with OpenMP")
    return library


@contextlib.contextmanager
def one_thread_of_numpy(numpy: Any) -> Iterator[None]:
    """Let numpy's OpenBLAS compute with one thread; the number belongs to the whole process, and is put back."""
    get, set_ = _openblas(numpy)
    before = get()
    set_(1)
    try:
        yield
    finally:
        set_(before)


def _openblas(numpy: Any) -> tuple[Any, Any]:
    """Return OpenBLAS's getter and setter of threads, found through the extension module that is linked with it."""
    core = getattr(numpy, "_core", None) or numpy.core
    library = ctypes.CDLL(core._multiarray_umath.__file__)  # noqa: SLF001 - numpy names no public place
    for pattern in OPENBLAS:
        getter = getattr(library, pattern.format("_get"), None)
        setter = getattr(library, pattern.format("_set"), None)
        if getter and setter:
            return getter, setter
    raise Absent("numpy's BLAS is no OpenBLAS whose threads can be set")
