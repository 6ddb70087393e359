"""The processor, and how much of it this process may use."""

import sys
from pathlib import Path

import pytest

from envprint.collectors import _linux, cpu
from envprint.manifest.gaps import Absent, Gaps
from envprint.manifest.machine import Cpu

RAW = Path(__file__).parents[2] / "samples" / "raw" / "cpuinfo"
linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc and /sys")


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n")
    return folder


@linux
def test_nothing_fails_on_this_machine() -> None:
    gaps = Gaps("cpu")

    section = cpu.collect_cpu(gaps)

    assert [path for path, gap in gaps.found.items() if gap.kind == "failed"] == []
    assert section == Cpu.model_validate_json(section.model_dump_json())


@linux
def test_this_machine_has_the_microarchitecture_that_archspec_detects() -> None:
    import archspec.cpu

    assert archspec.cpu.host().name == cpu.collect_cpu(Gaps("cpu")).microarchitecture


@linux
def test_every_field_is_asked_for() -> None:
    section = cpu.collect_cpu(Gaps("cpu"))

    assert set(Cpu.model_fields) == section.model_fields_set


def test_two_sockets_of_two_threads_a_core_are_counted(tmp_path: Path) -> None:
    cpus = write(tmp_path, {"online": "0-255"})

    actual = cpu.count_cores({"siblings": 128, "cores_per_socket": 64}, cpus)

    assert actual == {"logical_cores": 256, "physical_cores": 128, "sockets": 2, "threads_per_core": 2}


def test_a_hybrid_processor_has_as_many_threads_a_core_as_its_fast_cores(tmp_path: Path) -> None:
    cpus = write(tmp_path, {"online": "0-23"})

    actual = cpu.count_cores({"siblings": 24, "cores_per_socket": 16}, cpus)  # 8 cores of two threads, 8 of one

    assert actual == {"logical_cores": 24, "physical_cores": 16, "sockets": 1, "threads_per_core": 2}


def test_arm_cores_are_counted_by_their_topology(tmp_path: Path) -> None:
    cpus = write(
        tmp_path,
        {
            "online": "0-79",
            "cpu0/topology/thread_siblings_list": "0",
            "cpu0/topology/core_siblings_list": "0-39",
        },
    )

    actual = cpu.count_cores({}, cpus)

    assert actual == {"logical_cores": 80, "physical_cores": 80, "sockets": 2, "threads_per_core": 1}


def test_without_topology_cores_are_absent(tmp_path: Path) -> None:
    with pytest.raises(Absent):
        cpu.count_cores({}, write(tmp_path, {"online": "0"}))


def test_only_the_first_of_many_processors_is_read(tmp_path: Path) -> None:
    block = (RAW / "zen4.txt").read_text().rstrip("\n") + "\n\n"
    path = tmp_path / "cpuinfo"
    path.write_text(block * 192)

    assert block.rstrip("\n") == _linux.read_first_block(path)


def test_caches_are_told_apart_by_level_and_kind(tmp_path: Path) -> None:
    folder = write(
        tmp_path,
        {
            "index0/level": "1",
            "index0/type": "Data",
            "index0/size": "48K",
            "index1/level": "1",
            "index1/type": "Instruction",
            "index1/size": "32K",
            "index2/level": "2",
            "index2/type": "Unified",
            "index2/size": "2048K",
            "index3/level": "3",
            "index3/type": "Unified",
            "uevent": "",
        },
    )

    assert cpu.caches(folder) == {"l1d": 49152, "l1i": 32768, "l2": 2097152}


def test_a_machine_without_a_cache_folder_has_absent_caches(tmp_path: Path) -> None:
    with pytest.raises(Absent):
        cpu.caches(tmp_path / "cache")


@pytest.mark.parametrize(("text", "size"), [("48K", 49152), ("32M", 33554432), ("512", 512)])
def test_sizes_are_in_bytes(text: str, size: int) -> None:
    assert size == cpu.parse_size(text)


def test_numa_nodes_list_their_processors(tmp_path: Path) -> None:
    folder = write(tmp_path, {"node0/cpulist": "0-31,64-95", "node1/cpulist": "32-63,96-127", "possible": "0-1"})

    assert cpu.numa_nodes(folder) == {"0": "0-31,64-95", "1": "32-63,96-127"}


def test_iommu_groups_are_counted(tmp_path: Path) -> None:
    for name in ("0", "1", "2"):
        (tmp_path / name).mkdir()

    assert cpu.iommu_groups(tmp_path) == 3


def test_a_kernel_without_iommu_support_has_absent_groups(tmp_path: Path) -> None:
    with pytest.raises(Absent):
        cpu.iommu_groups(tmp_path / "iommu_groups")


@pytest.mark.parametrize(("listed", "count"), [("0", 1), ("0-3", 4), ("0-31,64-95", 64), ("0,2,4-5\n", 4), ("", 0)])
def test_lists_of_processors_are_counted(listed: str, count: int) -> None:
    assert count == _linux.count_cpus(listed)
