"""Digests of tensors: what changes a tensor changes its digest, and where or how it lies in memory does not."""

from typing import Any

import pytest
import xxhash
from hypothesis import given
from hypothesis import strategies as st

from envprint.models.digest import digest_of, digest_tensor
from envprint.models.reading import Reading
from envprint.models.tensors import TensorContent, memory
from envprint.models.xxh3 import CHUNK, WORDS, accumulate, block_sums, finish

pytestmark = pytest.mark.torch

GOLDEN = {
    "float32": "xxh3-128-tree:c66535d2a0b3bf34bbaf5205a1fdea9e",
    "nothing": "xxh3-128-tree:470bc0164c8a76d6bd6fe68179d484af",
    "one": "xxh3-128-tree:97545e1365be6fe030f01eab89512a97",
    "bfloat16": "xxh3-128-tree:4ebc1bdab8e9315858b213e09c44af28",
}
NUMBERS = st.lists(st.floats(width=32, allow_nan=False), min_size=2, max_size=40)
DTYPES = [
    "bool", "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float16", "bfloat16", "float32",
    "float64", "complex64", "complex128", "float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e8m0fnu",
]  # fmt: skip


def noise(count: int, dtype: str = "uint8", seed: int = 0) -> Any:
    import torch

    draw = torch.Generator().manual_seed(seed)
    if dtype == "bool":
        return torch.randint(0, 2, (count,), generator=draw).bool()
    wanted = getattr(torch, dtype)
    size = count * torch.empty(0, dtype=wanted).element_size()
    return torch.randint(0, 256, (size,), generator=draw, dtype=torch.uint8).view(wanted)


@given(NUMBERS, st.randoms(use_true_random=False))
def test_another_order_has_another_digest(numbers: list[float], random: Any) -> None:
    import torch

    shuffled = random.sample(numbers, len(numbers))
    a, b = torch.tensor(numbers), torch.tensor(shuffled)

    assert (memory(a) == memory(b)) == (digest_tensor(a) == digest_tensor(b))


@given(NUMBERS)
def test_the_other_sign_has_another_digest(numbers: list[float]) -> None:
    import torch

    assert digest_tensor(torch.tensor(numbers)) != digest_tensor(-torch.tensor(numbers))


@given(NUMBERS)
def test_the_same_bytes_of_another_type_have_another_digest(numbers: list[float]) -> None:
    import torch

    tensor = torch.tensor(numbers)
    views = [tensor.view(getattr(torch, name)) for name in ("int32", "uint32", "uint8", "float16", "bfloat16")]

    assert 6 == len({digest_tensor(tensor), *map(digest_tensor, views)})


@given(NUMBERS)
def test_another_shape_has_another_digest(numbers: list[float]) -> None:
    import torch

    tensor = torch.tensor(numbers)
    shapes = [tensor, tensor[None], tensor[:, None], tensor[None, None]]

    assert 4 == len(set(map(digest_tensor, shapes)))


@given(NUMBERS, st.floats(width=32, allow_nan=False))
def test_an_appended_pair_of_equal_numbers_changes_the_digest(numbers: list[float], number: float) -> None:
    import torch

    assert digest_tensor(torch.tensor(numbers)) != digest_tensor(torch.tensor([*numbers, number, number]))


@given(st.sampled_from([1, 100, CHUNK, CHUNK + 1, 3 * CHUNK - 1]), st.data())
def test_one_turned_bit_changes_the_digest(size: int, data: st.DataObject) -> None:
    tensor = noise(size)
    turned = tensor.clone()
    turned[data.draw(st.integers(0, size - 1))] ^= 1 << data.draw(st.integers(0, 7))

    assert digest_tensor(tensor) != digest_tensor(turned)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_view_has_the_digest_of_its_contiguous_copy(dtype: str) -> None:
    tensor = noise(2 * 3 * 5 * 700, dtype).view(2, 3, 5, 700)
    views = [
        tensor[..., ::3], tensor[:, 1], tensor.transpose(0, 3), tensor[1:, :, 2:4, 5], tensor[:1].expand(4, -1, -1, -1),
        tensor.permute(2, 0, 3, 1), tensor[0, 0, 0, 0], tensor[:0], tensor[..., 1:], tensor[1, 1],
    ]  # fmt: skip

    assert list(map(digest_tensor, views)) == [digest_tensor(view.contiguous().clone()) for view in views]


def test_channels_last_is_no_other_content() -> None:
    import torch

    tensor = torch.randn(8, 64, 40, 41)

    assert digest_tensor(tensor) == digest_tensor(tensor.contiguous(memory_format=torch.channels_last))


def test_conjugated_and_negated_views_have_the_digest_of_what_they_show() -> None:
    import torch

    tensor = torch.randn(5, 7, dtype=torch.complex64)
    views = [tensor.conj(), tensor.conj().t(), tensor.conj().imag, tensor.conj()[1:, ::2]]
    plain = [view.clone().resolve_conj().resolve_neg().contiguous() for view in views]

    assert list(map(digest_tensor, views)) == list(map(digest_tensor, plain))
    assert digest_tensor(tensor) != digest_tensor(tensor.conj())


def test_how_a_tensor_is_used_is_no_content() -> None:
    import torch

    tensor = torch.randn(3, 4)
    with torch.inference_mode():
        inference = tensor.t().clone().t()

    used = [tensor.clone().requires_grad_(), torch.nn.Parameter(tensor), torch.nn.Buffer(tensor), inference]
    assert {digest_tensor(tensor)} == set(map(digest_tensor, used))


@given(st.integers(0, 3 * CHUNK), st.integers(1, 5))
def test_content_has_the_digest_of_its_tensor_in_blocks_of_any_size(size: int, chunks: int) -> None:
    tensor = noise(size)
    whole = digest_tensor(tensor)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("envprint.models.digest.BLOCK", chunks * CHUNK)
        assert digest_tensor(tensor) == whole == digest_of(TensorContent(tensor))


@pytest.mark.parametrize("chunks", range(1, 6))
def test_chunks_on_a_device_have_the_digests_of_the_library(chunks: int) -> None:
    words = noise(chunks * WORDS, "int64", seed=chunks).view(chunks, WORDS)
    bytes_ = memory(words)

    expected = [xxhash.xxh3_128_digest(bytes_[start : start + CHUNK]) for start in range(0, len(bytes_), CHUNK)]
    assert b"".join(expected) == finish(accumulate(block_sums(words)))


def read_there(*tensors: Any) -> list[bytes]:
    """Return the digests of chunks as a device gives them, all asked for together."""
    reading = Reading()
    found = [reading.digests(TensorContent(each)) for each in tensors]
    reading.start()
    reading.wait()
    return [told() for told in found]


def chunks_of(tensor: Any) -> bytes:
    """Return the digests of chunks as the library gives them."""
    row_by_row = tensor.contiguous()
    content = memory(row_by_row)
    return b"".join(xxhash.xxh3_128_digest(content[at : at + CHUNK]) for at in range(0, len(content), CHUNK))


def test_a_device_gives_the_digests_of_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    for large in (1, 3 * CHUNK, 1 << 18):
        monkeypatch.setattr("envprint.models.on_device.LARGE", large)
        sizes = [chunks * CHUNK + tail for chunks in range(6) for tail in (0, 1, 7, 241, CHUNK - 1)]
        tensors = [noise(size, seed=size) for size in sizes]

        assert list(map(chunks_of, tensors)) == read_there(*tensors)


def test_a_device_digests_what_is_not_aligned_or_not_row_by_row(monkeypatch: pytest.MonkeyPatch) -> None:
    tensor = noise(300 * 401, "float32").view(300, 401)
    views = tensor, tensor.view(-1)[1:], tensor.t(), tensor[:, 3:], tensor[:2].t()
    for piece, sums in ((1 << 26, 1 << 23), (2 * CHUNK, 1 << 23), (4 * CHUNK, 1024)):
        monkeypatch.setattr("envprint.models.on_device.PIECE", piece)
        monkeypatch.setattr("envprint.models.on_device.MOST_SUMS", sums)

        assert list(map(chunks_of, views)) == read_there(*views)


def test_a_gpu_gives_the_digest_of_the_host() -> None:
    import torch

    if not torch.cuda.is_available():
        pytest.skip("there is no GPU")
    tensor = noise(5 * 1024 * 1024 + 3, "float32")
    for view in (tensor, tensor[1:], tensor[:-3].view(1024, -1).t(), tensor[:7]):
        assert digest_tensor(view) == digest_tensor(view.cuda())


@pytest.mark.filterwarnings("ignore:Sparse .* tensor support is in beta")
def test_sparse_tensors_have_digests_of_their_layouts() -> None:
    import torch

    dense = torch.eye(6)
    sparse = [dense.to_sparse(), dense.to_sparse_csr(), dense.to_sparse_csc(), dense.to_sparse_bsr((2, 3))]
    unchecked: Any = {"check_invariants": False}
    twice = torch.sparse_coo_tensor(torch.tensor([[0, 0], [1, 1]]), torch.tensor([1.0, 2.0]), (6, 6), **unchecked)
    once = torch.sparse_coo_tensor(torch.tensor([[0], [1]]), torch.tensor([3.0]), (6, 6), **unchecked)

    assert 5 == len({digest_tensor(dense), *map(digest_tensor, sparse)})
    assert digest_tensor(sparse[0]) != digest_tensor((2 * dense).to_sparse())
    assert digest_tensor(once) == digest_tensor(twice)


@pytest.mark.filterwarnings("ignore:.*quantized tensor creation functions")
def test_quantised_tensors_differ_by_number_scale_and_zero_point() -> None:
    import torch

    numbers = torch.tensor([[0.1, 0.2], [0.3, 0.4]])
    ways = [(0.1, 0), (0.2, 0), (0.1, 1)]
    tensors = [torch.quantize_per_tensor(numbers, *way, torch.quint8) for way in ways]
    scales = torch.tensor([0.1, 0.1])
    tensors += [torch.quantize_per_channel(numbers, scales, torch.zeros(2), axis, torch.quint8) for axis in (0, 1)]

    assert 5 == len(set(map(digest_tensor, tensors)))
    assert digest_tensor(tensors[0]) == digest_tensor(tensors[0].clone())


def test_a_tensor_that_holds_no_numbers_has_no_digest() -> None:
    import torch
    from torch._subclasses.fake_tensor import FakeTensorMode

    freed = torch.ones(8)[3:]
    freed.untyped_storage().resize_(0)
    with FakeTensorMode():
        fake = torch.ones(3)

    for tensor in (torch.ones(3, device="meta"), freed, fake, torch.nn.LazyLinear(3).weight):
        with pytest.raises(ValueError, match=r"holds no numbers|was freed|uninitialized"):
            digest_tensor(tensor)


def golden() -> dict[str, Any]:
    import torch

    return {
        "float32": torch.arange(6.0).view(2, 3),
        "nothing": torch.empty(0, 3),
        "one": torch.tensor(1, dtype=torch.int64),
        "bfloat16": torch.arange(100_000).to(torch.bfloat16),
    }


@pytest.mark.parametrize("name", GOLDEN)
def test_the_recipe_does_not_change(name: str) -> None:
    assert GOLDEN[name] == digest_tensor(golden()[name])
