"""Draw how two models differ: which tensors and how far, which names, and where a forward pass parts them."""

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from envprint.probes.wording import size_of
from envprint.renderers.changes import labelled, sides
from envprint.renderers.layout import grid
from envprint.renderers.model_words import (
    Note,
    class_of,
    notes_on,
    partings_of,
    say_identical,
    say_outputs,
    say_parting,
)
from envprint.renderers.plain import brief, plain
from envprint.renderers.tensor_words import KINDS, count_kinds, measured, say_numbers
from envprint.report import Change, ModelDrift, TensorDrift

LABEL_WIDTH = 13
LISTED = 6
NAMED = 3
WORDS = 200  # characters of what may be a sentence


def lay_out_models(drift: ModelDrift, settings: Sequence[Change]) -> RenderableType:
    """Return how two models differ as a layout; `settings` are those of modules that no finding rests on."""
    parts: list[RenderableType] = [grid([("model", say_identical(drift))], label_width=LABEL_WIDTH)]
    kinds = {many: found for kind, many in KINDS.items() if (found := measured(drift, kind))}
    for name, tensors in kinds.items():
        others = sum(len(found) for other, found in kinds.items() if other != name)
        parts += _tensors(name, tensors, most=max(LISTED - others, LISTED // len(kinds)))
    rows = [(label, text) for label, text in (*_notes(drift), *_passes(drift), *_settings(settings)) if text]
    return Group(*parts, grid(rows, label_width=LABEL_WIDTH))


def _tensors(name: str, tensors: Sequence[TensorDrift], *, most: int) -> Iterator[RenderableType]:
    """Yield the tensors that differ most, and how many more there are."""
    largest = ", the largest relative differences first" if len(tensors) > 1 else ""
    verb = "differs" if len(tensors) == 1 else "differ"
    yield grid([(name, f"{len(tensors)} {verb}{largest}")], label_width=LABEL_WIDTH)
    table = Table.grid(padding=(0, 2))
    for _ in range(3):
        table.add_column(overflow="fold")
    for each in tensors[:most]:
        how = ", ".join(filter(None, [say_numbers(each), each.detail]))
        size = size_of(each.relative) if each.relative else ""
        table.add_row(*map(Text, (f"  {brief(each.name)}", brief(how, WORDS) if how else "", size)))
    yield table
    if len(tensors) > most:
        yield Text(f"  and {len(tensors) - most} more", style="dim")


def _notes(drift: ModelDrift) -> Iterator[tuple[str, str]]:
    if drift.renaming:
        yield "renaming", plain(drift.renaming)
    for note in notes_on(drift):
        yield note.label, _note(note)


def _note(note: Note) -> str:
    """Return of how many tensors something is said, what, and the first of their names."""
    names = ", ".join(brief(each.name) for each in note.tensors[:NAMED])
    more = f" and {len(note.tensors) - NAMED} more" if len(note.tensors) > NAMED else ""
    said = ", ".join(filter(None, [count_kinds(note.tensors), brief(note.words, WORDS) if note.words else ""]))
    return f"{said}: {names}{more}"


def _passes(drift: ModelDrift) -> Iterator[tuple[str, str]]:
    yield "outputs", say_outputs(drift)
    for modes, parting in partings_of(drift):
        of = f"({brief(class_of(parting.type))})" if parting.type else ""
        where = " ".join(filter(None, [brief(parting.module) if parting.module else "", of, modes]))
        yield "part first", f"{where}{': ' if where else ''}{say_parting(parting)}"


def _settings(changes: Sequence[Change]) -> Iterator[tuple[str, str]]:
    """Yield what else is set otherwise in modules."""
    if changes:
        named = [f"{label} {sides(change)}" for label, change in labelled(changes[:NAMED])]
        more = [f"{len(changes) - NAMED} more"] if len(changes) > NAMED else []
        yield "also set", "; ".join([*named, *more])
