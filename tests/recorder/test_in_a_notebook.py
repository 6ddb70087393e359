"""A run in a notebook is recorded: cells in a real kernel of Jupyter."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

jupyter_client = pytest.importorskip("jupyter_client")

from _recorded_twice import run_of  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.slow]

CELLS = (
    "import torch, envprint\ntorch.manual_seed(3)",
    "1 / 0",  # a cell that failed before has nothing to do with the run
    """model = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

def step():
    optimizer.zero_grad()
    model(torch.ones(4, 3)).square().mean().backward()
    optimizer.step()""",
    """with envprint.record("run.json"):
    torch.manual_seed(4)
    for _ in range(3):
        step()""",
    "with envprint.record('failed.json'):\n    step()\n    raise KeyError('x')",
    "step()\nprint(torch.rand(1).item())",
)


@pytest.fixture
def kernel(tmp_path: Path) -> Iterator[Any]:
    managing, client = jupyter_client.manager.start_new_kernel(kernel_name="python3", cwd=str(tmp_path))
    yield client
    client.stop_channels()
    managing.shutdown_kernel(now=True)


@pytest.mark.filterwarnings("default")  # jupyter_client's own
def test_cells_are_recorded_with_their_lines_and_the_kernel_goes_on(kernel: Any, tmp_path: Path) -> None:
    for cell in CELLS:
        kernel.execute_interactive(cell, timeout=120, output_hook=lambda _: None)

    run = run_of(tmp_path / "run.json")
    assert ("ended", 3, {}) == (run["status"], run["steps"], run["unread"])
    assert ["ipykernel" in each["where"] and each["where"].endswith(":2") for each in run["seedings"]] == [True]
    assert "raised KeyError" == run_of(tmp_path / "failed.json")["status"]
