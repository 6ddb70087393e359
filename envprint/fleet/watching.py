"""Machines against their own past: bits that change while nothing else does are a sign of silent data corruption.

https://arxiv.org/abs/2102.11245 (Silent Data Corruptions at Scale) tells of such machines: a core that computes wrongly
now and then, and reports no error.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from envprint.fleet.reading import Catalogue, Known
from envprint.fleet.report import FleetReport, Turned


@dataclass
class Past:
    """What each machine computed when it was seen first."""

    first: dict[str, Known] = field(default_factory=dict)
    catalogue: Catalogue = field(default_factory=Catalogue)
    turned: dict[str, Turned] = field(default_factory=dict)

    def heed(self, members: Iterable[Known]) -> None:
        """Compare machines with what they were; what was once noticed stays noticed."""
        for each in members:
            before = self.first.setdefault(each.name, each)
            moved = _moved(before, each)
            if moved and each.name not in self.turned:
                self.turned[each.name] = Turned(name=each.name, kernels=moved, suspect=before.facts == each.facts)

    def told(self, report: FleetReport) -> FleetReport:
        """Return a report with the machines that turned, which then cannot be called alike."""
        if not self.turned:
            return report
        suspects = [name for name, each in self.turned.items() if each.suspect]
        what = "suspect silent data corruption" if suspects else "their settings were changed too"
        said = f"{', '.join(suspects or self.turned)} computed other bits than before: {what}. {report.summary}"
        return report.model_copy(
            update={"verdict": "divergent", "summary": said, "turned": tuple(self.turned.values())}
        )


def _moved(before: Known, now: Known) -> tuple[str, ...]:
    """Return the kernels that give other bits than they gave; those that failed once tell nothing."""
    return tuple(
        path
        for path, bits in sorted(now.bits.items())
        if bits is not None and before.bits.get(path) not in (None, bits)
    )
