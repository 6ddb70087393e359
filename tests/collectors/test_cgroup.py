"""The CPU quota of control groups."""

from pathlib import Path

import pytest

from envprint.collectors.cgroup import quota_cores
from envprint.manifest.gaps import Absent

RAW = Path(__file__).parents[2] / "samples" / "raw" / "cgroup"


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n")
    return root


def test_a_container_sees_its_own_quota_at_the_root(tmp_path: Path) -> None:
    root = write(tmp_path, {"cpu.max": "150000 100000"})

    assert quota_cores(RAW / "v2-in-container.txt", root) == 1.5


def test_no_limit_is_none(tmp_path: Path) -> None:
    root = write(tmp_path, {"cpu.max": "max 100000"})

    assert quota_cores(RAW / "v2-in-container.txt", root) is None


def test_the_tightest_group_above_counts(tmp_path: Path) -> None:
    slices = "user.slice/user-1000.slice"
    root = write(tmp_path, {f"{slices}/cpu.max": "200000 100000", "user.slice/cpu.max": "max 100000"})

    assert quota_cores(RAW / "v2-user-session.txt", root) == 2.0


def test_docker_without_a_cgroup_namespace_names_a_group_that_is_mounted_at_the_root(tmp_path: Path) -> None:
    root = write(tmp_path, {"cpu,cpuacct/cpu.cfs_quota_us": "400000", "cpu,cpuacct/cpu.cfs_period_us": "100000"})

    assert quota_cores(RAW / "v1-docker.txt", root) == 4.0


def test_minus_one_is_no_limit_in_version_1(tmp_path: Path) -> None:
    root = write(tmp_path, {"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"})

    assert quota_cores(RAW / "v1-kubernetes.txt", root) is None


def test_without_any_cpu_controller_the_quota_is_absent(tmp_path: Path) -> None:
    with pytest.raises(Absent):
        quota_cores(RAW / "v1-docker.txt", tmp_path)


def test_without_control_groups_the_quota_is_absent(tmp_path: Path) -> None:
    with pytest.raises(Absent):
        quota_cores(tmp_path / "cgroup", tmp_path)


def test_a_group_outside_of_the_namespace_is_not_looked_up(tmp_path: Path) -> None:
    write(tmp_path, {"cpu.max": "100000 100000", "fs/x": ""})
    listed = tmp_path / "listed"
    listed.write_text("0::/../../other\n")

    assert quota_cores(listed, tmp_path / "fs/..") == 1.0
