"""For each cause that a model shows, a reload that has it: the finding is that cause, and it comes first."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from _nets import Recurrent, ResNet, Transformer, images, language, reloaded, seeded, train, trained
from safetensors.torch import save_file
from torch import nn

import envprint
from envprint.report import Report

pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("one_thread")]

Sides = tuple[Any, Any]
Case = Callable[[Path], Sides]


def train_vs_eval(_: Path) -> Sides:
    model = trained()
    return model, reloaded(model).train()


def dropout_active(_: Path) -> Sides:
    model = trained()
    return model.train(), reloaded(model).train()


def dropout_p(_: Path) -> Sides:
    model = trained()
    return model.train(), reloaded(model, dropout=0.5).train()


def bn_running_stats(_: Path) -> Sides:
    model = trained()
    other = reloaded(model).train()
    with torch.no_grad():  # no_grad keeps no statistics from being updated
        other(images() * 3)
    return model, other.eval()


def bn_running_stats_of_parameters_alone(folder: Path) -> Sides:
    model = trained()
    torch.save(dict(model.named_parameters()), folder / "model.pt")
    other = ResNet()
    other.load_state_dict(torch.load(folder / "model.pt"), strict=False)
    return folder / "model.pt", other.eval()


def bn_track_running_stats(_: Path) -> Sides:
    model = trained()
    other = ResNet(track_running_stats=False)
    other.load_state_dict(model.state_dict(), strict=False)
    return model, other.eval()


def bn_hyperparams(_: Path) -> Sides:
    model = trained()
    return model, reloaded(model, eps=1e-3)


def strict_false_missing(folder: Path) -> Sides:
    model = nn.DataParallel(trained())
    torch.save(model.state_dict(), folder / "model.pt")
    other = ResNet()
    other.load_state_dict(torch.load(folder / "model.pt"), strict=False)
    return folder / "model.pt", other.eval()


def strict_false_missing_of_live_models(_: Path) -> Sides:
    model = torch.compile(trained())
    with seeded(3):
        other = ResNet()
    other.load_state_dict(model.state_dict(), strict=False)
    return model.state_dict(), other.eval()


def newly_initialised_layers(folder: Path) -> Sides:
    state = {name: each for name, each in trained().state_dict().items() if not name.startswith("fc.")}
    torch.save(state, folder / "backbone.pt")
    other = ResNet()
    other.load_state_dict(state, strict=False)
    return folder / "backbone.pt", other.eval()


def newly_initialised_layers_of_live_models(_: Path) -> Sides:
    model = trained()
    other = reloaded(model)
    other.fc.reset_parameters()
    return model, other


def model_dtype(_: Path) -> Sides:
    model = trained()
    return model, reloaded(model).to(torch.bfloat16)


def dtype_cast_on_load(folder: Path) -> Sides:
    model = trained()
    torch.save(copy.deepcopy(model).half().state_dict(), folder / "half.pt")
    other = reloaded(model)
    other.load_state_dict(torch.load(folder / "half.pt"))
    return folder / "half.pt", other


def dtype_cast_on_load_on_the_way(_: Path) -> Sides:
    model = trained()
    other = reloaded(model)
    other.load_state_dict(copy.deepcopy(model).to(torch.bfloat16).state_dict())
    return model, other


def nonpersistent_buffers(_: Path) -> Sides:
    model = language()
    other = copy.deepcopy(model)
    other.scale = other.scale.half().float()
    return model, other


def tied_weights(_: Path) -> Sides:
    model = language()
    other = Transformer(tied=False)
    state = model.state_dict()
    state.pop("lm_head.weight")
    other.load_state_dict(state, strict=False)
    return model, other.eval()


def tied_weights_of_a_file(folder: Path) -> Sides:
    state = {name: each for name, each in language().state_dict().items() if name != "lm_head.weight"}
    save_file(state, folder / "model.safetensors")
    other = Transformer(tied=False)
    other.load_state_dict(state, strict=False)
    return folder / "model.safetensors", other.eval()


def ema_weights(folder: Path) -> Sides:
    model = trained()
    averaged = torch.optim.swa_utils.AveragedModel(model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.9))
    for _ in range(2):  # the first update takes the weights as they are
        averaged.update_parameters(model)
        train(model, images(), 3)
    state = averaged.module.state_dict()
    torch.save({"model": model.state_dict(), "model_ema": state, "epoch": 3}, folder / "model.pt")
    other = ResNet()
    other.load_state_dict(state)
    return folder / "model.pt", other.eval()


def architecture_config(_: Path) -> Sides:
    model = language(heads=4)
    other = Transformer(heads=2)
    other.load_state_dict(model.state_dict())
    return model, other.eval()


def initial_weights(_: Path) -> Sides:
    with seeded(0):
        model = ResNet()
    with seeded(1):
        other = ResNet()
    return model.eval(), other.eval()


def trained_weights_differ(_: Path) -> Sides:
    return trained(steps=4), trained(steps=6)


def uninitialised_read(_: Path) -> Sides:
    class Scaled(ResNet):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return super().forward(x) * self.gain

    def with_bare_parameter(content: float) -> nn.Module:
        model = Scaled()
        model.load_state_dict(trained().state_dict())
        model.gain = nn.Parameter(torch.full((10,), content))  # as torch.empty finds the memory
        return model.eval()

    return with_bare_parameter(0.0), with_bare_parameter(4e-39)


def quantized_module(_: Path) -> Sides:
    model = nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 4)).eval()
    return model, torch.ao.quantization.quantize_dynamic(copy.deepcopy(model), {nn.Linear})


def channels_last(_: Path) -> Sides:
    model = trained()
    return model, reloaded(model).to(memory_format=torch.channels_last)


def frozen_params(_: Path) -> Sides:
    model = trained()
    other = reloaded(model)
    other.stem.requires_grad_(False)
    return model, other


def state_dict_alias(_: Path) -> Sides:
    model = trained()
    best = model.state_dict()
    train(model, images(), 2)
    return best, model.eval()


def state_dict_alias_of_files(folder: Path) -> Sides:
    model = trained()
    best = {"model": model.state_dict(), "epoch": 1, "loss": 0.5}
    train(model, images(), 2)
    torch.save(best, folder / "best.pt")
    torch.save({"model": model.state_dict(), "epoch": 2, "loss": 0.6}, folder / "last.pt")
    return folder / "best.pt", folder / "last.pt"


def checkpoint(folder: Path, *without: str, name: str = "full.pt") -> Path:
    model = trained(steps=0)
    optimizer = train(model, images(), 2)
    state = {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "scheduler": torch.optim.lr_scheduler.StepLR(optimizer, 2).state_dict(),
        "scaler": torch.amp.GradScaler("cpu").state_dict(),
        "rng": {"torch": torch.Generator().manual_seed(0).get_state()},
        "epoch": 2,
    }
    torch.save({key: each for key, each in state.items() if key not in without}, folder / name)
    return folder / name


def optimizer_state_missing(folder: Path) -> Sides:
    return checkpoint(folder), checkpoint(folder, "optimizer", name="less.pt")


def scheduler_state_missing(folder: Path) -> Sides:
    return checkpoint(folder), checkpoint(folder, "scheduler", name="less.pt")


def scaler_state_missing(folder: Path) -> Sides:
    return checkpoint(folder), checkpoint(folder, "scaler", name="less.pt")


def rng_state_on_resume(folder: Path) -> Sides:
    return checkpoint(folder), checkpoint(folder, "rng", name="less.pt")


def wrong_checkpoint_file(folder: Path) -> Sides:
    for epoch in (3, 7):
        torch.save({"model": trained(steps=epoch).state_dict(), "epoch": epoch}, folder / f"{epoch}.pt")
    return folder / "3.pt", folder / "7.pt"


def weight_conversion(folder: Path) -> Sides:
    state = {name: each.clone() for name, each in language(tied=False).state_dict().items()}
    torch.save(state, folder / "model.pt")
    for name in ("encoder.layers.0.self_attn.out_proj.weight", "encoder.layers.1.self_attn.out_proj.weight"):
        state[name] = state[name].t().contiguous()
    save_file(state, folder / "model.safetensors")
    return folder / "model.pt", folder / "model.safetensors"


def forward_mutates(_: Path) -> Sides:
    class Drifting(Recurrent):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            self.out.weight.data.mul_(0.99)  # a decay that somebody put into the forward pass
            return super().forward(x)

    with seeded(0):
        model = Drifting()
    other = copy.deepcopy(model)
    other(torch.zeros(1, 3, 8))
    return model.eval(), other.eval()


def identical_encoder_layers(_: Path) -> Sides:
    with seeded(0):
        model = Transformer()
    other = copy.deepcopy(model)
    for layer in other.encoder.layers:
        for parameter in layer.parameters():
            if parameter.dim() > 1:
                nn.init.xavier_uniform_(parameter)
    return model.eval(), other.eval()


def round_trip_exact(folder: Path) -> Sides:
    model = trained()
    torch.save(model.state_dict(), folder / "model.pt")
    save_file(model.state_dict(), folder / "model.safetensors")
    return folder / "model.pt", folder / "model.safetensors"


CASES: dict[str, list[Case]] = {
    "train-vs-eval": [train_vs_eval],
    "dropout-active": [dropout_active],
    "dropout-p": [dropout_p],
    "bn-running-stats": [bn_running_stats, bn_running_stats_of_parameters_alone],
    "bn-track-running-stats": [bn_track_running_stats],
    "bn-hyperparams": [bn_hyperparams],
    "strict-false-missing": [strict_false_missing, strict_false_missing_of_live_models],
    "newly-initialised-layers": [newly_initialised_layers, newly_initialised_layers_of_live_models],
    "model-dtype": [model_dtype],
    "dtype-cast-on-load": [dtype_cast_on_load, dtype_cast_on_load_on_the_way],
    "nonpersistent-buffers": [nonpersistent_buffers],
    "tied-weights": [tied_weights, tied_weights_of_a_file],
    "ema-weights": [ema_weights],
    "architecture-config": [architecture_config],
    "initial-weights": [initial_weights],
    "trained-weights-differ": [trained_weights_differ],
    "uninitialised-read": [uninitialised_read],
    "quantized-module": [quantized_module],
    "channels-last": [channels_last],
    "frozen-params": [frozen_params],
    "state-dict-alias": [state_dict_alias_of_files, state_dict_alias],
    "optimizer-state-missing": [optimizer_state_missing],
    "scheduler-state-missing": [scheduler_state_missing],
    "scaler-state-missing": [scaler_state_missing],
    "rng-state-on-resume": [rng_state_on_resume],
    "wrong-checkpoint-file": [wrong_checkpoint_file],
    "weight-conversion": [weight_conversion],
    "forward-mutates": [forward_mutates],
    "identical-encoder-layers": [identical_encoder_layers],
}
RULED_OUT = {"round-trip-exact": [round_trip_exact]}
CALLS = [(cause, case) for cause, cases in CASES.items() for case in cases]


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning", "ignore::FutureWarning")
@pytest.mark.parametrize(("cause", "case"), CALLS, ids=[case.__name__ for _, case in CALLS])
def test_the_first_finding_is_what_the_reload_has(cause: str, case: Case, tmp_path: Path) -> None:
    report: Report = envprint.explain(*case(tmp_path))

    assert report.findings, report.summary
    assert cause == report.findings[0].cause, [(each.cause, each.confidence) for each in report.findings]
    assert report.verdict in {"divergent", "undecidable"}


def test_a_reload_that_lost_nothing_is_told_from_its_cause(tmp_path: Path) -> None:
    report = envprint.explain(*round_trip_exact(tmp_path))

    assert "identical" == report.verdict
    assert ["round-trip-exact"] == [each.cause for each in report.dismissed]
    assert () == report.findings
