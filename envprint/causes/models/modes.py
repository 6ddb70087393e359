"""Rules about mode and dropout."""

from collections.abc import Iterator

from envprint.causes.models.observed import HARDLY, LIKELY, MAYBE, Observed, Open, counted, named
from envprint.manifest.model import Model, Module
from envprint.models.comparing import Comparison
from envprint.models.settings import Setting

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
OF_TORCH = "torch.nn.modules."
HAVE_DROPOUT = ("MultiheadAttention", "LSTM", "GRU", "RNN")  # a number `dropout` of their own
PROBABILITIES = ("dropout", "drop_path", "drop_prob", "pdrop", "drop_rate", "layerdrop", "drop_connect")


def see_modes(open_: Open) -> Iterator[Observed]:
    """Yield modes that differ, or that only one side tells; where both draw random numbers, that dropout is active."""
    found = open_.comparison
    modes = tuple(each for each in open_.settings.values() if each.name == "training")
    if modes:
        yield open_.account(_train_vs_eval(found, modes))
        return
    if not any(each.state != "unknown" for each in found.drift.tensors):
        yield from _active(found)
        yield from _untold(found)


def _train_vs_eval(found: Comparison, modes: tuple[Setting, ...]) -> Observed:
    modules = found.a.model.modules
    sensitive = [each for each in modes if is_sensitive(modules.get(each.module))]
    side = "a" if modes[0].a else "b"
    words = f"{counted(len(modes), 'module')} of {side} in training mode, of the other in evaluation mode"
    outputs = found.drift.outputs
    if outputs.get("own") == "differ" and outputs.get("eval") == "same":
        said = (words, "with both in evaluation mode the outputs are the same")
        return Observed("train-vs-eval", 0.99, said, settings=modes)
    if outputs.get("own") == "same":
        return Observed("train-vs-eval", 0.1, (words, "the outputs are the same all the same"), settings=modes)
    if sensitive:
        which = f"of these, {named(each.module or 'the model' for each in sensitive)} compute otherwise by mode"
        return Observed("train-vs-eval", LIKELY, (words, which), settings=modes)
    of_others = any(not modules[each.module].type.startswith(OF_TORCH) for each in modes if each.module in modules)
    said = (words, "no module is known to compute otherwise by mode")
    return Observed("train-vs-eval", HARDLY, said, settings=modes, acts_on_outputs=of_others)


def is_sensitive(module: Module | None) -> bool:
    """Tell whether a module is known to compute otherwise in training mode."""
    if module is None:
        return False
    kind, attributes = module.type.rpartition(".")[2], module.attributes
    if "Dropout" in kind or "DropPath" in kind:
        return bool(attributes.get("p", attributes.get("drop_prob", 1)))
    if any(each in kind for each in HAVE_DROPOUT):
        return bool(attributes.get("dropout"))
    return any(each in kind for each in SENSITIVE)


def may_depend_on_mode(model: Model) -> bool:
    """Tell whether a model may compute otherwise in training mode: what torch's own layers do is known."""
    modules = model.modules.values()
    return any(is_sensitive(each) or not each.type.startswith(OF_TORCH) for each in modules) or not modules


def _active(found: Comparison) -> Iterator[Observed]:
    """Yield that both sides draw random numbers in a forward pass."""
    active = _draws(found.a.model) & _draws(found.b.model)
    if active:
        training = _is_training(found.a.model) or _is_training(found.b.model)
        mode = "in training mode" if training else "in evaluation mode too"
        words = f"both draw random numbers in a forward pass {mode}: {named(sorted(active))}"
        yield Observed("dropout-active", LIKELY, (words,))


def _draws(model: Model) -> set[str]:
    """Return the modules in which random numbers were drawn: the innermost, or the model itself."""
    own = model.passes.get("own")
    drawing = {call.module for call in own.calls if call.draws} if own else set()
    inner = {
        each for each in drawing if not any(other.startswith(f"{each}." if each else "") for other in drawing - {each})
    }
    return {each or "the model itself" for each in inner}


def _untold(found: Comparison) -> Iterator[Observed]:
    """Yield that one side is in training mode, where the other is weights alone, which do not tell in what mode."""
    for side, subject, other in (("a", found.a, found.b), ("b", found.b, found.a)):
        if other.is_bare and _is_training(subject.model):
            training = {name: each for name, each in subject.model.modules.items() if each.training}
            sensitive = [name for name, each in training.items() if is_sensitive(each)]
            words = f"{side} is in training mode, where {named(sensitive)} compute otherwise"
            if sensitive:
                yield Observed("train-vs-eval", HARDLY, (words, "the other side does not tell its mode"))


def _is_training(model: Model) -> bool:
    return "" in model.modules and bool(model.modules[""].training)


def see_dropout(open_: Open) -> Iterator[Observed]:
    """Yield probabilities of dropout that differ, and dropout that is there on one side only."""
    replaced = {each.module for each in open_.settings.values() if _is_replaced(each)}
    changed = tuple(each for each in open_.settings.values() if each.module in replaced or _is_dropout(each))
    if not changed:
        return
    training = any(
        module.training for side in (open_.comparison.a, open_.comparison.b) for module in side.model.modules.values()
    )
    first = changed[0]
    words = (
        f"{'.'.join(filter(None, (first.module, first.name)))} is {first.a} in a, {first.b} in b",
        f"{counted(len(changed), 'setting')} of dropout {'differs' if len(changed) == 1 else 'differ'}",
    )
    how_sure = LIKELY if training else MAYBE
    yield open_.account(Observed("dropout-p", how_sure, words, settings=changed, acts_on_outputs=training))


def _is_dropout(setting: Setting) -> bool:
    numbers = [value for value in (setting.a, setting.b) if value is not None]
    plain = all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in numbers)
    named_so = any(word in setting.name.lower() for word in PROBABILITIES)
    return plain and (named_so or (setting.name == "p" and "Dropout" in setting.type))


def _is_replaced(setting: Setting) -> bool:
    """Tell whether dropout stands against a module that passes on what it is given."""
    kinds = [str(each).rpartition(".")[2] for each in (setting.a, setting.b)]
    return setting.name == "type" and "Identity" in kinds and any("Drop" in kind for kind in kinds)
