"""Other ways into the same trouble: more reloads for each cause, of other models, from files, live and described."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from _more_nets import (
    Attentive,
    Forgetful,
    Plain,
    Prefixed,
    Sequences,
    as_trainer,
    copied,
    fresh,
    lightning,
    rows,
    saved,
    sequences,
    taught,
    tokens,
)
from _nets import ResNet, Transformer, images, language, reloaded, seeded, train, trained
from safetensors.torch import save_file
from torch import nn

import envprint
from envprint.report import Report

pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("one_thread")]

Sides = tuple[Any, Any]
Case = Callable[[Path], Sides]


def one_norm_in_training(_: Path) -> Sides:
    model = trained()
    other = reloaded(model)
    other.blocks[1].bn2.train()
    return model, other


def modes_of_descriptions(_: Path) -> Sides:
    model = language()
    other = copy.deepcopy(model)
    return envprint.describe(model.train()), envprint.describe(other)


def modes_of_a_function(_: Path) -> Sides:
    model = taught(Plain, rows())
    return copied(model), model.train()


def modes_of_a_recurrent_network(_: Path) -> Sides:
    model = taught(Sequences, sequences())
    return model.train(), copied(model)


def modes_of_whole_modules(folder: Path) -> Sides:
    model = trained()
    a = saved(model, folder / "a.pt")
    return a, saved(model.train(), folder / "b.pt")


def mode_of_a_whole_module_against_a_live_one(folder: Path) -> Sides:
    model = trained()
    return saved(model, folder / "a.pt"), reloaded(model).train()


def dropout_in_both(_: Path) -> Sides:
    model = taught(Sequences, sequences())
    return model.train(), copied(model).train()


def dropout_in_both_by_a_function(_: Path) -> Sides:
    model = taught(Plain, rows())
    return model.train(), copied(model).train()


def dropout_that_no_mode_switches_off(_: Path) -> Sides:
    model = taught(Forgetful, rows())
    return model, copied(model)


def dropout_in_both_descriptions(_: Path) -> Sides:
    model = taught(Attentive, tokens())
    other = copied(model)
    return envprint.describe(model.train()), envprint.describe(other.train())


def dropout_of_attention(_: Path) -> Sides:
    model = taught(Attentive, tokens())
    return model, copied(model, dropout=0.0)


def dropout_of_an_lstm(_: Path) -> Sides:
    model = taught(Sequences, sequences())
    return model.train(), copied(model, dropout=0.5).train()


def dropout_of_an_attribute(_: Path) -> Sides:
    model = taught(Plain, rows())
    model.dropout, other = 0.3, copied(model)
    other.dropout = 0.1
    return model, other


def dropout_that_became_identity(_: Path) -> Sides:
    model = trained()
    other = reloaded(model)
    other.dropout = nn.Identity()
    return model.train(), other.train()


def dropout_of_whole_modules(folder: Path) -> Sides:
    model = trained()
    return saved(model, folder / "a.pt"), saved(reloaded(model, dropout=0.5), folder / "b.pt")


def statistics_of_one_layer(_: Path) -> Sides:
    model = trained()
    other = reloaded(model)
    other.blocks[0].bn1.reset_running_stats()
    return model, other


def statistics_against_a_file(folder: Path) -> Sides:
    model = trained()
    other = reloaded(model).train()
    with torch.no_grad():
        other(images() * 2)
    return saved(model.state_dict(), folder / "model.pt"), other.eval()


def statistics_of_two_files(folder: Path) -> Sides:
    model = trained()
    save_file(model.state_dict(), folder / "a.safetensors")
    model.train()(images() * 2)
    save_file(model.state_dict(), folder / "b.safetensors")
    return folder / "a.safetensors", folder / "b.safetensors"


def statistics_of_descriptions(_: Path) -> Sides:
    model = trained()
    before = envprint.describe(model)
    model.train()(images() * 2)
    return before, envprint.describe(model.eval())


def statistics_of_parameters_in_safetensors(folder: Path) -> Sides:
    model = trained()
    save_file({name: each.detach() for name, each in model.named_parameters()}, folder / "model.safetensors")
    return model, folder / "model.safetensors"


def instance_norm(_: Path, **options: Any) -> nn.Module:
    with seeded(0):
        net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.InstanceNorm2d(8, **options), nn.ReLU(), nn.Conv2d(8, 4, 3))
    return net.eval()


def tracking_of_an_instance_norm(folder: Path) -> Sides:
    return instance_norm(folder, track_running_stats=True), instance_norm(folder)


def tracking_against_a_file(folder: Path) -> Sides:
    model = trained()
    other = ResNet(track_running_stats=False)
    other.load_state_dict(model.state_dict(), strict=False)
    return saved(model.state_dict(), folder / "model.pt"), other.eval()


def momentum_alone(_: Path) -> Sides:
    model = trained()
    return model, reloaded(model, momentum=0.01)


def eps_of_a_layer_norm(_: Path) -> Sides:
    model = taught(Sequences, sequences())
    return model, copied(model, eps=1e-3)


def eps_of_described_norms(_: Path) -> Sides:
    model = trained()
    return envprint.describe(model), reloaded(model, eps=1e-3)


def a_norm_without_affine(_: Path) -> Sides:
    model = fresh(0)
    other = fresh(1, affine=False)
    other.load_state_dict(model.state_dict(), strict=False)
    return model, other.eval()


def eps_of_whole_modules(folder: Path) -> Sides:
    model = trained()
    return saved(model, folder / "a.pt"), saved(reloaded(model, eps=1e-3), folder / "b.pt")


def names_of_a_compiled_model(folder: Path) -> Sides:
    model = torch.compile(trained())
    return saved(model.state_dict(), folder / "model.pt"), fresh(3)


def names_of_lightning(folder: Path) -> Sides:
    return lightning(folder / "last.ckpt"), fresh(3)


def names_of_ranks_in_safetensors(folder: Path) -> Sides:
    model = language(tied=False)
    save_file({f"module.{name}": each for name, each in model.state_dict().items()}, folder / "model.safetensors")
    return folder / "model.safetensors", fresh(3, Transformer, tied=False)


def names_that_match_in_part(folder: Path) -> Sides:
    model = trained()
    state = {
        (name if name.startswith("fc.") else f"backbone.{name}"): each for name, each in model.state_dict().items()
    }
    other = fresh(3)
    other.load_state_dict(state, strict=False)
    return saved(state, folder / "model.pt"), other


def names_with_another_prefix(folder: Path) -> Sides:
    state = {f"encoder.{name}": each for name, each in trained().state_dict().items()}
    return saved(state, folder / "model.pt"), Prefixed(fresh(3)).eval()


def names_with_another_word_inside(folder: Path) -> Sides:
    model = trained()
    state = {name.replace("blocks.", "layers."): each for name, each in model.state_dict().items()}
    other = fresh(3)
    other.load_state_dict(state, strict=False)
    return saved(state, folder / "model.pt"), other


def names_of_a_live_state_dict(_: Path) -> Sides:
    return nn.DataParallel(language(tied=False)).state_dict(), fresh(3, Transformer, tied=False)


def a_head_of_other_classes(folder: Path) -> Sides:
    model = trained()
    other = fresh(3, classes=4)
    own = other.state_dict()
    state = {name: each for name, each in model.state_dict().items() if each.shape == own[name].shape}
    other.load_state_dict(state, strict=False)
    return saved(model.state_dict(), folder / "model.pt"), other


def a_head_of_other_classes_live(_: Path) -> Sides:
    model = trained()
    other = reloaded(model)
    other.fc = nn.Linear(16, 4)
    return model, other


def a_head_that_was_added(folder: Path) -> Sides:
    model = taught(Sequences, sequences())
    save_file({name: each for name, each in model.state_dict().items() if "out" not in name}, folder / "a.safetensors")
    return folder / "a.safetensors", copied(model)


def a_resized_embedding(folder: Path) -> Sides:
    model = taught(Attentive, tokens())
    other = copied(model)
    other.embed = nn.Embedding(56, 32)
    with torch.no_grad():
        other.embed.weight[:50] = model.embed.weight
    return saved(model.state_dict(), folder / "model.pt"), other


def a_backbone_and_a_whole_in_files(folder: Path) -> Sides:
    state = trained().state_dict()
    backbone = {name: each for name, each in state.items() if not name.startswith("fc.")}
    other = fresh(3)
    other.load_state_dict(backbone, strict=False)
    return saved(backbone, folder / "a.pt"), saved(other.state_dict(), folder / "b.pt")


def half_of_a_transformer(_: Path) -> Sides:
    model = language()
    return model, copy.deepcopy(model).half()


def bfloat16_of_a_file(folder: Path) -> Sides:
    model = trained()
    save_file(model.state_dict(), folder / "a.safetensors")
    save_file(model.to(torch.bfloat16).state_dict(), folder / "b.safetensors")
    return folder / "a.safetensors", folder / "b.safetensors"


def double_of_descriptions(_: Path) -> Sides:
    model = taught(Sequences, sequences())
    return envprint.describe(model), envprint.describe(copied(model).double())


def a_bfloat16_file_in_a_float32_model(folder: Path) -> Sides:
    model = language()
    a = saved(copy.deepcopy(model).to(torch.bfloat16).state_dict(), folder / "a.pt")
    other = fresh(2, Transformer)
    other.load_state_dict(torch.load(a))
    return a, other


def a_float32_file_in_a_bfloat16_model(folder: Path) -> Sides:
    model = language(tied=False)
    save_file(model.state_dict(), folder / "a.safetensors")
    other = fresh(2, Transformer, tied=False).to(torch.bfloat16)
    other.load_state_dict(model.state_dict())
    return folder / "a.safetensors", other


def half_and_back(_: Path) -> Sides:
    model = taught(Attentive, tokens())
    return model, copied(model).half().float()


def half_and_back_in_descriptions(_: Path) -> Sides:
    model = trained()
    return envprint.describe(model), envprint.describe(reloaded(model).to(torch.bfloat16).float())


def half_and_back_in_files(folder: Path) -> Sides:
    model = trained()
    a = saved(model.state_dict(), folder / "a.pt")
    return a, saved(model.half().float().state_dict(), folder / "b.pt")


def frequencies_of_zero(_: Path) -> Sides:
    model = taught(Attentive, tokens())
    other = copied(model)
    other.rotary.inv_freq.zero_()
    return model, other


def frequencies_that_are_no_numbers(folder: Path) -> Sides:
    model = taught(Attentive, tokens())
    other = copied(model)
    other.rotary.inv_freq.fill_(float("nan"))
    return saved(model.state_dict(), folder / "model.pt"), other


def frequencies_that_were_rounded(_: Path) -> Sides:
    model = taught(Attentive, tokens())
    other = copied(model)
    other.rotary.half().float()
    return envprint.describe(model), other


def frequencies_of_zero_against_a_file(folder: Path) -> Sides:
    model = taught(Attentive, tokens())
    other = copied(model)
    other.rotary.inv_freq.zero_()
    save_file(model.state_dict(), folder / "model.safetensors")
    return folder / "model.safetensors", other


def an_output_layer_untied_after_loading(folder: Path) -> Sides:
    model = language()
    other = copy.deepcopy(model)
    other.lm_head = nn.Linear(32, 64, bias=False)
    return saved(model.state_dict(), folder / "model.pt"), other


def an_output_layer_untied_with_equal_weights(_: Path) -> Sides:
    model = language()
    return model, copied(model, tied=False)


def an_output_layer_tied_on_one_side_only(_: Path) -> Sides:
    model = language(tied=False)
    return model, copied(model, tied=True)


def an_output_layer_untied_in_descriptions(_: Path) -> Sides:
    model = language()
    other = copied(model, tied=False)
    nn.init.normal_(other.lm_head.weight)
    return envprint.describe(model), envprint.describe(other)


def averages_in(path: Path, key: str, *, form: str = "dict") -> Sides:
    """Return a checkpoint that keeps averages under a name, and a model that has got them."""
    model = trained()
    averaged = trained(steps=5)
    state: Any = averaged.state_dict()
    if form == "list":
        state = {"decay": 0.9, "num_updates": 3, "shadow_params": list(averaged.parameters())}
        averaged.load_state_dict({**model.state_dict(), **dict(averaged.named_parameters())})
    elif form == "prefix":
        state = {"n_averaged": torch.tensor(2), **{f"module.{name}": each for name, each in state.items()}}
    return saved({"state_dict": model.state_dict(), key: state, "epoch": 2}, path), averaged


def averages_of_timm(folder: Path) -> Sides:
    return averages_in(folder / "model.pth", "state_dict_ema")


def averages_of_an_averaged_model(folder: Path) -> Sides:
    return averages_in(folder / "model.pth", "ema_model", form="prefix")


def averages_in_a_list(folder: Path) -> Sides:
    return averages_in(folder / "model.pth", "ema", form="list")


def averages_of_two_live_models(_: Path) -> Sides:
    model = trained()
    averaged = torch.optim.swa_utils.AveragedModel(model)
    train(model, images(), 2)
    averaged.update_parameters(model)
    averaged.update_parameters(trained(steps=1))
    return averaged.eval(), model.eval()


def averages_of_a_file_against_raw_weights(folder: Path) -> Sides:
    averaged, model = averages_of_two_live_models(folder)
    return saved(averaged.state_dict(), folder / "averaged.pt"), model


def averages_of_two_files(folder: Path) -> Sides:
    a, averaged = averages_in(folder / "model.pth", "model_ema")
    return a, saved(averaged.state_dict(), folder / "ema.pth")


def the_number_of_heads(_: Path) -> Sides:
    model = taught(Attentive, tokens())
    return model, copied(model, heads=2)


def the_base_of_frequencies(_: Path) -> Sides:
    model = taught(Attentive, tokens())
    return model, copied(model, base=500000.0)


def the_activation(_: Path) -> Sides:
    model = language()
    other = copy.deepcopy(model)
    for layer in other.encoder.layers:
        layer.activation = nn.functional.gelu
        layer.activation_relu_or_gelu = 2
    return model, other


def norms_first(_: Path) -> Sides:
    model = language()
    other = copy.deepcopy(model)
    for layer in other.encoder.layers:
        layer.norm_first = True
    return envprint.describe(model), envprint.describe(other)


def padding_of_a_convolution(_: Path) -> Sides:
    model = trained()
    other = reloaded(model)
    other.stem = nn.Conv2d(3, 16, 3, padding=1, bias=False, padding_mode="circular")
    other.stem.load_state_dict(model.stem.state_dict())
    return model, other


def dilation_of_a_convolution(folder: Path) -> Sides:
    model = trained()
    other = reloaded(model)
    other.stem.dilation, other.stem.padding = (2, 2), (2, 2)
    return saved(model, folder / "a.pt"), saved(other, folder / "b.pt")


def an_activation_of_another_class(_: Path) -> Sides:
    with seeded(0):
        model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 4))
    other = copy.deepcopy(model)
    other[1] = nn.GELU()
    return model, other


def fewer_layers_than_the_file(folder: Path) -> Sides:
    model = language(layers=3)
    other = fresh(1, Transformer, layers=2)
    other.load_state_dict(model.state_dict(), strict=False)
    return saved(model.state_dict(), folder / "model.pt"), other


def more_layers_than_the_file(folder: Path) -> Sides:
    model = language(layers=2)
    other = fresh(1, Transformer, layers=3)
    other.load_state_dict(model.state_dict(), strict=False)
    return saved(model.state_dict(), folder / "model.pt"), other


def fewer_layers_live(_: Path) -> Sides:
    model = taught(Sequences, sequences(), layers=3)
    return model, copied(model, layers=2)


def another_width(_: Path) -> Sides:
    with seeded(0):
        return nn.Sequential(nn.Linear(8, 16), nn.Linear(16, 4)), nn.Sequential(nn.Linear(8, 32), nn.Linear(32, 4))


def two_seeds_of_a_transformer(_: Path) -> Sides:
    return fresh(0, Transformer), fresh(1, Transformer)


def two_seeds_of_an_lstm(_: Path) -> Sides:
    return fresh(0, Sequences), envprint.describe(fresh(1, Sequences))


def two_seeds_in_files(folder: Path) -> Sides:
    return saved(fresh(0).state_dict(), folder / "a.pt"), saved(fresh(1).state_dict(), folder / "b.pt")


def two_seeds_of_a_file_and_a_live_model(folder: Path) -> Sides:
    return saved(fresh(0, Attentive).state_dict(), folder / "a.pt"), fresh(1, Attentive)


def one_step_more(_: Path) -> Sides:
    return taught(Sequences, sequences(), steps=4), taught(Sequences, sequences(), steps=5)


def one_step_more_in_files(folder: Path) -> Sides:
    a = saved(language(steps=4).state_dict(), folder / "a.pt")
    return a, saved(language(steps=5).state_dict(), folder / "b.pt")


def one_layer_trained_on(folder: Path) -> Sides:
    model = trained()
    a = saved(model.state_dict(), folder / "a.pt")
    model.requires_grad_(False)
    model.fc.requires_grad_(True)
    optimizer = torch.optim.SGD(model.fc.parameters(), lr=0.1)
    model(images()).square().mean().backward()
    optimizer.step()
    return a, saved(model.state_dict(), folder / "b.pt")


def weights_that_are_no_numbers(folder: Path) -> Sides:
    model = trained()
    other = reloaded(model)
    other.blocks[0].conv1.weight.data.fill_(float("nan"))
    return saved(model.state_dict(), folder / "model.pt"), other


def weights_that_are_no_numbers_in_a_file(folder: Path) -> Sides:
    model = trained()
    other = reloaded(model)
    other.blocks[0].conv1.weight.data[0] = float("nan")
    return saved(model.state_dict(), folder / "a.pt"), saved(other.state_dict(), folder / "b.pt")


def a_parameter_that_no_file_had(folder: Path) -> Sides:
    model = trained()
    other = reloaded(model)
    other.gain = nn.Parameter(torch.full((10,), 3e33))
    return saved(model.state_dict(), folder / "model.pt"), other


def two_parameters_of_bare_memory(_: Path) -> Sides:
    def with_bare(content: float) -> nn.Module:
        model = trained()
        model.gain = nn.Parameter(torch.full((10,), content))
        model.shift = nn.Parameter(torch.full((10,), content))
        return model

    return with_bare(0.0), with_bare(float("nan"))


def quantised_dynamically(_: Path) -> Sides:
    model = taught(Plain, rows())
    return model, torch.ao.quantization.quantize_dynamic(copied(model), {nn.Linear})


def quantised_against_a_file(folder: Path) -> Sides:
    model = taught(Plain, rows())
    other = torch.ao.quantization.quantize_dynamic(copied(model), {nn.Linear})
    return saved(model.state_dict(), folder / "model.pt"), other


def quantised_in_a_file(folder: Path) -> Sides:
    model = taught(Plain, rows())
    other = torch.ao.quantization.quantize_dynamic(copied(model), {nn.Linear})
    a = saved(model.state_dict(), folder / "a.pt")
    return a, saved(other.state_dict(), folder / "b.pt")


def quantised_in_both_with_other_weights(_: Path) -> Sides:
    model = taught(Plain, rows())
    return (
        torch.ao.quantization.quantize_dynamic(copied(model), {nn.Linear}, dtype=torch.qint8),
        torch.ao.quantization.quantize_dynamic(copied(model), {nn.Linear}, dtype=torch.float16),
    )


def quantisation_under_training(_: Path) -> Sides:
    model = nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 4))
    other = copy.deepcopy(model).train()
    other.qconfig = torch.ao.quantization.get_default_qat_qconfig("fbgemm")
    return model.eval(), torch.ao.quantization.prepare_qat(other).eval()


def channels_last_in_files(folder: Path) -> Sides:
    model = trained()
    a = saved(model.state_dict(), folder / "a.pt")
    return a, saved(model.to(memory_format=torch.channels_last).state_dict(), folder / "b.pt")


def channels_last_of_descriptions(_: Path) -> Sides:
    model = trained()
    other = reloaded(model).to(memory_format=torch.channels_last)
    return envprint.describe(model), envprint.describe(other)


def channels_last_against_a_file(folder: Path) -> Sides:
    model = trained()
    return saved(model.state_dict(), folder / "a.pt"), model.to(memory_format=torch.channels_last)


def a_frozen_backbone(_: Path) -> Sides:
    model = language()
    other = copy.deepcopy(model)
    other.encoder.requires_grad_(False)
    return envprint.describe(model), envprint.describe(other)


def a_frozen_backbone_in_whole_modules(folder: Path) -> Sides:
    model = trained()
    a = saved(model, folder / "a.pt")
    model.blocks.requires_grad_(False)
    return a, saved(model, folder / "b.pt")


def a_frozen_model_in_training(_: Path) -> Sides:
    model = fresh(0, Attentive, dropout=0.0).train()
    other = copy.deepcopy(model)
    other.embed.requires_grad_(False)
    return model, other


def best_weights_of_two_dicts(_: Path) -> Sides:
    model = language()
    best = model.state_dict()
    train(model, torch.randint(0, 64, (2, 4)), 1)
    return best, model.state_dict()


def best_weights_in_a_shallow_copy(_: Path) -> Sides:
    model = trained()
    best = copy.copy(model.state_dict())
    train(model, images(), 1)
    return best, model.eval()


def best_weights_in_a_copied_object(_: Path) -> Sides:
    model = trained()
    best = copy.copy(model)
    train(model, images(), 1)
    return best.eval(), model.eval()


def best_weights_of_lightning(folder: Path) -> Sides:
    a = lightning(folder / "best.ckpt")
    other = torch.load(a, weights_only=False)
    return a, saved({**other, "epoch": 4, "global_step": 9}, folder / "last.ckpt")


def best_weights_in_one_file(folder: Path) -> Sides:
    model = trained()
    best = model.state_dict()
    train(model, images(), 2)
    a = saved({"model": model.state_dict(), "best_model": best, "epoch": 3}, folder / "last.pt")
    return a, model.eval()


def optimizer_of_lightning(folder: Path) -> Sides:
    return lightning(folder / "a.ckpt"), lightning(folder / "b.ckpt", "optimizer_states")


def optimizer_of_lightning_that_is_empty(folder: Path) -> Sides:
    return lightning(folder / "a.ckpt"), lightning(folder / "b.ckpt", optimizer_states=[])


def optimizer_that_never_stepped(folder: Path) -> Sides:
    a = lightning(folder / "a.ckpt")
    bare = torch.optim.AdamW(fresh(0).parameters()).state_dict()
    return a, lightning(folder / "b.ckpt", optimizer_states=[bare])


def optimizer_of_the_trainer(folder: Path) -> Sides:
    return as_trainer(folder / "a"), as_trainer(folder / "b", "optimizer.pt")


def optimizer_of_descriptions(_: Path) -> Sides:
    model = trained(steps=0)
    optimizer = train(model, images(), 2)
    bare = torch.optim.AdamW(model.parameters(), lr=0.01)
    return envprint.describe(model, optimizer), envprint.describe(model, bare)


def weights_under_a_name_without_an_optimizer(folder: Path) -> Sides:
    model = trained(steps=0)
    optimizer = train(model, images(), 2)
    state = {"model_state_dict": model.state_dict(), "optimizer_state_dict": optimizer.state_dict()}
    a = saved(state, folder / "a.pt")
    return a, saved({"model_state_dict": model.state_dict()}, folder / "b.pt")


def schedule_of_lightning(folder: Path) -> Sides:
    return lightning(folder / "a.ckpt"), lightning(folder / "b.ckpt", "lr_schedulers")


def schedule_of_the_trainer(folder: Path) -> Sides:
    return as_trainer(folder / "a"), as_trainer(folder / "b", "scheduler.pt")


def schedule_of_lambdas(folder: Path) -> Sides:
    model = trained()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=10)
    state = {"net": model.state_dict(), "opt": optimizer.state_dict(), "sched": schedule.state_dict(), "step": 0}
    a = saved(state, folder / "a.pt")
    state.pop("sched")
    return a, saved(state, folder / "b.pt")


def schedule_by_a_plateau(folder: Path) -> Sides:
    model = trained()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer)
    state = {"model": model.state_dict(), "lr_scheduler": schedule.state_dict(), "epoch": 0}
    a = saved(state, folder / "a.pt")
    return a, saved({**state, "lr_scheduler": None}, folder / "b.pt")


def scaler_of_lightning(folder: Path) -> Sides:
    return lightning(folder / "a.ckpt"), lightning(folder / "b.ckpt", "MixedPrecision")


def scaler_of_the_trainer(folder: Path) -> Sides:
    return as_trainer(folder / "a"), as_trainer(folder / "b", "scaler.pt")


def scaler_that_was_switched_off(folder: Path) -> Sides:
    return lightning(folder / "a.ckpt"), lightning(folder / "b.ckpt", MixedPrecision={})


def generators_of_the_trainer(folder: Path) -> Sides:
    return as_trainer(folder / "a"), as_trainer(folder / "b", "rng_state.pth")


def generators_that_differ(folder: Path) -> Sides:
    torch.manual_seed(0)
    a = lightning(folder / "a.ckpt", rng_state={"torch": torch.get_rng_state(), "python": (3, (1, 2), None)})
    torch.manual_seed(1)
    return a, lightning(folder / "b.ckpt", rng_state={"torch": torch.get_rng_state(), "python": (3, (1, 2), None)})


def generators_at_the_top(folder: Path) -> Sides:
    a = lightning(folder / "a.ckpt", torch_rng_state=torch.get_rng_state(), np_rng_state=("MT19937", [1, 2], 0, 0))
    return a, lightning(folder / "b.ckpt")


def best_against_last_of_lightning(folder: Path) -> Sides:
    a = lightning(folder / "best.ckpt", steps=2)
    return a, lightning(folder / "last.ckpt", steps=5)


def best_against_last_by_their_scores(folder: Path) -> Sides:
    a = saved({"net": trained(steps=3).state_dict(), "val_loss": 0.4}, folder / "a.pt")
    return a, saved({"net": trained(steps=5).state_dict(), "val_loss": 0.3}, folder / "b.pt")


def steps_of_the_trainer(folder: Path) -> Sides:
    return as_trainer(folder / "checkpoint-2", steps=2), as_trainer(folder / "checkpoint-4", steps=4)


def weights_of_keras(folder: Path) -> Sides:
    model = taught(Plain, rows())
    state = {name: each.t().contiguous() if each.dim() == 2 else each for name, each in model.state_dict().items()}
    save_file(state, folder / "model.safetensors")
    return model, folder / "model.safetensors"


def rows_of_queries_in_another_order(folder: Path) -> Sides:
    state = taught(Attentive, tokens()).state_dict()
    a = saved(state, folder / "a.pt")
    other = dict(state)
    name = "attention.in_proj_weight"
    queries, rest = state[name][:32], state[name][32:]
    other[name] = torch.cat([queries.view(4, 2, 4, 32).transpose(1, 2).reshape(32, 32), rest])
    return a, saved(other, folder / "b.pt")


def the_other_sign(_: Path) -> Sides:
    model = taught(Sequences, sequences())
    other = copied(model)
    other.out.weight.data.neg_()
    return model, other


def kernels_turned_round(folder: Path) -> Sides:
    model = trained()
    other = reloaded(model)
    other.stem.weight.data = other.stem.weight.data.flip(2, 3).contiguous()
    return saved(model.state_dict(), folder / "a.pt"), other


def gates_in_another_order(folder: Path) -> Sides:
    model = taught(Sequences, sequences())
    state = {name: each.clone() for name, each in model.state_dict().items()}
    for name in [name for name in state if name.startswith("lstm.")]:
        i, f, g, o = state[name].chunk(4)
        state[name] = torch.cat([i, g, f, o])
    return saved(model.state_dict(), folder / "a.pt"), saved(state, folder / "b.pt")


def writing(what: str) -> Any:
    """Return a model whose forward pass writes where it should not, also in evaluation mode."""

    class Writing(Plain):
        def __init__(self) -> None:
            super().__init__()
            self.calls = 0
            self.register_buffer("seen", torch.zeros(16))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            if what == "counter":
                self.calls += 1
            elif what == "buffer":
                self.seen += x.mean(0)
            elif what == "weights":
                self.inner.weight.data.clamp_(-0.1, 0.1)
            elif what == "input":
                x += 1
            return super().forward(x)

    return fresh(0, Writing)


def forward_writes(what: str) -> Sides:
    model = writing(what)
    other = copy.deepcopy(model)
    other(rows())
    return model, other


def forward_counts(_: Path) -> Sides:
    return forward_writes("counter")


def forward_fills_a_buffer(_: Path) -> Sides:
    return forward_writes("buffer")


def forward_clamps_weights(_: Path) -> Sides:
    return forward_writes("weights")


def forward_writes_to_its_input(_: Path) -> Sides:
    return forward_writes("input")


def forward_writes_to_its_input_on_one_side(_: Path) -> Sides:
    model = writing("input")
    other = writing("nothing")
    other.load_state_dict(model.state_dict())
    return model, other


def forward_fills_a_buffer_in_descriptions(_: Path) -> Sides:
    model, other = forward_writes("buffer")
    return envprint.describe(model), envprint.describe(other)


def equal_layers_of_a_library(_: Path) -> Sides:
    with seeded(0):
        layers = nn.TransformerEncoder(nn.TransformerEncoderLayer(16, 2, 32, batch_first=True), 3)
        other = copy.deepcopy(layers)
        other.layers = nn.ModuleList(nn.TransformerEncoderLayer(16, 2, 32, batch_first=True) for _ in range(3))
    return layers.eval(), other.eval()


def equal_layers_in_files(folder: Path) -> Sides:
    model, other = equal_layers_of_a_library(folder)
    return saved(model.state_dict(), folder / "a.pt"), saved(other.state_dict(), folder / "b.pt")


def equal_layers_in_descriptions(folder: Path) -> Sides:
    model, other = equal_layers_of_a_library(folder)
    return envprint.describe(other), envprint.describe(model)


CASES: dict[str, list[Case]] = {
    "train-vs-eval": [
        one_norm_in_training,
        modes_of_descriptions,
        modes_of_a_function,
        modes_of_a_recurrent_network,
        modes_of_whole_modules,
        mode_of_a_whole_module_against_a_live_one,
    ],
    "dropout-active": [
        dropout_in_both,
        dropout_in_both_by_a_function,
        dropout_that_no_mode_switches_off,
        dropout_in_both_descriptions,
    ],
    "dropout-p": [
        dropout_of_attention,
        dropout_of_an_lstm,
        dropout_of_an_attribute,
        dropout_that_became_identity,
        dropout_of_whole_modules,
    ],
    "bn-running-stats": [
        statistics_of_one_layer,
        statistics_against_a_file,
        statistics_of_two_files,
        statistics_of_descriptions,
        statistics_of_parameters_in_safetensors,
    ],
    "bn-track-running-stats": [tracking_of_an_instance_norm, tracking_against_a_file],
    "bn-hyperparams": [
        momentum_alone,
        eps_of_a_layer_norm,
        eps_of_described_norms,
        a_norm_without_affine,
        eps_of_whole_modules,
    ],
    "strict-false-missing": [
        names_of_a_compiled_model,
        names_of_lightning,
        names_of_ranks_in_safetensors,
        names_that_match_in_part,
        names_with_another_prefix,
        names_with_another_word_inside,
        names_of_a_live_state_dict,
    ],
    "newly-initialised-layers": [
        a_head_of_other_classes,
        a_head_of_other_classes_live,
        a_head_that_was_added,
        a_resized_embedding,
        a_backbone_and_a_whole_in_files,
    ],
    "model-dtype": [half_of_a_transformer, bfloat16_of_a_file, double_of_descriptions],
    "dtype-cast-on-load": [
        a_bfloat16_file_in_a_float32_model,
        a_float32_file_in_a_bfloat16_model,
        half_and_back,
        half_and_back_in_descriptions,
        half_and_back_in_files,
    ],
    "nonpersistent-buffers": [
        frequencies_of_zero,
        frequencies_that_are_no_numbers,
        frequencies_that_were_rounded,
        frequencies_of_zero_against_a_file,
    ],
    "tied-weights": [
        an_output_layer_untied_after_loading,
        an_output_layer_untied_with_equal_weights,
        an_output_layer_tied_on_one_side_only,
        an_output_layer_untied_in_descriptions,
    ],
    "ema-weights": [
        averages_of_timm,
        averages_of_an_averaged_model,
        averages_in_a_list,
        averages_of_two_live_models,
        averages_of_a_file_against_raw_weights,
        averages_of_two_files,
    ],
    "architecture-config": [
        the_number_of_heads,
        the_base_of_frequencies,
        the_activation,
        norms_first,
        padding_of_a_convolution,
        dilation_of_a_convolution,
        an_activation_of_another_class,
        fewer_layers_than_the_file,
        more_layers_than_the_file,
        fewer_layers_live,
        another_width,
    ],
    "initial-weights": [
        two_seeds_of_a_transformer,
        two_seeds_of_an_lstm,
        two_seeds_in_files,
        two_seeds_of_a_file_and_a_live_model,
    ],
    "trained-weights-differ": [one_step_more, one_step_more_in_files, one_layer_trained_on],
    "uninitialised-read": [
        weights_that_are_no_numbers,
        weights_that_are_no_numbers_in_a_file,
        a_parameter_that_no_file_had,
        two_parameters_of_bare_memory,
    ],
    "quantized-module": [
        quantised_dynamically,
        quantised_against_a_file,
        quantised_in_a_file,
        quantised_in_both_with_other_weights,
        quantisation_under_training,
    ],
    "channels-last": [channels_last_in_files, channels_last_of_descriptions, channels_last_against_a_file],
    "frozen-params": [a_frozen_backbone, a_frozen_backbone_in_whole_modules, a_frozen_model_in_training],
    "state-dict-alias": [
        best_weights_of_two_dicts,
        best_weights_in_a_shallow_copy,
        best_weights_in_a_copied_object,
        best_weights_of_lightning,
        best_weights_in_one_file,
    ],
    "optimizer-state-missing": [
        optimizer_of_lightning,
        optimizer_of_lightning_that_is_empty,
        optimizer_that_never_stepped,
        optimizer_of_the_trainer,
        optimizer_of_descriptions,
        weights_under_a_name_without_an_optimizer,
    ],
    "scheduler-state-missing": [
        schedule_of_lightning,
        schedule_of_the_trainer,
        schedule_of_lambdas,
        schedule_by_a_plateau,
    ],
    "scaler-state-missing": [scaler_of_lightning, scaler_of_the_trainer, scaler_that_was_switched_off],
    "rng-state-on-resume": [generators_of_the_trainer, generators_that_differ, generators_at_the_top],
    "wrong-checkpoint-file": [
        best_against_last_of_lightning,
        best_against_last_by_their_scores,
        steps_of_the_trainer,
    ],
    "weight-conversion": [
        weights_of_keras,
        rows_of_queries_in_another_order,
        the_other_sign,
        kernels_turned_round,
        gates_in_another_order,
    ],
    "forward-mutates": [
        forward_counts,
        forward_fills_a_buffer,
        forward_clamps_weights,
        forward_writes_to_its_input,
        forward_writes_to_its_input_on_one_side,
        forward_fills_a_buffer_in_descriptions,
    ],
    "identical-encoder-layers": [equal_layers_of_a_library, equal_layers_in_files, equal_layers_in_descriptions],
}
CALLS = [(cause, case) for cause, cases in CASES.items() for case in cases]


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning", "ignore::FutureWarning")
@pytest.mark.parametrize(("cause", "case"), CALLS, ids=[case.__name__ for _, case in CALLS])
def test_the_first_finding_is_what_this_reload_has(cause: str, case: Case, tmp_path: Path) -> None:
    report: Report = envprint.explain(*case(tmp_path))

    assert report.findings, report.summary
    assert cause == report.findings[0].cause, [(each.cause, each.confidence) for each in report.findings]
