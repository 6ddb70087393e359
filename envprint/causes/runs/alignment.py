"""Which steps of two runs stand beside each other: the same numbers, or where one goes on from a step of the other."""

from dataclasses import dataclass

from envprint.manifest.ledger import Run, Step


@dataclass(frozen=True)
class Alignment:
    """Two runs side by side, step by step, numbered as in the run that was not interrupted.

    `begins` is the step of the other run after which one goes on, 0 where both begin alike; `resumed` the side that
    does.
    """

    a: dict[int, Step]
    b: dict[int, Step]
    begins: int = 0
    resumed: str = ""

    @property
    def common(self) -> list[int]:
        """Return the steps that both keep, in order."""
        return sorted(self.a.keys() & self.b.keys())


def align(a: Run, b: Run) -> Alignment:
    """Return two runs side by side; one that begins with the weights that a step of the other left goes on from it."""
    for resumed, fresh, other in (("b", b, a), ("a", a, b)):
        begins = _goes_on_after(fresh, other)
        if begins:
            left, right = (_numbered(run, begins if name == resumed else 0) for name, run in (("a", a), ("b", b)))
            return Alignment(left, right, begins, resumed)
    return Alignment(_numbered(a, 0), _numbered(b, 0))


def _goes_on_after(run: Run, other: Run) -> int:
    """Return the last step of another run that left the weights with which a run begins, 0 where none did."""
    if run.initial is None or run.initial == other.initial:
        return 0
    return max((step.step for step in other.ledger if step.parameters == run.initial), default=0)


def _numbered(run: Run, begins: int) -> dict[int, Step]:
    return {step.step + begins: step for step in run.ledger}
