"""The operating system."""

import os
import platform
import sys
from pathlib import Path, PurePosixPath

import pytest

from envprint.collectors import system
from envprint.manifest.gaps import Absent, Gaps
from envprint.manifest.machine import System

RAW = Path(__file__).parents[2] / "samples" / "raw"


def test_nothing_fails_on_this_machine() -> None:
    gaps = Gaps("system")

    section = system.collect_system(gaps)

    assert [path for path, gap in gaps.found.items() if gap.kind == "failed"] == []
    assert set(System.model_fields) == section.model_fields_set


def test_collecting_leaves_the_environment_as_it_was() -> None:
    before = dict(os.environ)

    system.collect_system(Gaps("system"))

    assert before == dict(os.environ)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("debian-12", "Debian GNU/Linux 12 (bookworm)"),
        ("ubuntu-22.04", "Ubuntu 22.04.4 LTS"),
        ("rocky-9", "Rocky Linux 9.3 (Blue Onyx)"),
        ("alpine-3.19", "Alpine Linux v3.19"),
        ("arch", "Arch Linux"),
    ],
)
def test_a_distribution_is_called_as_it_calls_itself(name: str, expected: str) -> None:
    assert expected == system.parse_os_release((RAW / "os-release" / f"{name}.txt").read_text())


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have one C library")
def test_the_c_library_tells_its_name_and_version() -> None:
    assert system.libc().split()[0] in {"glibc", "musl"}


def test_the_platform_is_written_as_python_writes_it() -> None:
    assert system.platform_string() == platform.platform()


def test_musl_is_told_by_alpines_list_of_packages() -> None:
    installed = "C:Q1abc\nP:libcrypto3\nV:3.1.4-r5\n\nC:Q1def\nP:musl\nV:1.2.4_git20230717-r4\nA:x86_64\n"

    assert system.parse_musl(installed) == "musl 1.2.4_git20230717"


def test_a_c_library_that_is_not_listed_is_absent() -> None:
    with pytest.raises(Absent):
        system.parse_musl("P:busybox\nV:1.36.1-r15\n")


@pytest.mark.parametrize(
    ("folder", "expected"),
    [
        ("/", "overlay"),
        ("/root/train", "overlay"),
        ("/data", "nfs4"),
        ("/data/set", "nfs4"),
        ("/data/my run/logs", "xfs"),
        ("/database", "overlay"),
        ("/data/scratch/x", "tmpfs"),
    ],
)
def test_the_innermost_and_latest_mount_gives_the_file_system(folder: str, expected: str) -> None:
    mounts = system.parse_mountinfo((RAW / "mountinfo" / "kubernetes.txt").read_text())

    assert expected == system.find_filesystem(PurePosixPath(folder), mounts)


@pytest.mark.parametrize(("folder", "expected"), [("/lustre/scratch/me", "lustre"), ("/gpfs/projects", "gpfs")])
def test_file_systems_of_clusters_are_named(folder: str, expected: str) -> None:
    mounts = system.parse_mountinfo((RAW / "mountinfo" / "cluster.txt").read_text())

    assert expected == system.find_filesystem(PurePosixPath(folder), mounts)


def test_a_folder_on_no_mount_has_an_absent_file_system() -> None:
    with pytest.raises(Absent):
        system.find_filesystem(PurePosixPath("/data"), [])
