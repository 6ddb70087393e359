"""What is asked of a device: answers that hold nothing of it, and that are right or not given, whatever fails there."""

from collections.abc import Callable
from typing import Any

import pytest
import xxhash

torch = pytest.importorskip("torch")

from envprint.models import on_device  # noqa: E402
from envprint.models.reading import Reading  # noqa: E402
from envprint.models.tensors import TensorContent, memory  # noqa: E402
from envprint.models.xxh3 import CHUNK  # noqa: E402

pytestmark = pytest.mark.torch
SIZES = (7, CHUNK, 5 * CHUNK, 6 * CHUNK + 9)


def made(size: int, seed: int = 0) -> Any:
    return torch.randint(0, 256, (size,), generator=torch.Generator().manual_seed(seed), dtype=torch.uint8)


def chunks_of(tensor: Any) -> bytes:
    content = memory(tensor)
    return b"".join(xxhash.xxh3_128_digest(content[at : at + CHUNK]) for at in range(0, len(content), CHUNK))


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Let an operation of the device fail the first time, as where it has no memory left."""

    def fail(name: str) -> None:
        real, left = getattr(on_device, name), [torch.OutOfMemoryError("no memory is left")]

        def once(given: Any) -> Any:
            if left:
                raise left.pop()
            return real(given)

        monkeypatch.setattr(on_device, name, once)

    return fail


@pytest.mark.parametrize("stays", [False, True])
def test_an_answer_holds_no_memory_of_the_device(*, stays: bool) -> None:
    reading = Reading()
    tensors = [made(size) for size in SIZES]
    storages = [each.untyped_storage() for each in tensors]
    alone = [torch._C._storage_Use_Count(each._cdata) for each in storages]

    answers = [reading.digests(TensorContent(each), stays=stays) for each in tensors]
    expected = list(map(chunks_of, tensors))
    reading.compute()
    del tensors

    assert [count - 1 for count in alone] == [torch._C._storage_Use_Count(each._cdata) for each in storages]
    reading.start()
    assert reading.wait(1)
    assert expected == [answer() for answer in answers]


def test_what_is_written_over_after_it_was_asked_for_is_told_as_it_was() -> None:
    reading = Reading()
    tensors = [made(size) for size in SIZES]
    expected = list(map(chunks_of, tensors))

    answers = [reading.digests(TensorContent(each)) for each in tensors]
    copies = [reading.fetch(each) for each in tensors]
    kept = [each.clone() for each in tensors]
    for each in tensors:
        each.zero_()
    reading.start()
    reading.wait()

    assert expected == [answer() for answer in answers]
    assert all(map(torch.equal, kept, (copy() for copy in copies)))


def test_one_tensor_that_cannot_be_digested_leaves_the_others_right(failing: Any) -> None:
    failing("block_sums")
    reading = Reading()
    tensors = [made(5 * CHUNK, seed) for seed in range(4)]

    with pytest.raises(torch.OutOfMemoryError):
        reading.digests(TensorContent(tensors[0]))
    answers = [reading.digests(TensorContent(each)) for each in tensors[1:]]
    reading.start()
    reading.wait()

    assert list(map(chunks_of, tensors[1:])) == [answer() for answer in answers]


def test_where_digests_cannot_be_computed_none_is_given(failing: Any) -> None:
    failing("accumulate")
    reading = Reading()
    answers = [reading.digests(TensorContent(made(size))) for size in (7, 5 * CHUNK)]

    with pytest.raises(torch.OutOfMemoryError):
        reading.compute()
    with pytest.raises(RuntimeError, match="could not digest"):
        reading.digests(TensorContent(made(7)))
    reading.start()
    for answer in answers:
        with pytest.raises(KeyError):
            answer()


def test_many_small_tensors_come_in_several_parcels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(on_device, "MOST_SMALL", 100)
    reading = Reading()
    tensors = [made(size, size) for size in range(1, 60)]

    answers = [reading.digests(TensorContent(each)) for each in tensors]
    reading.start()
    reading.wait()

    assert list(map(chunks_of, tensors)) == [answer() for answer in answers]
