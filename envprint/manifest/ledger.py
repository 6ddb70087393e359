"""The section about a run: what was seeded, loaded, built and stepped, written down while it went on."""

import math
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from envprint.manifest.model import Model
from envprint.manifest.section import Integers, Section, Strings


def _is_exact(text: str) -> str:
    try:
        float.fromhex(text)
    except (OverflowError, ValueError):
        raise ValueError("a number as float.hex() writes it is expected") from None
    return text


def _without_infinity(number: object) -> object:
    """Return a number that JSON does not have as float.hex() writes it: nan, inf, -inf."""
    return number.hex() if isinstance(number, float) and not math.isfinite(number) else number


Exact = Annotated[str, AfterValidator(_is_exact)]
Rate = Annotated[float | Exact, BeforeValidator(_without_infinity)]


def rate_of(told: float | str) -> float:
    """Return a learning rate as the number that it is."""
    return float.fromhex(told) if isinstance(told, str) else told


class Seeding(Section):
    """A call that seeded a generator: with what, where in the code, after how many steps, and what was built before.

    `numpy.Generator` is one that numpy.random.default_rng made, with the seed that it was given, or `None`.
    """

    generator: Literal["python", "numpy", "torch", "numpy.Generator"]
    value: str
    where: str
    step: int
    after_model: bool
    after_batch: bool


class Loader(Section):
    """A DataLoader: its data set, and how it walks through it; `where` it was first iterated."""

    dataset: str
    length: int | None = None
    batch_size: int | None = None
    shuffle: bool | None = None
    sampler: str | None = None
    workers: int | None = None
    drop_last: bool | None = None
    generator: bool | None = None
    worker_init: bool | None = None
    where: str = ""


class Mark(Section):
    """The states of the generators at a place of the run: digests by generator.

    `name` is one of: torch imported, seeded (generator), model built (as its optimizer is made), loader built, epoch
    (as a loader begins one), samples of an epoch (their number; `generators` holds the sum over the samples then).
    """

    name: str
    step: int
    generators: dict[str, str] = Field(default_factory=dict)


class Event(Section):
    """Something that a run did, the first time that it did it so: where, after how many steps, and with what.

    `name` is one of: clip (max norm, type of norm), clip-value, zero-grad (of what, and how), autocast (device, type),
    scaler (its settings), scheduler (class and settings), compile (its settings), load-model, load-optimizer,
    load-scheduler, load-scaler, restore-rng (generator), loss (function and settings), evaluate (a forward pass of the
    outermost module without gradients: its class and mode), checkpoint (a file that was loaded), listing (a folder, how
    many names it has, and their digest in the order in which they came), normalise (mean and deviation),
    first-batch (how its values rank among its samples, mean and deviation), workers (of a loader, and with how many
    states they begin), lost (as the run ended: the last loss, where it is not finite and no step came of it).
    """

    name: str
    step: int
    where: str = ""
    value: str = ""


class Calls(Section):
    """What modules gave in one step, in order: texts with a word for each call, `-` where there is nothing to tell.

    `module` is a place in the run's `modules` and `types`; `digest` the first 16 digits of that of what it gave, and
    `inputs` of what it was given; `norm` the norm of that, and `sketch` four sums of its numbers with fixed signs, as
    float32: of two such, the norm of the difference is about that of the difference of what they are made of.
    """

    module: str = ""
    digest: str = ""
    norm: str = ""
    sketch: str = ""
    inputs: str = ""


class Modules(Section):
    """What the modules of one step gave.

    `forward` is what they returned, as they ended, `backward` the gradient with regard to that, as it came, `gradients`
    those of their own parameters as each backward() left them.
    """

    forward: Calls | None = None
    backward: Calls | None = None
    gradients: Calls | None = None


class Step(Section):
    """One step of an optimizer; where a run has none of torch's, one call of backward().

    `loss` is the number that backward() was called on last, exactly (float.hex). `batch` is the digest of what was
    loaded since the last step, or given to the outermost module where there is no loader, `samples` that of the same
    samples in any order. `generators` are digests before the step, `rates` learning rates: one that is infinite or NaN
    is written as a loss is. `parameters`, `gradients` and `state`, which is what the optimizer remembers, are digests
    that are read after the step, at the first 64 and then at 8 of each doubling:
    to read them at each step that is kept would take more than 2 % of the first thousand. `calls` are what was called
    since the last step, in order: zero-grad, forward, backward, clip, unscale, step; neighbours that are the same once.
    `chain` is that of all that came before and this, but for `calls`: equal chains are equal pasts. What lies on
    another device than the processor comes from there without waiting: losses enter the chain in their order, batches
    between kept steps do not. In a window every step is kept and read whole; of `modules` it tells there only.
    """

    step: int
    chain: str
    loss: Exact | None = None
    batch: str | None = None
    samples: str | None = None
    generators: dict[str, str] = Field(default_factory=dict)
    rates: tuple[Rate, ...] = Field(default=(), strict=False)
    parameters: str | None = None
    gradients: str | None = None
    gradient_norm: Exact | None = None
    state: str | None = None
    training: bool | None = None
    calls: Strings | None = None
    modules: Modules | None = None


class Change(Section):
    """A switch of the process that was turned while it ran, by its path in a manifest, and where in the code."""

    path: str
    step: int
    where: str = ""
    before: Any = None
    after: Any = None


class Run(Section):
    """One recorded run; `steps` counts those of its optimizer, `ledger` holds a bounded choice of them.

    `initial` is the digest of the parameters before the first step, `restored` whether the optimizer remembered
    something then; `files` are digests of the script and of data whose listing was seen. `window` has the first and the
    last of the steps that somebody chose; `modules` the names of what was called in them, with #2 where a step called
    it for the second time, [1] where its second output is meant, and `types` the type of each.
    """

    command: Strings = ()
    status: str | None = None
    steps: int = 0
    seedings: tuple[Seeding, ...] = Field(default=(), strict=False)
    loaders: tuple[Loader, ...] = Field(default=(), strict=False)
    marks: tuple[Mark, ...] = Field(default=(), strict=False)
    changes: tuple[Change, ...] = Field(default=(), strict=False)
    events: tuple[Event, ...] = Field(default=(), strict=False)
    optimizer: str | None = None
    groups: tuple[dict[str, Any], ...] = Field(default=(), strict=False)
    restored: bool | None = None
    initial: str | None = None
    model: Model | None = None
    ledger: tuple[Step, ...] = Field(default=(), strict=False)
    notes: Strings = ()
    unread: dict[str, str] = Field(default_factory=dict)
    window: Integers | None = None
    modules: Strings | None = None
    types: Strings | None = None
