"""XXH3-128 of many chunks of 64 KiB at once, in torch operations on the device where they lie.

The long-input path of https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md, with its names. 64-bit words are
int64: sums and products wrap around alike, and a shift to the right is masked.

What a block of 1 KiB adds to the accumulators does not depend on them, so those sums are taken of all blocks at once;
only the scrambling goes from block to block.
"""

import functools
import struct
from typing import Any

from envprint.models.tensors import memory

CHUNK = 1 << 16  # bytes
WORDS, BLOCKS, STRIPES, LANES = CHUNK // 8, 64, 16, 8  # words and blocks of a chunk, stripes of a block, words of one
AT_ONCE = 256  # chunks: 16 MiB, and twice that for what is computed from them
LOW = (1 << 32) - 1

PRIME32_1, PRIME32_2, PRIME32_3 = 0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D
PRIME64_1, PRIME64_2, PRIME64_3 = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9
PRIME64_4, PRIME64_5, PRIME_MX1 = 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5, 0x165667919E3779F9
START = (PRIME32_3, PRIME64_1, PRIME64_2, PRIME64_3, PRIME64_4, PRIME32_2, PRIME64_5, PRIME32_1)
SECRET = bytes.fromhex(
    "b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671f"
    "cb79e64eccc0e578825ad07dccff7221b8084674f743248ee03590e6813a264c"
    "3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8"
    "a8fa763fe39c343ff9dcbbc7c70b4f1d8a51e04bcdb45931c89f7ec9d9787364"
    "eac5ac8334d3ebc3c581a0fffa1363eb170ddd51b7f0da49d316552629d4689e"
    "2b16be587d47a1fc8ff8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e"
)
SCRAMBLE, LAST, MERGE_LOW, MERGE_HIGH = 128, 121, 11, 117  # offsets in the secret


def block_sums(words: Any) -> Any:
    """Return what each block of chunks, the rows of a tensor of int64, adds to its accumulators; nothing waits."""
    import torch

    keys = _constants(words.device)[0]
    return torch.cat([_block_sums(some, keys) for some in words.split(AT_ONCE)])


@functools.lru_cache(maxsize=64)
def _constants(device: Any) -> tuple[Any, Any, Any]:
    """Return, on a device, the secret's word for each word of a chunk, those of scrambling, and where lanes start."""
    import torch

    stripes = [_secret(8 * stripe) for stripe in range(STRIPES)] * BLOCKS
    start = [number - (number >> 63 << 64) for number in START]
    words = torch.tensor([*stripes[:-1], _secret(LAST), _secret(SCRAMBLE), start], dtype=torch.int64, device="cpu")
    there = words.to(device, non_blocking=True)
    return there[:-2].reshape(-1), there[-2], there[-1]


def _block_sums(words: Any, keys: Any) -> Any:
    """Return what each block adds to its accumulators: chunks, blocks, lanes."""
    high = words ^ keys
    product = high & LOW
    product *= high.bitwise_right_shift_(32).bitwise_and_(LOW)
    stripes = (len(words), BLOCKS, STRIPES, LANES)
    crossed = words.view(stripes).sum(2).view(len(words), BLOCKS, LANES // 2, 2).flip(-1)
    return product.view(stripes).sum(2) + crossed.view(len(words), BLOCKS, LANES)


def accumulate(sums: Any) -> Any:
    """Return the accumulators of chunks, from what their blocks add to them; nothing waits."""
    import torch

    _, secret, start = _constants(sums.device)
    lanes = sums[:, 0] + start
    for block in range(1, BLOCKS):
        lanes ^= ((lanes >> 47) & ((1 << 17) - 1)) ^ secret
        lanes = torch.add(sums[:, block], lanes, alpha=PRIME32_1)
    return lanes


def finish(lanes: Any) -> bytes:
    """Return the digests of chunks, one after the other, from their accumulators on the host."""
    import numpy as np

    on_host = lanes.contiguous()
    words = np.frombuffer(memory(on_host), "u8").reshape(-1, LANES)
    low = _merged(words, MERGE_LOW, CHUNK * PRIME64_1 % 2**64)
    high = _merged(words, MERGE_HIGH, 2**64 - 1 - CHUNK * PRIME64_2 % 2**64)
    return bytes(np.stack([high, low], axis=1).astype(">u8").tobytes())


def _merged(words: Any, offset: int, start: int) -> Any:
    import numpy as np

    mixed = words ^ np.frombuffer(SECRET, "<u8", LANES, offset)
    folded = _folded_product(mixed[:, 0::2], mixed[:, 1::2]).sum(axis=1) + np.uint64(start)
    folded ^= folded >> np.uint64(37)
    folded *= np.uint64(PRIME_MX1)
    return folded ^ (folded >> np.uint64(32))


def _folded_product(a: Any, b: Any) -> Any:
    """Return the lower half of each product of 128 bits, exclusive or its higher half."""
    import numpy as np

    half, low = np.uint64(32), np.uint64(LOW)
    middle = (a >> half) * (b & low) + ((a & low) * (b & low) >> half)
    carried = (a & low) * (b >> half) + (middle & low)
    return a * b ^ ((a >> half) * (b >> half) + (middle >> half) + (carried >> half))


def _secret(offset: int) -> tuple[int, ...]:
    return struct.unpack_from("<8q", SECRET, offset)
