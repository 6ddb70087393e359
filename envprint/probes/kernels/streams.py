"""Random streams: what each generator draws from one seed. They tell releases and CPUs apart without a second machine.

Each draws from a generator of its own; only dropout has none to be given, and borrows the process's, whose state is put
back.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from envprint.manifest.gaps import Absent
from envprint.probes.inputs import Inputs
from envprint.probes.probe import Build, Run

SEED = 20
LENGTH = 4_099


def stream(draw: Callable[[Any, Any, Any], Any]) -> Build:
    """Return a build of `draw(torch, generator, empty)`, where `empty` makes a tensor to be filled."""

    def build(torch: Any, x: Inputs) -> Run:
        def empty(*shape: int) -> Any:
            return torch.empty(*shape, dtype=x.floating, device=x.device)

        def run() -> Any:
            generator = torch.Generator(device=x.device)
            generator.manual_seed(SEED)
            return draw(torch, generator, empty)

        return run

    return build


def multinomial(torch: Any, x: Inputs) -> Run:
    """Draw without replacement, by weights that a binary fraction holds exactly."""
    weights = x.positive("weights", 512)

    def run() -> Any:
        generator = torch.Generator(device=x.device)
        generator.manual_seed(SEED)
        return torch.multinomial(weights, 256, generator=generator)

    return run


def shuffle(torch: Any, x: Inputs) -> Run:
    """Return the order in which a DataLoader with shuffle=True walks through 1000 samples."""
    del x

    def run() -> Any:
        generator = torch.Generator()
        generator.manual_seed(SEED)
        return torch.tensor(list(torch.utils.data.RandomSampler(range(1000), generator=generator)))

    return run


def dropout(torch: Any, x: Inputs) -> Run:
    """Drop half of a vector of ones."""
    ones = torch.ones(LENGTH, dtype=x.floating, device=x.device)

    def run() -> Any:
        with _seeded(torch, ones.device):
            return torch.nn.functional.dropout(ones, 0.5, training=True).to(torch.uint8)

    return run


@contextmanager
def _seeded(torch: Any, device: Any) -> Iterator[None]:
    """Seed the generator that the process uses on a device, and put its state back."""
    if device.type == "cpu":
        generator = torch.default_generator
    else:
        generators = getattr(getattr(torch, device.type), "default_generators", None)
        if generators is None:
            raise Absent(f"torch does not show the generator of {device.type}")
        generator = generators[device.index or 0]
    state = generator.get_state()
    try:
        generator.manual_seed(SEED)
        yield
    finally:
        generator.set_state(state)


def python_random(random: Any, x: Inputs) -> Run:
    """Draw from Python's own generator."""
    del x

    def run() -> list[float]:
        generator = random.Random(SEED)
        order = list(range(64))
        generator.shuffle(order)
        return [
            *(generator.random() for _ in range(64)),
            *(generator.gauss(0, 1) for _ in range(64)),
            *map(float, order),
        ]

    return run


def numpy_random(numpy: Any, x: Inputs) -> Run:
    """Draw from the generator behind numpy.random.rand and its like, and from numpy.random.default_rng."""
    del x

    def run() -> Any:
        old, new = numpy.random.RandomState(SEED), numpy.random.default_rng(SEED)
        orders = numpy.concatenate([old.permutation(256), new.permutation(256)]).astype("float64")
        return numpy.concatenate([old.rand(256), old.randn(256), new.random(256), new.standard_normal(256), orders])

    return run
