"""Read what a report of collect_env says about software: Python, packages, torch, variables."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from envprint.manifest._collect_env_gaps import Missing, nothing
from envprint.manifest._collect_env_text import PACKAGES, Report
from envprint.manifest.software import Origin, Variable

NO_CUDA = "this torch is built without CUDA"
# Samples: 3.11.7 (main, May  9 2026, 07:35:25) [GCC 12.2.0] (64-bit runtime)
# 3.10.13 | packaged by conda-forge | (main, Dec 23 2023, 15:26:55) [GCC 12.3.0] (64-bit runtime)
PYTHON = re.compile(
    r"(?P<version>[0-9]{1,2}\.[0-9]{1,3}\.[0-9]{1,3}[\w.+]{0,40})"
    r" (?:\|[^|(]{0,80}\||experimental free-threading build)? *"
    r"\((?P<build>[^,()]{1,80})(?P<date>(?:, [\w :]{1,40}){0,2})\) *\[(?P<compiler>[^\]]{1,200})\]"
)
BITS = re.compile(r"\(([0-9]{1,3})-bit runtime\)")
PIP = re.compile(r"\[pip3?\] *([A-Za-z0-9][\w.-]{0,200})(?:={2,3}([\w.+!-]{1,200})| @ (\S{1,2000}))")
CONDA = re.compile(r"\[conda\] *([\w.-]{1,200}) +([\w.+!]*[0-9][\w.+!]{0,200}) +([\w.-]{1,200})(?: +(\S{1,200}))?")
ALLOCATOR = re.compile(r"'(PYTORCH_[A-Z_]{1,40})': '([^']{0,2000})'")


def python(report: Report) -> Mapping[str, Callable[[], Any]]:
    """Return the questions about the interpreter; old ones (torch 1.8) print only `3.8 (64-bit runtime)`."""
    return {
        "version": lambda: _interpreter(report)["version"],
        "implementation": lambda: _implementation(_interpreter(report)["compiler"]),
        "build": lambda: _build(_interpreter(report)),
        "compiler": lambda: _interpreter(report)["compiler"],
        "bits": lambda: int(report.find("Python version", BITS)[1]),
    }


def torch(report: Report) -> Mapping[str, Callable[[], Any]]:
    """Return the questions about torch; what only a build for CUDA has is absent from one that is none."""
    if report.lacks_torch:
        return {"version": lambda: report.value("PyTorch version")}
    return {
        "version": lambda: report.value("PyTorch version"),
        "debug": lambda: report.truth("Is debug build"),
        "cuda_built": lambda: cuda_built(report),
        "hip_built": lambda: report.value("ROCM used to build PyTorch", none="this torch is built without ROCm"),
        **{field: lambda: _only_cuda_has(report) for field in ("cudnn", "nccl", "arch_list", "allocator")},
        "miopen": lambda: _miopen(report),
        "xnnpack": lambda: report.truth("Is XNNPACK available"),
        "cuda_module_loading": lambda: _module_loading(report),
    }


def packages(report: Report) -> Mapping[str, Callable[[], Any]]:
    """Return the questions about packages; conda lists pip's packages too, of the channel pypi."""
    lines = report.lines.get(PACKAGES, "").splitlines()
    return {
        "installed": lambda: _listed(lines, "[pip", ((_normalised(m[1]), m[2]) for m in _each(PIP, lines) if m[2])),
        "origins": lambda: _origins(lines),
        "conda": lambda: _listed(lines, "[conda]", _conda(lines)),
    }


def variables(report: Report) -> Mapping[str, Callable[[], Any]]:
    """Return the question about the environment: new ones (torch 2.13) print the caching allocator's."""
    return {"environment": lambda: _allocator_variables(report)}


def cuda_built(report: Report) -> str:
    """Return the CUDA version that torch was built for.

    torch.version.cuda is None without CUDA, which collect_env prints as `None` where it found nothing of CUDA on the
    machine, and as `Could not collect` where it found nvcc or nvidia-smi.
    """
    if report.value_or_words("CUDA used to build PyTorch") in {"None", "Could not collect"}:
        raise nothing(NO_CUDA)
    return report.value("CUDA used to build PyTorch", none=NO_CUDA)


def _only_cuda_has(report: Report) -> None:
    cuda_built(report)
    raise Missing("collect_env does not print it")


def _module_loading(report: Report) -> str | None:
    if not report.value_or_words("CUDA_MODULE_LOADING set to"):
        return None  # the variable is not set; torch.cuda of 2.6 sets it to LAZY, that of 2.13 leaves it
    return report.value("CUDA_MODULE_LOADING set to", none="CUDA is not available")


def _interpreter(report: Report) -> Mapping[str, str]:
    if re.match(r"[0-9]+\.[0-9]+ \(", report.value("Python version")):
        raise Missing(f"collect_env printed only {report.value('Python version')[:20]}")
    return report.find("Python version", PYTHON).groupdict()


def _implementation(compiler: str) -> str:
    if re.match(r"GCC|Clang|MSC", compiler):  # PyPy and GraalPy name themselves there
        return "cpython"
    raise Missing(f"no known implementation is built with {compiler[:40]}")


def _build(said: Mapping[str, str]) -> str:
    """Return branch, date and time as platform.python_build() has them; C's dates have two places for the day."""
    date = re.sub(r"^, ([A-Z][a-z]{2}) +([0-9]) ", r", \1  \2 ", said["date"])
    return (said["build"] + date.replace(", ", " ")).strip()


def _miopen(report: Report) -> str:
    """Return `3003000` for 3.3.0, as torch.backends.cudnn.version() counts MIOpen's."""
    value = report.value("MIOpen runtime version", none="this torch is not built for ROCm")
    match = re.fullmatch(r"([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})", value)
    if match is None:
        raise Missing(f"collect_env printed {value[:40]!r}")
    return str(int(match[1]) * 1_000_000 + int(match[2]) * 1000 + int(match[3]))


def _each(pattern: re.Pattern[str], lines: list[str]) -> Iterator[re.Match[str]]:
    return (match for match in map(pattern.match, lines) if match)


def _listed(lines: list[str], mark: str, pairs: Iterator[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, version in pairs:
        found.setdefault(name, version)
    if not found and not any(line.startswith(mark) and "Could not collect" not in line for line in lines):
        raise Missing("collect_env could not collect it")
    return found


def _origins(lines: list[str]) -> dict[str, Origin]:
    found = {_normalised(match[1]): Origin(url=match[3]) for match in _each(PIP, lines) if match[3]}
    if not found:
        raise Missing("collect_env does not print it")
    return found


def _conda(lines: list[str]) -> Iterator[tuple[str, str]]:
    for match in _each(CONDA, lines):
        if match[3] != "pypi_0" and match[4] != "pypi":
            yield match[1], f"{match[2]}={match[3]}"


def _allocator_variables(report: Report) -> dict[str, Variable]:
    value = report.value_or_words("Caching allocator config")
    found = {match[1]: Variable(now=match[2]) for match in ALLOCATOR.finditer(value)}
    if not found and value != "N/A":
        raise Missing("collect_env does not print it")
    return found


def _normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
