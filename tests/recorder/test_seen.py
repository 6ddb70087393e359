"""What a recording tells of a run: seeds, calls, settings, what was restored, and the steps."""

import gc
import json
import os
import random
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from _recorded_shapes import by_hand, data, loader, loop, model, scaler  # noqa: E402
from _recorded_twice import run_of  # noqa: E402

import envprint  # noqa: E402
from envprint.manifest import dump_manifest, identity, load  # noqa: E402
from envprint.recorder.sampling import is_sampled  # noqa: E402

pytestmark = pytest.mark.torch


def seen(training: Any, path: Path) -> dict[str, Any]:
    torch.manual_seed(1)
    with envprint.record(path / "run.json"):
        training()
    run = run_of(path / "run.json")
    assert {} == run["unread"]
    return run


def events(run: dict[str, Any], name: str) -> list[str]:
    return [each["value"] for each in run["events"] if each["name"] == name]


def test_what_is_written_of_a_run_is_the_manifest_that_is_read(tmp_path: Path) -> None:
    run = seen(loop, tmp_path)
    content = (tmp_path / "run.json").read_bytes()

    assert content == dump_manifest(load(tmp_path / "run.json"))
    assert json.loads(content)["id"] == identity(json.loads(content))
    assert "ended" == run["status"]


def test_names_and_numbers_that_json_does_not_have_lose_no_recording(tmp_path: Path) -> None:
    folder = Path(os.fsdecode(os.fsencode(tmp_path / "d") + b"\xff"))
    folder.mkdir()

    def training() -> None:
        os.listdir(folder)  # noqa: PTH208 - what a recording hears of
        optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], 0.1)
        optimizer.param_groups[0].update({"huge": 1 << 70, "half": "\udc80", 7: 1})
        optimizer.step()

    run = seen(training, tmp_path)

    assert 1 == run["steps"]
    assert {"huge": str(1 << 70), "half": "\\udc80", "7": 1}.items() <= run["groups"][0].items()
    assert any("\\udcff" in each for each in events(run, "listing"))


def test_a_loop_tells_of_its_loss_its_clipping_and_its_schedule(tmp_path: Path) -> None:
    run = seen(loop, tmp_path)

    assert ["cross_entropy weight=None ignore_index=-100 reduction=mean label_smoothing=0.1"] == events(run, "loss")
    assert ["0.5 norm_type=2"] == events(run, "clip")
    assert ["CosineAnnealingLR T_max=8 eta_min=0"] == events(run, "scheduler")
    assert ["Sequential in evaluation mode"] == events(run, "evaluate")
    assert all("_recorded_shapes.py:" in each["where"] for each in run["events"])


def test_the_calls_of_a_step_stand_in_their_order(tmp_path: Path) -> None:
    first, second = seen(loop, tmp_path)["ledger"][:2]

    assert ["forward", "backward", "forward", "backward", "clip", "step"] == first["calls"]
    assert ["zero-grad", *first["calls"]] == second["calls"]


def test_a_scaler_unscales_before_it_clips(tmp_path: Path) -> None:
    run = seen(scaler, tmp_path)

    assert ["zero-grad", "forward", "backward", "unscale", "clip", "step"] == run["ledger"][0]["calls"]
    assert ["0.1"] == events(run, "clip-value")
    assert "init_scale=1024" in events(run, "scaler")[0]


def test_the_same_samples_in_another_order_have_the_same_sum(tmp_path: Path) -> None:
    run = seen(loader, tmp_path)

    epochs = [each["generators"]["samples"] for each in run["marks"] if each["name"] == "samples of an epoch: 48"]
    assert (2, 2) == (len(epochs), len({each["batch"] for each in run["ledger"]}) // 3)
    assert [True] == [each["shuffle"] for each in run["loaders"]]


def test_without_a_loader_what_the_model_is_given_is_the_batch(tmp_path: Path) -> None:
    inputs = torch.ones(4, 8)

    def same() -> None:
        net = model()
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
        for scale in (1, 2, 1):
            torch.nn.functional.mse_loss(net(inputs * scale), torch.zeros(4, 3)).backward()
            optimizer.step()

    first, second, third = (each["batch"] for each in seen(same, tmp_path)["ledger"])

    assert first == third != second


def test_without_an_optimizer_a_step_is_a_call_of_backward(tmp_path: Path) -> None:
    run = seen(by_hand, tmp_path)

    assert (3, ["no optimizer of torch was made: a step is a call of backward()"]) == (run["steps"], run["notes"])
    assert 3 == len({each["parameters"] for each in run["ledger"]})


def test_a_teacher_that_is_asked_first_makes_no_steps(tmp_path: Path) -> None:
    def distilling() -> None:
        teacher, student = model(), model()
        optimizer = torch.optim.SGD(student.parameters(), lr=0.1)
        for _ in range(3):
            given = torch.randn(8, 8)
            (teacher(given) - student(given)).square().mean().backward()
            optimizer.step()

    assert (3, []) == ((run := seen(distilling, tmp_path))["steps"], run["notes"])


def test_an_optimizer_that_owns_nothing_of_the_model_makes_the_steps_all_the_same(tmp_path: Path) -> None:
    def detached() -> None:
        net = model()
        optimizer = torch.optim.SGD([torch.nn.Parameter(each.detach().clone()) for each in net.parameters()], lr=0.1)
        for _ in range(4):
            optimizer.zero_grad()
            net(torch.randn(8, 8)).square().mean().backward()
            optimizer.step()

    assert 4 == seen(detached, tmp_path)["steps"]


def test_a_switch_that_is_turned_on_the_way_is_a_change(tmp_path: Path) -> None:
    def turning() -> None:
        loop()
        torch.set_float32_matmul_precision("high")
        torch._C._set_mkldnn_enabled(False)
        loop()

    try:
        changes = {each["path"]: each for each in seen(turning, tmp_path)["changes"]}
    finally:
        torch.set_float32_matmul_precision("highest")
        torch._C._set_mkldnn_enabled(True)

    assert ("highest", "high", 4) == tuple(
        changes["precision.float32_matmul"][key] for key in ("before", "after", "step")
    )
    assert "test_seen.py:" in changes["precision.float32_matmul"]["where"]
    assert changes["blas.onednn.enabled"]["before"]


def test_what_is_restored_is_told(tmp_path: Path) -> None:
    def resuming() -> None:
        net = model()
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
        scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1)
        torch.save(net.state_dict(), tmp_path / "last.pt")
        net.load_state_dict(torch.load(tmp_path / "last.pt"))
        optimizer.load_state_dict(optimizer.state_dict())
        scheduler.load_state_dict(scheduler.state_dict())
        before = random.getstate()
        random.random()  # noqa: S311 - moves the generator
        random.setstate(before)
        torch.set_rng_state(torch.get_rng_state())

    run = seen(resuming, tmp_path)

    assert ["last.pt"] == events(run, "checkpoint")
    assert ["Sequential strict=True"] == events(run, "load-model")
    assert (["SGD"], ["StepLR"]) == (events(run, "load-optimizer"), events(run, "load-scheduler"))
    assert ["python", "torch"] == events(run, "restore-rng")


def test_a_folder_that_is_listed_tells_its_order(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    for name in "ab":
        (tmp_path / "data" / name).touch()

    def listing() -> None:
        os.listdir(tmp_path / "data")  # noqa: PTH208 - as scripts do
        os.listdir(tmp_path / "data")  # noqa: PTH208
        data()

    told = events(seen(listing, tmp_path), "listing")

    assert 2 == len(told)
    assert 1 == len(set(told))
    assert "data 2 names xxh3-128:" in told[0]


def test_marks_tell_the_states_from_seed_to_epoch(tmp_path: Path) -> None:
    def seeding() -> None:
        torch.manual_seed(5)
        loader()

    run = seen(seeding, tmp_path)
    names = [each["name"] for each in run["marks"]]

    order = ["torch imported", "seeded torch", "model built", "loader built", "epoch"]
    assert order == list(dict.fromkeys(names))[:5]
    assert [("torch", "5")] == [(each["generator"], each["value"]) for each in run["seedings"]]


def test_generators_of_numpy_tell_their_seeds(tmp_path: Path) -> None:
    def making() -> None:
        one = np.random.default_rng()
        np.random.default_rng(seed=np.int64(3))
        np.random.default_rng([1, 2])
        np.random.default_rng(one)
        np.random.default_rng(np.random.SeedSequence(4))
        loader()

    told = [each for each in seen(making, tmp_path)["seedings"] if each["generator"] == "numpy.Generator"]

    assert ["None", "3", "[1, 2]"] == [each["value"] for each in told]
    assert all(each["where"].rpartition("/")[2].startswith("test_seen.py:") for each in told)


def test_all_of_the_first_steps_are_kept_and_then_64_of_each_doubling() -> None:
    kept = [step for step in range(1, 1 << 14) if is_sampled(step)]

    assert list(range(1, 65)) == kept[:64]
    for power in range(6, 14):
        assert 64 == sum(1 << power <= step < 2 << power for step in kept)


def test_a_cuda_graph_that_is_captured_is_noted(tmp_path: Path) -> None:
    def capturing() -> None:
        with pytest.raises((AssertionError, AttributeError, RuntimeError)):  # there is no GPU, or this is no graph
            torch.cuda.graphs.graph.__enter__(None)
        data()

    assert any("CUDA graph" in note for note in seen(capturing, tmp_path)["notes"])


def test_events_stay_within_their_bounds() -> None:
    from envprint.recorder.events import Events

    found = Events()
    for number in range(20_000):
        found.add(f"name{number % 500}", number, "x" * 1_000, f"train.py:{number}")

    sizes = [len(json.dumps(each)) for each in found.found.values()]
    assert sum(sizes) < 64 << 10


def test_a_batch_that_holds_its_numbers_in_other_tensors_is_told_by_these() -> None:
    from torch.testing._internal.two_tensor import TwoTensor

    from envprint.recorder.batch import gather, read_batch

    batches = [TwoTensor(torch.full((4, 2), number), torch.ones(4, 2)) for number in (1.0, 1.0, 2.0)]
    found = []
    for each in batches:
        parts: list[Any] = []
        assert not gather((each, torch.arange(4)), parts)
        found.append(read_batch(parts, rows=True))

    assert found[0]() == found[1]() != found[2]()
    assert 4 == found[0].count


def test_a_batch_that_holds_no_numbers_is_not_read() -> None:
    from torch._subclasses.fake_tensor import FakeTensorMode

    from envprint.recorder.batch import read_batch

    with FakeTensorMode():
        fake = torch.ones(4, 2)

    with pytest.raises(ValueError, match="holds no numbers"):
        read_batch([fake], rows=True)


def test_looking_for_models_keeps_nothing_alive(tmp_path: Path) -> None:
    class Made:
        pass

    kept, made = model(), Made()
    alive = weakref.ref(made)
    gc.disable()
    try:
        with envprint.record(tmp_path / "run.json"):
            torch.manual_seed(1)
            numbers = (*(each for each in range(100) if torch.manual_seed(each)),)  # a tuple in the making
            del made
            assert alive() is None
    finally:
        gc.enable()
    assert 100 == len(numbers)
    assert all(each["after_model"] for each in run_of(tmp_path / "run.json")["seedings"][:2])
    del kept


def test_a_norm_that_is_written_over_is_told_as_it_is_at_each_call(tmp_path: Path) -> None:
    def clipping() -> None:
        most = torch.tensor(1.0)
        parameters = list(model().parameters())
        for each in parameters:
            each.grad = torch.ones_like(each)
        for _ in range(2):
            torch.nn.utils.clip_grad_norm_(parameters, most)
            most.mul_(2)
        data()

    assert ["1 norm_type=2", "2 norm_type=2"] == events(seen(clipping, tmp_path), "clip")


def settings_change(*, fed: bool) -> None:
    """Train with other settings from step 100 on, long after nobody is asked about them any more."""
    net = torch.nn.Linear(4, 3)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    whole = torch.utils.data.TensorDataset(torch.randn(640, 4), torch.randint(0, 3, (640,)))
    batches = torch.utils.data.DataLoader(whole, batch_size=4) if fed else [whole[:4]] * 160
    for number, (given, aim) in enumerate(batches):
        late = number >= 100
        smoothing = {"label_smoothing": 0.1} if late else {}
        torch.nn.functional.cross_entropy(net(given), aim, **smoothing).backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0 if late else 2.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=not late)


@pytest.mark.parametrize("fed", [True, False])
def test_settings_that_change_late_are_heard_of(fed: bool, tmp_path: Path) -> None:  # noqa: FBT001
    run = seen(lambda: settings_change(fed=fed), tmp_path)

    for name, told in {
        "loss": ["label_smoothing=0", "label_smoothing=0.1"],
        "clip": ["2 norm_type=2", "1 norm_type=2"],
        "zero-grad": ["optimizer set_to_none=True", "optimizer set_to_none=False"],
    }.items():
        found = [each for each in run["events"] if each["name"] == name]
        assert all(each["value"].endswith(value) for each, value in zip(found, told, strict=True)), found
        assert [0, 100] == [each["step"] - (name == "zero-grad") for each in found]


def test_losses_whose_settings_are_never_the_same_are_looked_at_a_few_times(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from envprint.recorder import recording
    from envprint.recorder.frames import caller

    asked: list[str] = []

    def counted() -> str:
        asked.append(caller())
        return asked[-1]

    def training() -> None:
        losses = torch.nn.CrossEntropyLoss(label_smoothing=0.1), torch.nn.CrossEntropyLoss()
        given, aim = torch.randn(4, 3), torch.tensor([0, 1, 2, 0])
        for _ in range(100):
            for loss in losses:
                loss(given, aim)
            torch.nn.functional.triplet_margin_loss(*torch.randn(3, 2, 4))
            torch.nn.functional.binary_cross_entropy_with_logits(given, given.abs(), weight=torch.ones(3))

    monkeypatch.setattr(recording, "caller", counted)
    run = seen(training, tmp_path)

    assert 4 == len(events(run, "loss"))
    assert len(asked) < 100


def test_settings_that_come_from_another_line_are_told_of_there(tmp_path: Path) -> None:
    def training() -> None:
        given, aim = torch.randn(4, 3), torch.tensor([0, 1, 2, 0])
        for _ in range(8):
            torch.nn.functional.cross_entropy(given, aim)
            torch.nn.functional.cross_entropy(given, aim, label_smoothing=0.1)
        torch.nn.functional.cross_entropy(given, aim, label_smoothing=0.1)

    assert 3 == len(events(seen(training, tmp_path), "loss"))


def test_a_call_that_is_wrong_raises_what_it_does_without_a_recording(tmp_path: Path) -> None:
    def training() -> None:
        with pytest.raises(TypeError, match=r"^clip_grad_norm_\(\) got multiple values"):
            torch.nn.utils.clip_grad_norm_([torch.zeros(1)], 1.0, max_norm=1.0)

    seen(training, tmp_path)


def test_batches_whose_keys_are_no_unicode_are_told_apart(tmp_path: Path) -> None:
    def fed(data: list[dict[str, Any]]) -> list[str]:
        def training() -> None:
            net = torch.nn.Linear(4, 1)
            optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
            for batch in torch.utils.data.DataLoader(data, batch_size=4):
                net(batch["\udc80"]).sum().backward()
                optimizer.step()

        run = seen(training, tmp_path)
        return [each[name] for each in run["ledger"] for name in ("batch", "samples")]

    same = [{"\udc80": torch.full((4,), float(number))} for number in range(8)]

    assert fed(same) == fed(same)
    assert not set(fed(same)) & set(fed([{"\udc80": torch.ones(4)}] * 8))
