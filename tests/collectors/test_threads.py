import sys
from typing import Any

import pytest

from envprint.collectors._pools import name_pools
from envprint.collectors.threads import collect_threads, count_openmp, parse_pools
from envprint.manifest.gaps import Absent, Gaps
from envprint.manifest.numerics import Pool

SITE = "/v/lib/python3.11/site-packages"


def pool(path: str, api: str, threads: int, **facts: Any) -> dict[str, Any]:
    return {"user_api": api, "filepath": f"{SITE}/{path}", "num_threads": threads, **facts}


POOLS: list[dict[str, Any]] = [
    pool("scikit_learn.libs/libgomp-a34b3233.so.1.0.0", "openmp", 8),
    pool("scipy.libs/libscipy_openblas-68440149.so", "blas", 4, threading_layer="pthreads"),
    pool("numpy.libs/libscipy_openblas64_-32a4b2a6.so", "blas", 2, threading_layer="pthreads"),
    pool("torch/lib/libgomp.so.1", "openmp", 16),
]


def test_pools_of_one_name_are_kept_apart() -> None:
    assert parse_pools(name_pools(POOLS)) == {
        "libgomp": Pool(api="openmp", threads=16, threading=None),
        "libgomp@scikit_learn": Pool(api="openmp", threads=8, threading=None),
        "libscipy_openblas": Pool(api="blas", threads=4, threading="pthreads"),
        "libscipy_openblas64_": Pool(api="blas", threads=2, threading="pthreads"),
    }


def test_pools_do_not_depend_on_the_order_of_loading() -> None:
    assert parse_pools(name_pools(POOLS[::-1])) == parse_pools(name_pools(POOLS))


def test_the_openmp_that_counts_is_torchs() -> None:
    assert count_openmp(name_pools(POOLS)) == 16


def test_without_openmp_there_is_no_count() -> None:
    with pytest.raises(Absent, match="OpenMP"):
        count_openmp({})


def test_pools_that_cannot_be_asked_are_unknown_not_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "threadpoolctl", None)
    gaps = Gaps("threads")
    collect_threads(gaps)

    assert [gaps.found[f"threads.{field}"].kind for field in ("openmp", "pools")] == ["failed", "failed"]


@pytest.mark.torch
def test_collecting_changes_no_thread_count() -> None:
    import torch

    before = (torch.get_num_threads(), torch.get_num_interop_threads())
    gaps: Gaps = Gaps("threads")
    threads = collect_threads(gaps)

    assert (torch.get_num_threads(), torch.get_num_interop_threads()) == before
    assert (threads.torch_intraop, threads.torch_interop) == before
    assert collect_threads(Gaps("threads")) == threads
    assert not [gap for gap in gaps.found.values() if gap.kind == "failed"]


@pytest.mark.torch
def test_a_thread_count_that_is_set_is_seen() -> None:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        threads = collect_threads(Gaps("threads"))
    finally:
        torch.set_num_threads(before)

    assert (threads.torch_intraop, threads.openmp) == (1, 1)
