"""Collect the thread counts that decide how long reductions are split."""

import functools
from collections.abc import Mapping

from envprint.collectors import _mkl, _outside
from envprint.collectors._outside import Absent
from envprint.collectors._pools import Loaded, loaded_pools
from envprint.collectors._reading import Gaps
from envprint.manifest.numerics import Pool, Threads


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
    counts = [pool.facts["num_threads"] for pool in pools.values() if pool.facts["user_api"] == "openmp"]
    if not counts:
        raise Absent("no OpenMP library is loaded")
    return int(counts[0])  # torch's copy comes first
