"""Collect the operating system, and what stands between it and the hardware."""

import os
import platform
import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path, PurePath

from envprint.collectors import _outside, container
from envprint.collectors.compilers import Questions
from envprint.manifest.gaps import Absent, Gaps
from envprint.manifest.machine import System

ARCHITECTURES = {"AMD64": "x86_64", "arm64": "aarch64", "ARM64": "aarch64"}  # as Windows and macOS call them
OS_RELEASES = (Path("/etc/os-release"), Path("/usr/lib/os-release"))  # os-release(5): the first that is there


def collect_system(gaps: Gaps) -> System:
    """Read the operating system; the compilers answer while the rest is read."""
    compilers = Questions()
    questions: dict[str, Callable[[], str]] = {
        "os": platform.system,
        "kernel": platform.version if sys.platform == "win32" else platform.release,
        "distribution": distribution,
        "libc": libc,
        "architecture": architecture,
        "byte_order": lambda: sys.byteorder,
        "platform": platform_string,
        "container": lambda: container.container(os.environ),
        "scheduler": lambda: container.scheduler(os.environ),
        "hypervisor": hypervisor,
        "filesystem": filesystem,
    }
    answers = gaps.ask_all(questions)
    return System(**answers, compilers=compilers.answers(gaps.within("compilers")))


def distribution() -> str:
    """Return the name and version of the distribution, of macOS, or of Windows."""
    if sys.platform == "darwin":
        return f"macOS {platform.mac_ver()[0]}"
    if sys.platform == "win32":
        release, _, service_pack, _ = platform.win32_ver()
        return f"Windows {release} {service_pack}".strip()
    path = next((path for path in OS_RELEASES if path.exists()), None)
    if path is None:
        raise Absent("this system has no os-release")
    return parse_os_release(_outside.read_text(path))


def parse_os_release(text: str) -> str:
    """Return the distribution's name for people, with its version."""
    fields: dict[str, str] = dict(re.findall(r"""^([A-Z_]+)=["']?(.*?)["']?\s*$""", text, re.MULTILINE))
    if "PRETTY_NAME" in fields:
        return fields["PRETTY_NAME"]
    return f"{fields['NAME']} {fields.get('VERSION', '')}".strip()


def libc(packages: Path = Path("/lib/apk/db/installed")) -> str:
    """Return the C library that this process runs on, with its version."""
    if sys.platform != "linux":
        raise Absent("only Linux has a C library apart from the system")
    try:
        name = os.confstr("CS_GNU_LIBC_VERSION")  # "glibc 2.36", from the library itself
    except (ValueError, OSError):  # musl knows no such name, or refuses it
        name = None
    if name:
        return name
    return parse_musl(_outside.read_text(packages))


def parse_musl(installed: str) -> str:
    """Return musl's version from Alpine's list of packages; musl has no call that tells it."""
    found = re.search(r"^P:musl\nV:([^-\n]+)", installed, re.MULTILINE)
    if found is None:
        raise Absent("the C library does not tell its version")
    return f"musl {found[1]}"


def architecture() -> str:
    """Return the instruction set family by Linux's name."""
    machine = platform.machine()
    return ARCHITECTURES.get(machine, machine)


def platform_string() -> str:
    """Return what platform.platform() returns; on Linux that starts `uname -p`, for a word its answer leaves out."""
    if sys.platform != "linux":
        return platform.platform()
    try:
        library = "with-" + libc().replace(" ", "")
    except Absent:
        library = ""
    return "-".join(filter(None, (platform.system(), platform.release(), platform.machine(), library)))


def hypervisor() -> str:
    """Return the hypervisor under this system; none raises Absent."""
    if sys.platform == "linux":
        return container.hypervisor()
    if sys.platform == "darwin":
        if _outside.ask_version(("sysctl", "-n", "kern.hv_vmm_present")) == "1":  # macOS 11
            return "unnamed"
        raise Absent("kern.hv_vmm_present is 0")
    raise Absent("this system does not show a hypervisor")


def filesystem(mounts: Path = Path("/proc/self/mountinfo")) -> str:
    """Return the type of the file system that the working folder is on."""
    folder = Path.cwd()
    if sys.platform == "linux":
        return find_filesystem(folder, parse_mountinfo(_outside.read_text(mounts)))
    import psutil

    return find_filesystem(folder, ((part.mountpoint, part.fstype) for part in psutil.disk_partitions()))


def find_filesystem(folder: PurePath, mounts: Iterable[tuple[str, str]]) -> str:
    """Return the type of the innermost mount that holds a folder; a later one covers an earlier one."""
    above = [str(folder), *map(str, folder.parents)]
    depths = {path: len(above) - depth for depth, path in enumerate(above)}
    holding = [(depths[point], order, kind) for order, (point, kind) in enumerate(mounts) if point in depths]
    if not holding:
        raise Absent("no mount holds the working folder")
    return max(holding)[2]


def parse_mountinfo(text: str) -> list[tuple[str, str]]:
    """Return each mount's point and type, in the order of mounting (proc(5)).

    `36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue`: optional fields end with a dash.
    """
    mounts = []
    for line in text.splitlines():
        before, _, after = line.partition(" - ")
        if after:
            mounts.append((_unescape(before.split(" ")[4]), after.split(" ")[0]))
    return mounts


def _unescape(path: str) -> str:
    if "\\" not in path:
        return path
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), path)  # a space is \040
