"""Collect the thread counts that decide how long reductions are split."""

from collections.abc import Iterable
from typing import Any

from envprint.collectors import _outside
from envprint.collectors._reading import Gaps
from envprint.manifest.numerics import Pool, Threads


def collect_threads(gaps: Gaps) -> Threads:
    """Read torch's pools, and the pool of every BLAS and OpenMP library that is loaded."""
    return Threads(
        torch_intraop=gaps.ask("torch_intraop", lambda: _outside.imported("torch").get_num_threads()),
        torch_interop=gaps.ask("torch_interop", lambda: _outside.imported("torch").get_num_interop_threads()),
        pools=gaps.ask("pools", lambda: parse_pools(_threadpools())),
    )


def parse_pools(pools: Iterable[dict[str, Any]]) -> dict[str, Pool]:
    """Return threadpoolctl's list as a map by library."""
    return {pool["prefix"]: Pool(api=pool["user_api"], threads=pool["num_threads"]) for pool in pools}


def _threadpools() -> list[dict[str, Any]]:
    import threadpoolctl

    pools: list[dict[str, Any]] = threadpoolctl.threadpool_info()
    return pools
