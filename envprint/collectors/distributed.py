"""Collect this process's part in a job, from torch.distributed once it is initialised, else from the launcher."""

import os
from collections.abc import Mapping
from typing import Any, NamedTuple

from envprint.collectors import _outside
from envprint.manifest.gaps import Absent, Gaps
from envprint.manifest.run import Distributed


class Launcher(NamedTuple):
    """A launcher: the variable that only it sets, and those that tell a process its place."""

    name: str | None
    marker: str
    rank: str
    local_rank: str
    world_size: str
    local_world_size: str
    nodes: str


_TORCH = ("RANK", "LOCAL_RANK", "WORLD_SIZE")
# The one that is nearest to the process first: torchrun is often started by srun, accelerate starts torchrun.
# https://docs.pytorch.org/docs/stable/elastic/run.html, https://slurm.schedmd.com/srun.html
# The last takes RANK and WORLD_SIZE from whoever set them: a job controller, or a person.
LAUNCHERS = (
    Launcher("accelerate", "ACCELERATE_MIXED_PRECISION", *_TORCH, "LOCAL_WORLD_SIZE", "GROUP_WORLD_SIZE"),
    Launcher("deepspeed", "CROSS_SIZE", *_TORCH, "LOCAL_SIZE", "CROSS_SIZE"),
    Launcher("torchrun", "TORCHELASTIC_RUN_ID", *_TORCH, "LOCAL_WORLD_SIZE", "GROUP_WORLD_SIZE"),
    Launcher(None, "RANK", *_TORCH, "LOCAL_WORLD_SIZE", "GROUP_WORLD_SIZE"),
    Launcher(
        "openmpi",
        "OMPI_COMM_WORLD_SIZE",
        "OMPI_COMM_WORLD_RANK",
        "OMPI_COMM_WORLD_LOCAL_RANK",
        "OMPI_COMM_WORLD_SIZE",
        "OMPI_COMM_WORLD_LOCAL_SIZE",
        "",
    ),
    Launcher(
        "mvapich",
        "MV2_COMM_WORLD_SIZE",
        "MV2_COMM_WORLD_RANK",
        "MV2_COMM_WORLD_LOCAL_RANK",
        "MV2_COMM_WORLD_SIZE",
        "MV2_COMM_WORLD_LOCAL_SIZE",
        "",
    ),
    # A batch script has SLURM_PROCID and SLURM_NTASKS too; the number of tasks of a step only srun sets.
    Launcher(
        "slurm",
        "SLURM_STEP_NUM_TASKS",
        "SLURM_PROCID",
        "SLURM_LOCALID",
        "SLURM_STEP_NUM_TASKS",
        "",
        "SLURM_STEP_NUM_NODES",
    ),
    Launcher("pmi", "PMI_SIZE", "PMI_RANK", "MPI_LOCALRANKID", "PMI_SIZE", "MPI_LOCALNRANKS", ""),  # MPICH, Intel MPI
)


def collect_distributed(gaps: Gaps, environment: Mapping[str, str] = os.environ) -> Distributed:
    """Read launcher, rank and size; for a process on its own raise Absent."""
    launcher = find_launcher(environment)
    group = _process_group()
    if launcher is None and group is None:
        raise Absent("a single process: no launcher, and torch.distributed is not initialised")
    place = launcher or LAUNCHERS[-1]
    told = {
        "rank": lambda: _number(environment, place.rank),
        "world_size": lambda: _number(environment, place.world_size),
    }
    if group is not None:
        told = {"rank": group.get_rank, "world_size": group.get_world_size}
    return Distributed(
        launcher=launcher.name if launcher else None,
        source="torch.distributed" if group else "variables",
        initialized=group is not None,
        backend=gaps.ask("backend", lambda: _backend(group)),
        **gaps.ask_all(
            {
                **told,
                "local_rank": lambda: _number(environment, place.local_rank),
                "local_world_size": lambda: _number(environment, place.local_world_size),
                "nodes": lambda: _number(environment, place.nodes),
            }
        ),
    )


def find_launcher(environment: Mapping[str, str]) -> Launcher | None:
    """Return the launcher that started this process; one that starts single processes too must have started several."""
    for launcher in LAUNCHERS:
        size = environment.get(launcher.world_size)
        if launcher.marker in environment and size and (launcher.rank == "RANK" or size != "1"):
            return launcher
    return None


def _process_group() -> Any:
    """Return torch.distributed once it has its default group, else None; some builds of torch have it empty."""
    try:
        distributed = _outside.imported("torch.distributed")
    except Absent:
        return None
    return distributed if distributed.is_available() and distributed.is_initialized() else None


def _backend(group: Any) -> str:
    if group is None:
        raise Absent("torch.distributed is not initialised")
    return str(group.get_backend())


def _number(environment: Mapping[str, str], name: str) -> int:
    if name not in environment:
        raise Absent(f"{name} is not set" if name else "this launcher does not tell")
    return int(environment[name])
