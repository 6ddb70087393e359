"""Why machines of a fleet differ: what two that are nearly alike show, and what all the others rule out."""

from pathlib import Path
from typing import Any

import pytest
from _machines import real, with_fact, with_other_bits, without_kernels, write_all

from envprint.errors import EnvprintError
from envprint.fleet.comparing import compare_files

USUAL, ONE_THREAD = "pairs/intra-op-threads/a", "pairs/intra-op-threads/b"
THREADS = ("threads.torch_intraop", "effective.threads", "threads.openmp", "threads.mkl")


def test_the_odd_one_out_is_named_with_its_cause_and_the_fact_that_tells(tmp_path: Path) -> None:
    usual = {f"node{number}": with_fact(real(USUAL), "system.kernel", f"6.1.{number}") for number in range(4)}
    report = compare_files(write_all(tmp_path, {**usual, "odd": real(ONE_THREAD)}))

    assert ("divergent", 2, 5) == (report.verdict, len(report.groups), report.size)
    assert (str(tmp_path / "odd.json"),) == report.groups[1].members
    assert "intra-op-threads" == report.groups[1].findings[0].cause
    assert report.groups[1].findings[0].confidence > 0.9
    assert ["intra-op-threads"] == [fact.cause for fact in report.facts]
    assert report.sufficient


def test_all_alike_are_equivalent_and_say_so(tmp_path: Path) -> None:
    alike = {f"node{number}": with_fact(real(USUAL), "system.kernel", f"6.1.{number}") for number in range(3)}
    report = compare_files(write_all(tmp_path, alike))

    assert ("equivalent", 1) == (report.verdict, len(report.groups))
    assert "All 3" in report.summary


def test_a_machine_that_shares_the_setting_and_not_the_bits_rules_its_cause_out(tmp_path: Path) -> None:
    also_one_thread = real(USUAL)
    for path in (*THREADS, "variables", "threads"):
        *above, last = path.split(".")
        source = real(ONE_THREAD)
        for key in above:
            source = source[key]
        also_one_thread = with_fact(also_one_thread, path, source[last])
    also_one_thread["threads"] = real(ONE_THREAD)["threads"]
    also_one_thread["effective"] = real(ONE_THREAD)["effective"]
    report = compare_files(
        write_all(tmp_path, {"a": real(USUAL), "also": also_one_thread, "c": real(USUAL), "odd": real(ONE_THREAD)})
    )

    odd = report.groups[1]
    assert "intra-op-threads" not in {finding.cause for finding in odd.findings if finding.confidence > 0.5}


def test_other_bits_without_another_fact_make_the_machine_a_suspect(tmp_path: Path) -> None:
    healthy = real(USUAL)
    broken = with_other_bits(healthy, "matmul-square-f32", "sum-long-f32")
    report = compare_files(write_all(tmp_path, {"a": healthy, "b": healthy, "broken": broken}))

    assert report.groups[1].suspect
    assert {"cpu.matmul-square-f32", "cpu.sum-long-f32"} == set(report.groups[1].moved)
    assert not report.sufficient


def test_as_few_facts_are_named_as_tell_all_groups_apart(tmp_path: Path) -> None:
    names = {
        "zen": "manifests/zen", "zen2": "manifests/zen", "simd": "pairs/numpy-simd/b", "thread": ONE_THREAD,
        "rapids": USUAL,
    }  # fmt: skip
    report = compare_files(write_all(tmp_path, {name: real(sample) for name, sample in names.items()}))

    assert (4, True) == (len(report.groups), report.sufficient)
    assert {"intra-op-threads", "numpy-simd"} == {fact.cause for fact in report.facts}
    assert 2 == len(report.facts)


def test_a_group_is_compared_with_the_one_that_is_most_like_it(tmp_path: Path) -> None:
    names = {"a": USUAL, "b": USUAL, "c": USUAL, "zen": "pairs/numpy-simd/a", "zen2": "pairs/numpy-simd/a",
             "simd": "pairs/numpy-simd/b"}  # fmt: skip
    report = compare_files(write_all(tmp_path, {name: real(sample) for name, sample in names.items()}))

    assert [None, 1, 2] == [group.against for group in report.groups]
    assert ["numpy-simd"] == [finding.cause for finding in report.groups[2].findings]


def test_what_is_no_manifest_is_told_and_holds_nobody_up(tmp_path: Path) -> None:
    files = write_all(tmp_path, {"a": real(USUAL), "b": real(USUAL)})
    (tmp_path / "broken.json").write_text('{"schema": "envprint/mani')
    (tmp_path / "deep.json").write_text('{"schema": "envprint/manifest/1", "cpu": ' + '{"a":' * 900 + "1" + "}" * 901)
    report = compare_files([str(tmp_path)])

    assert 2 == len(report.groups[0].members)
    assert {"broken.json", "deep.json"} == {Path(each.name).name for each in report.apart}
    assert "undecidable" == report.verdict
    assert sorted(files) == sorted(report.groups[0].members)


def test_a_machine_without_probes_is_not_grouped(tmp_path: Path) -> None:
    bare = real(USUAL)
    del bare["probes"]
    report = compare_files(write_all(tmp_path, {"a": real(USUAL), "b": real(USUAL), "bare": bare}))

    assert ["no probes" in each.reason for each in report.apart] == [True]
    assert "undecidable" == report.verdict


def test_a_machine_that_lacks_kernels_keeps_the_answer_open(tmp_path: Path) -> None:
    report = compare_files(
        write_all(tmp_path, {"a": real(USUAL), "b": real(USUAL), "c": without_kernels(real(USUAL), "svd-f32")})
    )

    assert 3 == len(report.groups[0].members)
    assert "undecidable" == report.verdict


def test_a_folder_without_a_manifest_is_told(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    files = write_all(tmp_path, {"a": real(USUAL), "b": real(USUAL)})
    report = compare_files([*files, str(tmp_path / "empty")])

    assert [(str(tmp_path / "empty"), True)] == [(each.name, "directory" in each.reason) for each in report.apart]
    assert "undecidable" == report.verdict


def test_fewer_than_two_manifests_are_trouble(tmp_path: Path) -> None:
    with pytest.raises(EnvprintError, match="expected two or more"):
        compare_files(write_all(tmp_path, {"a": real(USUAL)}))


def test_a_manifest_that_can_only_be_read_in_part_keeps_nobody_from_an_answer(tmp_path: Path) -> None:
    broken = with_other_bits(real(USUAL), "matmul-square-f32")
    broken["cpu"] = "no section at all"
    files = {"a": real(USUAL), "b": real(USUAL), "broken": broken, "odd": real(ONE_THREAD)}
    report = compare_files(write_all(tmp_path, files))

    assert 3 == len(report.groups)
    assert ["intra-op-threads"] == [group.findings[0].cause for group in report.groups if group.findings]
    assert any("is not explained" in note and "broken.json" in note for note in report.notes)


def on_gpus(sample: str) -> dict[str, Any]:
    """Return a manifest of a machine with GPUs of which only the CPU was probed."""
    return {**real(sample), "probes": real(USUAL)["probes"]}


@pytest.mark.parametrize("cause", ["nccl-version-topology", "driver-version"])
def test_what_no_probe_computes_is_told_of_members_with_the_same_bits(tmp_path: Path, cause: str) -> None:
    usual, other = (on_gpus(f"pairs/{cause}/{side}") for side in "ab")
    report = compare_files(write_all(tmp_path, {"a": usual, "b": usual, "c": other}))

    assert ("undecidable", 1) == (report.verdict, len(report.groups))
    (left,) = report.groups[0].unsettled
    assert (str(tmp_path / "c.json"),) == left.members
    assert cause == left.findings[0].cause
    assert "1 differ in what no probe computes" in report.summary


def test_a_gpu_that_computes_other_bits_is_the_odd_one_out(tmp_path: Path) -> None:
    gpu = on_gpus("pairs/driver-version/a")
    gpu["probes"]["kernels"]["cuda:0"] = {"sum-long-f32": {**gpu["probes"]["kernels"]["cpu"]["sum-long-f32"]}}
    broken = with_other_bits(gpu, "sum-long-f32", device="cuda:0")
    report = compare_files(write_all(tmp_path, {"a": gpu, "b": gpu, "broken": broken}))

    assert (("cuda:0.sum-long-f32",), True) == (tuple(report.groups[1].moved), report.groups[1].suspect)
