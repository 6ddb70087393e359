"""AMD's devices from recorded /sys."""

from pathlib import Path

import pytest

from envprint.collectors import kfd
from envprint.manifest.gaps import Absent, Gaps
from envprint.manifest.machine import Device

NODES = Path(__file__).parents[2] / "samples/raw/kfd/nodes"


def test_an_amd_gpu_is_read_and_the_cpu_beside_it_is_not_taken_for_one() -> None:
    gaps = Gaps("accelerators.devices")

    actual = kfd.read_devices(gaps, NODES)

    expected = {
        "amd1": Device(
            kind="amd", name="ip discovery", architecture="gfx1100", multiprocessors=96, memory_bytes=25753026560
        )
    }
    assert expected == actual
    assert gaps.found == {}


@pytest.mark.parametrize(
    ("version", "expected"),
    [(90010, "gfx90a"), (90402, "gfx942"), (100302, "gfx1032"), (110000, "gfx1100"), (120001, "gfx1201")],
)
def test_a_target_version_names_the_gfx_target(version: int, expected: str) -> None:
    actual = kfd.gfx_target(version)

    assert expected == actual


def test_a_node_that_cannot_be_read_leaves_a_gap_and_the_others_whole(tmp_path: Path) -> None:
    for node, text in (("1", (NODES / "1/properties").read_text()), ("2", "simd_count many\n")):
        (tmp_path / node).mkdir()
        (tmp_path / node / "properties").write_text(text)
    gaps = Gaps("accelerators.devices")

    actual = kfd.read_devices(gaps, tmp_path)

    assert set(actual) == {"amd1"}
    assert {path: gap.kind for path, gap in gaps.found.items()} == {
        "accelerators.devices.amd1.name": "absent",
        "accelerators.devices.amd2": "failed",
    }


def test_without_the_driver_there_is_nothing_to_read(tmp_path: Path) -> None:
    with pytest.raises(Absent, match="amdkfd"):
        kfd.read_devices(Gaps("accelerators.devices"), tmp_path / "nodes")
