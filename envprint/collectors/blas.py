"""Collect the linear algebra of torch and of numpy, apart, and torch's oneDNN."""

import functools
import os
import re
import sys
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from envprint.collectors import _mkl, _onednn, _outside
from envprint.collectors._cpuflags import read_first_cpu
from envprint.collectors._pools import Loaded, loaded_pools
from envprint.manifest.gaps import Absent, Gaps
from envprint.manifest.numerics import Blas, BlasPair, Onednn

T = TypeVar("T")
Pools = Callable[[], Mapping[str, Loaded]]

# torch's CMake variable BLAS_INFO, numpy's name of the dependency, threadpoolctl's internal_api -> what it is
VENDORS = {
    "mkl": "MKL",
    "open": "OpenBLAS",
    "openblas": "OpenBLAS",
    "accelerate": "Accelerate",
    "veclib": "Accelerate",
    "eigen": "Eigen",
    "blis": "BLIS",
    "flame": "BLIS",
    "flexi": "FlexiBLAS",
    "flexiblas": "FlexiBLAS",
    "atlas": "ATLAS",
    "nvpl": "NVPL",
    "armpl": "ArmPL",
    "generic": "reference",
}
# BLAS_INFO=mkl (torch 1.9 and newer), BLAS=MKL
_BLAS_OF_TORCH = re.compile(r"\bBLAS(?:_INFO)?=(\w+)")
# Intel(R) oneAPI Math Kernel Library Version 2024.2-Product Build 20240605 for ...
# Intel(R) Math Kernel Library Version 2020.0.0 Product Build 20191122 for ...
_MKL = re.compile(r"Math Kernel Library Version ([\d.]+)[- ](?:Product )?Build (\d+)")
# Intel(R) MKL-DNN v3.12.0 (Git Hash 80afa71049cd69a3df32adcccb623b12cd7baa22)
_ONEDNN = re.compile(r"MKL-DNN v([\d.]+\w*)")
_UMATH = ("numpy._core._multiarray_umath", "numpy.core._multiarray_umath")  # numpy 2, numpy 1


def collect_blas(gaps: Gaps) -> BlasPair:
    """Read which library multiplies matrices in torch and in numpy, and what each dispatches to on this CPU."""
    pools = functools.cache(loaded_pools)
    return BlasPair(
        torch=gaps.ask("torch", lambda: _torch(gaps.within("torch"), pools)),
        numpy=gaps.ask("numpy", lambda: _numpy(gaps.within("numpy"), pools)),
        onednn=gaps.ask("onednn", lambda: _onednn_of_torch(gaps.within("onednn"))),
        numpy_simd=gaps.ask("numpy_simd", _simd_of_numpy),
    )


def parse_vendor(build: str) -> str:
    """Return the BLAS that torch was built with, from the text of torch.__config__.show()."""
    found = _BLAS_OF_TORCH.search(build)
    if found is None:
        raise Absent("this torch does not say with which BLAS it was built")
    return VENDORS.get(found[1].lower(), found[1])


def parse_mkl_version(build: str) -> str:
    """Return MKL's version and build date."""
    found = _MKL.search(build)
    if found is None:
        raise Absent("this torch was built without MKL")
    return f"{found[1]} build {found[2]}"


def parse_onednn_version(build: str) -> str:
    """Return oneDNN's version."""
    found = _ONEDNN.search(build)
    if found is None:
        raise Absent("this torch was built without oneDNN")
    return found[1]


def find_pool(pools: Mapping[str, Loaded], package: str, vendor: str | None) -> tuple[str, Loaded]:
    """Return the BLAS that came with a package, else the one of its vendor that belongs to no package.

    Where it was built with an interface only (`cblas` of conda and Debian), any that belongs to no package.
    """
    blas = [(key, pool) for key, pool in pools.items() if pool.facts["user_api"] == "blas"]
    own = [found for found in blas if found[1].package == package]
    shared = [found for found in blas if found[1].package is None]
    if vendor in VENDORS.values():
        shared = [found for found in shared if VENDORS.get(found[1].facts["internal_api"]) == vendor]
    found = next(iter(own or shared), None)
    if found is None:
        raise Absent(f"no shared BLAS of {package} is loaded")
    return found


def describe_numpy(configuration: Mapping[str, Any]) -> tuple[str, str | None]:
    """Return vendor and version of the BLAS in numpy.__config__.CONFIG (numpy 1.26 and newer)."""
    blas = configuration.get("Build Dependencies", {}).get("blas", {})
    name = str(blas.get("name", "")).lower()
    if not name or not blas.get("found"):
        raise Absent("numpy was built without a BLAS")
    vendor = next((vendor for word, vendor in VENDORS.items() if word in name), name)
    return vendor, str(blas["version"]) if blas.get("version") else None


def parse_simd(baseline: list[str], dispatched: list[str], features: Mapping[str, bool]) -> tuple[str, ...]:
    """Return the instruction sets that numpy was compiled for and may use here, NPY_DISABLE_CPU_FEATURES considered."""
    return tuple(dict.fromkeys(name for name in (*baseline, *dispatched) if features.get(name)))


def _torch(gaps: Gaps, pools: Pools) -> Blas:
    build = str(_outside.imported("torch").__config__.show())
    vendor = _stated(lambda: parse_vendor(build))
    if vendor == "MKL":
        return Blas(
            vendor=vendor,
            **gaps.ask_all(
                {
                    "version": lambda: parse_mkl_version(build),
                    "architecture": lambda: _mkl.of_torch().architecture(),
                    "threading": lambda: _threading_of_mkl(pools()),
                    "interface": _unsaid_interface,
                    "branch": lambda: _mkl.of_torch().branch(),
                }
            ),
        )
    return _from_pool(gaps, pools, "torch", vendor)


def _numpy(gaps: Gaps, pools: Pools) -> Blas:
    numpy = _outside.imported("numpy")
    vendor, version = _stated(lambda: _numpy_configuration(numpy)) or (None, None)
    blas = _from_pool(gaps, pools, "numpy", vendor)
    if blas.version is None and version is not None:
        blas = blas.model_copy(update={"version": version})
        gaps.found.pop(f"{gaps.path}.version", None)
    return blas


def _from_pool(gaps: Gaps, pools: Pools, package: str, vendor: str | None) -> Blas:
    """Describe a BLAS in a library of its own as threadpoolctl sees it; Accelerate and Eigen are none."""

    def loaded_vendor() -> str:
        found = _stated(lambda: find_pool(pools(), package, vendor))
        name = VENDORS.get(found[1].facts["internal_api"], vendor) if found else vendor
        if name is None:
            raise Absent(f"{package} does not say with which BLAS it was built, and none is loaded")
        return name

    def fact(name: str) -> Any:
        value = find_pool(pools(), package, vendor)[1].facts.get(name)
        if value is None:
            raise Absent(f"{package}'s BLAS has no {name}")
        return value

    return Blas(
        vendor=gaps.ask("vendor", loaded_vendor),
        branch=None,
        **gaps.ask_all(
            {
                "version": lambda: fact("version"),
                "architecture": lambda: fact("architecture"),
                "threading": lambda: fact("threading_layer"),
                "interface": lambda: "ILP64" if "64_" in find_pool(pools(), package, vendor)[0] else "LP64",
            }
        ),
    )


def _stated(question: Callable[[], T]) -> T | None:
    try:
        return question()
    except Absent:
        return None


def _numpy_configuration(numpy: Any) -> tuple[str, str | None]:
    configuration = _outside.attribute(numpy, "__config__")
    if hasattr(configuration, "CONFIG"):
        return describe_numpy(configuration.CONFIG)
    names = ("blas_ilp64_opt_info", "blas_opt_info")  # numpy.distutils, up to numpy 1.25
    libraries = " ".join(
        " ".join((*found.get("libraries", ()), *found.get("extra_link_args", ()))).lower()
        for name in names
        if (found := getattr(configuration, name, None))
    )
    vendor = next((vendor for word, vendor in VENDORS.items() if word in libraries), None)
    if vendor is None:
        raise Absent("numpy does not say with which BLAS it was built")
    return vendor, None


def _threading_of_mkl(pools: Mapping[str, Loaded]) -> str:
    """Return MKL's threading layer: libgomp has no entry points but those that the GNU layer calls."""
    if any(pool.facts["prefix"] == "libgomp" and pool.package == "torch" for pool in pools.values()):
        return "gnu"
    raise Absent("torch does not say which threading layer of MKL is linked into it")


def _unsaid_interface() -> str:
    raise Absent("torch does not say which interface of MKL is linked into it")


def _onednn_of_torch(gaps: Gaps) -> Onednn:
    torch = _outside.imported("torch")
    return Onednn(
        **gaps.ask_all(
            {
                "version": lambda: parse_onednn_version(str(torch.__config__.show())),
                "isa": _isa,
                "enabled": lambda: bool(_outside.attribute(torch, "_C._get_mkldnn_enabled")()),
            }
        )
    )


def _isa() -> str:
    try:
        at_exec = _outside.environment_at_exec()
    except Absent:
        at_exec = os.environ
    return _onednn.derive_isa(read_first_cpu().flags, at_exec, os.environ)


def _simd_of_numpy() -> tuple[str, ...]:
    _outside.imported("numpy")
    umath = next((sys.modules[name] for name in _UMATH if name in sys.modules), None)
    names = ("__cpu_baseline__", "__cpu_dispatch__", "__cpu_features__")
    return parse_simd(*(_outside.attribute(umath, name) for name in names))
