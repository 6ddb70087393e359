"""Ask the thread pools of loaded BLAS and OpenMP libraries through threadpoolctl."""

import importlib.util
import os
import sys
import warnings
from types import ModuleType
from typing import Any, NamedTuple

from envprint.collectors._libraries import name_copies, package_of

DUPLICATES = "KMP_DUPLICATE_LIB_OK"
OWN_COPY = "envprint.collectors._threadpoolctl"


class Loaded(NamedTuple):
    """A pool as threadpoolctl describes it, and the package that its library came with, if any."""

    package: str | None
    facts: dict[str, Any]


def loaded_pools() -> dict[str, Loaded]:
    """Return the pools by the name of their library, two libraries of one name apart."""
    threadpoolctl = _threadpoolctl()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # libiomp and libomp in one process: the pools themselves say so here
        return name_pools(threadpoolctl.threadpool_info())


def name_pools(pools: list[dict[str, Any]]) -> dict[str, Loaded]:
    """Return threadpoolctl's list as a map by library."""
    by_path = {pool["filepath"]: pool for pool in pools}
    return {key: Loaded(package_of(path), by_path[path]) for key, path in name_copies(by_path).items()}


def _threadpoolctl() -> ModuleType:
    """Return threadpoolctl: where nobody imported it, a copy by a name of our own, that leaves no trace.

    Its import sets KMP_DUPLICATE_LIB_OK (at the top of threadpoolctl.py), with which two OpenMP libraries run on
    instead of aborting. That is taken back; and as the copy is not the module that others import, theirs still sets it.
    """
    if OWN_COPY in sys.modules and "threadpoolctl" not in sys.modules:
        return sys.modules[OWN_COPY]
    found = importlib.util.find_spec("threadpoolctl")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("threadpoolctl is not installed")
    return sys.modules.get("threadpoolctl") or _import_own_copy(found.origin)


def _import_own_copy(path: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(OWN_COPY, path)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(f"{path} is no module")
    module = importlib.util.module_from_spec(spec)
    was_set = DUPLICATES in os.environ
    sys.modules[OWN_COPY] = module  # its dataclasses look for themselves there
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[OWN_COPY]
        raise
    finally:
        if not was_set:
            os.environ.pop(DUPLICATES, None)
    return module
