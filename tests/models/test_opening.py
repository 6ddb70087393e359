"""What may stand on a side of a comparison, and what is said of anything else."""

from pathlib import Path
from typing import Any

import pytest

import envprint
from envprint.errors import NoManifestError
from envprint.manifest import Manifest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch


@pytest.fixture
def model(tmp_path: Path) -> Path:
    torch.save({"weight": torch.ones(2)}, tmp_path / "model.pt")
    return tmp_path / "model.pt"


def test_a_path_that_is_not_there_is_said(model: Path, tmp_path: Path) -> None:
    with pytest.raises(envprint.EnvprintError, match=r"nowhere\.pt"):
        envprint.explain(tmp_path / "nowhere.pt", model)


def test_a_folder_without_weights_is_said_with_the_way_out(model: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(envprint.CheckpointError, match="a folder without a saved model") as caught:
        envprint.explain(model, tmp_path / "empty")

    assert "name the folder that has the weights, or a file" == caught.value.hint


@pytest.mark.parametrize("side", [7, 1.5, None, object(), ["model.pt"]])
def test_what_cannot_be_compared_is_said_by_its_class(side: Any, model: Path) -> None:
    with pytest.raises(TypeError, match=f"{type(side).__name__} cannot be compared; expected a manifest, a model"):
        envprint.explain(model, side)


def test_a_file_without_tensors_is_said(model: Path, tmp_path: Path) -> None:
    torch.save({"epoch": 3}, tmp_path / "counters.pt")
    with pytest.raises(envprint.CheckpointError, match=r"counters\.pt holds no tensors by name"):
        envprint.explain(model, tmp_path / "counters.pt")


def test_an_environment_and_a_model_have_nothing_in_common() -> None:
    with pytest.raises(envprint.CheckpointError, match="nothing in common"):
        envprint.explain(Manifest(), {"weight": torch.ones(2)})


def test_a_saved_model_without_a_manifest_against_an_environment_is_said_to_carry_none(model: Path) -> None:
    with pytest.raises(NoManifestError, match=r"model\.pt carries no manifest") as caught:
        envprint.explain(model, Manifest())

    assert caught.value.hint == f"embed one where it was saved, with: envprint embed {model}"


def test_all_that_may_stand_for_a_model_is_the_same_model(model: Path) -> None:
    state = torch.load(model)
    described = envprint.describe(state)
    sides = [model, str(model), state, described, Manifest(model=described)]

    for left in sides:
        for right in sides:
            assert [] == [each.cause for each in envprint.explain(left, right).findings if left is not right]


def test_a_damaged_file_is_said(model: Path, tmp_path: Path) -> None:
    (tmp_path / "cut.pt").write_bytes(model.read_bytes()[:-30])
    with pytest.raises(envprint.EnvprintError, match=r"cut\.pt"):
        envprint.explain(model, tmp_path / "cut.pt")


def test_what_is_beside_a_model_and_cannot_be_read_is_left_out(model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "checkpoint-1"
    folder.mkdir()
    model.rename(folder / "pytorch_model.bin")
    (folder / "optimizer.pt").write_bytes(b"nothing that torch wrote")
    (folder / "trainer_state.json").write_text("[not json")
    report = envprint.explain(folder, {"weight": torch.ones(2)})

    assert ("identical", ()) == (report.verdict, report.findings)
