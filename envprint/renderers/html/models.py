"""How two models differ: how many tensors are identical, where a forward pass parts them, and which tensors differ."""

from collections.abc import Iterator

from envprint.renderers.html.elements import Html, code, join, tag, words
from envprint.renderers.html.tables import definitions, section
from envprint.renderers.html.tensors import draw_tensors
from envprint.renderers.model_words import (
    Note,
    class_of,
    notes_on,
    partings_of,
    say_identical,
    say_outputs,
    say_parting,
)
from envprint.renderers.tensor_words import count_kinds
from envprint.report import ModelDrift, Parting

NAMES = 16
NOTES = 50


def show_models(drift: ModelDrift | None) -> Html:
    """Return how two models differ: in figures, in a picture, and what can be said of many tensors at once."""
    if drift is None:
        return Html()
    pairs = [*_passes(drift), ("renaming", words(drift.renaming)), *_notes(drift)]
    parted = {parting.module for _, parting in partings_of(drift) if parting.module or parting.type}
    said = tag("p", f"{say_identical(drift).capitalize()}.")
    return section("models", "Models", said, definitions(pairs), draw_tensors(drift.tensors, parted))


def _passes(drift: ModelDrift) -> Iterator[tuple[str, str]]:
    yield "outputs", say_outputs(drift)
    for mode, parting in partings_of(drift):
        yield "part first", _parting(mode, parting)


def _parting(mode: str, parting: Parting) -> Html:
    of = join(["(", code(class_of(parting.type)), ")"]) if parting.type else ""
    where = join(filter(None, [code(parting.module) if parting.module else "", of, mode]), " ")
    return tag("span", *([where, ": "] if where else []), say_parting(parting))


def _notes(drift: ModelDrift) -> Iterator[tuple[str, str]]:
    for note in list(notes_on(drift))[:NOTES]:
        yield note.label, _note(note)


def _note(note: Note) -> Html:
    said = ", ".join(filter(None, [count_kinds(note.tensors), words(note.words)]))
    names = join((code(each.name) for each in note.tensors[:NAMES]), " ")
    more = f" and {len(note.tensors) - NAMES} more" if len(note.tensors) > NAMES else ""
    return tag("span", said, ": ", tag("span", names, class_="names"), more)
