"""Read what a report of collect_env says about the operating system."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from envprint.manifest._collect_env_gaps import Missing, nothing
from envprint.manifest._collect_env_text import Report

SYSTEMS = {"macOS": "Darwin", "Mac OSX": "Darwin", "Windows": "Windows", "Linux": "Linux"}  # as platform.system() says
ARCHITECTURES = {"AMD64": "x86_64", "ARM64": "aarch64", "arm64": "aarch64"}
OS = re.compile(r"(.{1,200}?) \(([\w-]{3,20})\)")  # Debian GNU/Linux 12 (bookworm) (x86_64)
MACHINE = re.compile(r"64 bit \((AMD64|ARM64)\)|\((x86_64|arm64|aarch64|ppc64le|s390x|riscv64|i[3-6]86)\)$")
LINUX = r"Linux-(.{1,100}?)-%s(?:-.{1,200})?-with-.{1,100}"  # Linux-6.7.7-gentoo-dist-x86_64-AMD_Ryzen-with-glibc2.40
WINDOWS = re.compile(r"Windows-(\w{1,20})-([0-9.]{1,40})-(SP[0-9])")  # Windows-10-10.0.22631-SP0
COMPILERS = {
    "clang": "Clang version",
    "cmake": "CMake version",
    "gcc": "GCC version",
    "nvcc": "CUDA runtime version",  # what collect_env calls so is nvcc's version, from PATH
}
HYPERVISORS = {"KVM", "Microsoft", "VMware", "Xen", "Parallels", "Oracle"}


def system(report: Report) -> Mapping[str, Callable[[], Any]]:
    """Return the questions about the operating system."""
    return {
        "os": lambda: os_name(report),
        "kernel": lambda: _kernel(report),
        "distribution": lambda: _distribution(report),
        "libc": lambda: _libc(report),
        "architecture": lambda: architecture(report),
        "byte_order": lambda: _byte_order(report),
        "platform": lambda: report.value("Python platform"),
        "hypervisor": lambda: _hypervisor(report),
        "compilers": lambda: _compilers(report),
    }


def os_name(report: Report) -> str:
    """Return platform.system(): from Python's own words where they are there (not in torch 1.8), else from the OS."""
    platform, system = report.first("Python platform"), report.first("OS")
    if not platform and not system:
        raise report.not_held()
    named = next((name for said in (platform, system) for word, name in SYSTEMS.items() if word in said), None)
    if named is None and not OS.fullmatch(system):  # `Ubuntu 22.04.5 LTS (x86_64)`: only Linux has other names
        raise Missing("the words for the system are not known")
    return named or "Linux"


def is_macos(report: Report) -> bool:
    """Return whether the report is one of macOS."""
    return "macOS" in report.first("Python platform") or report.first("OS").startswith(("macOS", "Mac OSX"))


def architecture(report: Report) -> str:
    """Return the instruction set family by Linux's name."""
    match = MACHINE.search(report.first("OS")) or MACHINE.search(report.first("Python version"))
    if match is None:
        raise report.not_held()
    name = match[1] or match[2]
    return ARCHITECTURES.get(name, name)


def _kernel(report: Report) -> str:
    value = report.value("Python platform")
    windows = WINDOWS.match(value)
    if windows:
        return windows[2]
    linux = re.fullmatch(LINUX % re.escape(architecture(report)), value)
    if linux is None:
        raise Missing("Python's words for the platform do not hold the kernel")
    return linux[1]


def _distribution(report: Report) -> str:
    windows = WINDOWS.match(report.first("Python platform"))
    if windows:
        return f"Windows {windows[1]} {windows[3]}"
    match = OS.fullmatch(report.value("OS"))
    if match is None or match[1] == "linux":
        raise Missing("collect_env found no name of the distribution")
    if " release " in match[1]:  # CentOS Linux release 7.9.2009 (Core); os-release says CentOS Linux 7 (Core)
        raise Missing(f"lsb_release says {match[1]!r}, which is not how os-release words it")
    return match[1].replace("Mac OSX ", "macOS ")


def _libc(report: Report) -> str:
    value = report.value("Libc version", none="only Linux has a C library apart from the system")[:60]
    name, _, version = value.partition("-")
    if not version:
        raise Missing(f"collect_env printed {value[:40]!r}")
    if re.match(r"3\.[67]\.", report.first("Python version")):  # libc_ver() asks it since 3.8 (bpo-35389)
        raise Missing(f"{value} is what Python was built for, not what it runs on")
    return f"{name} {version}"


def _byte_order(report: Report) -> str:
    order = report.cpu.get("Byte Order", "").removesuffix(" Endian").lower()
    if order in {"little", "big"}:
        return order
    if architecture(report) == "x86_64":
        return "little"
    raise report.not_held()


def _hypervisor(report: Report) -> str:
    vendor, flags = report.cpu.get("Hypervisor vendor", ""), report.cpu.get("Flags", "").split()
    if vendor in HYPERVISORS:
        return vendor.lower()
    if "fpu" in flags and "hypervisor" not in flags:
        raise nothing("the processor has no hypervisor flag")
    raise report.not_held()


def _compilers(report: Report) -> dict[str, str]:
    said = {name: report.first(label) for name, label in COMPILERS.items()}
    found = {name: value.removeprefix("version ") for name, value in said.items() if re.search("[0-9]", value)}
    if not found:
        raise Missing("collect_env could not collect any")
    return found
