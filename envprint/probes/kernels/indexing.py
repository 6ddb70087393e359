"""Gathering and scattering: on a GPU, what several threads add to one place arrives in any order (atomics)."""

from typing import Any

from envprint.probes.inputs import Inputs
from envprint.probes.probe import Build, Run

ROWS, WIDTH, TABLE = 2048, 24, 61  # every row of the table is hit some thirty times


def embedding_backward(torch: Any, x: Inputs) -> Run:
    """Add the gradients of the rows that were looked up."""
    table, places = x.uniform("table", TABLE, WIDTH).requires_grad_(True), x.integers("places", ROWS, below=TABLE)
    towards = x.uniform("towards", ROWS, WIDTH)
    return lambda: torch.autograd.grad(torch.nn.functional.embedding(places, table), table, towards)


def index_add(torch: Any, x: Inputs) -> Run:
    """Add rows to a table."""
    table, rows = x.uniform("table", TABLE, WIDTH), x.uniform("rows", ROWS, WIDTH)
    places = x.integers("places", ROWS, below=TABLE)
    return lambda: table.index_add(0, places, rows)


def scatter_add(torch: Any, x: Inputs) -> Run:
    """Add elements, each to a place of its own choice."""
    table, rows = x.uniform("table", TABLE, WIDTH), x.uniform("rows", ROWS, WIDTH)
    places = x.integers("places", ROWS, WIDTH, below=TABLE)
    return lambda: table.scatter_add(0, places, rows)


def sort_ties(torch: Any, x: Inputs) -> Run:
    """Sort values of which many are equal: which of them comes first is the algorithm's choice."""
    values = x.integers("ties", 4, 1024, below=37).to(x.floating)
    return lambda: torch.sort(values, dim=-1, descending=True)[1]


def topk_ties(torch: Any, x: Inputs) -> Run:
    """Take the largest of values of which many are equal."""
    values = x.integers("ties", 8, 512, below=19).to(x.floating)
    return lambda: torch.topk(values, 16, dim=-1)[1]


def interpolate(mode: str, **options: Any) -> Build:
    """Return a build that resizes images."""

    def build(torch: Any, x: Inputs) -> Run:
        images = x.uniform("images", 2, 3, 19, 23)
        return lambda: torch.nn.functional.interpolate(images, size=(40, 31), mode=mode, **options)

    return build
