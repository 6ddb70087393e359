"""Tell what stands between a process and the hardware: a container, a scheduler, a hypervisor."""

import re
from collections.abc import Mapping
from pathlib import Path

from envprint.collectors import _linux
from envprint.collectors._outside import read_text
from envprint.manifest.gaps import Absent

SCHEDULERS = {
    "SLURM_JOB_ID": "slurm",
    "PBS_JOBID": "pbs",
    "LSB_JOBID": "lsf",
    "SGE_TASK_ID": "sge",
    "COBALT_JOBID": "cobalt",
    "FLUX_JOB_ID": "flux",
    "OAR_JOB_ID": "oar",
    "PJM_JOBID": "pjm",
    "_CONDOR_JOB_AD": "htcondor",
    "AWS_BATCH_JOB_ID": "aws-batch",
    "SM_TRAINING_ENV": "sagemaker",
}
CONTAINER_VARIABLES = {  # the more specific first: a pod is a container too
    "KUBERNETES_SERVICE_HOST": "kubernetes",
    "APPTAINER_CONTAINER": "apptainer",
    "SINGULARITY_CONTAINER": "singularity",
}
CONTAINER_FILES = {
    "run/.containerenv": "podman",  # podman-run(1)
    ".dockerenv": "docker",
    ".singularity.d": "singularity",
}
CONTAINER_CGROUPS = {  # 4:cpu:/docker/8f3e..., 0::/machine.slice/libpod-8f3e....scope; empty with a cgroup namespace
    r"/kubepods[./]": "kubernetes",
    r"/libpod[-_]": "podman",
    r"/docker[-/]": "docker",
    r"/lxc(\.payload)?[./]": "lxc",
    r"/ecs/": "ecs",
}
# What firmware calls itself, in /sys/class/dmi/id; names as lscpu has them, in lower case
FIRMWARE = {
    "VMware": "vmware",
    "innotek": "oracle",
    "VirtualBox": "oracle",
    "Microsoft Corporation Virtual Machine": "microsoft",
    "Xen": "xen",
    "Parallels": "parallels",
    "BHYVE": "bhyve",
    "Apple Virtualization": "apple",
    "KVM": "kvm",
    "Google Compute Engine": "kvm",
    "OpenStack": "kvm",
    "QEMU": "qemu",
}
CLOCKS = {"kvm-clock": "kvm", "hyperv": "microsoft", "xen": "xen"}  # paravirtual clocks are offered by hypervisors only


def container(variables: Mapping[str, str], root: Path = Path("/")) -> str:
    """Return the kind of container that this process runs in; none raises Absent."""
    for name, kind in CONTAINER_VARIABLES.items():
        if name in variables:
            return kind
    for name, kind in CONTAINER_FILES.items():
        if (root / name).exists():
            return kind
    return _named_by_systemd(root) or _named_by_cgroup(root)


def scheduler(variables: Mapping[str, str]) -> str:
    """Return the batch system that started this process, told by its variables; none raises Absent."""
    for name, kind in SCHEDULERS.items():
        if name in variables:
            return kind
    raise Absent("no variable of a batch system is set")


def hypervisor(cpuinfo: Path = Path("/proc/cpuinfo"), system: Path = Path("/sys")) -> str:
    """Return the hypervisor under this Linux, `unnamed` when only the processor's flag tells; none raises Absent."""
    flags = re.search(r"^flags\s*:(.*)$", _linux.read_first_block(cpuinfo), re.MULTILINE)
    if flags is not None and "hypervisor" not in flags[1].split():
        raise Absent("the processor has no hypervisor flag")
    name = _named_by_firmware(system) or _named_by_clock(system)
    if name is not None:
        return name
    if flags is None:  # other processors than x86 have no such flag
        raise Absent("neither firmware nor clocks name a hypervisor")
    return "unnamed"


def _named_by_systemd(root: Path) -> str | None:
    # systemd-nspawn, lxc and podman name themselves there: https://systemd.io/CONTAINER_INTERFACE
    try:
        return read_text(root / "run/systemd/container") or None
    except Absent:
        return None


def _named_by_cgroup(root: Path) -> str:
    text = read_text(root / "proc/self/cgroup")
    for pattern, kind in CONTAINER_CGROUPS.items():
        if re.search(pattern, text):
            return kind
    raise Absent("no sign of a container")


def _named_by_firmware(system: Path) -> str | None:
    said = " ".join(_read_if_there(system / "class/dmi/id" / name) for name in ("sys_vendor", "product_name"))
    if said.startswith("Amazon EC2"):
        return None if said.endswith(".metal") else "kvm"  # Nitro is KVM; older types say Xen
    return next((kind for name, kind in FIRMWARE.items() if name in said), None)


def _named_by_clock(system: Path) -> str | None:
    offered = _read_if_there(system / "devices/system/clocksource/clocksource0/available_clocksource")
    return next((kind for name, kind in CLOCKS.items() if name in offered), None)


def _read_if_there(path: Path) -> str:
    try:
        return _linux.read_small(path)
    except Absent:
        return ""
