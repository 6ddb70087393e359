import pytest

from envprint.collectors._onednn import ISAS, derive_isa
from envprint.manifest.gaps import Absent

ALL = frozenset().union(*ISAS.values())


@pytest.mark.parametrize("name", list(ISAS))
def test_a_cpu_with_these_flags_gets_this_instruction_set(name: str) -> None:
    assert derive_isa(ISAS[name] | {"fpu"}, {}, {}) == name


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, "AVX512_CORE_AMX_FP16"),
        ({"ONEDNN_MAX_CPU_ISA": "AVX2"}, "AVX2"),
        ({"ONEDNN_MAX_CPU_ISA": "avx2"}, "AVX2"),
        ({"DNNL_MAX_CPU_ISA": "AVX512_CORE"}, "AVX512_CORE"),
        ({"ONEDNN_MAX_CPU_ISA": "SSE41", "DNNL_MAX_CPU_ISA": "AVX2"}, "SSE41"),
        ({"ONEDNN_MAX_CPU_ISA": "", "DNNL_MAX_CPU_ISA": "AVX2"}, "AVX2"),
        ({"ONEDNN_MAX_CPU_ISA": "AVX10_1_512"}, "AVX512_CORE_FP16"),
        ({"ONEDNN_MAX_CPU_ISA": "ALL"}, "AVX512_CORE_AMX_FP16"),
        ({"ONEDNN_MAX_CPU_ISA": "no such"}, "AVX512_CORE_AMX_FP16"),
    ],
)
def test_the_variables_limit_it(environment: dict[str, str], expected: str) -> None:
    assert derive_isa(ALL, environment, environment) == expected


def test_a_limit_above_the_cpu_changes_nothing() -> None:
    environment = {"ONEDNN_MAX_CPU_ISA": "AVX512_CORE_AMX"}

    assert derive_isa(ISAS["AVX2"], environment, environment) == "AVX2"


def test_a_variable_that_was_set_too_late_leaves_the_answer_unknown() -> None:
    with pytest.raises(RuntimeError, match="running process"):
        derive_isa(ALL, {}, {"ONEDNN_MAX_CPU_ISA": "AVX2"})


def test_a_variable_that_came_later_and_limits_nothing_does_not() -> None:
    assert derive_isa(ISAS["AVX2"], {}, {"ONEDNN_MAX_CPU_ISA": "ALL"}) == "AVX2"


def test_other_processors_have_other_instruction_sets() -> None:
    with pytest.raises(Absent, match="x86"):
        derive_isa({"asimd", "fp"}, {}, {})
