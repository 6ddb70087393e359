"""Small ledgers made by hand: runs that were never recorded, to be parted at will."""

from typing import Any, Literal

from envprint.causes.runs.reporting import report_runs
from envprint.manifest.ledger import Loader, Mark, Run, Seeding, Step
from envprint.report import Report, Side

NAMES: tuple[Literal["python", "numpy", "torch"], ...] = ("python", "numpy", "torch")
SEEDED = tuple(
    Seeding(generator=name, value="0", where=f"train.py:{line}", step=0, after_model=False, after_batch=False)
    for line, name in enumerate(NAMES, 3)
)
LOADER = Loader(dataset="Pictures", length=64, batch_size=4, shuffle=True, sampler="RandomSampler", workers=0,
                drop_last=False, where="train.py:20")  # fmt: skip


def step(number: int, **facts: Any) -> Step:
    """Return a step of a run that goes as all others; facts are what is not as in them."""
    usual: dict[str, Any] = {
        "loss": (1 / number).hex(),
        "batch": f"batch {number}",
        "samples": f"samples {number}",
        "generators": {"python": "p", "numpy": "n", "torch": f"t{number}"},
        "rates": (0.1,),
        "parameters": f"weights {number}",
        "gradients": f"gradients {number}",
        "state": f"state {number}",
        "training": True,
        "chain": f"chain {number}",
    }
    return Step(step=number, **{**usual, **facts})


def run(numbers: Any = range(1, 9), begins: int = 0, unlike: Any = None, **facts: Any) -> Run:
    """Return a run with these steps; `unlike` has by step what is not as in other runs, `begins` where it goes on."""
    steps = tuple(
        step(number + begins, **(unlike or {}).get(number, {})).model_copy(update={"step": number})
        for number in numbers
    )
    usual: dict[str, Any] = {
        "seedings": SEEDED,
        "loaders": (LOADER,),
        "marks": (Mark(name="epoch", step=0, generators={"python": "p", "numpy": "n", "torch": "t0"}),),
        "optimizer": "SGD",
        "groups": ({"lr": 0.1},),
        "initial": f"weights {begins}",
        "restored": False,
    }
    return Run(**{**usual, "ledger": steps, "steps": max(numbers), **facts})


def reported(a: Run, b: Run, **environments: Any) -> Report:
    """Return the report of two runs in environments that are the same, but for what is given."""
    usual: dict[str, Any] = {"verdict": "identical", "summary": "", "sides": {"a": Side(id="a"), "b": Side(id="b")}}
    return report_runs(a, b, Report(**{**usual, **environments}))


def first(report: Report) -> str:
    """Return the cause that comes first, nothing where there is none."""
    return report.findings[0].cause if report.findings else ""


def place_of(report: Report) -> tuple[int, str] | None:
    """Return the step and the component in which a report says that runs part."""
    at = report.first_divergence
    return (at.step, at.component) if at else None
