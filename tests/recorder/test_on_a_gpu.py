"""What recording does to a run on a GPU: torch itself tells of each operation that waits for it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from _listened import kept_from_disk  # noqa: E402

from envprint.models.digest import digest_tensor  # noqa: E402
from envprint.recorder.attaching import attach, finish  # noqa: E402
from envprint.recorder.chosen import Chosen  # noqa: E402
from envprint.recorder.recording import Recording  # noqa: E402

pytestmark = pytest.mark.torch
FEW = [None, Chosen(3, 6, modules=True)]


@pytest.fixture
def waiting_raises() -> Iterator[None]:
    """Let torch raise where an operation waits for the GPU, behind the first step."""
    if not torch.cuda.is_available():
        pytest.skip("there is no GPU")
    before = torch.cuda.get_sync_debug_mode()
    yield
    torch.cuda.set_sync_debug_mode(before)


def train(steps: int = 12) -> Iterator[Any]:
    """Train a small network with convolutions, and yield the loss of each step, then the weights."""
    torch.manual_seed(0)
    nn = torch.nn
    layers = [nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(inplace=True), nn.Flatten(), nn.Linear(8 * 36, 10)]
    model = nn.Sequential(*layers).cuda()
    optimizer = torch.optim.AdamW(model.parameters())
    inputs, targets = torch.randn(16, 3, 8, 8).cuda(), torch.randint(0, 10, (16,)).cuda()
    for _ in range(steps):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(inputs), targets)
        loss.backward()
        optimizer.step()
        yield loss.detach()
        torch.cuda.set_sync_debug_mode("error")
    torch.cuda.set_sync_debug_mode("default")
    yield from model.parameters()


@pytest.mark.parametrize("chosen", FEW)
def test_no_step_behind_the_first_waits_for_the_gpu(chosen: Chosen | None, waiting_raises: None) -> None:
    plain = [digest_tensor(each) for each in train()]
    recording = Recording(Path("nowhere"), chosen=chosen)
    with attach(recording), kept_from_disk(recording):
        recorded = list(train())
        finish(recording, None)

    assert plain == [digest_tensor(each) for each in recorded]
    assert {} == recording.unread
    assert [float(each).hex() for each in recorded[:12]] == [each["loss"] for each in recording.steps.ledger]
