"""Gathering and scattering: on a GPU, what several threads add to one place arrives in any order (atomics)."""

from typing import Any

from envprint.probes.inputs import Inputs
from envprint.probes.probe import Build, Run

ROWS, WIDTH, TABLE = 2048, 24, 61  # every row of the table is hit some thirty times


def embedding(torch: Any, x: Inputs) -> Run:
    """Look rows up, and add the gradients of the rows that were looked up."""
    table, places = x.uniform("table", TABLE, WIDTH).requires_grad_(True), x.integers("places", ROWS, below=TABLE)
    towards = x.uniform("towards", ROWS, WIDTH)

    def run() -> Any:
        rows = torch.nn.functional.embedding(places, table)
        return rows, *torch.autograd.grad(rows, table, towards)

    return run


def index_add(torch: Any, x: Inputs) -> Run:
    """Add rows to a table, and gather the gradient of the rows."""
    table, rows = x.uniform("table", TABLE, WIDTH), x.uniform("rows", ROWS, WIDTH).requires_grad_(True)
    places, towards = x.integers("places", ROWS, below=TABLE), x.uniform("towards", TABLE, WIDTH)

    def run() -> Any:
        added = table.index_add(0, places, rows)
        return added, *torch.autograd.grad(added, rows, towards)

    return run


def scatter_add(torch: Any, x: Inputs) -> Run:
    """Add elements, each to a place of its own choice, and gather their gradient."""
    table, rows = x.uniform("table", TABLE, WIDTH), x.uniform("rows", ROWS, WIDTH).requires_grad_(True)
    places, towards = x.integers("places", ROWS, WIDTH, below=TABLE), x.uniform("towards", TABLE, WIDTH)

    def run() -> Any:
        added = table.scatter_add(0, places, rows)
        return added, *torch.autograd.grad(added, rows, towards)

    return run


def gather(torch: Any, x: Inputs) -> Run:
    """Gather elements, and scatter their gradient back."""
    table = x.uniform("table", TABLE, WIDTH).requires_grad_(True)
    places, towards = x.integers("places", ROWS, WIDTH, below=TABLE), x.uniform("towards", ROWS, WIDTH)

    def run() -> Any:
        rows = torch.gather(table, 0, places)
        return rows, *torch.autograd.grad(rows, table, towards)

    return run


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
