"""How Linux, macOS and Windows describe a processor."""

from pathlib import Path
from typing import Any

import pytest

from envprint.collectors import _linux, cpu, cpuinfo

RAW = Path(__file__).parents[2] / "samples" / "raw"


def told_of(name: str) -> dict[str, Any]:
    return cpuinfo.parse_cpuinfo(_linux.read_first_block(RAW / "cpuinfo" / f"{name}.txt"))


def told_by_macos(name: str) -> dict[str, Any]:
    return cpuinfo.parse_sysctl((RAW / "sysctl" / f"{name}.txt").read_text())


@pytest.mark.parametrize(
    ("name", "architecture", "expected"),
    [
        ("nehalem", "x86_64", "nehalem"),
        ("westmere", "x86_64", "westmere"),
        ("haswell", "x86_64", "haswell"),
        ("sapphire-rapids", "x86_64", "sapphirerapids"),
        ("sapphire-rapids-vm", "x86_64", "icelake"),  # the hypervisor hides waitpkg
        ("alderlake", "x86_64", "alderlake"),
        ("zen4", "x86_64", "zen4"),
        ("arm64", "aarch64", "neoverse_n1"),
        ("neoverse-v1", "aarch64", "neoverse_v1"),
        ("a64fx", "aarch64", "a64fx"),
        ("apple-m1-linux", "aarch64", "m1"),
    ],
)
def test_a_processor_has_the_name_that_archspec_gives_it(name: str, architecture: str, expected: str) -> None:
    actual = cpu.microarchitecture(architecture, told_of(name))

    assert expected == actual


@pytest.mark.parametrize(
    ("name", "architecture", "expected"),
    [("mojave-haswell", "x86_64", "haswell"), ("monterey-m2", "aarch64", "m2"), ("sequoia-m3", "aarch64", "m3")],
)
def test_a_mac_has_the_name_that_archspec_gives_it(name: str, architecture: str, expected: str) -> None:
    actual = cpu.microarchitecture(architecture, told_by_macos(name))

    assert expected == actual


def test_an_x86_processor_is_told_by_vendor_model_and_numbers() -> None:
    actual = told_of("zen4")
    flags = actual.pop("flags")

    assert actual == {
        "vendor": "AuthenticAMD",
        "model": "AMD EPYC 9654 96-Core Processor",
        "family_number": 25,
        "model_number": 17,
        "stepping": 1,
        "microcode": "0xa10110d",
        "address_bits": {"physical": 52, "virtual": 57},
        "siblings": 96,
        "cores_per_socket": 96,
    }
    assert flags == tuple(sorted(set(flags)))
    assert {"avx2", "avx512_bf16", "fma"} <= set(flags)


def test_an_arm_processor_is_told_by_implementer_and_part() -> None:
    actual = told_of("arm64")

    assert actual.pop("flags")[:2] == ("aes", "asimd")
    assert actual == {
        "vendor": "ARM",
        "model": "ARM part 0xd0c r3p1",
        "family_number": 8,
        "model_number": 0xD0C,
        "stepping": 1,
        "part": "0xd0c",
    }


def test_a_serial_number_is_never_read() -> None:
    actual = told_of("raspberry-pi-4-32bit")

    assert actual["model"] == "ARMv7 Processor rev 3 (v7l)"
    assert "1000000012345678" not in str(actual)


@pytest.mark.parametrize(("name", "model"), [("power9", "POWER9, altivec supported"), ("riscv-x60", "Spacemit(R) X60")])
def test_other_architectures_tell_at_least_their_model(name: str, model: str) -> None:
    assert model == told_of(name)["model"]


def test_the_isa_string_of_riscv_is_its_flags() -> None:
    assert {"rv64imafdcv", "zvfh"} <= set(told_of("riscv-x60")["flags"])


def test_circumstance_is_left_out() -> None:
    assert "2100" not in str(told_of("sapphire-rapids-vm").values())


def test_apple_silicon_is_told_by_its_fast_cores() -> None:
    actual = told_by_macos("sequoia-m3")
    flags = actual.pop("flags")

    assert actual == {
        "vendor": "Apple",
        "model": "Apple M3 Max",
        "logical_cores": 14,
        "physical_cores": 14,
        "sockets": 1,
        "threads_per_core": 1,
        "caches_bytes": {"l1d": 131072, "l1i": 196608, "l2": 16777216},
    }
    assert {"FEAT_DotProd", "FEAT_BF16"} <= set(flags)


def test_an_intel_mac_has_the_flags_by_the_names_that_linux_gives_them() -> None:
    actual = told_by_macos("mojave-haswell")

    assert (actual["vendor"], actual["model_number"]) == ("GenuineIntel", 70)
    assert {"avx2", "sse4_2", "abm"} <= set(actual["flags"])


def test_windows_tells_vendor_and_numbers() -> None:
    actual = cpuinfo.parse_identifier("Intel64 Family 6 Model 158 Stepping 10, GenuineIntel")

    assert actual == {"vendor": "GenuineIntel", "family_number": 6, "model_number": 158, "stepping": 10}


def test_windows_on_arm_gives_the_revision_as_hexadecimal() -> None:
    actual = cpuinfo.parse_identifier("ARMv8 (64-bit) Family 8 Model D4B Revision 201, Qualcomm Technologies Inc")

    assert (actual["model_number"], actual["vendor"]) == (0xD4B, "Qualcomm Technologies Inc")


def test_an_identifier_of_another_form_tells_nothing() -> None:
    assert cpuinfo.parse_identifier("") == {}


def test_a_block_without_anything_tells_nothing() -> None:
    assert cpuinfo.parse_cpuinfo("") == {}
