"""Collect the thread counts that decide how long reductions are split."""

import functools
from collections.abc import Mapping
from typing import Any

from envprint.collectors import _mkl, _outside
from envprint.collectors._pools import Loaded, loaded_pools
from envprint.collectors._versions import open_loaded
from envprint.manifest.gaps import Absent, Gaps
from envprint.manifest.numerics import Pool, Threads

NO_LIMIT = 2**31 - 1  # libgomp and libomp say the largest int where OMP_THREAD_LIMIT is not set


def collect_threads(gaps: Gaps) -> Threads:
    """Read torch's pools, and the pool of every BLAS and OpenMP library that is loaded.

    torch comes first: its first count in a thread sets OpenMP's to MKL's (ATen/ParallelOpenMP.cpp), as its first
    parallel operation would; the others are read as they are from then on. get_num_interop_threads starts no pool
    (ATen/ParallelThreadPoolNative.cpp): the count can still be set after it.
    """
    intraop = gaps.ask("torch_intraop", lambda: _outside.imported("torch").get_num_threads())
    interop = gaps.ask("torch_interop", lambda: _outside.imported("torch").get_num_interop_threads())
    pools = functools.cache(loaded_pools)
    return Threads(
        torch_intraop=intraop,
        torch_interop=interop,
        openmp=gaps.ask("openmp", lambda: count_openmp(pools())),
        openmp_limit=gaps.ask("openmp_limit", lambda: limit_openmp(pools())),
        mkl=gaps.ask("mkl", lambda: _mkl.of_torch().threads()),
        mkl_dynamic=gaps.ask("mkl_dynamic", lambda: _mkl.of_torch().dynamic()),
        pools=gaps.ask("pools", lambda: parse_pools(pools())),
    )


def parse_pools(pools: Mapping[str, Loaded]) -> dict[str, Pool]:
    """Return what each pool does, by library."""
    return {
        key: Pool(
            api=pool.facts["user_api"],
            threads=pool.facts["num_threads"],
            threading=pool.facts.get("threading_layer"),
        )
        for key, pool in pools.items()
    }


def count_openmp(pools: Mapping[str, Loaded]) -> int:
    """Return omp_get_max_threads() of the OpenMP library that torch uses, or of the only one."""
    return int(_openmp(pools)["num_threads"])


def limit_openmp(pools: Mapping[str, Loaded]) -> int:
    """Return omp_get_thread_limit() of that library: OMP_THREAD_LIMIT cuts every team to it, whatever was asked for."""
    limit = int(open_loaded(_openmp(pools)["filepath"]).omp_get_thread_limit())
    if limit >= NO_LIMIT:
        raise Absent("OpenMP's threads are not limited")
    return limit


def _openmp(pools: Mapping[str, Loaded]) -> Mapping[str, Any]:
    found = next((pool.facts for pool in pools.values() if pool.facts["user_api"] == "openmp"), None)
    if found is None:
        raise Absent("no OpenMP library is loaded")
    return found  # torch's copy comes first
