"""How two models differ, as Markdown: which tensors and how far, which names, and where a forward pass parts them."""

from collections.abc import Iterator

from envprint.probes.wording import size_of
from envprint.renderers.markdown_text import code, folded, items, prose, rows
from envprint.renderers.model_words import (
    Note,
    class_of,
    notes_on,
    partings_of,
    say_identical,
    say_outputs,
    say_parting,
)
from envprint.renderers.tensor_words import KINDS, count_kinds, measured, say_numbers
from envprint.report import ModelDrift, Parting, TensorDrift

TENSORS = 10
NAMED = 12
NOTES = 20


def show_models(drift: ModelDrift | None) -> Iterator[str]:
    """Yield how two models differ, the tensors themselves folded away."""
    if drift is None:
        return
    yield f"### Models\n\n{say_identical(drift).capitalize()}."
    yield items([*_passes(drift), *_notes(drift)])
    for kind, many in KINDS.items():
        if theirs := measured(drift, kind):
            count = f"the largest {TENSORS} of {len(theirs)}" if len(theirs) > TENSORS else f"all {len(theirs)}"
            table = rows((kind, "how it differs", "relative"), map(_tensor, theirs[:TENSORS]))
            yield folded(f"{many} that differ: {count}", table)


def _tensor(tensor: TensorDrift) -> tuple[str, str, str]:
    how = ", ".join(filter(None, [say_numbers(tensor), tensor.detail]))
    name = code(tensor.name) + (f" / {code(tensor.other)}" if tensor.other else "")
    return name, prose(how), size_of(tensor.relative) if tensor.relative else ""


def _passes(drift: ModelDrift) -> Iterator[tuple[str, str]]:
    yield "outputs", say_outputs(drift)
    for mode, parting in partings_of(drift):
        yield "part first", _parting(mode, parting)


def _parting(mode: str, parting: Parting) -> str:
    of = f"({code(class_of(parting.type))})" if parting.type else ""
    where = " ".join(filter(None, [code(parting.module) if parting.module else "", of, mode]))
    return f"{where}{': ' if where else ''}{say_parting(parting)}"


def _notes(drift: ModelDrift) -> Iterator[tuple[str, str]]:
    yield "renaming", prose(drift.renaming)
    for note in list(notes_on(drift))[:NOTES]:
        yield note.label, _note(note)


def _note(note: Note) -> str:
    names = ", ".join(code(each.name) for each in note.tensors[:NAMED])
    more = f" and {len(note.tensors) - NAMED} more" if len(note.tensors) > NAMED else ""
    return f"{', '.join(filter(None, [count_kinds(note.tensors), prose(note.words)]))}: {names}{more}"
