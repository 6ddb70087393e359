"""Compare the ranks of one job: each leaves its manifest in the job's store, the first reads what is there in time.

The store is torch's own (https://docs.pytorch.org/docs/stable/distributed.html#torch.distributed.Store): nothing is
sent through the backend, so that no collective of the job waits for a rank that hangs.
"""

import itertools
import json
import os
import time
import zlib
from collections.abc import Callable, Mapping
from typing import Any

from envprint.collectors import capture
from envprint.errors import EnvprintError
from envprint.fleet.comparing import compare_known
from envprint.fleet.ending import ENDED
from envprint.fleet.reading import Known, document_of, known_of
from envprint.fleet.report import FleetReport
from envprint.fleet.watching import Past
from envprint.manifest import parse_manifest
from envprint.manifest.probes import Kind

SECONDS = 120.0
POLL, GRACE = 0.02, 15.0
OUTSIDE = "this is no process of a job; expected torch.distributed to be initialised, or torchrun's variables"
SILENT = "it gave no answer within {:g} s: it hangs, died, or lacks envprint"
CALLS = itertools.count()


def compare_ranks(*, probe: Kind | None = "default", timeout: float = SECONDS) -> FleetReport | None:
    """Compare what each rank of this job computes: the report on rank 0, None on the others.

    Every rank calls this as often as the others, at the same place. No rank waits but the first one, for at most
    `timeout` seconds after it has its own manifest; a rank that gave none by then is named. Raises EnvprintError
    outside of a job.
    """
    store, rank, size = store_of_this_job()
    prefix = f"envprint/{next(CALLS)}"
    leave(store, f"{prefix}/{rank}", lambda: capture(probe=probe).as_json())
    return gather(store, prefix, size, timeout) if rank == 0 else None


def leave(store: Any, key: str, make: Callable[[], Mapping[str, Any]]) -> None:
    """Put what a rank says into the store: its manifest, or why there is none."""
    try:
        said = make()
    except Exception as exc:  # noqa: BLE001 - the others are told, and the job goes on
        said = {"failed": f"{type(exc).__name__}: {exc}"[:300]}
    store.set(key, zlib.compress(json.dumps(said).encode(), 1))


def gather(store: Any, prefix: str, size: int, timeout: float = SECONDS, past: Past | None = None) -> FleetReport:
    """Return how the ranks differ, of those that answer in time; soon, once this process was asked to end.

    With a `past` each rank is compared with what it was, too.
    """
    past = past or Past()
    contents = _collect(store, {f"{prefix}/{rank}": rank for rank in range(size)}, timeout)
    known: list[Known] = []
    whole: dict[str, bytes] = {}
    refused: dict[str, str] = {}
    for rank in range(size):
        try:
            name, document = _document(contents[rank], rank)
        except (KeyError, EnvprintError) as exc:
            refused[f"rank {rank}"] = SILENT.format(timeout) if isinstance(exc, KeyError) else str(exc)
            continue
        known.append(known_of(document, name, past.catalogue))
        whole[name] = json.dumps(document).encode()
    past.heed(known)
    report = compare_known(known, past.catalogue, lambda name: parse_manifest(whole[name], name), refused)
    return past.told(report)


def _document(content: bytes, rank: int) -> tuple[str, dict[str, Any]]:
    """Return what a rank is called, and its manifest; EnvprintError with why it has none."""
    said = json.loads(content)
    if "failed" in said:
        raise EnvprintError(str(said["failed"]))
    document = with_device_named_alike(document_of(content, f"rank {rank}"))
    host = (document.get("taken") or {}).get("host")
    return (f"rank {rank} on {host}" if host else f"rank {rank}"), document


def with_device_named_alike(document: dict[str, Any]) -> dict[str, Any]:
    """Return a manifest in which the one GPU that a rank uses, its cuda:3 say, is cuda:0 as that of any other rank."""
    kernels = (document.get("probes") or {}).get("kernels") or {}
    used = {device.partition("/")[0] for device in kernels if device.startswith(("cuda:", "xpu:"))}
    if len(used) != 1 or (device := used.pop()).endswith(":0"):
        return document
    first = f"{device.partition(':')[0]}:0"
    probes = document["probes"]
    for table in ("kernels", "orders", "repeats"):
        named = probes.get(table) or {}
        probes[table] = {key.replace(device, first, 1): value for key, value in named.items()}
    gaps = {path.replace(f".{device}", f".{first}", 1): gap for path, gap in (document.get("gaps") or {}).items()}
    return {**{key: value for key, value in document.items() if key != "id"}, "probes": probes, "gaps": gaps}


def _collect(store: Any, keys: Mapping[str, int], timeout: float) -> dict[int, bytes]:
    """Return what the ranks left, until all did or time is up."""
    found: dict[int, bytes] = {}
    ends, hurries = time.monotonic() + timeout, False
    while True:
        for key, rank in keys.items():
            if rank not in found and store.check([key]):
                found[rank] = zlib.decompress(store.get(key))
        if ENDED.is_set() and not hurries:
            ends, hurries = min(ends, time.monotonic() + GRACE), True
        if len(found) == len(keys) or time.monotonic() > ends:
            return found
        time.sleep(POLL)


def store_of_this_job() -> tuple[Any, int, int]:
    """Return the store of this job, this process's rank, and how many there are."""
    import torch.distributed as dist

    if not dist.is_available():
        raise EnvprintError("this torch was built without torch.distributed")
    if dist.is_initialized():
        return dist.distributed_c10d._get_default_store(), dist.get_rank(), dist.get_world_size()  # noqa: SLF001 - there is no public way to it
    if not {"RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"} <= os.environ.keys():
        raise EnvprintError(OUTSIDE, hint="torchrun --nproc-per-node 4 -m envprint fleet")
    rank, size = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    hosts = rank == 0 and os.environ.get("TORCHELASTIC_USE_AGENT_STORE") != "True"
    port = int(os.environ["MASTER_PORT"])
    store = dist.TCPStore(os.environ["MASTER_ADDR"], port, size, hosts, wait_for_workers=False)
    return dist.PrefixStore(f"envprint/{os.environ.get('TORCHELASTIC_RESTART_COUNT', '0')}", store), rank, size
