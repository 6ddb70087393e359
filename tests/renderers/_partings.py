"""Reports of two runs that part, made of small ledgers by hand; a name stands wherever a script may give one."""

from typing import Any

from envprint.causes.runs.reporting import report_runs
from envprint.manifest.ledger import Event, Loader, Mark, Run, Seeding, Step
from envprint.report import Report, Side

STEPS = 9
AT = 4
SEEDS: tuple[Any, ...] = ("python", "numpy", "torch")
EVENTS = ("loss", "clip", "scheduler", "normalise", "listing", "compile", "autocast")
# what is unlike from step AT on, by the component in which the runs then part
UNLIKE: dict[str, dict[str, Any]] = {
    "batch": {"batch": "xxh3-128-rows:cafecafe00112233", "loss": (0.75).hex()},
    "training": {"training": False, "loss": (0.75).hex()},
    "generators": {"generators": {"torch": "xxh3-128:cafecafe00112233"}, "loss": (0.75).hex()},
    "loss": {"loss": (0.75).hex(), "parameters": "others"},
    "gradients": {"gradients": "xxh3-128:cafecafe00112233", "parameters": "others"},
    "rates": {"rates": (0.25,), "parameters": "others"},
    "parameters": {"parameters": "xxh3-128:cafecafe00112233"},
}

FEW = ("batch", "loss", "parameters")  # which between them have most of the rules look at both runs


def parted(component: str, name: str = "train.py:7", other: str = "") -> Report:
    """Return the report of two runs that part at step AT; `name` is in both, on side b cut, with `other` behind it."""
    sides = {"a": Side(id="sha256:a", name=name), "b": Side(id="sha256:b", name=name)}
    alike = Report(verdict="identical", summary="Nothing differs.", sides=sides)
    return report_runs(recorded("", name), recorded(component, f"{name[:80]}{other}"), alike)


def before_the_first_step(name: str = "train.py:7") -> Report:
    """Return the report of two runs that begin with other weights."""
    other = recorded("", name).model_copy(update={"initial": "xxh3-128:cafecafe00112233"})
    return report_runs(recorded("", name), other, Report(verdict="identical", summary="", sides={}))


def recorded(component: str, name: str) -> Run:
    """Return a run; where a component is named that is another from step AT on."""
    marks = (Mark(name="epoch", step=0, generators={"torch": "xxh3-128:0000000000000000"}),)
    return Run(
        command=(name,),
        seedings=tuple(
            Seeding(generator=each, value=name[:40], where=name, step=0, after_model=False, after_batch=False)
            for each in SEEDS
        ),
        loaders=(Loader(dataset=name, length=64, batch_size=4, shuffle=True, sampler=name, workers=0, where=name),),
        marks=marks,
        events=tuple(Event(name=each, step=0, value=f"{name} {name}"[:240], where=name) for each in EVENTS),
        optimizer=name,
        groups=({"lr": 0.5, name or "none": name},),
        initial="xxh3-128:0123456789abcdef",
        restored=False,
        ledger=tuple(_step(number, component) for number in range(1, STEPS)),
        steps=STEPS - 1,
        notes=(name,),
    )


def _step(number: int, component: str) -> Step:
    usual: dict[str, Any] = {
        "loss": (1 / number).hex(),
        "batch": f"xxh3-128-rows:{number:08}deadbeef",
        "generators": {"torch": f"xxh3-128:{number:08}deadbeef"},
        "rates": (0.5,),
        "parameters": f"xxh3-128:{number:08}beefdead",
        "gradients": f"xxh3-128:{number:08}feedbeef",
        "training": True,
        "chain": f"chain {number} {component}",
    }
    return Step(step=number, **{**usual, **(UNLIKE.get(component, {}) if number >= AT else {})})
