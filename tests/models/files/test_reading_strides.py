import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from envprint.models.files import gathering
from envprint.models.files.gathering import gathered
from envprint.models.files.source import open_source

NUMBERS: Any = np.arange(5000, dtype="<u2")


@pytest.fixture(scope="module")
def numbers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("numbers") / "numbers"
    path.write_bytes(NUMBERS.tobytes())
    return path


@st.composite
def axes(draw: st.DrawFn) -> list[tuple[int, int]]:
    found = draw(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 600)), min_size=1, max_size=4))
    while sum((length - 1) * step for length, step in found) >= len(NUMBERS):
        found.pop()
    return found or [(1, 1)]


@given(
    axes=axes(),
    size=st.sampled_from([16, 64, 4096]),
    piece=st.sampled_from([4, 64, 1 << 20]),
    run=st.sampled_from([2, 1 << 16]),
)
def test_strides_give_the_bytes_that_numpy_gives(
    axes: list[tuple[int, int]], size: int, piece: int, run: int, numbers: Path
) -> None:
    shape = [length for length, _ in axes]
    expected = np.lib.stride_tricks.as_strided(NUMBERS, shape, [2 * step for _, step in axes]).tobytes()

    with pytest.MonkeyPatch.context() as patch, open_source(numbers) as source:
        patch.setattr(gathering, "PIECE", piece)
        patch.setattr(gathering, "LARGE", 2 * piece)
        patch.setattr(gathering, "RUN", run)
        patch.setattr(gathering, "BATCH", 8)
        blocks = [bytes(block) for block in gathered(source, 0, 2, axes, size)]

    assert expected == b"".join(blocks)
    whole, rest = divmod(2 * math.prod(shape), size)
    assert [size] * whole + [rest] * (rest > 0) == [len(block) for block in blocks]
