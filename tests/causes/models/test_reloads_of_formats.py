"""Checkpoints as other tools lay them out, wrappers, scripts and compiled models: what is the same, and what is not."""

import copy
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from _more_nets import Attentive, Plain, Prefixed, copied, fresh, rows, saved, taught, tokens
from _nets import images, reloaded, seeded, train, trained
from torch import nn

import envprint

pytestmark = pytest.mark.torch

Sides = tuple[Any, Any]
Case = Callable[[Path], Sides]


def averages_saved_as_a_whole_module(folder: Path) -> Sides:
    model, averaged = trained(), trained(steps=6)
    return saved({"epoch": 1, "model": model, "ema": averaged, "updates": 4}, folder / "best.pt"), averaged


def averages_among_the_weights(folder: Path) -> Sides:
    model, averaged = trained(), trained(steps=6)
    state = {f"model.{name}": each for name, each in model.state_dict().items()}
    state |= {f"ema_model.{name}": each for name, each in averaged.state_dict().items()}
    return saved({"state_dict": state, "epoch": 1}, folder / "last.ckpt"), averaged


def raw_weights_beside_their_averages(folder: Path) -> Sides:
    return averages_among_the_weights(folder)[0], trained()


def half_a_module_beside_a_float_one(folder: Path) -> Sides:
    model = trained()
    return saved({"model": copy.deepcopy(model).half(), "ema": None, "epoch": 1}, folder / "last.pt"), model


def an_optimizer_of_one_of_two_networks(folder: Path) -> Sides:
    generator, critic = taught(Plain, rows()), fresh(1)
    optimizer = train(generator, rows(), 1)
    state = {
        "generator": generator.state_dict(),
        "discriminator": critic.state_dict(),
        "generator_optimizer": optimizer.state_dict(),
        "epoch": 1,
    }
    a = saved(state, folder / "a.pt")
    state.pop("generator_optimizer")
    return a, saved(state, folder / "b.pt")


def accelerated(folder: Path) -> Path:
    """Write a folder as Accelerator.save_state() does."""
    accelerate = pytest.importorskip("accelerate")
    model = trained(steps=0)
    optimizer = torch.optim.AdamW(model.parameters())
    accelerator = accelerate.Accelerator(cpu=True)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 2)
    prepared, stepping, counting = accelerator.prepare(model, optimizer, scheduler)
    prepared(images()).mean().backward()
    stepping.step()
    counting.step()
    accelerator.save_state(str(folder))
    return folder


def of_accelerate_without(name: str, folder: Path) -> Sides:
    a = accelerated(folder / "a")
    shutil.copytree(a, folder / "b")
    (folder / "b" / name).unlink(missing_ok=name == "nothing")
    return a, folder / "b"


def optimizer_of_accelerate(folder: Path) -> Sides:
    return of_accelerate_without("optimizer.bin", folder)


def schedule_of_accelerate(folder: Path) -> Sides:
    return of_accelerate_without("scheduler.bin", folder)


def generators_of_accelerate(folder: Path) -> Sides:
    return of_accelerate_without("random_states_0.pkl", folder)


def all_of_accelerate(folder: Path) -> Sides:
    return of_accelerate_without("nothing", folder)


def learning_rates_of_groups(_: Path) -> Sides:
    model = trained()
    groups = [{"params": model.blocks.parameters(), "lr": 0.01}, {"params": model.fc.parameters(), "lr": 0.1}]
    optimizers = torch.optim.SGD(groups), torch.optim.SGD(model.parameters(), lr=0.01)
    a, b = (envprint.describe(model, optimizer) for optimizer in optimizers)
    return a, b


def projections_that_were_cut(folder: Path) -> Sides:
    state = dict(taught(Attentive, tokens()).state_dict())
    a = saved(dict(state), folder / "a.pt")
    joined = state.pop("attention.in_proj_weight")
    for name, part in zip("qkv", joined.chunk(3), strict=True):
        state[f"attention.{name}_proj.weight"] = part.clone()
    return a, saved(state, folder / "b.pt")


def a_norm_of_another_class(_: Path) -> Sides:
    with seeded(0):
        model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8))
    other = copy.deepcopy(model)
    other[1] = nn.GroupNorm(4, 8)
    return model.eval(), other.eval()


def a_layer_without_the_bias_of_the_file(folder: Path) -> Sides:
    model = taught(Plain, rows())
    other = copied(model)
    other.out = nn.Linear(32, 4, bias=False)
    other.out.weight.data = model.out.weight.data.clone()
    return saved(model.state_dict(), folder / "model.pt"), other


def two_models_of_other_names(folder: Path) -> Sides:
    return saved(trained().state_dict(), folder / "a.pt"), saved(fresh(1, Attentive).state_dict(), folder / "b.pt")


def weights_drawn_by_hand(_: Path) -> Sides:
    def drawn(seed: int) -> nn.Module:
        model = fresh(seed)
        with seeded(seed):
            for name, each in model.named_parameters():
                if "conv" in name or "stem" in name:
                    nn.init.kaiming_normal_(each, mode="fan_out")
        return model

    return drawn(0), drawn(1)


def a_run_of_the_same_length(folder: Path) -> Sides:
    a = saved({"model": trained(steps=4).state_dict(), "epoch": 3}, folder / "a.pt")
    return a, saved({"model": trained(steps=9).state_dict(), "epoch": 3}, folder / "b.pt")


def a_mode_that_a_file_carries(folder: Path) -> Sides:
    model = trained().train()
    described = envprint.capture(model=envprint.describe(model))
    envprint.save(model.state_dict(), folder / "model.pt", described)
    return folder / "model.pt", reloaded(model)


CASES: dict[str, list[Case]] = {
    "ema-weights": [averages_saved_as_a_whole_module, averages_among_the_weights],
    "dtype-cast-on-load": [half_a_module_beside_a_float_one],
    "optimizer-state-missing": [an_optimizer_of_one_of_two_networks, optimizer_of_accelerate],
    "scheduler-state-missing": [schedule_of_accelerate],
    "rng-state-on-resume": [generators_of_accelerate],
    "frozen-params": [learning_rates_of_groups],
    "weight-conversion": [projections_that_were_cut],
    "architecture-config": [
        a_norm_of_another_class,
        a_layer_without_the_bias_of_the_file,
        two_models_of_other_names,
    ],
    "initial-weights": [weights_drawn_by_hand],
    "wrong-checkpoint-file": [a_run_of_the_same_length],
    "train-vs-eval": [a_mode_that_a_file_carries],
}


def a_script_in_memory(_: Path) -> Sides:
    model = trained()
    return model, torch.jit.script(copy.deepcopy(model))


def a_traced_model(folder: Path) -> Sides:
    model = trained()
    torch.jit.trace(model, images(2)).save(folder / "traced.pt")
    return folder / "traced.pt", model


def a_compiled_model(_: Path) -> Sides:
    model = trained()
    return envprint.describe(model, forward=False), envprint.describe(
        torch.compile(copy.deepcopy(model)), forward=False
    )


def a_model_that_another_holds(_: Path) -> Sides:
    model = trained()
    return model, Prefixed(reloaded(model)).eval()


def averages_of_a_single_model(_: Path) -> Sides:
    model = trained()
    return model, torch.optim.swa_utils.AveragedModel(model).eval()


def weights_of_deepspeed(folder: Path) -> Sides:
    model = trained()
    state = {"module": model.state_dict(), "global_steps": 10, "dp_world_size": 2}
    return saved(state, folder / "mp_rank_00_model_states.pt"), model


def weights_of_fairseq(folder: Path) -> Sides:
    model = trained()
    state = {"args": None, "model": model.state_dict(), "extra_state": {"epoch": 3}, "optimizer_history": [{"lr": 1}]}
    return saved(state, folder / "checkpoint.pt"), model


def parameters_as_objects(folder: Path) -> Sides:
    model = trained()
    return saved({**dict(model.named_parameters()), **dict(model.named_buffers())}, folder / "model.pt"), model


def weight_norm_by_either_way(folder: Path) -> Sides:
    model = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 2))
    other = copy.deepcopy(model)
    nn.utils.weight_norm(model[0])
    nn.utils.parametrizations.weight_norm(other[0])
    return saved(model.state_dict(), folder / "model.pt"), other.eval()


def a_mask_of_infinities(folder: Path) -> Sides:
    class Masked(Plain):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("mask", torch.full((4, 4), float("-inf")).triu(1), persistent=False)

    model = taught(Masked, rows())
    return saved(model.state_dict(), folder / "model.pt"), copied(model)


def optimizers_without_a_memory(folder: Path) -> Sides:
    model = trained()
    state = {"model": model.state_dict(), "epoch": 1}
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    a = saved({**state, "optimizer": optimizer.state_dict()}, folder / "a.pt")
    return a, saved(state, folder / "b.pt")


def what_a_whole_module_requires_gradients_of(folder: Path) -> Sides:
    model = trained()
    return saved(model, folder / "model.pt"), reloaded(model).requires_grad_(requires_grad=False)


def a_live_model_in_training_and_its_file(folder: Path) -> Sides:
    model = trained()
    return saved(model.state_dict(), folder / "model.pt"), reloaded(model).train()


ALIKE: list[Case] = [
    a_script_in_memory,
    a_traced_model,
    a_compiled_model,
    a_model_that_another_holds,
    averages_of_a_single_model,
    raw_weights_beside_their_averages,
    weights_of_deepspeed,
    weights_of_fairseq,
    all_of_accelerate,
    parameters_as_objects,
    weight_norm_by_either_way,
    a_mask_of_infinities,
    optimizers_without_a_memory,
    what_a_whole_module_requires_gradients_of,
    a_live_model_in_training_and_its_file,
]
CALLS = [(cause, case) for cause, cases in CASES.items() for case in cases]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("cause", "case"), CALLS, ids=[case.__name__ for _, case in CALLS])
def test_the_first_finding_is_what_the_format_shows(cause: str, case: Case, tmp_path: Path) -> None:
    report = envprint.explain(*case(tmp_path))

    assert report.findings, report.summary
    assert cause == report.findings[0].cause, [(each.cause, each.confidence) for each in report.findings]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case", ALIKE, ids=[case.__name__ for case in ALIKE])
def test_formats_of_one_model_are_not_blamed(case: Case, tmp_path: Path) -> None:
    report = envprint.explain(*case(tmp_path))

    assert [] == [each.cause for each in report.findings if each.confidence >= 0.5], report.summary
    assert report.verdict in {"identical", "equivalent"}


def test_a_file_does_not_tell_its_mode_and_that_is_said_as_no_more_than_possible(tmp_path: Path) -> None:
    report = envprint.explain(*a_live_model_in_training_and_its_file(tmp_path))

    assert [("train-vs-eval", 0.3, "possible")] == [
        (each.cause, each.confidence, each.status) for each in report.findings
    ]
    assert "the other side does not tell its mode" in report.findings[0].evidence


THREADS = """
import sys, torch, envprint
class Total(torch.nn.Module):
    def forward(self, x): return x.sum()
torch.set_num_threads(int(sys.argv[1]))
torch.manual_seed(0)
model = torch.nn.Sequential(torch.nn.Linear(64, 4096), Total())
described = envprint.describe(model.eval(), inputs=torch.linspace(-1, 1, 64 * 64).view(64, 64))
envprint.write(envprint.capture(probe="default", model=described), sys.argv[2])
"""


@pytest.mark.slow
def test_where_only_kernels_part_the_environment_is_the_cause(tmp_path: Path, run_python: Any) -> None:
    sides = [tmp_path / f"{threads}.json" for threads in (1, 2)]
    for threads, side in enumerate(sides, 1):
        done = run_python(THREADS, str(threads), str(side))
        assert (0, "") == (done.returncode, done.stderr)
    report = envprint.explain(*sides)
    parting = report.models.partings[0] if report.models else None

    assert "divergent" == report.verdict
    assert "intra-op-threads" == report.findings[0].cause
    assert parting is not None
    assert ("1", True, True) == (parting.module, parting.same_inputs, parting.same_weights)
    assert "with equal weights and inputs" in report.summary


def test_a_sharded_model_whose_configuration_is_no_object_is_said_to_be_so(tmp_path: Path) -> None:
    saved(trained().state_dict(), tmp_path / "model.pt")
    (tmp_path / "config.json").write_text(json.dumps([1]))

    with pytest.raises(envprint.CheckpointError, match=r"config\.json is no object of JSON"):
        envprint.explain(tmp_path, tmp_path)
