"""Ask the thread pools of loaded BLAS and OpenMP libraries through threadpoolctl."""

import warnings
from typing import Any, NamedTuple

from envprint.collectors._libraries import name_copies, package_of


class Loaded(NamedTuple):
    """A pool as threadpoolctl describes it, and the package that its library came with, if any."""

    package: str | None
    facts: dict[str, Any]


def loaded_pools() -> dict[str, Loaded]:
    """Return the pools by the name of their library, two libraries of one name apart."""
    import threadpoolctl

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # libiomp and libomp in one process: the pools themselves say so here
        return name_pools(threadpoolctl.threadpool_info())


def name_pools(pools: list[dict[str, Any]]) -> dict[str, Loaded]:
    """Return threadpoolctl's list as a map by library."""
    by_path = {pool["filepath"]: pool for pool in pools}
    return {key: Loaded(package_of(path), by_path[path]) for key, path in name_copies(by_path).items()}
