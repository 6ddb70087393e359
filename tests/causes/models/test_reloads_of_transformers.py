"""Reloads of models of the transformers library, built small, saved by save_pretrained and loaded again."""

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from _more_nets import saved
from _nets import seeded

import envprint

transformers = pytest.importorskip("transformers")
pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("one_thread")]

Sides = tuple[Any, Any]
Case = Callable[[Path], Sides]
SMALL = {"vocab_size": 96, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}


def bert(seed: int = 0, kind: str = "BertForSequenceClassification", **options: Any) -> Any:
    config = transformers.BertConfig(
        **SMALL, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64, **options
    )
    with seeded(seed):
        return getattr(transformers, kind)(config).eval()


def gpt2(seed: int = 0, **options: Any) -> Any:
    config = transformers.GPT2Config(**{**SMALL, "n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 64, **options})
    with seeded(seed):
        return transformers.GPT2LMHeadModel(config).eval()


def llama(seed: int = 0, **options: Any) -> Any:
    sizes = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
    config = transformers.LlamaConfig(**{**SMALL, **sizes, "num_key_value_heads": 2, **options})
    with seeded(seed):
        return transformers.LlamaForCausalLM(config).eval()


def kept(model: Any, folder: Path, **options: Any) -> Path:
    model.save_pretrained(folder, **options)
    return folder


def loaded(folder: Path, kind: Any, seed: int = 1, **options: Any) -> Any:
    with seeded(seed):
        return kind.from_pretrained(folder, **options)


def with_weights_of(model: Any, other: Any, *, strict: bool = True) -> Any:
    other.load_state_dict(model.state_dict(), strict=strict)
    return other


def taught(model: Any, steps: int = 3) -> Any:
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    with seeded(7):
        given = torch.randint(3, 90, (4, 8))
        for _ in range(steps):
            optimizer.zero_grad()
            model(input_ids=given)[0].square().mean().backward()
            optimizer.step()
    return model


def a_built_model_and_a_loaded_one(folder: Path) -> Sides:
    model = gpt2().train()
    return model, loaded(kept(model, folder / "m"), transformers.GPT2LMHeadModel)


def dropout_in_both(_: Path) -> Sides:
    model = gpt2()
    return model.train(), copy.deepcopy(model).train()


def dropout_of_a_configuration(_: Path) -> Sides:
    model = bert()
    return model.train(), with_weights_of(model, bert(1, hidden_dropout_prob=0.4)).train()


def dropout_of_attention_alone(_: Path) -> Sides:
    model = llama()
    return model, with_weights_of(model, llama(1, attention_dropout=0.2))


def dropout_of_two_folders(folder: Path) -> Sides:
    model = gpt2()
    other = with_weights_of(model, gpt2(1, resid_pdrop=0.3))
    return kept(model, folder / "a"), kept(other, folder / "b")


def eps_of_layer_norms(_: Path) -> Sides:
    model = bert()
    return model, with_weights_of(model, bert(1, layer_norm_eps=1e-5))


def eps_of_root_mean_squares(_: Path) -> Sides:
    model = llama()
    return model, with_weights_of(model, llama(1, rms_norm_eps=1e-4))


def a_base_model_in_a_whole_one(folder: Path) -> Sides:
    model = taught(bert(kind="BertModel"))
    other = bert(1)
    other.load_state_dict(model.state_dict(), strict=False)
    return saved(model.state_dict(), folder / "model.pt"), other


def a_lost_prefix_of_gpt2(folder: Path) -> Sides:
    model = taught(gpt2())
    state = {f"model.{name}": each for name, each in model.state_dict().items()}
    other = gpt2(1)
    other.load_state_dict(state, strict=False)
    return saved(state, folder / "model.pt"), other


def a_new_classifier(folder: Path) -> Sides:
    a = kept(taught(bert(kind="BertForMaskedLM")), folder / "m")
    return a, loaded(a, transformers.BertForSequenceClassification)


def a_classifier_of_other_labels(folder: Path) -> Sides:
    a = kept(taught(bert()), folder / "m")
    return a, loaded(a, transformers.BertForSequenceClassification, num_labels=5, ignore_mismatched_sizes=True)


def a_resized_vocabulary(folder: Path) -> Sides:
    a = kept(taught(gpt2()), folder / "m")
    other = loaded(a, transformers.GPT2LMHeadModel)
    other.resize_token_embeddings(104, mean_resizing=False)
    return a, other


def another_type_live(folder: Path) -> Sides:
    model = llama()
    return model, loaded(kept(model, folder / "m"), transformers.LlamaForCausalLM, dtype=torch.bfloat16)


def another_type_in_two_folders(folder: Path) -> Sides:
    model = llama()
    return kept(model, folder / "a"), kept(copy.deepcopy(model).half(), folder / "b")


def a_half_folder_in_a_float_model(folder: Path) -> Sides:
    model = gpt2()
    a = kept(copy.deepcopy(model).to(torch.bfloat16), folder / "m")
    return a, loaded(a, transformers.GPT2LMHeadModel, dtype=torch.float32)


def rotary_frequencies_of_zero(folder: Path) -> Sides:
    model = llama()
    a = kept(model, folder / "m")
    other = loaded(a, transformers.LlamaForCausalLM)
    other.model.rotary_emb.inv_freq = torch.zeros_like(other.model.rotary_emb.inv_freq)
    return a, other


def rotary_frequencies_that_were_rounded(_: Path) -> Sides:
    model = llama()
    other = copy.deepcopy(model)
    other.model.rotary_emb.inv_freq.data = other.model.rotary_emb.inv_freq.to(torch.bfloat16).float()
    return model, other


def an_untied_head(folder: Path) -> Sides:
    a = kept(taught(gpt2()), folder / "m")
    other = loaded(a, transformers.GPT2LMHeadModel)
    with seeded(3):
        other.lm_head.weight = torch.nn.Parameter(torch.randn(96, 32) * 0.02)
    return a, other


def an_untied_head_live(_: Path) -> Sides:
    model = taught(gpt2())
    other = gpt2(1, tie_word_embeddings=False)
    state = {name: each for name, each in model.state_dict().items() if not name.startswith("lm_head")}
    other.load_state_dict(state, strict=False)
    return model, other


def the_number_of_heads(_: Path) -> Sides:
    model = bert()
    other = with_weights_of(model, bert(1))
    wanted = copy.deepcopy(model.config)
    wanted.num_attention_heads = 2
    return model, with_weights_of(other, transformers.BertForSequenceClassification(wanted).eval())


def the_activation(_: Path) -> Sides:
    model = gpt2()
    return model, with_weights_of(model, gpt2(1, activation_function="relu"))


def the_base_of_rotary_positions(_: Path) -> Sides:
    model = llama()
    return model, with_weights_of(model, llama(1, rope_parameters={"rope_type": "default", "rope_theta": 500000.0}))


def configurations_of_two_folders(folder: Path) -> Sides:
    model = gpt2()
    other = with_weights_of(model, gpt2(1, n_head=2))
    return kept(model, folder / "a"), kept(other, folder / "b")


def configuration_of_a_folder(folder: Path) -> Sides:
    model = llama()
    other = with_weights_of(model, llama(1, hidden_act="gelu"))
    return kept(model, folder / "a"), other


def fewer_layers(folder: Path) -> Sides:
    model = taught(llama())
    other = llama(1, num_hidden_layers=1)
    other.load_state_dict(model.state_dict(), strict=False)
    return kept(model, folder / "m"), other


def two_seeds(_: Path) -> Sides:
    return bert(0), bert(1)


def two_seeds_in_folders(folder: Path) -> Sides:
    return kept(llama(0), folder / "a"), kept(llama(1), folder / "b")


def trained_further(folder: Path) -> Sides:
    model = taught(gpt2())
    a = kept(model, folder / "a")
    return a, taught(model, 1)


def trained_further_in_folders(folder: Path) -> Sides:
    model = taught(bert())
    a = kept(model, folder / "a")
    return a, kept(taught(model, 2), folder / "b")


def quantised(_: Path) -> Sides:
    model = bert()
    return model, torch.ao.quantization.quantize_dynamic(copy.deepcopy(model), {torch.nn.Linear})


def a_frozen_encoder(_: Path) -> Sides:
    model = bert()
    other = copy.deepcopy(model)
    other.bert.requires_grad_(requires_grad=False)
    return model, other


def linear_weights_of_conv1d(folder: Path) -> Sides:
    model = taught(gpt2())
    state = {name: each.clone() for name, each in model.state_dict().items()}
    for name in [name for name in state if ".c_attn.weight" in name or ".c_fc.weight" in name]:
        state[name] = state[name].t().contiguous()
    return kept(model, folder / "m"), saved(state, folder / "model.pt")


def queries_as_another_library_has_them(folder: Path) -> Sides:
    model = taught(llama())
    other = copy.deepcopy(model)
    for layer in other.model.layers:
        weight = layer.self_attn.q_proj.weight
        weight.data = weight.data.view(4, 2, 4, 32).transpose(1, 2).reshape(32, 32).contiguous()
    return kept(model, folder / "m"), other


CASES: dict[str, list[Case]] = {
    "train-vs-eval": [a_built_model_and_a_loaded_one],
    "dropout-active": [dropout_in_both],
    "dropout-p": [dropout_of_a_configuration, dropout_of_attention_alone, dropout_of_two_folders],
    "bn-hyperparams": [eps_of_layer_norms, eps_of_root_mean_squares],
    "strict-false-missing": [a_base_model_in_a_whole_one, a_lost_prefix_of_gpt2],
    "newly-initialised-layers": [a_new_classifier, a_classifier_of_other_labels, a_resized_vocabulary],
    "model-dtype": [another_type_live, another_type_in_two_folders],
    "dtype-cast-on-load": [a_half_folder_in_a_float_model],
    "nonpersistent-buffers": [rotary_frequencies_of_zero, rotary_frequencies_that_were_rounded],
    "tied-weights": [an_untied_head, an_untied_head_live],
    "architecture-config": [
        the_number_of_heads,
        the_activation,
        the_base_of_rotary_positions,
        configurations_of_two_folders,
        configuration_of_a_folder,
        fewer_layers,
    ],
    "initial-weights": [two_seeds, two_seeds_in_folders],
    "trained-weights-differ": [trained_further, trained_further_in_folders],
    "quantized-module": [quantised],
    "frozen-params": [a_frozen_encoder],
    "weight-conversion": [linear_weights_of_conv1d, queries_as_another_library_has_them],
}


def saved_and_loaded(folder: Path) -> Sides:
    model = taught(bert())
    return model, loaded(kept(model, folder / "m"), transformers.BertForSequenceClassification)


def a_folder_and_what_was_loaded_of_it(folder: Path) -> Sides:
    a = kept(taught(llama()), folder / "m")
    return a, loaded(a, transformers.LlamaForCausalLM)


def a_tied_folder_and_what_was_loaded_of_it(folder: Path) -> Sides:
    a = kept(taught(gpt2()), folder / "m")
    return a, loaded(a, transformers.GPT2LMHeadModel)


def shards_and_a_single_file(folder: Path) -> Sides:
    model = bert()
    return kept(model, folder / "a"), kept(model, folder / "b", max_shard_size="40KB")


def what_a_configuration_says_of_itself(folder: Path) -> Sides:
    model = gpt2()
    other = copy.deepcopy(model)
    other.config.name_or_path = "elsewhere/model"
    other.config._name_or_path = "elsewhere/model"
    other.config.transformers_version = "4.40.0"
    other.config.use_cache = False
    return model, other


def folders_of_two_versions(folder: Path) -> Sides:
    model = gpt2()
    a, b = kept(model, folder / "a"), kept(model, folder / "b")
    config = b / "config.json"
    text = config.read_text().replace(f'"{transformers.__version__}"', '"4.40.0"')
    config.write_text(text.replace('"use_cache": true', '"use_cache": false'))
    return a, b


ALIKE: list[Case] = [
    saved_and_loaded,
    a_folder_and_what_was_loaded_of_it,
    a_tied_folder_and_what_was_loaded_of_it,
    shards_and_a_single_file,
    what_a_configuration_says_of_itself,
    folders_of_two_versions,
]
CALLS = [(cause, case) for cause, cases in CASES.items() for case in cases]


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    yield
    transformers.utils.logging.set_verbosity_warning()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("cause", "case"), CALLS, ids=[case.__name__ for _, case in CALLS])
def test_the_first_finding_is_what_the_transformer_has(cause: str, case: Case, tmp_path: Path) -> None:
    report = envprint.explain(*case(tmp_path))

    assert report.findings, report.summary
    assert cause == report.findings[0].cause, [(each.cause, each.confidence) for each in report.findings]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case", ALIKE, ids=[case.__name__ for case in ALIKE])
def test_transformers_that_are_alike_are_not_blamed(case: Case, tmp_path: Path) -> None:
    report = envprint.explain(*case(tmp_path))

    assert [] == [each.cause for each in report.findings if each.confidence >= 0.5], report.summary
    assert report.verdict in {"identical", "equivalent"}
