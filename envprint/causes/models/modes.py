"""Rules about mode and dropout."""

from collections.abc import Iterator

from envprint.causes.models.observed import HARDLY, LIKELY, MAYBE, Observed, Open, counted, named
from envprint.manifest.model import Model
from envprint.models.comparing import Comparison, Setting

SENSITIVE = (
    "BatchNorm",
    "InstanceNorm",
    "Dropout",
    "RReLU",
    "StochasticDepth",
    "DropPath",
    "SpectralNorm",
    "FractionalMaxPool",
)
ATTENTION = ("MultiheadAttention", "LSTM", "GRU", "RNN")  # have a number `dropout` of their own


def see_modes(open_: Open) -> Iterator[Observed]:
    """Yield modes that differ; where both train, that dropout is active."""
    found = open_.comparison
    modes = tuple(each for each in open_.settings.values() if each.name == "training")
    if modes:
        yield open_.account(_train_vs_eval(found, modes))
    elif (active := _draws(found.a.model) & _draws(found.b.model)) and not _other_weights(found):
        words = f"both are in training mode, where {named(sorted(active))} drew random numbers in a forward pass"
        yield Observed("dropout-active", LIKELY, (words,))


def _train_vs_eval(found: Comparison, modes: tuple[Setting, ...]) -> Observed:
    sensitive = [each for each in modes if is_sensitive(found, each.module)]
    side = "a" if modes[0].a else "b"
    words = f"{counted(len(modes), 'module')} of {side} in training mode, of the other in evaluation mode"
    which = f"of these, {named(each.module or 'the model' for each in sensitive)} compute otherwise by mode"
    outputs = found.drift.outputs
    if outputs.get("own") == "differ" and outputs.get("eval") == "same":
        return Observed(
            "train-vs-eval", 0.99, (words, "with both in evaluation mode the outputs are the same"), settings=modes
        )
    if outputs.get("own") == "same":
        return Observed("train-vs-eval", 0.1, (words, "the outputs are the same all the same"), settings=modes)
    if sensitive:
        return Observed("train-vs-eval", LIKELY, (words, which), settings=modes)
    return Observed("train-vs-eval", HARDLY, (words, "no module is known to compute otherwise by mode"), settings=modes)


def is_sensitive(found: Comparison, name: str) -> bool:
    """Tell whether a module is known to compute otherwise in training mode."""
    module = found.a.model.modules.get(name)
    if module is None:
        return False
    kind, attributes = module.type.rpartition(".")[2], module.attributes
    if "Dropout" in kind or "DropPath" in kind:
        return bool(attributes.get("p", attributes.get("drop_prob", 1)))
    if any(each in kind for each in ATTENTION):
        return bool(attributes.get("dropout"))
    return any(each in kind for each in SENSITIVE)


def _draws(model: Model) -> set[str]:
    own = model.passes.get("own")
    return {call.module for call in own.calls if call.draws and call.module} if own else set()


def _other_weights(found: Comparison) -> bool:
    return any(each.state != "unknown" for each in found.drift.tensors)


def see_dropout(open_: Open) -> Iterator[Observed]:
    """Yield probabilities of dropout that differ."""
    changed = tuple(each for each in open_.settings.values() if _is_dropout(each))
    if changed:
        training = any(
            subject.model.modules[""].training
            for subject in (open_.comparison.a, open_.comparison.b)
            if "" in subject.model.modules
        )
        first = changed[0]
        words = (
            f"{first.module or first.name} has {first.a} in a, {first.b} in b",
            f"{counted(len(changed), 'setting')} of dropout differ",
        )
        how_sure = LIKELY if training else MAYBE
        yield open_.account(Observed("dropout-p", how_sure, words, settings=changed, acts_on_outputs=training))


def _is_dropout(setting: Setting) -> bool:
    numbers = all(isinstance(value, (int, float)) for value in (setting.a, setting.b))
    named_so = any(word in setting.name.lower() for word in ("dropout", "drop_path", "drop_prob", "pdrop", "drop_rate"))
    return numbers and (named_so or (setting.name == "p" and "Dropout" in setting.type))
