"""Where two recorded runs part, on the page: both sides, and the losses around it."""

from envprint.causes.runs.module_words import say_module
from envprint.renderers.html.elements import Html, code, tag
from envprint.renderers.html.tables import definitions, section, table
from envprint.renderers.parting import UNKNOWN, say_place, shorten
from envprint.report import Divergence


def show_parting(divergence: Divergence | None) -> Html:
    """Return where two runs part, nothing where they do not."""
    if divergence is None:
        return Html()
    pairs = [("a", code(shorten(divergence.a))), ("b", code(shorten(divergence.b)))]
    said = tag("p", f"{say_place(divergence).capitalize()}.")
    rows = [(str(each.step), code(each.a or UNKNOWN), code(each.b or UNKNOWN)) for each in divergence.losses]
    losses = table("losses", ("step", "loss of a", "loss of b"), rows) if rows else Html()
    module = Html() if divergence.module is None else tag("p", f"The first module: {say_module(divergence.module)}.")
    return section("parting", "Where they part", said, module, definitions(pairs), losses)
