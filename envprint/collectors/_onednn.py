"""Derive the instruction set that oneDNN dispatches to from the CPU's flags and the variables that limit it.

dnnl_get_effective_cpu_isa() is hidden in torch's library; and it would fix the limit, which oneDNN reads at its first
use (src/cpu/x64/cpu_isa_traits.cpp: set_once_before_first_get_setting_t).
"""

from collections.abc import Collection, Mapping

from envprint.manifest.gaps import Absent

_AVX2 = "sse4_1 avx avx2"
_AVX512 = f"{_AVX2} avx512f avx512bw avx512vl avx512dq"
_FP16 = f"{_AVX512} avx512_vnni avx512_bf16 avx512_fp16 avx_vnni"
_AMX = f"{_FP16} amx_tile amx_int8 amx_bf16"

# From the largest to the smallest, as oneDNN tries them; AVX10.2 needs a variable to be used at all in oneDNN 3.12.
ISAS: dict[str, frozenset[str]] = {
    name: frozenset(flags.split())
    for name, flags in {
        "AVX512_CORE_AMX_FP16": f"{_AMX} amx_fp16",
        "AVX512_CORE_AMX": _AMX,
        "AVX512_CORE_FP16": _FP16,
        "AVX512_CORE_BF16": f"{_AVX512} avx512_vnni avx512_bf16",
        "AVX512_CORE_VNNI": f"{_AVX512} avx512_vnni",
        "AVX512_CORE": _AVX512,
        "AVX2_VNNI_2": f"{_AVX2} avx_vnni avx_vnni_int8 avx_ne_convert",
        "AVX2_VNNI": f"{_AVX2} avx_vnni",
        "AVX2": _AVX2,
        "AVX": "sse4_1 avx",
        "SSE41": "sse4_1",
    }.items()
}
_ALIASES = {
    "AVX10_1_512": "AVX512_CORE_FP16",
    "AVX10_1_512_AMX": "AVX512_CORE_AMX",
    "AVX10_1_512_AMX_FP16": "AVX512_CORE_AMX_FP16",
}
_VARIABLES = ("ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA")  # in this order, case does not matter


def derive_isa(flags: Collection[str], at_exec: Mapping[str, str], now: Mapping[str, str]) -> str:
    """Return the largest instruction set that the CPU has and the variables allow.

    Raises RuntimeError where a variable changed since exec: what oneDNN saw depends on when it was first used.
    """
    limit = _limit(now)
    if limit != _limit(at_exec):
        raise RuntimeError(f"{_VARIABLES[0]} was set in the running process: oneDNN read it before or after that")
    if "sse4_1" not in flags:
        raise Absent("oneDNN's instruction sets are those of x86 with SSE4.1")
    allowed = ISAS[limit].intersection(flags) if limit else flags
    return next(name for name, needed in ISAS.items() if needed.issubset(allowed))


def _limit(environment: Mapping[str, str]) -> str:
    value = next((environment[name] for name in _VARIABLES if environment.get(name)), "").upper()
    return _ALIASES.get(value, value if value in ISAS else "")  # oneDNN ignores a name that it does not know
