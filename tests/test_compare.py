"""Laws of comparison: nothing out of nothing, mirrors, and what could not be read never counts as equal."""

from typing import Any

import pytest
from hypothesis import given
from strategies import manifests

from envprint.compare import compare
from envprint.manifest import Gap, Manifest
from envprint.manifest.machine import Accelerators, Cpu, Device
from envprint.manifest.numerics import Pool, Threads
from envprint.manifest.software import Packages, Variable, Variables

MIRRORED = {"changed": "changed", "appeared": "vanished", "vanished": "appeared", "unknown": "unknown"}
FAILED = Gap(kind="failed", reason="OSError: no")
ABSENT = Gap(kind="absent", reason="nothing there")


def changes(a: Manifest, b: Manifest) -> list[tuple[str, str, Any, Any]]:
    return [(change.path, change.kind, change.a, change.b) for change in compare(a, b)]


@given(manifests())
def test_a_manifest_differs_from_itself_only_in_what_it_could_not_read(a: Manifest) -> None:
    assert {"unknown"} >= {change.kind for change in compare(a, a)}
    if all(gap.kind == "absent" for gap in a.gaps.values()):
        assert () == compare(a, a)


@given(manifests(), manifests())
def test_the_mirror_of_a_comparison_is_the_comparison_of_the_mirror(a: Manifest, b: Manifest) -> None:
    mirrored = [
        change.model_copy(update={"kind": MIRRORED[change.kind], "a": change.b, "b": change.a})
        for change in compare(a, b)
    ]

    assert list(compare(b, a)) == mirrored


@given(manifests(), manifests())
def test_what_could_not_be_read_is_never_equal(a: Manifest, b: Manifest) -> None:
    unknown = {change.path for change in compare(a, b) if change.kind == "unknown"}
    for path, gap in a.gaps.items():
        if gap.kind == "failed" and not any(other in ("", path) or path.startswith(f"{other}.") for other in unknown):
            known_below = [change.path for change in compare(a, b) if change.path.startswith(path)]
            assert known_below or path == "id", path


@given(manifests(), manifests())
def test_what_decides_comes_first(a: Manifest, b: Manifest) -> None:
    groups = [0 if change.decisive else 1 if change.bearing == "numeric" else 2 for change in compare(a, b)]

    assert sorted(groups) == groups


def test_a_value_that_differs_is_changed() -> None:
    assert [("threads.torch_intraop", "changed", 1, 2)] == changes(
        Manifest(threads=Threads(torch_intraop=1)), Manifest(threads=Threads(torch_intraop=2))
    )


def test_true_and_one_are_two_values() -> None:
    a = Manifest.model_validate({"schema": "envprint/manifest/1.3", "future": {"switch": True}})
    b = Manifest.model_validate({"schema": "envprint/manifest/1.3", "future": {"switch": 1}})

    assert [("future.switch", "changed", True, 1)] == changes(a, b)


def test_a_field_absent_on_both_sides_is_equal() -> None:
    a = Manifest(cpu=Cpu(microcode=None), gaps={"cpu.microcode": ABSENT})

    assert [] == changes(a, a)


def test_a_field_absent_on_one_side_appears() -> None:
    a = Manifest(cpu=Cpu(microcode=None), gaps={"cpu.microcode": ABSENT})
    b = Manifest(cpu=Cpu(microcode="0x1"))

    assert [("cpu.microcode", "appeared", None, "0x1")] == changes(a, b)
    assert [("cpu.microcode", "vanished", "0x1", None)] == changes(b, a)


def test_a_field_that_failed_is_unknown_even_where_the_other_side_has_nothing() -> None:
    a = Manifest(cpu=Cpu(microcode=None), gaps={"cpu.microcode": FAILED})
    b = Manifest(cpu=Cpu(microcode=None), gaps={"cpu.microcode": ABSENT})

    assert [("cpu.microcode", "unknown", None, None)] == changes(a, b)


def test_a_field_that_was_never_asked_for_is_unknown() -> None:
    assert [("cpu.microcode", "unknown", None, "0x1")] == changes(
        Manifest(cpu=Cpu(model="x")), Manifest(cpu=Cpu(model="x", microcode="0x1"))
    )


def test_a_section_that_failed_is_one_unknown_not_one_for_each_field() -> None:
    a = Manifest(gaps={"cpu": FAILED})
    b = Manifest(cpu=Cpu(model="x", vendor="y"))

    assert [("cpu", "unknown", None, None)] == changes(a, b)


def test_a_section_without_a_gap_is_unknown_too() -> None:
    assert [("cpu", "unknown", None, None)] == changes(Manifest(), Manifest(cpu=Cpu(model="x")))


def test_a_section_absent_by_nature_lets_its_facts_appear() -> None:
    a = Manifest(accelerators=Accelerators(devices=None), gaps={"accelerators.devices": ABSENT})
    b = Manifest(accelerators=Accelerators(devices={"0": Device(name="H100")}))

    assert [("accelerators.devices.0.name", "appeared", None, "H100")] == changes(a, b)


def test_a_key_that_a_map_lacks_is_absent() -> None:
    a = Manifest(packages=Packages(installed={"numpy": "2.0"}))
    b = Manifest(packages=Packages(installed={"numpy": "2.0", "click": "8"}))

    assert [("packages.installed.click", "appeared", None, "8")] == changes(a, b)


def test_a_key_that_a_partly_read_map_lacks_is_unknown() -> None:
    a = Manifest(packages=Packages(installed={"numpy": "2.0"}), gaps={"packages.installed": FAILED})
    b = Manifest(packages=Packages(installed={"numpy": "2.1", "click": "8"}))

    assert [
        ("packages.installed.numpy", "changed", "2.0", "2.1"),
        ("packages.installed", "unknown", None, None),
    ] == sorted(changes(a, b), key=lambda change: change[1])


@pytest.mark.parametrize("empty", [{}, None])
def test_an_empty_map_against_a_failed_one_is_unknown(empty: dict[str, str] | None) -> None:
    gaps = {} if empty is not None else {"packages.installed": ABSENT}
    a = Manifest(packages=Packages(installed=empty), gaps=gaps)
    b = Manifest(packages=Packages(installed=None), gaps={"packages.installed": FAILED})

    assert [("packages.installed", "unknown", None, None)] == changes(a, b)


def test_circumstance_is_said_to_be_one() -> None:
    a = Manifest.model_validate({"schema": "envprint/manifest/1", "taken": {"host": "x"}})
    b = Manifest.model_validate({"schema": "envprint/manifest/1", "taken": {"host": "y"}})

    assert ["circumstance"] == [change.bearing for change in compare(a, b)]
    assert a.id == b.id


def test_a_map_that_was_read_in_part_is_unknown_even_where_its_keys_agree() -> None:
    whole = Manifest(packages=Packages(installed={"numpy": "2.0"}))
    part = Manifest(packages=Packages(installed={"numpy": "2.0"}), gaps={"packages.installed": FAILED})

    assert [("packages.installed", "unknown", None, None)] == changes(whole, part) == changes(part, part)


def test_a_value_with_a_gap_is_unknown() -> None:
    a = Manifest(cpu=Cpu(model="x"), gaps={"cpu.model": FAILED})

    assert [("cpu.model", "unknown", "x", "x")] == changes(a, a)


def test_a_section_of_which_a_field_failed_is_unknown_there_alone() -> None:
    a = Manifest(cpu=Cpu(model=None, vendor="y"), gaps={"cpu.model": FAILED})
    b = Manifest(cpu=Cpu(model="x", vendor="y"))

    assert [("cpu.model", "unknown", None, "x")] == changes(a, b)


def test_a_list_in_another_order_is_changed() -> None:
    a, b = (Manifest(cpu=Cpu(flags=flags)) for flags in (("avx", "fma"), ("fma", "avx")))

    assert ["cpu.flags"] == [change.path for change in compare(a, b)]


@pytest.mark.parametrize(
    "path",
    [
        "cpu", "cpu.model", "cpu.flags", "packages.installed", "packages.installed.numpy",
        "probes", "probes.kernels.cpu", "probes.kernels.cpu.dot", "probes.orders", "probes.orders.cpu.dot",
    ],
)  # fmt: skip
@given(manifests(), manifests())
def test_what_failed_is_never_equal_wherever_it_lies(path: str, a: Manifest, b: Manifest) -> None:
    failed = Manifest.model_validate({**a.as_json(), "id": "", "gaps": {path: {"kind": "failed", "reason": "no"}}})
    unknown = {change.path for change in compare(failed, b) if change.kind == "unknown"}

    assert any(each in ("", path) or path.startswith(f"{each}.") for each in unknown)


def test_many_changes_are_all_told() -> None:  # in minutes, were anything quadratic
    a, b = (
        Manifest(
            variables=Variables(environment={f"OMP_NUM_THREADS{i}": Variable(now=value) for i in range(5_000)}),
            threads=Threads(torch_intraop=2, pools={f"lib{i}": Pool(threads=2) for i in range(5_000)}),
        )
        for value in ("1", "2")
    )

    assert len(compare(a, b)) == 5_000
