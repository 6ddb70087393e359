"""What is read of the first batch, whatever its scale, and of the workers that load it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from envprint.recorder.ranks import ranks_of

pytestmark = pytest.mark.torch

WORKERS = """
import sys
import numpy
import torch
import envprint

class Noise(torch.utils.data.Dataset):
    def __len__(self):
        return 16
    def __getitem__(self, index):
        return torch.full((3,), float(numpy.random.rand()))

def same(worker):
    if "same" in sys.argv:
        numpy.random.seed(0)

if __name__ == "__main__":
    with envprint.record(sys.argv[1]):
        model = torch.nn.Linear(3, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        loader = torch.utils.data.DataLoader(
            Noise(), batch_size=2, num_workers=2, worker_init_fn=same, multiprocessing_context=sys.argv[2]
        )
        for batch in loader:
            model(batch).sum().backward()
            optimizer.step()
"""


def ranks(*parts: Any) -> str:
    """Return how the first batch ranks, without its mean and deviation."""
    return ranks_of(list(parts)).partition(" ")[0]


def test_another_scale_of_each_place_leaves_the_ranks() -> None:
    import torch

    images = torch.randn(6, 3, 5, 5, generator=torch.Generator().manual_seed(0))
    means, deviations = (torch.rand(1, 3, 1, 1, generator=torch.Generator().manual_seed(seed)) + 0.1 for seed in (1, 2))

    assert ranks("(", images) == ranks("(", (images - means) / deviations)
    assert ranks(images).startswith("ranks=xxh3-128:")


def test_other_samples_the_same_in_another_order_and_noise_have_other_ranks() -> None:
    import torch

    rows = torch.randn(6, 16, generator=torch.Generator().manual_seed(0))
    others = [
        torch.randn(6, 16, generator=torch.Generator().manual_seed(1)),
        rows.flip(0),
        rows + torch.arange(6)[:, None],
    ]

    assert 4 == len({ranks(each) for each in (rows, *others)})


def test_what_other_samples_may_have_by_chance_is_not_told() -> None:
    import torch

    few, dark = torch.rand(2, 8), torch.zeros(6, 64)

    assert ["", ""] == [ranks(few), ranks(dark)]


def test_numbers_of_words_one_sample_and_texts_have_no_ranks() -> None:
    import torch

    assert "" == ranks(torch.arange(6).reshape(2, 3), torch.rand(1, 3), torch.rand(4), "text")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("context", "word", "said"),
    [
        ("fork", "same", ["workers=2 numpy=1 python=2"]),
        ("fork", "own", ["workers=2 numpy=2 python=2"]),
        ("spawn", "same", []),
    ],
)
def test_forked_workers_tell_with_how_many_states_they_begin(
    context: str, word: str, said: list[str], tmp_path: Path, run_python: Callable[..., Any]
) -> None:
    script = tmp_path / "train.py"
    script.write_text(WORKERS, "utf-8")
    start = "import runpy, sys; sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')"

    done = run_python(start, str(script), str(tmp_path / "run.json"), context, word)

    assert 0 == done.returncode, done.stderr
    events = json.loads((tmp_path / "run.json").read_text("utf-8"))["run"]["events"]
    assert said == [each["value"] for each in events if each["name"] == "workers"]
