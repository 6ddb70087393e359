"""Turn the settings of the tests and count what moved: what must, and nothing beside the layers that they act on."""

import sys
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "probes"))

from test_settings import SETTINGS, capture_with, moved

from envprint.probes.table import BY_NAME


@dataclass(frozen=True)
class Moved:
    """What one setting moved: how many probes, which of those that it must move stayed, and which others moved."""

    name: str
    count: int
    stayed: set[str]
    elsewhere: set[str]
    acts: bool

    def line(self) -> str:
        """Return the figure as a row."""
        kept = "MISSED" if self.stayed or self.elsewhere else "kept" if self.acts else "kept: it cannot act here"
        wrong = ", ".join(sorted(self.stayed | self.elsewhere))
        return f"{self.name:<58} {self.count:9} moved, {len(self.elsewhere)} elsewhere   {kept} {wrong}".rstrip()


def measure_settings() -> list[Moved]:
    """Capture with each setting and without, in processes of their own."""
    base = capture_with({})
    figures = []
    for name, setting in SETTINGS.items():
        changed = moved(base, capture_with(setting.variables))
        acts = setting.acts(base)
        stayed = set(setting.moves) - changed if acts else set()
        elsewhere = {probe for probe in changed if not set(BY_NAME[probe].cpu) & {*setting.layers}}
        figures.append(Moved(f"setting: {name}", len(changed), stayed, elsewhere, acts))
    return figures
