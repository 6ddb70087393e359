"""What a batch tells is the same whether it tells alone or with others."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from envprint.recorder.batch import Read, gather, read_batch, tell  # noqa: E402
from envprint.recorder.batches import Batches  # noqa: E402
from envprint.recorder.chaining import AT_ONCE  # noqa: E402

pytestmark = pytest.mark.torch
DTYPES = torch.float32, torch.int64, torch.uint8
WIDTHS = (), (0,), (3,), (40, 40), (2000,)  # of rows that are copied, read at once, and read in turn
tensors = st.tuples(st.integers(0, 5), st.sampled_from(WIDTHS), st.sampled_from(DTYPES))
parts = st.one_of(tensors, st.text(max_size=3))


def made_of(shapes: list[Any], number: int) -> list[Any]:
    torch.manual_seed(number)
    batch = [each if isinstance(each, str) else torch.rand(each[0], *each[1]).mul(99).to(each[2]) for each in shapes]
    gathered: list[Any] = []
    gather(batch, gathered)
    return gathered


@settings(deadline=None)
@given(st.lists(st.tuples(st.lists(parts, max_size=5), st.booleans(), st.integers(1, 3)), max_size=4))
def test_batches_that_tell_together_say_what_each_says_alone(kinds: list[tuple[list[Any], bool, int]]) -> None:
    batches = [(made_of(shapes, number), rows) for shapes, rows, times in kinds for number in range(times)]
    alone = [read_batch(gathered, rows=rows)() for gathered, rows in batches]
    together = [read_batch(gathered, rows=rows) for gathered, rows in batches]

    tell([*together])

    assert alone == [read.told for read in together] == [read() for read in together]


CHANGES = {
    "negated": torch.neg, "doubled": lambda rows: rows * 2, "turned": lambda rows: rows.flip(1),
    "swapped": lambda rows: rows.reshape(len(rows), -1, 2).flip(2).reshape(rows.shape), "moved": lambda rows: rows + 1,
    "half negated": lambda rows: torch.cat([-rows[:, :2], rows[:, 2:]], 1),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.int64, torch.int32])
@pytest.mark.parametrize("width", [4, 64, 4096])
def test_numbers_that_are_others_are_another_batch(change: str, dtype: Any, width: int) -> None:
    torch.manual_seed(width)
    rows = torch.randn(8, width).mul(9).to(dtype)

    (digest, total), (other, another) = (read_batch([each], rows=True)() for each in (rows, CHANGES[change](rows)))

    assert digest != other
    assert total != another


def test_one_that_is_asked_tells_for_all_that_wait() -> None:
    batches = Batches()
    reads = [read_batch([torch.full((2, 3), number)], rows=True) for number in range(5)]
    for read in reads:
        batches.add(read)

    reads[3]()

    assert all(read.told for read in reads)
    assert [] == batches.untold


def test_no_more_wait_than_links_are_made_at_once() -> None:
    batches = Batches()
    for number in range(3 * AT_ONCE + 1):
        batches.add(read_batch([torch.full((2, 3), number)], rows=True))
        assert len(batches.untold) <= AT_ONCE

    assert AT_ONCE * 3 == sum(read.told is not None for read in batches.waiting if isinstance(read, Read))


def test_a_sample_is_a_row_of_every_tensor_wherever_it_stands() -> None:
    def total(rows: list[int], targets: list[int]) -> int:
        inputs, classes = torch.eye(4)[rows], torch.arange(4)[targets]
        return int(read_batch([inputs, classes], rows=True)()[1])

    assert total([0, 1, 2, 3], [0, 1, 2, 3]) == total([2, 0, 1, 3], [2, 0, 1, 3])
    assert total([0, 1, 2, 3], [0, 1, 2, 3]) != total([0, 1, 2, 3], [2, 0, 1, 3])
