import io
import zipfile
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch")

from _stored_nets import Net, checkpoint, numpy_states, odd_tensors  # noqa: E402 - they need torch
from _stored_trees import content, content_of, described, described_by_torch, tensors  # noqa: E402

import envprint as library  # noqa: E402
from envprint.manifest import Manifest  # noqa: E402
from envprint.models.files import Opaque, StoredTensor, open_model  # noqa: E402

MATERIAL: dict[str, Any] = {
    "state dict": lambda: Net().state_dict(),
    "checkpoint of Adam": checkpoint,
    "checkpoint of SGD": lambda: checkpoint(torch.optim.SGD, momentum=0.9),
    "odd tensors": odd_tensors,
    "a tensor alone": lambda: torch.randn(3, 4),
    "a list": lambda: [torch.randn(2), {"a": torch.randn(3)}],
}
NOT_LOADED = "torch.uint", "torch.float8"  # torch writes these into its old files, and cannot load them from there


@pytest.mark.parametrize("protocol", [2, 4, 5])
@pytest.mark.parametrize("name", MATERIAL)
def test_the_tensors_are_those_that_torch_loads(name: str, protocol: int, tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    torch.save(MATERIAL[name](), path, pickle_protocol=protocol)

    expected = described_by_torch(torch.load(path, weights_only=protocol == 2))
    with open_model(path) as stored:
        assert expected == described(stored.tree)
        assert stored.form == "torch zip"


@pytest.mark.parametrize("protocol", [2, 5])
@pytest.mark.parametrize("name", MATERIAL)
def test_the_tensors_are_those_that_torch_loads_of_its_old_files(name: str, protocol: int, tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    saved = MATERIAL[name]()
    if isinstance(saved, dict):
        saved = {key: value for key, value in saved.items() if not key.startswith(NOT_LOADED)}
    torch.save(saved, path, pickle_protocol=protocol, _use_new_zipfile_serialization=False)

    expected = described_by_torch(torch.load(path, weights_only=protocol == 2))
    with open_model(path) as stored:
        assert expected == described(stored.tree)
        assert stored.form == "torch legacy"


def test_what_torch_writes_into_its_old_files_and_does_not_load_is_read(tmp_path: Path) -> None:
    saved = {key: value for key, value in odd_tensors().items() if key.startswith(NOT_LOADED)}
    torch.save(saved, tmp_path / "model.pt", _use_new_zipfile_serialization=False)

    with open_model(tmp_path / "model.pt") as stored:
        assert {key: content_of(value) for key, value in saved.items()} == {
            key: content(value) for key, value in stored.tree.items()
        }


@pytest.mark.parametrize("size", [16, 4096])
def test_numbers_of_the_other_byte_order_are_turned_round(size: int, tmp_path: Path) -> None:
    path = tmp_path / "big.pt"
    little = io.BytesIO()
    torch.save({"f": torch.randn(9, 5).t(), "c": torch.randn(7, dtype=torch.complex128)}, little)
    with zipfile.ZipFile(little) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            held = old.read(name)
            if "/data/" in name:
                width = 4 if name.endswith("/0") else 8
                held = b"".join(held[at : at + width][::-1] for at in range(0, len(held), width))
            new.writestr(name, b"big" if name.endswith("byteorder") else held)

    expected = torch.load(path, weights_only=True)
    with open_model(path) as stored:
        assert content_of(expected["f"]) == content(stored.tree["f"], size)
        assert content_of(expected["c"]) == content(stored.tree["c"], size)


@pytest.mark.parametrize("axes", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_a_permuted_tensor_is_torchs(axes: tuple[int, ...], tmp_path: Path) -> None:
    tensor = torch.randn(3, 4, 5).permute(1, 0, 2)
    torch.save(tensor, tmp_path / "model.pt")

    with open_model(tmp_path / "model.pt") as stored:
        permuted = stored.tree.permuted(axes)
        assert tuple(tensor.permute(axes).shape) == permuted.shape
        assert content_of(tensor.permute(axes)) == content(permuted)
        with pytest.raises(ValueError, match="no order"):
            permuted.permuted((0, 1))


def test_plain_data_is_what_was_saved(tmp_path: Path) -> None:
    saved = {
        "numbers": [1, -1, 2**40, 2**100, 1.5, True, None, 2j],
        "text": "é\U0001f600",
        "bytes": b"\0\xff",
        "set": {1, 2},
        "tuple": (1, (2, ())),
        3: {"nested": {}},
        (1, "a"): "key",
        "shape": torch.Size([2, 3]),
        "dtype": torch.float16,
        "device": torch.device("cuda", 1),
    }
    expected = {**saved, "shape": (2, 3), "dtype": "torch.float16", "device": "cuda:1"}
    for protocol in (2, 5):
        torch.save(saved, tmp_path / "model.pt", pickle_protocol=protocol)
        with open_model(tmp_path / "model.pt") as stored:
            assert expected == stored.tree


def test_what_numpy_saved_is_numbers_and_bytes(tmp_path: Path) -> None:
    saved = numpy_states()
    for protocol in (2, 4, 5):
        torch.save(saved, tmp_path / "model.pt", pickle_protocol=protocol)
        with open_model(tmp_path / "model.pt") as stored:
            array = stored.tree["many"]
            assert stored.tree["loss"] == 2.5
            assert ("numpy.ndarray", ("<i8", (2, 3), "C")) == (array.name, array.arguments)
            assert saved["many"].tobytes() == array.state
            assert saved["state"][1].tobytes() == stored.tree["state"][1].state


def test_a_whole_module_is_an_object_with_its_parameters(tmp_path: Path) -> None:
    net = Net()
    for legacy in (False, True):
        torch.save(net, tmp_path / "model.pt", _use_new_zipfile_serialization=not legacy)
        with open_model(tmp_path / "model.pt") as stored:
            assert stored.tree.name == "_stored_nets.Net"
            assert stored.tree.state["training"] is True
            norm = stored.tree.state["_modules"]["norm"]
            assert norm.name == "torch.nn.modules.batchnorm.BatchNorm2d"
            weight = norm.state["_parameters"]["weight"]
            assert ("parameter", True) == (weight.kind, weight.requires_grad)
            assert norm.state["_buffers"]["running_mean"].kind == "tensor"


@pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning")
def test_a_script_is_its_module_and_its_constants(tmp_path: Path) -> None:
    traced = torch.jit.trace(Net().eval(), torch.tensor([1]), check_trace=False)
    torch.jit.save(traced, tmp_path / "script.pt")

    expected = dict(traced.state_dict())
    with open_model(tmp_path / "script.pt") as stored:
        assert stored.form == "torchscript"
        module = stored.tree["module"]
        assert module.name.startswith("__torch__.")
        assert module.state["training"] is False
        weight = module.state["embedding"].state["weight"]
        assert content_of(expected["embedding.weight"]) == content(weight)
        assert isinstance(stored.tree["constants"], tuple)


def test_tensors_that_are_no_plain_rows_are_objects_of_plain_ones(tmp_path: Path) -> None:
    saved = {
        "sparse": torch.eye(3).to_sparse(),
        "conjugated": torch.randn(2, dtype=torch.complex64).conj(),
        "meta": torch.empty(3, device="meta"),
        "storage": torch.arange(3.0).untyped_storage(),
    }
    torch.save(saved, tmp_path / "model.pt")

    with open_model(tmp_path / "model.pt") as stored:
        assert all(isinstance(part, Opaque) for part in stored.tree.values())
        assert [2, 1, 0, 1] == [len(list(tensors(part))) for part in stored.tree.values()]
        (bare,) = stored.tree["storage"].arguments
        assert content_of(torch.arange(3.0)) == content(bare)


def test_a_parameter_with_attributes_is_read_as_a_parameter(tmp_path: Path) -> None:
    parameter = torch.nn.Parameter(torch.randn(3))
    parameter.mark = "mine"
    torch.save({"p": parameter}, tmp_path / "model.pt")

    with open_model(tmp_path / "model.pt") as stored:
        assert isinstance(stored.tree["p"], StoredTensor)
        assert stored.tree["p"].kind == "parameter"
        assert content_of(parameter) == content(stored.tree["p"])


def test_a_manifest_in_the_file_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    torch.save(odd_tensors(), path)
    with open_model(path) as stored:
        before = described(stored.tree)

    library.embed(path, Manifest())

    with open_model(path) as stored:
        assert before == described(stored.tree)
