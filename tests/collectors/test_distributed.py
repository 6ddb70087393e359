"""This process's part in a job."""

import json
from pathlib import Path

import pytest
from conftest import Run

from envprint.collectors.distributed import collect_distributed
from envprint.manifest.gaps import Absent, Gaps
from envprint.manifest.run import Distributed

TORCHRUN = {
    "TORCHELASTIC_RUN_ID": "none",
    "RANK": "3",
    "LOCAL_RANK": "1",
    "WORLD_SIZE": "4",
    "LOCAL_WORLD_SIZE": "2",
    "GROUP_WORLD_SIZE": "2",
}
SRUN = {
    "SLURM_PROCID": "5",
    "SLURM_LOCALID": "1",
    "SLURM_NTASKS": "8",
    "SLURM_STEP_NUM_TASKS": "8",
    "SLURM_STEP_NUM_NODES": "2",
}
MPIRUN = {
    "OMPI_COMM_WORLD_RANK": "1",
    "OMPI_COMM_WORLD_SIZE": "2",
    "OMPI_COMM_WORLD_LOCAL_RANK": "1",
    "OMPI_COMM_WORLD_LOCAL_SIZE": "2",
}
HYDRA = {"PMI_RANK": "1", "PMI_SIZE": "2", "MPI_LOCALRANKID": "1", "MPI_LOCALNRANKS": "2"}
DEEPSPEED = {"RANK": "1", "LOCAL_RANK": "1", "WORLD_SIZE": "4", "CROSS_RANK": "0", "CROSS_SIZE": "2", "LOCAL_SIZE": "2"}


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        pytest.param(TORCHRUN, ("torchrun", 3, 1, 4, 2, 2), id="torchrun"),
        pytest.param(
            {**TORCHRUN, "ACCELERATE_MIXED_PRECISION": "bf16"}, ("accelerate", 3, 1, 4, 2, 2), id="accelerate"
        ),
        pytest.param(DEEPSPEED, ("deepspeed", 1, 1, 4, 2, 2), id="deepspeed"),
        pytest.param(SRUN, ("slurm", 5, 1, 8, None, 2), id="srun"),
        pytest.param({**SRUN, **TORCHRUN}, ("torchrun", 3, 1, 4, 2, 2), id="torchrun in srun"),
        pytest.param({**SRUN, **MPIRUN}, ("openmpi", 1, 1, 2, 2, None), id="mpirun in srun"),
        pytest.param(HYDRA, ("pmi", 1, 1, 2, 2, None), id="MPICH"),
        pytest.param({"RANK": "0", "WORLD_SIZE": "2"}, (None, 0, None, 2, None, None), id="by hand"),
    ],
)
def test_a_launcher_is_known_by_its_variables(
    environment: dict[str, str], expected: tuple[str | int | None, ...]
) -> None:
    gaps = Gaps("distributed")

    found = collect_distributed(gaps, environment)

    actual = (found.launcher, found.rank, found.local_rank, found.world_size, found.local_world_size, found.nodes)
    assert expected == actual
    assert (found.source, found.initialized, found.backend) == ("variables", False, None)
    assert {gap.kind for gap in gaps.found.values()} == {"absent"}


@pytest.mark.parametrize(
    "environment",
    [
        pytest.param({}, id="no variable"),
        pytest.param({"ACCELERATE_MIXED_PRECISION": "no"}, id="accelerate with one process"),
        pytest.param({"SLURM_PROCID": "0", "SLURM_NTASKS": "8"}, id="a batch script"),
        pytest.param({**SRUN, "SLURM_STEP_NUM_TASKS": "1"}, id="srun with one task"),
    ],
)
def test_a_single_process_has_no_part_in_a_job(environment: dict[str, str]) -> None:
    with pytest.raises(Absent, match="single process"):
        collect_distributed(Gaps("distributed"), environment)


def test_a_variable_that_is_no_number_leaves_a_failed_gap_and_the_others_whole() -> None:
    gaps = Gaps("distributed")

    actual = collect_distributed(gaps, {**TORCHRUN, "RANK": "first"})

    assert (actual.rank, actual.world_size) == (None, 4)
    assert [path for path, gap in gaps.found.items() if gap.kind == "failed"] == ["distributed.rank"]


@pytest.mark.torch
def test_an_initialised_group_is_asked_rather_than_the_variables(tmp_path: Path, run_after_torch: Run) -> None:
    code = f"""
import json, torch.distributed as dist
from envprint.manifest.gaps import Gaps
from envprint.collectors.distributed import collect_distributed

dist.init_process_group("gloo", init_method="file://{tmp_path}/store", rank=0, world_size=1)
print(json.dumps(collect_distributed(Gaps("distributed")).model_dump()))
dist.destroy_process_group()
"""
    done = run_after_torch(code, **TORCHRUN)

    expected = Distributed(
        launcher="torchrun",
        source="torch.distributed",
        initialized=True,
        backend="gloo",
        rank=0,
        local_rank=1,
        world_size=1,
        local_world_size=2,
        nodes=2,
    )
    assert expected.model_dump() == json.loads(done.stdout)
