"""Models that are the same in all that matters: nothing is blamed, whatever else differs."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from _more_nets import Attentive, Plain, Sequences, copied, fresh, lightning, rows, saved, sequences, taught, tokens
from _nets import Transformer, images, language, reloaded, train, trained
from safetensors.torch import save_file
from torch import nn

import envprint

pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("one_thread")]

Sides = tuple[Any, Any]
Case = Callable[[Path], Sides]


def two_forms_of_file(folder: Path) -> Sides:
    model = language(tied=False)
    save_file(model.state_dict(), folder / "model.safetensors")
    return saved(model.state_dict(), folder / "model.pt"), folder / "model.safetensors"


def another_order_of_names(folder: Path) -> Sides:
    state = trained().state_dict()
    return saved(state, folder / "a.pt"), saved(dict(reversed(state.items())), folder / "b.pt")


def the_prefix_of_ranks_loaded_properly(folder: Path) -> Sides:
    model = trained()
    return saved(nn.DataParallel(model).state_dict(), folder / "model.pt"), reloaded(model)


def the_prefix_of_lightning_loaded_properly(folder: Path) -> Sides:
    a = lightning(folder / "last.ckpt")
    state = torch.load(a, weights_only=False)["state_dict"]
    other = fresh()
    other.load_state_dict({name.removeprefix("model."): each for name, each in state.items()})
    return a, other


def a_copied_state_dict_and_its_model(_: Path) -> Sides:
    model = taught(Sequences, sequences())
    return copy.deepcopy(model.state_dict()), model


def a_file_and_a_live_model(folder: Path) -> Sides:
    model = language()
    return saved(model.state_dict(), folder / "model.pt"), copied(model)


def a_file_of_a_tied_model_in_two_forms(folder: Path) -> Sides:
    model = language()
    state = {name: each for name, each in model.state_dict().items() if name != "lm_head.weight"}
    save_file(state, folder / "model.safetensors")
    return saved(model.state_dict(), folder / "model.pt"), folder / "model.safetensors"


def a_file_of_a_tied_model_and_the_model(folder: Path) -> Sides:
    model = language()
    state = {name: each for name, each in model.state_dict().items() if name != "lm_head.weight"}
    save_file(state, folder / "model.safetensors")
    return folder / "model.safetensors", model


def a_tied_model_saved_as_two_tensors(folder: Path) -> Sides:
    model = language()
    save_file({name: each.clone() for name, each in model.state_dict().items()}, folder / "model.safetensors")
    return folder / "model.safetensors", model


def a_sharded_model(folder: Path) -> Sides:
    state = trained().state_dict()
    names = list(state)
    parts = {
        "model-00001-of-00002.safetensors": names[:10],
        "model-00002-of-00002.safetensors": names[10:],
    }
    (folder / "sharded").mkdir()
    for file, theirs in parts.items():
        save_file({name: state[name] for name in theirs}, folder / "sharded" / file)
    listed = ", ".join(f'"{name}": "{file}"' for file, theirs in parts.items() for name in theirs)
    index = f'{{"metadata": {{"total_size": 1}}, "weight_map": {{{listed}}}}}'
    (folder / "sharded" / "model.safetensors.index.json").write_text(index)
    return saved(state, folder / "model.pt"), folder / "sharded"


def a_checkpoint_and_its_bare_weights(folder: Path) -> Sides:
    a = lightning(folder / "last.ckpt")
    return a, saved(torch.load(a, weights_only=False)["state_dict"], folder / "weights.pt")


def a_checkpoint_and_the_live_model(folder: Path) -> Sides:
    model = trained(steps=0)
    optimizer = train(model, images(), 2)
    a = saved({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3}, folder / "last.pt")
    return a, model.eval()


def what_requires_gradients_in_a_file(folder: Path) -> Sides:
    model = trained()
    a = saved(model.state_dict(), folder / "model.pt")
    return a, model.requires_grad_(requires_grad=False)


def what_requires_gradients_in_a_dict(_: Path) -> Sides:
    model = trained()
    return copy.deepcopy(model.state_dict()), envprint.describe(model)


def legacy_and_zip(folder: Path) -> Sides:
    state = trained().state_dict()
    torch.save(state, folder / "old.pt", _use_new_zipfile_serialization=False)
    return folder / "old.pt", saved(state, folder / "new.pt")


def contiguous_or_not(folder: Path) -> Sides:
    state = taught(Plain, rows()).state_dict()
    lying = {name: each.t().contiguous().t() if each.dim() == 2 else each for name, each in state.items()}
    return saved(state, folder / "a.pt"), saved(lying, folder / "b.pt")


def contiguous_or_not_live(_: Path) -> Sides:
    model = taught(Plain, rows())
    other = copied(model)
    other.inner.weight = nn.Parameter(model.inner.weight.detach().t().contiguous().t())
    return model, other


def a_deep_copy(_: Path) -> Sides:
    model = taught(Attentive, tokens())
    return model, copy.deepcopy(model)


def the_very_same_model(_: Path) -> Sides:
    model = language()
    return model, model


def the_same_model_in_a_wrapper(_: Path) -> Sides:
    model = trained()
    return model, nn.DataParallel(model)


def the_same_model_compiled(_: Path) -> Sides:
    model = trained()
    return model.state_dict(), copy.deepcopy(torch.compile(model).state_dict())


def two_descriptions(_: Path) -> Sides:
    model = language()
    return envprint.describe(model), envprint.describe(model)


def descriptions_for_other_inputs(_: Path) -> Sides:
    model = trained()
    return envprint.describe(model, inputs=images(2)), envprint.describe(model, inputs=images(8))


def a_description_without_a_pass(_: Path) -> Sides:
    model = trained()
    return envprint.describe(model, forward=False), model


def keys_that_nobody_uses(folder: Path) -> Sides:
    model = trained()
    state = {**model.state_dict(), "total_ops": torch.zeros(1), "auxiliary.weight": torch.randn(4, 4)}
    return saved(state, folder / "model.pt"), reloaded(model)


def numbers_of_batches_that_an_old_file_lacks(folder: Path) -> Sides:
    model = trained()
    state = {name: each for name, each in model.state_dict().items() if "num_batches" not in name}
    return saved(state, folder / "model.pt"), model


def numbers_of_batches_alone(_: Path) -> Sides:
    model = trained()
    other = reloaded(model)
    for name, buffer in other.named_buffers():
        buffer.add_(5 if "num_batches" in name else 0)
    return model, other


def hooks_that_do_nothing(_: Path) -> Sides:
    model = trained()
    other = reloaded(model)
    other.fc.register_forward_hook(lambda *_: None)
    return model, other


def an_attribute_of_no_meaning(_: Path) -> Sides:
    model = trained()
    other = reloaded(model)
    other.note, other.created = "reloaded", 1234.5
    return model, other


def a_frozen_number_of_dropout_zero(_: Path) -> Sides:
    model = trained()
    other = reloaded(model)
    other.dropout.train()
    other.dropout.p = model.dropout.p = 0.0
    return model, other


def modes_of_modules_that_know_none(_: Path) -> Sides:
    model = fresh(0, Sequences, dropout=0.0)
    return model, copied(model, dropout=0.0).train()


def a_scripted_model(folder: Path) -> Sides:
    model = trained()
    torch.jit.script(model).save(folder / "scripted.pt")
    return folder / "scripted.pt", model


def a_whole_module_and_its_weights(folder: Path) -> Sides:
    model = trained()
    return saved(model, folder / "whole.pt"), saved(model.state_dict(), folder / "weights.pt")


def a_whole_module_and_the_live_one(folder: Path) -> Sides:
    model = language()
    return saved(model, folder / "whole.pt"), copied(model)


def averages_beside_weights_that_were_loaded(folder: Path) -> Sides:
    model = trained()
    return saved({"model": model.state_dict(), "model_ema": trained(steps=6).state_dict()}, folder / "a.pt"), model


def two_networks_in_one_checkpoint(folder: Path) -> Sides:
    generator, critic = taught(Plain, rows()), fresh(1)
    state = {"generator": generator.state_dict(), "discriminator": critic.state_dict(), "epoch": 1}
    a = saved(state, folder / "a.pt")
    return a, saved(dict(reversed(state.items())), folder / "b.pt")


def a_description_and_a_file(folder: Path) -> Sides:
    model = taught(Attentive, tokens())
    return envprint.describe(model), saved(model.state_dict(), folder / "model.pt")


def descriptions_with_the_same_optimizer(_: Path) -> Sides:
    model = fresh(0, Transformer)
    optimizer = train(model, torch.randint(0, 64, (2, 4)), 2)
    model.eval()
    return envprint.describe(model, optimizer), envprint.describe(model)


CASES: dict[str, list[Case]] = {
    "identical": [
        two_forms_of_file,
        another_order_of_names,
        a_copied_state_dict_and_its_model,
        a_sharded_model,
        a_checkpoint_and_the_live_model,
        what_requires_gradients_in_a_file,
        what_requires_gradients_in_a_dict,
        legacy_and_zip,
        contiguous_or_not,
        contiguous_or_not_live,
        a_deep_copy,
        the_very_same_model,
        two_descriptions,
        descriptions_for_other_inputs,
        a_description_without_a_pass,
        a_scripted_model,
        a_whole_module_and_its_weights,
        a_whole_module_and_the_live_one,
        averages_beside_weights_that_were_loaded,
        two_networks_in_one_checkpoint,
        descriptions_with_the_same_optimizer,
    ],
    "equivalent": [
        a_description_and_a_file,
        a_tied_model_saved_as_two_tensors,
        a_file_of_a_tied_model_and_the_model,
        a_file_of_a_tied_model_in_two_forms,
        a_file_and_a_live_model,
        the_same_model_in_a_wrapper,
        the_same_model_compiled,
        the_prefix_of_ranks_loaded_properly,
        the_prefix_of_lightning_loaded_properly,
        a_checkpoint_and_its_bare_weights,
        keys_that_nobody_uses,
        numbers_of_batches_that_an_old_file_lacks,
        numbers_of_batches_alone,
        hooks_that_do_nothing,
        an_attribute_of_no_meaning,
        a_frozen_number_of_dropout_zero,
        modes_of_modules_that_know_none,
    ],
}
CALLS = [(verdict, case) for verdict, cases in CASES.items() for case in cases]


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning", "ignore::FutureWarning")
@pytest.mark.parametrize(("verdict", "case"), CALLS, ids=[case.__name__ for _, case in CALLS])
def test_what_does_not_matter_is_not_blamed(verdict: str, case: Case, tmp_path: Path) -> None:
    report = envprint.explain(*case(tmp_path))

    assert [] == [each.cause for each in report.findings if each.confidence >= 0.5], report.summary
    assert verdict == report.verdict
