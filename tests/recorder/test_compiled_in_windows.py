"""Within a window, too, the same graphs are compiled, trainers compute the same, and what is compiled has no hooks."""

import sys
import warnings
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from _listened import calls_of, listened  # noqa: E402
from _recorded_commands import run, said  # noqa: E402
from _recorded_twice import run_of  # noqa: E402
from test_no_effect import STAMP  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("one_thread", "nothing_compiled")]


def test_what_is_compiled_before_a_recording_begins_is_not_listened_to() -> None:
    net = torch.nn.Sequential(torch.nn.Linear(8, 3), torch.nn.ReLU())
    compiled = torch.compile(net, backend="eager")

    def training() -> None:
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
        for _ in range(3):
            compiled(torch.randn(4, 8)).sum().backward()
            optimizer.step()

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        told = listened(training, (1, 3))

    assert [""] == calls_of(told, 2)
    assert [""] == calls_of(told, 2, "backward")
    assert any(note.startswith("torch.compile is used: within") for note in told["notes"])
    torch._dynamo.reset()


def test_from_the_moment_on_at_which_something_is_compiled_no_module_has_a_hook() -> None:
    net = torch.nn.Sequential(torch.nn.Linear(8, 3), torch.nn.ReLU())
    graphs: list[int] = []

    def backend(graph: Any, _: Any) -> Any:
        graphs.append(1)
        return graph.forward

    def training() -> None:
        optimizer, model = torch.optim.SGD(net.parameters(), lr=0.1), net
        for step in range(6):
            if step == 2:
                model = torch.compile(net, backend=backend)
            model(torch.randn(4, 8)).sum().backward()
            optimizer.step()

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        told = listened(training, (2, 4))

    assert [["0", "1", ""], [""], [""]] == [calls_of(told, step) for step in (2, 3, 4)]
    assert [1] == graphs
    torch._dynamo.reset()


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["eager", "aot_eager", pytest.param("inductor", marks=pytest.mark.cc)])
def test_what_is_compiled_is_the_same_graphs_within_a_window(backend: str, tmp_path: Path) -> None:
    words = (sys.executable, str(Path(__file__).with_name("_recorded_compiled.py")), backend)

    plain, recorded = twice(words, tmp_path)

    assert plain.stdout.decode() == recorded.stdout.decode()
    assert (0, 0) == (plain.returncode, recorded.returncode)
    assert STAMP.sub(b"", plain.stderr) == STAMP.sub(b"", said(recorded)[0])
    told = run_of(tmp_path / "run.json")
    assert ({}, 10) == (told["unread"], told["steps"])
    assert [""] == calls_of(told, 2)


@pytest.mark.slow
@pytest.mark.parametrize("trainer", ["lightning", "transformers"])
def test_what_a_trainer_computes_is_the_same_within_a_window(trainer: str, tmp_path: Path) -> None:
    words = (sys.executable, str(Path(__file__).with_name("_recorded_trainers.py")), trainer)

    plain, recorded = twice(words, tmp_path)

    assert plain.stdout.decode() == recorded.stdout.decode()
    assert (0, 0) == (plain.returncode, recorded.returncode)
    assert STAMP.sub(b"", plain.stderr) == STAMP.sub(b"", said(recorded)[0])
    told = run_of(tmp_path / "run.json")
    assert ({}, 6) == (told["unread"], told["steps"])
    expected = {"lightning": "inner.0", "transformers": "transformer.h.0.attn.c_attn"}[trainer]
    assert all(expected in calls_of(told, step) for step in range(2, 7))
    assert all(expected in calls_of(told, step, "backward") for step in range(2, 7))


def twice(words: tuple[str, ...], folder: Path) -> tuple[Any, Any]:
    """Run a command without the recorder, and with one that listens to modules from the first step on."""
    recording = (sys.executable, "-m", "envprint", "capture", "-o", "run.json", "--steps", "1:20", "--modules", "--")
    return run(words, folder), run((*recording, *words), folder)
