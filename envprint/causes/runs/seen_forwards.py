"""Rules about forward passes: another loss, autocast, a scaler, a compiled model."""

from collections.abc import Iterator

from envprint.causes.models.observed import HARDLY, SURE, Observed, named
from envprint.causes.runs.pair import Pair, at, values
from envprint.manifest.ledger import Event

COMPUTED = ("loss", "gradients", "parameters", "state")
OFF = "enabled=False"
COMPILED = ("compile.graphs", "compile.disabled")


def see_losses(pair: Pair) -> Iterator[Observed]:
    """Yield a loss that is configured otherwise."""
    left, right = pair.events("loss")
    unlike = [sorted(set(values(each)) - set(values(other))) for each, other in ((left, right), (right, left))]
    if not unlike[0] and not unlike[1]:
        return
    place = next((each.where for each in (*left, *right) if each.value in (*unlike[0], *unlike[1])), "")
    words = _loss_words(unlike[0], unlike[1])
    yield Observed("loss-fn-config", SURE if pair.parts_in("loss") else HARDLY, (f"{words}{at(place)}",))


def _loss_words(left: list[str], right: list[str]) -> str:
    """Return how two losses differ: in a setting, where they are the same function, or as a whole."""
    one, other = (each[0].split() if each else [] for each in (left, right))
    if one and other and one[0] == other[0] and len(left) == len(right) == 1:
        settings = [(mine, theirs) for mine, theirs in zip(one[1:], other[1:], strict=False) if mine != theirs]
        said = [f"{mine} in a, {theirs} in b" for mine, theirs in settings]
        return f"{one[0]} is called with {'; '.join(said)}"
    return f"a computes {named(left) or 'none of its own'}, b {named(right) or 'none of its own'}"


def see_autocast(pair: Pair) -> Iterator[Observed]:
    """Yield that forward passes run under autocast on one side only, or in another type; or that losses are scaled."""
    for name, said in (("autocast", "under autocast"), ("scaler", "with a GradScaler of")):
        left, right = (_on(each) for each in pair.events(name))
        if values(left) != values(right):
            words = [
                f"{said} {', '.join(map(_short, values(each)))}" if each else f"without {name}"
                for each in (left, right)
            ]
            place = next((each.where for each in (*left, *right)), "")
            sure = SURE if pair.parts_in(*COMPUTED) else HARDLY
            yield Observed("autocast", sure, (f"a trains {words[0]}, b {words[1]}{at(place)}",))


def _on(events: tuple[Event, ...]) -> tuple[Event, ...]:
    return tuple(each for each in events if OFF not in each.value)


def _short(value: str) -> str:
    return value.replace(" enabled=True", "")


def see_compiled(pair: Pair) -> Iterator[Observed]:
    """Yield that torch.compile is in use on one side only, or otherwise; it draws random numbers of its own."""
    left, right = pair.events("compile")
    changed = [path for path in COMPILED if path in pair.changes]
    models = [run.model.compiled for _, run in pair.sides if run.model is not None]
    if values(left) == values(right) and not changed and len(set(models)) < 2:  # noqa: PLR2004 - both say the same
        return
    place = next((each.where for each in (*left, *right)), "")
    said = ["compiled" if each else "not compiled" for each in (left, right)]
    words = f"the model is {said[0]} in a, {said[1]} in b" if bool(left) != bool(right) else "it is compiled otherwise"
    if pair.parts_in("generators"):
        words = f"{words}, and compiled code draws its random numbers otherwise"
    yield Observed(
        "eager-vs-compile", SURE if pair.parts_in("generators", *COMPUTED) else HARDLY, (f"{words}{at(place)}",)
    )
