import contextlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from conftest import SKIP_NOTHING
from hypothesis import given, settings
from hypothesis import strategies as st

from envprint.errors import ManifestError
from envprint.manifest import SECTIONS, Manifest, Section, dump_manifest, load, parse_manifest
from envprint.manifest._lscpu import parse_table
from envprint.manifest.collect_env import is_collect_env, parse_collect_env

SAMPLES = sorted((Path(__file__).parents[2] / "samples/raw/collect_env").iterdir())
TEXTS = {path.name: path.read_text(encoding="utf-8") for path in SAMPLES}
PLAIN = TEXTS["2.10.0-linux-gpus-with-mig.txt"]

SCHEMA = jsonschema.Draft202012Validator(Manifest.model_json_schema(by_alias=True))

each_sample = pytest.mark.parametrize("name", TEXTS)


def value(manifest: Manifest, path: str) -> Any:
    found: Any = manifest.model_dump(mode="json")
    for key in path.split("/"):
        found = found[key]
    return found


def gap(manifest: Manifest, path: str) -> str | None:
    return manifest.gaps[path].kind if path in manifest.gaps else None


@each_sample
def test_every_sample_is_read_and_says_where_it_came_from(name: str) -> None:
    manifest = load(Path(SAMPLES[0].parent / name))

    assert manifest.taken is not None
    assert (manifest.taken.source, manifest.taken.process) == ("collect_env", None)
    assert manifest.torch is not None
    assert manifest.torch.version is not None
    assert manifest.torch.version.startswith(name.partition("-")[0]) or name.startswith("pasted")


@each_sample
def test_what_is_read_can_be_written_and_read_again(name: str) -> None:
    manifest = parse_collect_env(TEXTS[name])

    assert parse_manifest(dump_manifest(manifest)) == manifest


@each_sample
def test_what_is_read_keeps_the_schema(name: str) -> None:
    document = json.loads(dump_manifest(parse_collect_env(TEXTS[name])))

    assert list(SCHEMA.iter_errors(document)) == []


@each_sample
def test_each_field_has_a_value_or_a_gap_so_nothing_unread_counts_as_equal(name: str) -> None:
    manifest = parse_collect_env(TEXTS[name])

    def silent(path: str, section: Section) -> list[str]:
        found = []
        for field in type(section).model_fields:
            child = getattr(section, field)
            records = child.items() if isinstance(child, dict) else ()
            if child is None and f"{path}.{field}" not in manifest.gaps:
                found.append(f"{path}.{field}")
            for key, record in records:
                if isinstance(record, Section):
                    found += silent(f"{path}.{field}.{key}", record)
        return found

    known = {section: getattr(manifest, section) for section in SECTIONS if getattr(manifest, section) is not None}
    assert {section for section in SECTIONS if section not in known} <= manifest.gaps.keys()
    # torch 2.13 prints nothing where the variable is not set: asked, and there is nothing
    assert [path for section, read in known.items() for path in silent(section, read)] in (
        [],
        ["torch.cuda_module_loading"],
    )


@each_sample
def test_what_collect_env_never_prints_is_unknown(name: str) -> None:
    manifest = parse_collect_env(TEXTS[name])

    for path in ("threads", "precision", "determinism", "rng", "blas", "torch.parallel_backend", "python.hash_seed"):
        assert gap(manifest, path) == "failed", path


@each_sample
def test_a_list_of_some_packages_leaves_the_others_unknown(name: str) -> None:
    manifest = parse_collect_env(TEXTS[name])

    assert value(manifest, "packages/installed/torch")
    assert gap(manifest, "packages.installed") == "failed"


FACTS: dict[str, dict[str, object]] = {
    "1.8.1-linux-two-gpus.txt": {
        "system/os": "Linux",
        "system/distribution": "Ubuntu 18.04.5 LTS",
        "system/architecture": "x86_64",
        "system/compilers": {"cmake": "3.10.2", "gcc": "(Ubuntu 7.5.0-3ubuntu1~18.04) 7.5.0", "nvcc": "11.1.105"},
        "python/bits": 64,
        "torch/cuda_built": "11.1",
        "torch/debug": False,
        "accelerators/cuda_available": True,
        "accelerators/rocm_available": False,
        "accelerators/driver": "455.45.01",
        "accelerators/devices/0/name": "GeForce RTX 3090",
        "accelerators/devices/1/name": "GeForce RTX 2080 Ti",
        "packages/installed": {
            "numpy": "1.20.2",
            "torch": "1.8.1+cu111",
            "torchaudio": "0.8.1",
            "torchvision": "0.9.1+cu111",
        },
        "packages/conda": {
            "blas": "1.0=mkl",
            "mkl": "2021.2.0=h06a4308_296",
            "mkl-service": "2.3.0=py38h27cfd23_1",
            "numpy": "1.20.2=py38h2d18471_0",
        },
    },
    "1.12.1-linux-one-gpu.txt": {
        "system/libc": "glibc 2.31",
        "system/kernel": "5.13.0-52-generic",
        "system/compilers/clang": "10.0.0-4ubuntu1",
        "python/version": "3.9.12",
        "python/build": "main Apr  5 2022 06:56:58",
        "python/compiler": "GCC 7.5.0",
        "packages/installed/mypy-extensions": "0.4.3",
        "accelerators/devices/0/name": "NVIDIA GeForce RTX 3060 Laptop GPU",
    },
    "1.13.1-linux-module-loading.txt": {
        "system/distribution": "CentOS Linux 7 (Core)",
        "system/kernel": "3.10.0-1160.66.1.el7.x86_64",
        "torch/cuda_module_loading": "LAZY",
        "torch/xnnpack": True,
        "accelerators/devices/3/name": "Tesla V100-SXM2-32GB",
    },
    "2.0.1-linux-no-gpu.txt": {
        "torch/cuda_built": "11.7",
        "torch/hip_built": None,
        "system/hypervisor": "kvm",
        "cpu/caches_bytes": {"l1d": 49152, "l1i": 32768, "l2": 2097152, "l3": 314572800},
        "cpu/numa_nodes": {"0": "0-1"},
        "cpu/mitigations/tsx_async_abort": "Mitigation: TSX disabled",
        "cpu/mitigations/spectre_v2": (
            "Mitigation: Enhanced / Automatic IBRS; IBPB: conditional; PBRSB-eIBRS: SW sequence; BHI: Vulnerable"
        ),
    },
    "2.1.0-windows-wmic.txt": {
        "system/os": "Windows",
        "system/kernel": "10.0.19045",
        "system/distribution": "Windows 10 SP0",
        "system/architecture": "x86_64",
        "python/compiler": "MSC v.1916 64 bit (AMD64)",
        "cpu/vendor": "GenuineIntel",
        "cpu/model": "13th Gen Intel(R) Core(TM) i9-13900K",
        "cpu/sockets": 1,
        "accelerators/driver": "537.58",
    },
    "2.8.0-windows-powershell.txt": {
        "system/os": "Windows",
        "cpu/model": "Intel(R) Xeon(R) Gold 6338 CPU @ 2.00GHz",
        "cpu/model_number": 106,
        "cpu/stepping": 6,
        "cpu/sockets": 2,
        "accelerators/xpu_available": False,
        "packages/conda": {},
    },
    "2.2.2-macos-intel.txt": {
        "system/os": "Darwin",
        "system/distribution": "macOS 14.5",
        "system/architecture": "x86_64",
        "system/compilers/clang": "15.0.0 (clang-1500.1.0.2.5)",
        "cpu/model": "Intel(R) Core(TM) i9-9880H CPU @ 2.30GHz",
    },
    "2.5.1-macos-apple.txt": {
        "system/architecture": "aarch64",
        "cpu/vendor": "Apple",
        "cpu/microarchitecture": "m1",
        "python/compiler": "Clang 17.0.6 ",  # as platform.python_compiler() has it
    },
    "2.7.0-linux-rocm.txt": {
        "torch/hip_built": "6.3.42131-fa1d09cbd",
        "torch/cuda_built": None,
        "torch/miopen": "3003000",
        "accelerators/rocm_available": True,
        "accelerators/torch_devices/cuda:0/name": "AMD Instinct MI250X",
        "accelerators/torch_devices/cuda:0/architecture": "gfx90a:sramecc+:xnack-",
        "cpu/numa_nodes/3": "48-63,112-127",
        "cpu/physical_cores": 64,
        "cpu/caches_bytes/l3": 33554432,
    },
    "2.9.0-linux-xpu.txt": {
        "accelerators/xpu_available": True,
        "accelerators/mps_available": False,
        "accelerators/cuda_available": False,
        "accelerators/torch_devices/xpu:1/name": "Intel(R) Arc(TM) B580 Graphics",
        "accelerators/torch_devices/xpu:1/multiprocessors": 160,
        "cpu/microcode": "0x12f",
        "cpu/caches_bytes": None,  # two kinds of cores: sums tell nothing of one
        "variables/environment": {},
    },
    "2.10.0-linux-gpus-with-mig.txt": {
        "accelerators/devices/0/name": "NVIDIA A100-SXM4-80GB",
        "accelerators/devices/1/mig": True,
        "accelerators/devices/1/partitions/1/name": "NVIDIA A100-SXM4-80GB MIG 2g.20gb",
        "cpu/sockets": 2,
        "cpu/logical_cores": 256,
        "variables/environment/PYTORCH_CUDA_ALLOC_CONF/now": "expandable_segments:True",
        "variables/environment/PYTORCH_ALLOC_CONF/now": "max_split_size_mb:512",
        "torch/cuda_module_loading": None,
    },
    "2.4.0-linux-aarch64-tree.txt": {
        "system/kernel": "5.14.0-362.24.1.el9_3.aarch64+64k",
        "cpu/vendor": "ARM",
        "cpu/model": "ARM part 0xd4f r0p0",
        "cpu/family_number": 8,
        "cpu/model_number": 0xD4F,
        "cpu/caches_bytes": {"l1d": 65536, "l1i": 65536, "l2": 1048576, "l3": 119537664},
        "cpu/numa_nodes": {"0": "0-71", "1": ""},
        "cpu/mitigations": {
            "itlb_multihit": "Not affected",
            "meltdown": "Not affected",
            "spec_store_bypass": "Mitigation: Speculative Store Bypass disabled via prctl",
            "spectre_v1": "Mitigation: __user pointer sanitization",
        },
        "packages/conda/pytorch": "2.4.0=cuda120_generic_py311_h3f5d3ae_200",
    },
    "pasted-german-lscpu.md": {
        "cpu/model": "AMD Ryzen 7 3700X 8-Core Processor",
        "cpu/caches_bytes": {"l1d": 32768, "l1i": 32768, "l2": 524288, "l3": 16777216},
        "cpu/mitigations/meltdown": "Not affected",
        "cpu/numa_nodes": {"0": "0-15"},
        "system/byte_order": "little",
    },
    "pasted-chinese-lscpu.md": {
        "cpu/model": "Intel(R) Xeon(R) Silver 4210 CPU @ 2.20GHz",
        "cpu/logical_cores": 40,
        "cpu/physical_cores": 20,
        "cpu/numa_nodes": {"0": "0-9,20-29", "1": "10-19,30-39"},
        "cpu/caches_bytes": None,  # lscpu 2.34 does not tell how many there are
    },
    "pasted-quoted-mail.md": {
        "python/compiler": "Clang 15.0.0 (clang-1500.1.0.2.5)",
        "packages/installed": {"numpy": "1.26.4", "torch": "2.2.2"},
    },
    "pasted-vllm-banners.md": {
        "system/distribution": "Ubuntu 22.04.5 LTS",
        "system/libc": "glibc 2.35",
        "torch/version": "2.6.0+cu126",
        "cpu/logical_cores": 72,
        "packages/installed/transformers": "4.51.3",
    },
}


@pytest.mark.parametrize(
    ("name", "path", "expected"), [(name, path, facts[path]) for name, facts in FACTS.items() for path in facts]
)
def test_a_fact_goes_where_the_collectors_put_it(name: str, path: str, expected: object) -> None:
    assert value(parse_collect_env(TEXTS[name]), path) == expected


def test_flags_are_sorted_whatever_lines_they_were_broken_into() -> None:
    manifest = parse_collect_env(TEXTS["2.4.0-linux-aarch64-tree.txt"])

    assert value(manifest, "cpu/flags")[:3] == ["aes", "asimd", "asimddp"]
    assert len(value(manifest, "cpu/flags")) == 36


@pytest.mark.parametrize(
    ("name", "path", "expected"),
    [
        ("2.8.0-windows-powershell.txt", "accelerators.devices", "absent"),  # No CUDA
        ("2.13.0-linux-cpu-build.txt", "accelerators.devices", "absent"),  # Could not collect, since nvcc was found
        ("2.13.0-linux-cpu-build.txt", "torch.cuda_built", "absent"),  # printed as Could not collect
        ("2.13.0-linux-cpu-build.txt", "torch.cudnn", "absent"),
        ("2.13.0-linux-no-gpu.txt", "torch.cudnn", "failed"),  # loaded, but which is not told
        ("2.7.0-linux-rocm.txt", "accelerators.devices", "failed"),
        ("2.7.0-linux-rocm.txt", "accelerators.driver", "absent"),
        ("2.7.0-linux-rocm.txt", "accelerators.torch_devices", "failed"),
        ("2.9.0-linux-xpu.txt", "accelerators.devices", "failed"),
        ("2.5.1-macos-apple.txt", "system.kernel", "failed"),
        ("2.5.1-macos-apple.txt", "accelerators.mps_available", "failed"),
        ("2.5.1-macos-apple.txt", "system.libc", "absent"),
        ("2.7.0-linux-rocm.txt", "system.hypervisor", "absent"),
        ("1.8.1-linux-two-gpus.txt", "python.version", "failed"),  # only 3.8 is printed
        ("1.8.1-linux-two-gpus.txt", "cpu", "failed"),
        ("1.8.1-linux-two-gpus.txt", "accelerators.devices.0.memory_bytes", "failed"),
        ("1.8.1-linux-two-gpus.txt", "system.libc", "failed"),
        ("2.10.0-linux-gpus-with-mig.txt", "accelerators.devices.1.partitions.0.memory_bytes", "failed"),
        ("2.10.0-linux-gpus-with-mig.txt", "variables.environment.PYTORCH_CUDA_ALLOC_CONF.at_exec", "failed"),
        ("2.10.0-linux-gpus-with-mig.txt", "variables.environment", "failed"),
        ("2.10.0-linux-gpus-with-mig.txt", "cpu.mitigations", None),
    ],
)
def test_absent_by_nature_and_not_read_are_told_apart(name: str, path: str, expected: str | None) -> None:
    assert gap(parse_collect_env(TEXTS[name]), path) == expected


def padded(text: str) -> str:
    return "\n".join(f"{line:250}" for line in text.splitlines())


@pytest.mark.parametrize(
    "pasted",
    [
        PLAIN.replace("\n", "\r\n"),
        PLAIN.replace("\n", "\r"),
        "\ufeff" + PLAIN,
        "".join(f"    {line}\n" for line in PLAIN.splitlines()),
        "".join(f"> > {line}\n" for line in PLAIN.splitlines()),
        padded(PLAIN),
        f"PyTorch version: 1.0 had no such bug.\n\n<details>\n\n```shell\n{PLAIN}```\n</details>\nPyTorch version: 3\n",
        f"$ python -m torch.utils.collect_env\n\x1b[32m{PLAIN}\x1b[0m",
        PLAIN.replace("Collecting environment information...\n", "Collecting environment information...   "),
        PLAIN.removeprefix("Collecting environment information...\n"),
        PLAIN.removesuffix("\n"),
        PLAIN.replace("\n\n", "\n"),
        "word " * 1000 + "\n" + PLAIN + "word\n" * 1000,
    ],
)
def test_what_people_paste_around_it_changes_nothing(pasted: str) -> None:
    assert parse_collect_env(pasted) == parse_collect_env(PLAIN)


def test_lines_that_a_terminal_joined_are_two() -> None:
    joined = PLAIN.replace("\nPython platform:", f"{' ' * 50}Python platform:")

    assert parse_collect_env(joined) == parse_collect_env(PLAIN)


def test_of_two_reports_the_first_counts_and_a_note_says_so() -> None:
    cut = PLAIN[: PLAIN.index("Nvidia driver version")]
    manifest = parse_collect_env(f"{cut}\nand on the other machine:\n{TEXTS['2.2.2-macos-intel.txt']}")

    assert manifest.model_copy(update={"taken": None}) == parse_collect_env(cut).model_copy(update={"taken": None})
    assert manifest.taken is not None
    assert manifest.taken.notes == ("the text holds 2 reports; this is the first",)


def test_a_value_that_was_cut_is_not_read() -> None:
    whole = PLAIN.index("CUDA runtime version: 12.8.93")

    manifest = parse_collect_env(PLAIN[: whole + len("CUDA runtime version: 12.8")])

    assert "nvcc" not in value(manifest, "system/compilers")
    assert gap(manifest, "accelerators.driver") == "failed"


@pytest.mark.parametrize(
    ("before", "path"),
    [
        ("  MIG 2g.20gb", "accelerators.devices"),
        ("NUMA node1", "cpu.numa_nodes"),
        ("Vulnerability Retbleed", "cpu.mitigations"),
        ("L2 cache", "cpu.caches_bytes"),
    ],
)
def test_a_map_that_may_be_cut_leaves_its_other_keys_unknown(before: str, path: str) -> None:
    manifest = parse_collect_env(PLAIN[: PLAIN.index(before)])

    assert value(manifest, path.replace(".", "/"))
    assert gap(manifest, path) == "failed"


def test_flags_that_may_be_cut_are_not_read() -> None:
    text = TEXTS["2.4.0-linux-aarch64-tree.txt"]
    manifest = parse_collect_env(text[: text.index("asimdhp cpuid")].rstrip(" "))

    assert gap(manifest, "cpu.flags") == "failed"


def test_a_report_without_its_head_is_read() -> None:
    manifest = parse_collect_env(PLAIN[PLAIN.index("Python version") :])

    assert value(manifest, "accelerators/driver") == "570.133.20"
    assert gap(manifest, "torch.version") == "failed"


@pytest.mark.parametrize(
    "text", ["", "PyTorch version: 2.0", "Python version: 3.10\nOS: Linux\nGCC version: 12\n", "{", "\0" * 100]
)
def test_other_texts_are_refused(text: str) -> None:
    assert not is_collect_env(text)
    with pytest.raises(ManifestError, match="no report"):
        parse_collect_env(text)


def test_words_for_nothing_leave_no_value() -> None:
    text = PLAIN
    for label in ("OS", "Libc version", "Python platform", "Is CUDA available", "Is debug build"):
        line = next(line for line in text.splitlines() if line.startswith(f"{label}:"))
        text = text.replace(line, f"{label}: N/A")

    manifest = parse_collect_env(text)

    for path in ("torch.debug", "system.distribution", "system.platform", "accelerators.cuda_available"):
        assert gap(manifest, path) == "failed", path


def test_a_report_without_torch_says_nothing_of_its_build() -> None:
    text = TEXTS["2.2.2-macos-intel.txt"]
    for said in ("PyTorch version: 2.2.2", "CUDA used to build PyTorch: None", "Is CUDA available: False"):
        text = text.replace(said, f"{said.partition(':')[0]}: N/A")
    manifest = parse_collect_env(text.replace("No CUDA", "Could not collect"))

    for path in ("torch", "accelerators.devices", "accelerators.rocm_available", "accelerators.cuda_available"):
        assert gap(manifest, path) == "failed" or gap(manifest, path.partition(".")[0]) == "failed", path


def test_the_c_library_that_an_old_python_names_is_not_believed() -> None:
    old = PLAIN.replace("Python version: 3.12.11 (", "Python version: 3.7.16 (")

    assert gap(parse_collect_env(old), "system.libc") == "failed"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("Linux-6.7.7-gentoo-dist-x86_64-AMD_Ryzen_9_5950X_16-Core_Processor-with-glibc2.40", "6.7.7-gentoo-dist"),
        ("Linux-5.4.56.bsk.9-amd64-x86_64-with-glibc2.35", "5.4.56.bsk.9-amd64"),
        ("Linux-5.15.153.1-microsoft-standard-WSL2-x86_64-with-glibc2.35", "5.15.153.1-microsoft-standard-WSL2"),
        ("Linux-4.15.0-112-generic-x86_64-with-debian-buster-sid", "4.15.0-112-generic"),
    ],
)
def test_the_kernel_is_found_in_pythons_words(said: str, expected: str) -> None:
    text = PLAIN.replace("Linux-5.15.0-1074-nvidia-x86_64-with-glibc2.35", said)

    assert value(parse_collect_env(text), "system/kernel") == expected


@pytest.mark.parametrize(
    ("said", "version", "build", "compiler"),
    [
        (
            "3.13.0 experimental free-threading build (main, Oct 16 2024, 03:23:02) [Clang 18.1.8 ]",
            "3.13.0",
            "main Oct 16 2024 03:23:02",
            "Clang 18.1.8 ",
        ),
        (
            "3.12.3 (tags/v3.12.3:f6650f9, Apr  9 2024, 14:05:25) [MSC v.1938 64 bit (AMD64)]",
            "3.12.3",
            "tags/v3.12.3:f6650f9 Apr  9 2024 14:05:25",
            "MSC v.1938 64 bit (AMD64)",
        ),
        ("3.14.0rc2 (main, Mar 1 2025, 18:23:06) [GCC 11.2.0]", "3.14.0rc2", "main Mar  1 2025 18:23:06", "GCC 11.2.0"),
    ],
)
def test_the_interpreter_is_taken_apart_as_platform_does(said: str, version: str, build: str, compiler: str) -> None:
    text = PLAIN.replace("3.12.11 (main, Jun  4 2025, 08:56:18) [GCC 11.4.0]", said)
    manifest = parse_collect_env(text)

    assert (version, build, compiler) == tuple(
        value(manifest, f"python/{field}") for field in ("version", "build", "compiler")
    )


def test_a_pypy_is_not_taken_for_cpython() -> None:
    text = PLAIN.replace("[GCC 11.4.0]", "[PyPy 7.3.17 with GCC 10.2.1]")

    assert gap(parse_collect_env(text), "python.implementation") == "failed"


def test_addresses_lose_their_credentials() -> None:
    secret = "[pip3] torch-extra @ git+https://me:hunter2@example.com/torch-extra.git@abc\n[pip3] torch==2.10.0+cu128"
    text = PLAIN.replace("[pip3] torch==2.10.0+cu128", secret).replace(
        "Clang version: 14", "Clang version: https://u:hunter2@x 14"
    )
    manifest = parse_collect_env(text)

    assert value(manifest, "packages/origins/torch-extra/url") == "git+https://***@example.com/torch-extra.git@abc"
    assert b"hunter2" not in dump_manifest(manifest)


@pytest.mark.parametrize("name", [name for name in TEXTS if "linux" in name or "pasted" in name])
def test_each_beginning_of_a_report_is_read_or_refused(name: str) -> None:
    text, whole = TEXTS[name], parse_collect_env(TEXTS[name]).model_dump(mode="json")
    for end in range(0, len(text), 37 if SKIP_NOTHING else 131):
        try:
            manifest = parse_collect_env(text[:end])
        except ManifestError:
            continue
        for section in ("system", "cpu", "accelerators", "python", "torch"):
            part = manifest.model_dump(mode="json")[section] or {}
            wrong = {
                field: said for field, said in part.items() if isinstance(said, str) and said != whole[section][field]
            }
            assert wrong == {}, f"cut at {end}"


words = st.sampled_from([*PLAIN.splitlines(), *TEXTS["pasted-chinese-lscpu.md"].splitlines(), "```", "> ", "=" * 30])
noise = st.text(max_size=40) | st.integers().map(str) | st.floats().map(str) | st.just("9" * 5000)


@settings(max_examples=200 if SKIP_NOTHING else 60, deadline=None)
@given(
    st.lists(st.one_of(words, noise, st.tuples(words, noise).map(":".join)), max_size=40), st.sampled_from("\n\r\t ")
)
def test_no_text_ends_in_another_error(lines: list[str], separator: str) -> None:
    text = f"Is debug build: False\nIs CUDA available: True\n{separator.join(lines)}\n" + "\n".join(lines)

    manifest = parse_collect_env(text)

    assert parse_manifest(dump_manifest(manifest)) == manifest


@settings(deadline=None)
@given(st.text(alphabet=st.characters(exclude_categories=())))
def test_any_text_is_read_or_refused(text: str) -> None:
    for pasted in (text, PLAIN[:500] + text + PLAIN[500:]):
        try:
            dump_manifest(parse_collect_env(pasted))
        except ManifestError:
            assert pasted == text


@pytest.mark.parametrize(
    "text",
    [
        "Is debug build: True\n" * 1_000_000,
        "x\n" * 5_000_000 + PLAIN,
        " " * 10_000_000 + PLAIN,
        PLAIN.replace("CPU:\n", "CPU:\n" + "a\n" * 1_000_000),
        PLAIN.replace("CPU:\n", "CPU:\n" + " " * 5_000_000),
        "PyTorch version:" * 500_000 + PLAIN,
        PLAIN + "://" * 3_000_000,
        PLAIN + "://a" * 1_000_000,
        PLAIN.replace("[pip3] numpy", "[pip3] " + "a" * 1_000_000 + "\n[pip3] numpy"),
        PLAIN.replace("GPU 0:", "GPU 0: " + "(UUID: " * 100_000 + "\nGPU 0:"),
        PLAIN.replace("Python version: ", "Python version: " + "3.10.10 " * 100_000),
        "Collecting environment information" * 100_000 + PLAIN,
    ],
    ids=range(12),
)
def test_a_huge_text_is_read_or_refused(text: str) -> None:  # in minutes, were a pattern quadratic
    manifest = None
    with contextlib.suppress(ManifestError):
        manifest = parse_collect_env(text)

    assert manifest is None or manifest.taken is not None


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Model name:   AMD EPYC 7742", {"Model name": "AMD EPYC 7742"}),
        ("Nom de modèle :   AMD EPYC 7742", {"Model name": "AMD EPYC 7742"}),
        ("型号名称：AMD EPYC 7742", {"Model name": "AMD EPYC 7742"}),  # noqa: RUF001 - a wide colon
        ("Имя модели: AMD EPYC 7742", {"Model name": "AMD EPYC 7742"}),
        ("Name=AMD EPYC 7742", {"Name": "AMD EPYC 7742"}),
        ("Schwachstelle L1tf: Not affected", {"Vulnerability L1tf": "Not affected"}),
    ],
)
def test_lscpu_is_read_in_its_users_language(line: str, expected: dict[str, str]) -> None:
    assert parse_table(line) == expected


@pytest.mark.slow
@pytest.mark.torch
def test_this_machine_says_the_same_through_collect_env_and_through_the_collectors() -> None:
    from envprint.collectors import COLLECTORS
    from envprint.manifest.gaps import Gaps

    printed = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "torch.utils.collect_env"], capture_output=True, text=True, check=True
    )
    import torch  # noqa: F401 - collectors read what is imported

    names = ("system", "cpu", "accelerators", "python", "packages", "torch")
    live = Manifest(**{name: COLLECTORS[name](Gaps(name)) for name in names})  # type: ignore[arg-type]  # by name
    read = parse_collect_env(printed.stdout)
    different: dict[str, object] = {}
    equal = 0
    for name in names:
        ours, theirs = (manifest.model_dump(mode="json")[name] or {} for manifest in (live, read))
        for field in ours.keys() & theirs.keys():
            pair = _common(ours[field], theirs[field])
            if pair is not None:
                equal += pair[0] == pair[1]
                different |= {f"{name}.{field}": pair} if pair[0] != pair[1] else {}

    assert different == {}
    assert equal > 25


def _common(ours: Any, theirs: Any) -> tuple[Any, Any] | None:
    """Return both values as far as both are known: of maps what both have."""
    if ours is None or theirs is None:
        return None
    if isinstance(ours, dict):
        keys = ours.keys() & theirs.keys()
        return {key: ours[key] for key in keys}, {key: theirs[key] for key in keys}
    return ours, theirs
