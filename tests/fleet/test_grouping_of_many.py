"""Which of many manifests compute the same bits: what is unknown is neither equal nor different."""

import random

from hypothesis import given
from hypothesis import strategies as st

from envprint.fleet.grouping import SEVERAL, group
from envprint.fleet.reading import Known

KERNELS = st.dictionaries(st.sampled_from("stuvw"), st.none() | st.integers(0, 2), max_size=5)
FLEETS = st.lists(KERNELS, max_size=12)


def fleet(*bits: dict[str, int | None]) -> list[Known]:
    return [Known(f"node{number:02}", "", found, ()) for number, found in enumerate(bits)]


def names(theirs: list[Known]) -> list[str]:
    return [each.name for each in theirs]


def test_machines_with_the_same_bits_are_one_group_the_largest_first() -> None:
    found = group(fleet({"s": 1, "t": 2}, {"s": 1, "t": 3}, {"s": 1, "t": 3}))

    assert [["node01", "node02"], ["node00"]] == [names(theirs) for theirs in found.groups]


def test_what_lacks_a_kernel_is_placed_as_far_as_was_measured() -> None:
    found = group(fleet({"s": 1, "t": 2}, {"s": 1, "t": None}))

    assert [["node00", "node01"]] == [names(theirs) for theirs in found.groups]
    assert "as far as was measured: 1 of 2 kernels of its group are unknown" == found.partly["node01"]


def test_what_fits_two_groups_is_in_none() -> None:
    found = group(fleet({"s": 1, "t": 2}, {"s": 1, "t": 3}, {"s": 1}))

    assert {"node02": SEVERAL} == found.apart


def test_what_has_no_kernel_in_common_is_no_proof_of_likeness() -> None:
    found = group(fleet({"s": 1}, {"t": 1}))

    assert 2 == len(found.groups)


@given(FLEETS)
def test_each_manifest_is_in_one_group_or_apart(bits: list[dict[str, int | None]]) -> None:
    members = fleet(*bits)
    found = group(members)

    placed = [each.name for theirs in found.groups for each in theirs]
    assert sorted([*placed, *found.apart]) == names(members)


@given(FLEETS)
def test_members_of_a_group_never_contradict_its_founder(bits: list[dict[str, int | None]]) -> None:
    for theirs in group(fleet(*bits)).groups:
        fullest = max(theirs, key=lambda each: sum(bit is not None for bit in each.bits.values())).bits
        for each in theirs:
            shared = [path for path, bit in each.bits.items() if bit is not None and fullest.get(path) is not None]
            assert shared
            assert all(each.bits[path] == fullest[path] for path in shared)


@given(FLEETS, st.randoms(use_true_random=False))
def test_the_order_of_the_manifests_does_not_matter(bits: list[dict[str, int | None]], chance: random.Random) -> None:
    members = fleet(*bits)
    shuffled = chance.sample(members, len(members))

    assert group(members) == group(shuffled)
