"""Describing a model leaves no trace: neither on the model nor on the process, whatever the forward pass does."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import envprint
from envprint.manifest import Manifest
from envprint.manifest.model import Model

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")]
WRITERS = [
    "counts", "remembers", "keeps state", "writes to weights", "exchanges", "draws", "draws from its own",
    "writes to its input", "computes gradients", "raises", "changes modes", "uses what it hides",
]  # fmt: skip


@pytest.fixture(scope="module")
def manifest() -> Manifest:
    captured: Manifest = envprint.capture()
    return captured


@pytest.fixture
def rows() -> Any:
    import torch

    return torch.arange(18.0).view(3, 6)


def check_laws(model: Any, inputs: Any) -> Model:
    """Hold describe() to its laws: nothing changes, and a second description equals the first."""
    from _traces import of_process, traces

    before = traces(model), of_process()
    described: Model = envprint.describe(model, inputs=inputs)

    assert before == (traces(model), of_process())
    assert described == envprint.describe(model, inputs=inputs)
    return described


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("training", [True, False])
def test_what_a_model_does_to_itself_is_undone(name: str, *, training: bool, rows: Any) -> None:
    from _odd_nets import writers

    model = writers()[name]
    given = rows.clone()
    described = check_laws(model.train(training), given)

    assert rows.equal(given)
    assert ({} if name != "raises" else {"ValueError: no"}) == (set(described.unread.values()) or {})


def test_models_of_all_kinds_are_described_and_left_alone(manifest: Manifest, tmp_path: Path) -> None:
    from _kinds_of_nets import kinds

    for name, (model, inputs) in kinds().items():
        described = check_laws(model, inputs)
        assert ({}, {"own", "eval"}) == (described.unread, set(described.passes)), name

        path = tmp_path / f"{len(name)}.json"
        envprint.write(manifest.model_copy(update={"model": described}), path, force=True)
        assert described == envprint.load(path).model, name


def nets_to_train() -> Iterator[tuple[Any, Any]]:
    import torch
    from _kinds_of_nets import encoder, image_net
    from torch import nn

    rows = torch.ones(3, 6)
    yield image_net(), torch.ones(2, 3, 8, 8)
    yield encoder(), torch.ones(2, 4, 8)
    yield nn.Sequential(nn.utils.parametrizations.spectral_norm(nn.Linear(6, 6)), nn.ReLU(inplace=True)), rows
    yield torch.jit.script(nn.Sequential(nn.Linear(6, 6), nn.BatchNorm1d(6))), rows
    yield nn.Sequential(nn.BatchNorm1d(6), torch.jit.script(nn.Sequential(nn.Linear(6, 6), nn.BatchNorm1d(6)))), rows


def trained(place: int, *, describing: bool) -> Any:
    """Return losses and weights of three steps, with descriptions before and after each pass backward."""
    import torch

    torch.manual_seed(0)
    model, inputs = list(nets_to_train())[place]
    optimizer = torch.optim.AdamW(model.train().parameters(), lr=0.01)
    losses = []
    for _ in range(3):
        optimizer.zero_grad()
        loss = model(inputs).square().mean()
        if describing:
            envprint.describe(model, optimizer, inputs)
        loss.backward()
        if describing:
            envprint.describe(model, optimizer, inputs)
        optimizer.step()
        losses.append(loss.item())
    return losses, {name: each.tolist() for name, each in model.state_dict().items()}


@pytest.mark.parametrize("place", range(5))
def test_training_goes_on_as_without_a_description(place: int) -> None:
    import torch

    with torch.random.fork_rng([]):
        assert trained(place, describing=False) == trained(place, describing=True)


def test_weights_that_are_not_copied_get_no_gradients_and_autocast_forgets_them(
    rows: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch
    from _odd_nets import Net, computes_gradients
    from _traces import traces

    monkeypatch.setattr("envprint.models.undisturbed.COPIED_BYTES", 0)
    model, plain = Net(computes_gradients), Net()
    before = traces(model)
    envprint.describe(model, inputs=rows)
    with torch.autocast("cpu", torch.bfloat16):
        envprint.describe(plain, inputs=rows)
        plain(rows).sum().backward()

    assert before == traces(model)
    assert plain.fc.weight.grad is not None


def test_a_model_keeps_the_modes_of_its_parts(rows: Any) -> None:
    import torch
    from torch import nn

    model = torch.jit.script(nn.Sequential(nn.Linear(6, 6), nn.BatchNorm1d(6))).train()
    getattr(model, "1").eval()  # not model[1], which is made anew
    envprint.describe(model, inputs=rows)

    assert [True, True, False] == [module.training for module in model.modules()]


def test_two_threads_describe_one_model_at_once(rows: Any) -> None:
    from _odd_nets import Net
    from _traces import traces

    model = Net()
    before = traces(model)
    found: list[Model] = []
    threads = [threading.Thread(target=lambda: found.append(envprint.describe(model, inputs=rows))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert before == traces(model)
    assert [envprint.describe(model, inputs=rows)] * 4 == found


def test_a_hook_may_describe_the_model_that_is_described(rows: Any) -> None:
    from _odd_nets import Net
    from _traces import traces

    model = Net()
    model.fc.register_forward_hook(lambda *_: envprint.describe(model, forward=False) and None)
    before = traces(model)

    assert {} == envprint.describe(model, inputs=rows).unread
    assert before == traces(model)


def test_generators_of_devices_that_are_not_in_use_are_not_seeded_for_later() -> None:
    import torch
    from _odd_nets import Net

    before = list(torch.cuda._queued_calls)
    envprint.describe(Net())

    assert before == torch.cuda._queued_calls


def test_hooks_of_users_run_in_each_pass(rows: Any) -> None:
    from _odd_nets import Net

    model, called = Net(), []
    model.fc.register_forward_hook(lambda *_: called.append(1))
    envprint.describe(model, inputs=rows)

    assert 2 == len(called)


def test_an_interrupt_leaves_all_as_it_was(rows: Any) -> None:
    import torch
    from _odd_nets import Net
    from _traces import of_process, traces

    def stops(net: Any, _: Any) -> None:
        net.fc.weight.data.mul_(2)
        raise KeyboardInterrupt

    model = Net(stops)
    before = traces(model), of_process()
    with pytest.raises(KeyboardInterrupt):
        envprint.describe(model, inputs=rows)

    assert before == (traces(model), of_process())
    assert torch.is_grad_enabled()


def test_containers_that_refuse_to_be_written_to_are_put_back_too(rows: Any) -> None:
    from collections import OrderedDict

    from _odd_nets import Net

    class Frozen(OrderedDict[str, int]):
        def __setitem__(self, key: str, value: int) -> None:
            raise TypeError(key)

    def thaws(net: Any, x: Any) -> Any:
        OrderedDict.__setitem__(net.frozen, "b", 2)
        return net.fc(x)

    frozen = Frozen()
    OrderedDict.__setitem__(frozen, "a", 1)
    envprint.describe(Net(thaws, frozen=frozen), inputs=rows)

    assert [("a", 1)] == list(frozen.items())
