"""A description can be asked for anywhere: in any mode, in a worker, in a transform, and in a process group."""

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import Run

import envprint

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")]


@contextlib.contextmanager
def default_of_float64() -> Iterator[None]:
    import torch

    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(torch.float32)


@contextlib.contextmanager
def deterministic() -> Iterator[None]:
    import torch

    torch.use_deterministic_algorithms(mode=True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(mode=False)


def mode(name: str) -> Any:
    import torch

    return {
        "no_grad": torch.no_grad,
        "inference_mode": torch.inference_mode,
        "deterministic": deterministic,
        "float64": default_of_float64,
        "autocast": lambda: torch.autocast("cpu", torch.bfloat16),
        "meta": lambda: torch.device("meta"),
    }[name]()


@pytest.mark.parametrize("name", ["no_grad", "inference_mode", "deterministic", "float64", "autocast", "meta"])
def test_modes_of_torch_stay_and_plain_ones_change_no_description(name: str) -> None:
    import torch
    from _odd_nets import Net, writers
    from _traces import of_process, traces

    for model in (*writers().values(), Net(), torch.nn.LSTM(6, 4)):
        inputs = torch.ones(3, 6)
        outside = envprint.describe(model, inputs=inputs)
        with mode(name):
            before = traces(model), of_process()
            described = envprint.describe(model, inputs=inputs)
            assert before == (traces(model), of_process())
        does_as_it_likes = getattr(model, "act", None) is not None or name in {"autocast", "meta"}
        assert does_as_it_likes or outside == described


def test_a_model_that_was_built_for_inference_is_described() -> None:
    import torch
    from _odd_nets import Net

    with torch.inference_mode():
        model = Net()

    assert {} == envprint.describe(model, inputs=torch.ones(3, 6)).unread


@pytest.fixture
def one_thread() -> Iterator[None]:
    """As a worker has it: a batch norm has other bits with two."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("one_thread")
def test_a_worker_of_a_data_loader_describes_as_its_parent() -> None:
    import torch
    from _odd_nets import Net

    model = Net()

    class Described(torch.utils.data.Dataset):  # type: ignore[misc]  # torch is seen as Any
        def __len__(self) -> int:
            return 1

        def __getitem__(self, _: int) -> str:
            return str(envprint.describe(model).model_dump_json())

    found = next(iter(torch.utils.data.DataLoader(Described(), batch_size=None, num_workers=1)))

    assert envprint.describe(model).model_dump_json() == found


def test_within_a_transform_what_cannot_be_read_has_its_reason() -> None:
    import torch
    from torch import nn

    model, found = nn.Linear(6, 6), []

    class Describing(nn.Module):  # type: ignore[misc]  # torch is seen as Any
        def __init__(self) -> None:
            super().__init__()
            self.inner = model

        def forward(self, x: Any) -> Any:
            found.append(envprint.describe(model, inputs=x))
            return model(x)

    def loss(weights: Any) -> Any:
        return torch.func.functional_call(Describing(), weights, (torch.ones(1, 6),)).sum()

    torch.func.grad(loss)({f"inner.{name}": each.detach() for name, each in model.named_parameters()})

    assert {"tensors.weight", "tensors.bias", "passes"} == set(found[0].unread)


def test_fake_tensors_have_no_numbers() -> None:
    from torch import nn
    from torch._subclasses.fake_tensor import FakeTensorMode

    with FakeTensorMode():
        described = envprint.describe(nn.Linear(2, 2))

    assert {"tensors.weight", "tensors.bias", "passes"} == set(described.unread)


IN_A_GROUP = """
import json, sys, warnings
import torch
from torch import nn
import envprint
warnings.simplefilter("ignore")
torch.distributed.init_process_group("gloo", init_method=f"file://{sys.argv[1]}/group", rank=0, world_size=1)
inputs, found = torch.ones(3, 6), {}

def trained(wrap, describing):
    torch.manual_seed(0)
    model = wrap(nn.Sequential(nn.Linear(6, 6), nn.BatchNorm1d(6), nn.Linear(6, 2)))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    losses = []
    for _ in range(3):
        optimizer.zero_grad()
        loss = model(inputs).square().mean()
        described = describing and envprint.describe(model, optimizer, inputs)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses, described

def sharded(model):
    mesh = torch.distributed.device_mesh.init_device_mesh("cpu", (1,))
    torch.distributed.fsdp.fully_shard(model[0], mesh=mesh)
    return torch.distributed.fsdp.fully_shard(model, mesh=mesh)

import torch.distributed.fsdp
for wrap in (nn.parallel.DistributedDataParallel, sharded):
    without, _ = trained(wrap, False)
    losses, described = trained(wrap, True)
    digests = all(each.digest for each in described.tensors.values())
    found[wrap.__name__] = [without == losses, sorted(described.passes), described.unread, digests]
print(json.dumps(found))
torch.distributed.destroy_process_group()
"""


@pytest.mark.slow
def test_models_of_a_process_group_are_described_without_the_others(run_python: Run, tmp_path: Any) -> None:
    done = run_python(IN_A_GROUP, str(tmp_path))
    reason = {"passes": "ValueError: a model that is sharded over processes does not run in one of them alone"}

    assert "" == done.stderr[-1000:] * (done.returncode != 0)
    assert {
        "DistributedDataParallel": [True, ["eval", "own"], {}, True],
        "sharded": [True, [], reason, True],
    } == json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("name", ["Bert", "GPT2", "T5", "Llama"])
def test_models_of_transformers_come_with_inputs(name: str) -> None:
    transformers = pytest.importorskip("transformers")
    from _traces import of_process, traces

    sizes = {
        "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32,
        "max_position_embeddings": 32, "bos_token_id": 1, "eos_token_id": 2, "vocab_size": 64,
    }  # fmt: skip
    if name == "T5":
        sizes = {"d_model": 16, "d_kv": 8, "d_ff": 32, "num_layers": 2, "num_heads": 2, "vocab_size": 64}
    model = getattr(transformers, f"{name}Model")(getattr(transformers, f"{name}Config")(**sizes)).train()
    before = traces(model), of_process()
    described = envprint.describe(model)

    assert before == (traces(model), of_process())
    assert ({}, "made", {"own", "eval"}) == (described.unread, described.inputs, set(described.passes))
    assert 64 == described.modules[""].attributes["config.vocab_size"]
    assert described == envprint.describe(model)


def test_a_module_of_lightning_comes_with_its_example() -> None:
    lightning = pytest.importorskip("lightning")
    import torch

    class Task(lightning.LightningModule):  # type: ignore[misc, name-defined]  # torch is seen as Any
        def __init__(self) -> None:
            super().__init__()
            self.fc, self.example_input_array = torch.nn.Linear(6, 6), torch.ones(2, 6)

        def forward(self, x: Any) -> Any:
            return self.fc(x)

    described = envprint.describe(Task())

    assert ({}, "made", ["fc", ""]) == (
        described.unread, described.inputs, [call.module for call in described.passes["own"].calls],
    )  # fmt: skip
