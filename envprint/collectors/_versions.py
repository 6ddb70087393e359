"""Ask libraries that are loaded for their versions, by calls that only return what was compiled in."""

import ctypes
import functools
import os
import re
from collections.abc import Callable

from envprint.manifest.gaps import Absent

Ask = Callable[[ctypes.CDLL], str]

_MODERN_CUDART = re.compile(r"\.so\.(1[2-9]|[2-9][0-9])")


@functools.cache
def open_loaded(path: str) -> ctypes.CDLL:
    """Return a handle of a library that is loaded already; nothing gets loaded (RTLD_NOLOAD), or raise Absent."""
    if not hasattr(os, "RTLD_NOLOAD"):
        raise Absent("this system cannot open a library only if it is loaded")
    try:
        return ctypes.CDLL(path, mode=os.RTLD_NOLOAD | os.RTLD_LAZY)
    except OSError as exc:
        raise Absent(f"{path} is not loaded under this name") from exc


def ask_version(stem: str, path: str, loaded: frozenset[str] = frozenset()) -> str | None:
    """Return the version that a loaded library states, None where no call is known that tells without side effects.

    `loaded` names all libraries of the process. Raises Absent where this copy cannot be asked, or not yet.
    """
    name = stem.lower()
    ask = _CALLS.get(name)
    if ask is None:
        return None
    # Seen with strace: cuDNN's libcudnn is a shim since version 8, its cudnnGetVersion loads the library behind it.
    if name == "libcudnn" and not {"libcudnn_graph", "libcudnn_ops_infer"}.intersection(loaded):
        raise Absent("cuDNN tells its version once it was used: before, asking would load more of it")
    # Seen with strace: cudaRuntimeGetVersion of CUDA 11 loads the driver; since CUDA 12 it opens nothing.
    if name == "libcudart" and not _MODERN_CUDART.search(path):
        raise Absent("this CUDA runtime tells its version only by loading the driver")
    try:
        return ask(open_loaded(path))
    except AttributeError as exc:
        raise Absent(f"{path} has no call that tells its version") from exc


def call_text(library: ctypes.CDLL, symbol: str) -> str:
    """Return what a function without parameters returns as a string."""
    function = library[symbol]  # a function object of our own: library.symbol is shared, restype and all
    function.restype = ctypes.c_char_p
    return str(function().decode("utf-8", errors="replace")).strip()


def call_integers(library: ctypes.CDLL, symbol: str, count: int) -> list[int]:
    """Return the integers that a function writes to its `count` pointers; a status that is not 0 raises Absent."""
    values = [ctypes.c_int() for _ in range(count)]
    status = library[symbol](*(ctypes.byref(value) for value in values))
    if status != 0:
        raise Absent(f"{symbol} returned {status}")
    return [value.value for value in values]


def cuda_version(number: int) -> str:
    """Return 12040 as 12.4."""
    return f"{number // 1000}.{number % 1000 // 10}"


def cudnn_version(number: int) -> str:
    """Return 8902 as 8.9.2 and 90100 as 9.1.0: cuDNN 9 has two more digits for the minor version."""
    thousand = 10_000 if number >= 90_000 else 1000  # noqa: PLR2004 - the first number of cuDNN 9
    return f"{number // thousand}.{number % thousand // 100}.{number % 100}"


def nccl_version(number: int) -> str:
    """Return 2708 as 2.7.8 and 22105 as 2.21.5: NCCL 2.9 got two digits for the minor version."""
    thousand = 10_000 if number >= 10_000 else 1000  # noqa: PLR2004 - the first number with five digits
    return f"{number // thousand}.{number % thousand // 100}.{number % 100}"


def _property(symbol: str) -> Ask:
    """Ask NVIDIA's xGetProperty(type, &value): 0 is the major version, 1 the minor, 2 the patch level; no handle."""

    def ask(library: ctypes.CDLL) -> str:
        values = [ctypes.c_int() for _ in range(3)]
        for kind, value in enumerate(values):
            library[symbol](ctypes.c_int(kind), ctypes.byref(value))
        return ".".join(str(value.value) for value in values)

    return ask


def _numbers(symbol: str, count: int) -> Ask:
    return lambda library: ".".join(str(value) for value in call_integers(library, symbol, count))


def _one_number(symbol: str, convert: Callable[[int], str]) -> Ask:
    return lambda library: convert(call_integers(library, symbol, 1)[0])


def _text(*symbols: str) -> Ask:
    def ask(library: ctypes.CDLL) -> str:
        symbol = next((symbol for symbol in symbols if hasattr(library, symbol)), symbols[0])
        return call_text(library, symbol)

    return ask


def _cudnn(library: ctypes.CDLL) -> str:
    function = library["cudnnGetVersion"]
    function.restype = ctypes.c_size_t
    return cudnn_version(function())


def _png(library: ctypes.CDLL) -> str:
    number = library["png_access_version_number"]()  # 10637 is 1.6.37
    return f"{number // 10_000}.{number // 100 % 100}.{number % 100}"


def _webp(library: ctypes.CDLL) -> str:
    number = library["WebPGetDecoderVersion"]()  # 0xMMmmrr
    return f"{number >> 16}.{number >> 8 & 255}.{number & 255}"


def _dnnl(library: ctypes.CDLL) -> str:
    function = library["dnnl_version"]
    function.restype = ctypes.POINTER(ctypes.c_int * 3)  # dnnl_version_t: major, minor, patch, ...
    return ".".join(str(part) for part in function().contents)


def _openblas(library: ctypes.CDLL) -> str:
    """Return 0.3.31 of `OpenBLAS 0.3.31 USE64BITINT DYNAMIC_ARCH NO_AFFINITY SkylakeX MAX_THREADS=64`."""
    names = ("openblas_get_config", "openblas_get_config64_")
    configuration = _text(*(prefix + name for name in names for prefix in ("", "scipy_")))(library)
    return configuration.split()[1]


# Not asked: HIP, whose calls start its runtime (ROCm's file names carry the version), and MKL's libmkl_rt, whose first
# call loads the libraries of a threading layer.
_CALLS: dict[str, Ask] = {
    "libcudart": _one_number("cudaRuntimeGetVersion", cuda_version),
    "libcublas": _property("cublasGetProperty"),
    "libcublaslt": _property("cublasLtGetProperty"),
    "libcufft": _property("cufftGetProperty"),
    "libcurand": _property("curandGetProperty"),
    "libcusolver": _property("cusolverGetProperty"),
    "libcusparse": _property("cusparseGetProperty"),
    "libcusparselt": _property("cusparseLtGetProperty"),
    "libnvrtc": _numbers("nvrtcVersion", 2),
    "libnvjitlink": _numbers("nvJitLinkVersion", 2),
    "libcudnn": _cudnn,
    "libnccl": _one_number("ncclGetVersion", nccl_version),
    "libopenblas": _openblas,
    "libopenblasp": _openblas,
    "libopenblas64_": _openblas,
    "libopenblas64_p": _openblas,
    "libscipy_openblas": _openblas,
    "libscipy_openblas64_": _openblas,
    "libblis": _text("bli_info_get_version_str"),
    "libdnnl": _dnnl,
    "libc": _text("gnu_get_libc_version"),
    "libpng16": _png,
    "libwebp": _webp,
    "libtiff": _text("TIFFGetVersion"),
}
