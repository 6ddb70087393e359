"""The real collector over the real pynvml, on a small libnvidia-ml.so.1 that a fixture compiles."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from forking import CAN_FORK, Forking

from envprint.collectors.accelerators import collect_accelerators
from envprint.collectors.nvml_devices import count_multiprocessors
from envprint.manifest.gaps import Gaps

ROOT = Path(__file__).parents[2]
NOT_OURS = ("CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER", "NVML_STUB", "LD_LIBRARY_PATH")
CHILD = """
import ctypes, json, sys
{before}
from envprint.manifest.gaps import Gaps
from envprint.collectors.accelerators import collect_accelerators, device_ids
from pathlib import Path

gaps = Gaps("accelerators")
section = collect_accelerators(gaps, Path("no/such/folder"))
answer = {{
    "section": section.model_dump(exclude_unset=True),
    "gaps": {{path: [gap.kind, gap.reason] for path, gap in gaps.found.items()}},
    "imported": "pynvml" in sys.modules,
}}
{after}
print(json.dumps(answer))
"""
COUNT_SESSIONS = """
answer["ids"] = device_ids()
library = ctypes.CDLL("libnvidia-ml.so.1")
answer["sessions"] = [library.stub_open_sessions(), library.stub_most_sessions()]
"""


@pytest.fixture(scope="session")
def nvml_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the stub of NVML, for LD_LIBRARY_PATH: the loader reads that when a process starts."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("there is no C compiler (cc) to build the stub of NVML with")
    folder = tmp_path_factory.mktemp("nvml")
    source = ROOT / "tests/stubs/nvml.c"
    words = [compiler, "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", str(folder / "libnvidia-ml.so.1")]
    subprocess.run([*words, str(source)], check=True)
    return folder


@pytest.fixture(scope="module")
def stubbed(nvml_folder: Path) -> Iterator[Forking]:
    """Return a process with the stub of NVML that has imported the collector, and has not asked it."""
    if not CAN_FORK:
        pytest.skip("this system cannot fork what loads libraries")
    with closing(Forking("import envprint.collectors.accelerators", LD_LIBRARY_PATH=str(nvml_folder))) as process:
        yield process


def collect_in_child(
    variables: dict[str, str], stubbed: Forking | None = None, *, before: str = "", after: str = ""
) -> dict[str, Any]:
    code = CHILD.format(before=before, after=after)
    if stubbed is not None:
        forget = f"import os\nfor name in {sorted({*NOT_OURS} - variables.keys())}: os.environ.pop(name, None)\n"
        done = stubbed.run(forget + code, folder=ROOT, given="", **variables)
    else:
        environment = {name: value for name, value in os.environ.items() if name not in NOT_OURS}
        environment |= {"PYTHONPATH": str(ROOT), **variables}
        words = [sys.executable, "-W", "error", "-c", code]
        done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def failed(answer: dict[str, Any]) -> dict[str, str]:
    return {path: reason for path, (kind, reason) in answer["gaps"].items() if kind == "failed"}


def test_two_devices_are_read_and_the_one_call_that_fails_leaves_the_one_failed_gap(stubbed: Forking) -> None:
    actual = collect_in_child({}, stubbed)

    assert actual["section"]["devices"] == {
        "0": {
            "kind": "nvidia",
            "name": "NVIDIA H100 80GB HBM3",
            "compute_capability": "9.0",
            "multiprocessors": 132,
            "cores": 16896,
            "memory_bytes": 85520809984,
            "ecc": True,
            "uncorrected_errors": 0,
            "remapped_rows": 3,
            "mig": False,
            "partitions": {},
            "power_limit_watts": 700.0,
            "persistence": True,
            "vbios": "96.00.89.00.01",
            "architecture": "hopper",
            "visible": True,
        },
        "1": {
            "kind": "nvidia",
            "name": "NVIDIA GeForce RTX 3090",
            "compute_capability": "8.6",
            "multiprocessors": 82,
            "cores": 10496,
            "memory_bytes": 25769803776,
            "ecc": None,
            "uncorrected_errors": None,
            "remapped_rows": None,
            "mig": None,
            "partitions": {},
            "power_limit_watts": 350.0,
            "persistence": False,
            "vbios": None,
            "architecture": "ampere",
            "visible": True,
        },
    }
    assert failed(actual) == {"accelerators.devices.1.vbios": "OSError: nvmlDeviceGetVbiosVersion: Unknown Error"}
    assert actual["gaps"]["accelerators.devices.1.ecc"] == ["absent", "nvmlDeviceGetEccMode: Not Supported"]


def test_driver_versions_and_the_pair_of_devices_are_read(stubbed: Forking) -> None:
    actual = collect_in_child({}, stubbed)["section"]

    assert (actual["driver"], actual["driver_api"], actual["nvml"]) == ("550.54.15", "12.4", "12.550.54.15")
    assert (actual["peer_access"], actual["topology"]) == ({"0-1": "chipset not supported"}, {"0-1": "the system"})


def test_nvml_is_closed_as_often_as_it_was_opened_and_names_the_single_cards_apart(stubbed: Forking) -> None:
    actual = collect_in_child({}, stubbed, after=COUNT_SESSIONS)

    assert actual["sessions"] == [0, 1]
    assert actual["ids"] == {
        "0": "GPU-10000000-aaaa-bbbb-cccc-0123456789ab",
        "1": "GPU-20000000-aaaa-bbbb-cccc-0123456789ab",
    }
    assert "GPU-10000000" not in json.dumps(actual["section"])


def test_a_lost_device_leaves_one_failed_gap_beside_the_other_device(stubbed: Forking) -> None:
    actual = collect_in_child({"NVML_STUB": "lost=1"}, stubbed)

    assert set(actual["section"]["devices"]) == {"0"}
    assert failed(actual) == {"accelerators.devices.1": "OSError: nvmlDeviceGetHandleByIndex: GPU is lost"}


def test_library_and_driver_of_different_versions_are_unknown_and_not_absent(stubbed: Forking) -> None:
    actual = collect_in_child({"NVML_STUB": "init=18"}, stubbed)

    reason = "OSError: nvmlInit: RM has detected an NVML/RM version mismatch."
    fields = ("devices", "driver", "driver_api", "nvml", "peer_access", "topology")
    assert failed(actual) == {f"accelerators.{field}": reason for field in fields}


def test_a_driver_that_is_not_loaded_is_absent(stubbed: Forking) -> None:
    actual = collect_in_child({"NVML_STUB": "init=9"}, stubbed)

    assert failed(actual) == {}
    assert actual["gaps"]["accelerators.driver"] == ["absent", "nvmlInit: Driver Not Loaded"]


def test_a_divided_device_shows_its_parts(stubbed: Forking) -> None:
    actual = collect_in_child({"NVML_STUB": "mig=0"}, stubbed)

    parts = actual["section"]["devices"]["0"]["partitions"]
    assert {number: part["multiprocessors"] for number, part in parts.items()} == {"0": 16, "1": 60}
    assert parts["1"]["name"] == "NVIDIA H100 80GB HBM3 MIG 3g.40gb"
    assert actual["section"]["devices"]["0"]["visible"] is None


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        pytest.param({"CUDA_VISIBLE_DEVICES": ""}, [False, False], id="none"),
        pytest.param({"CUDA_VISIBLE_DEVICES": "GPU-2"}, [False, True], id="by UUID"),
        pytest.param({"CUDA_VISIBLE_DEVICES": "0", "CUDA_DEVICE_ORDER": "PCI_BUS_ID"}, [False, True], id="by bus"),
        pytest.param({"CUDA_VISIBLE_DEVICES": "0"}, [None, None], id="by speed"),
        pytest.param({"CUDA_VISIBLE_DEVICES": "MIG-12", "NVML_STUB": "mig=0"}, [True, False], id="by MIG instance"),
        pytest.param({"CUDA_VISIBLE_DEVICES": "-1", "NVML_STUB": "mig=0"}, [False, False], id="none, though divided"),
    ],
)
def test_devices_are_visible_as_the_variables_say(
    stubbed: Forking, variables: dict[str, str], expected: list[bool | None]
) -> None:
    devices = collect_in_child(variables, stubbed)["section"]["devices"]

    assert expected == [devices["0"]["visible"], devices["1"]["visible"]]


def test_without_a_driver_all_is_absent_and_pynvml_is_not_even_imported() -> None:
    actual = collect_in_child({}, before="ctypes.CDLL = lambda name: (_ for _ in ()).throw(OSError(name))")

    assert not actual["imported"]
    assert failed(actual) == {}
    kind, reason = actual["gaps"]["accelerators.devices"]
    assert kind == "absent"
    assert "no NVIDIA driver" in reason
    assert "no AMD compute driver" in reason


def test_multiprocessors_follow_from_cores_and_capability() -> None:
    actual = [count_multiprocessors(cores, capability) for cores, capability in ((6912, "8.0"), (16896, "9.0"))]

    expected = [108, 132]  # A100, H100
    assert expected == actual


@pytest.mark.torch
def test_asking_torch_for_its_devices_initialises_nothing() -> None:
    import torch

    gaps = Gaps("accelerators")
    was = torch.cuda.is_initialized()

    actual = collect_accelerators(gaps)

    assert torch.cuda.is_initialized() == was
    assert actual.cuda_initialized == was
    assert not [path for path, gap in gaps.found.items() if gap.kind == "failed"]


# What a torch of another build answers, without such a build and its GPU: the parts that the collector asks.
TORCH_OF_BUILD = """
import types
from types import SimpleNamespace as Namespace

cards = [
    Namespace(name="NVIDIA GeForce RTX 3090", major=8, minor=6, multi_processor_count=82, total_memory=25438126080,
              max_threads_per_multi_processor=1536, gcnArchName="NVIDIA GeForce RTX 3090",
              uuid="20000000-aaaa-bbbb-cccc-0123456789ab"),
    Namespace(name="NVIDIA H100 80GB HBM3", major=9, minor=0, multi_processor_count=132, total_memory=84929347584,
              uuid="10000000-aaaa-bbbb-cccc-0123456789ab"),
]
torch = types.ModuleType("torch")
torch.version = Namespace(cuda={built!r}, hip=None)
torch.cuda = Namespace(is_initialized=lambda: bool({shown}), device_count=lambda: {shown},
                       get_device_properties=cards.__getitem__, can_device_access_peer=lambda first, second: False)
torch.backends = Namespace(mps=Namespace(is_built=lambda: False))
sys.modules["torch"] = torch
"""


def test_a_torch_built_without_accelerators_has_no_devices(stubbed: Forking) -> None:
    actual = collect_in_child({}, stubbed, before=TORCH_OF_BUILD.format(built=None, shown=0))["section"]

    assert (actual["torch_devices"], actual["torch_peer_access"]) == ({}, {})
    assert (actual["cuda_available"], actual["rocm_available"], actual["mps_available"]) == (False, False, False)


def test_a_torch_that_has_initialised_cuda_tells_its_own_devices(stubbed: Forking) -> None:
    actual = collect_in_child({}, stubbed, before=TORCH_OF_BUILD.format(built="12.4", shown=2))
    told = actual["gaps"]["accelerators.torch_devices.cuda:0.architecture"]
    actual = actual["section"]

    assert ["absent", "only a torch built for ROCm tells it"] == told
    assert actual["torch_devices"]["cuda:0"] == {
        "architecture": None,
        "kind": "cuda",
        "name": "NVIDIA GeForce RTX 3090",
        "compute_capability": "8.6",
        "multiprocessors": 82,
        "threads_per_multiprocessor": 1536,
        "memory_bytes": 25438126080,
    }
    assert "threads_per_multiprocessor" not in actual["torch_devices"]["cuda:1"]
    assert (actual["cuda_available"], actual["torch_peer_access"]) == (True, {"0-1": False})


def test_devices_that_torch_enumerated_are_visible_whatever_the_variable_says_since(stubbed: Forking) -> None:
    late = {"CUDA_VISIBLE_DEVICES": "GPU-1"}

    devices = collect_in_child(late, stubbed, before=TORCH_OF_BUILD.format(built="12.4", shown=1))["section"]["devices"]

    actual = [devices["0"]["visible"], devices["1"]["visible"]]
    expected = [False, True]
    assert expected == actual


@pytest.mark.parametrize(
    ("built", "variables", "expected"),
    [
        pytest.param("12.6", {}, True, id="a driver of the same major version"),
        pytest.param("13.0", {}, False, id="an older driver"),
        pytest.param("12.6", {"NVML_STUB": "cuda=13000"}, True, id="a newer driver"),
        pytest.param("12.6", {"CUDA_VISIBLE_DEVICES": "-1"}, False, id="no device visible"),
        pytest.param("12.6", {"CUDA_VISIBLE_DEVICES": "1"}, True, id="one device visible, whichever"),
        pytest.param("12.6", {"NVML_STUB": "mig=0"}, None, id="a divided device"),
        pytest.param("12.6", {"NVML_STUB": "init=18"}, None, id="a driver that does not work"),
    ],
)
def test_cuda_is_available_when_the_driver_fits_and_a_device_is_visible(
    stubbed: Forking,
    built: str,
    variables: dict[str, str],
    expected: bool | None,  # noqa: FBT001 - a case of the table
) -> None:
    actual = collect_in_child(variables, stubbed, before=TORCH_OF_BUILD.format(built=built, shown=0))

    assert expected == actual["section"]["cuda_available"]
