"""Processes that a launcher started for envprint alone: each captures itself with probes, the first one reports."""

import os
import time
from collections.abc import Callable

from envprint.collectors import capture_fresh
from envprint.fleet.ending import ENDED, heed
from envprint.fleet.ranks import gather, leave, store_of_this_job
from envprint.fleet.report import FleetReport
from envprint.fleet.watching import Past


def compare_launched(
    timeout: float, rounds: int = 1, every: float = 0.0, tell: Callable[[FleetReport], None] = lambda _: None
) -> FleetReport | None:
    """Compare the ranks of a job that does nothing else: the report on rank 0, None on the others.

    That is repeated for some rounds, which begin `every` so many seconds; `tell` hears of each, and the last report
    tells of what changed in any. A launcher ends all ranks when one of them fails: the first one then reports what it
    has.
    """
    heed()
    store, rank, size = store_of_this_job()
    _see_own_device()
    past, report = Past(), None
    for number in range(rounds):
        began = time.monotonic()
        leave(store, f"ranks/{number}/{rank}", lambda: capture_fresh(probe="default").as_json())
        if rank == 0:
            report = gather(store, f"ranks/{number}", size, timeout, past)
            tell(report)
        if ENDED.is_set() or (number + 1 < rounds and ENDED.wait(max(0.0, began + every - time.monotonic()))):
            break
    return report


def _see_own_device() -> None:
    """Let each rank of a node see its own GPU alone, before CUDA begins: probing all of them is the others' part."""
    place = int(os.environ.get("LOCAL_RANK", "0"))
    seen = [each for each in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if each]
    if not seen:
        os.environ["CUDA_VISIBLE_DEVICES"] = str(place)
    elif len(seen) > 1:
        os.environ["CUDA_VISIBLE_DEVICES"] = seen[place % len(seen)]
