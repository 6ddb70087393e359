"""What stands between a process and the hardware."""

from pathlib import Path

import pytest

from envprint.collectors import container
from envprint.manifest.gaps import Absent

RAW = Path(__file__).parents[2] / "samples" / "raw"


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n")
    return root


def root_with_cgroup(root: Path, name: str) -> Path:
    return write(root, {"proc/self/cgroup": (RAW / "cgroup" / f"{name}.txt").read_text()})


@pytest.mark.parametrize(("file", "kind"), [(".dockerenv", "docker"), ("run/.containerenv", "podman")])
def test_a_container_is_told_by_the_file_its_engine_leaves(tmp_path: Path, file: str, kind: str) -> None:
    assert kind == container.container({}, write(tmp_path, {file: ""}))


@pytest.mark.parametrize(
    ("name", "kind"),
    [("v1-docker", "docker"), ("v1-kubernetes", "kubernetes"), ("v2-podman", "podman"), ("v1-lxc", "lxc")],
)
def test_a_container_is_told_by_its_control_group(tmp_path: Path, name: str, kind: str) -> None:
    assert kind == container.container({}, root_with_cgroup(tmp_path, name))


def test_a_container_is_told_by_what_it_tells_systemd(tmp_path: Path) -> None:
    assert container.container({}, write(tmp_path, {"run/systemd/container": "systemd-nspawn"})) == "systemd-nspawn"


def test_a_pod_is_more_specific_than_its_engine(tmp_path: Path) -> None:
    root = write(tmp_path, {".dockerenv": ""})

    assert container.container({"KUBERNETES_SERVICE_HOST": "10.96.0.1"}, root) == "kubernetes"


def test_a_user_session_is_no_container(tmp_path: Path) -> None:
    with pytest.raises(Absent):
        container.container({}, root_with_cgroup(tmp_path, "v2-user-session"))


@pytest.mark.parametrize(("name", "kind"), [("SLURM_JOB_ID", "slurm"), ("PBS_JOBID", "pbs"), ("LSB_JOBID", "lsf")])
def test_a_scheduler_is_told_by_its_variable(name: str, kind: str) -> None:
    assert kind == container.scheduler({"PATH": "/bin", name: "4711"})


def test_a_login_shell_has_no_scheduler() -> None:
    with pytest.raises(Absent):
        container.scheduler({"PATH": "/bin"})


@pytest.mark.parametrize(
    ("files", "kind"),
    [
        ({"class/dmi/id/sys_vendor": "VMware, Inc.", "class/dmi/id/product_name": "VMware7,1"}, "vmware"),
        ({"class/dmi/id/sys_vendor": "innotek GmbH", "class/dmi/id/product_name": "VirtualBox"}, "oracle"),
        (
            {
                "class/dmi/id/sys_vendor": "Microsoft Corporation",
                "class/dmi/id/product_name": "Virtual Machine",
            },
            "microsoft",
        ),
        ({"class/dmi/id/sys_vendor": "Google", "class/dmi/id/product_name": "Google Compute Engine"}, "kvm"),
        ({"class/dmi/id/sys_vendor": "Amazon EC2", "class/dmi/id/product_name": "p5.48xlarge"}, "kvm"),
        ({"devices/system/clocksource/clocksource0/available_clocksource": "tsc kvm-clock acpi_pm"}, "kvm"),
        ({"devices/system/clocksource/clocksource0/available_clocksource": "hyperv_clocksource_tsc_page"}, "microsoft"),
        ({}, "unnamed"),
    ],
)
def test_a_hypervisor_is_named_by_firmware_or_clock(tmp_path: Path, files: dict[str, str], kind: str) -> None:
    assert kind == container.hypervisor(RAW / "cpuinfo" / "sapphire-rapids-vm.txt", write(tmp_path, files))


def test_an_x86_processor_without_the_flag_has_no_hypervisor(tmp_path: Path) -> None:
    clock = {"devices/system/clocksource/clocksource0/available_clocksource": "tsc kvm-clock"}

    with pytest.raises(Absent):
        container.hypervisor(RAW / "cpuinfo" / "zen4.txt", write(tmp_path, clock))


def test_a_surface_is_no_virtual_machine(tmp_path: Path) -> None:
    write(tmp_path, {"class/dmi/id/sys_vendor": "Microsoft Corporation", "class/dmi/id/product_name": "Surface Pro"})

    with pytest.raises(Absent):
        container.hypervisor(RAW / "cpuinfo" / "neoverse-v1.txt", tmp_path)


def test_bare_metal_of_a_cloud_is_no_virtual_machine(tmp_path: Path) -> None:
    write(tmp_path, {"class/dmi/id/sys_vendor": "Amazon EC2", "class/dmi/id/product_name": "c7g.metal"})

    with pytest.raises(Absent):
        container.hypervisor(RAW / "cpuinfo" / "neoverse-v1.txt", tmp_path)
