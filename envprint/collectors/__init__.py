"""Read the environment: a table of collectors, one a section, and capture(), which asks them all."""

import datetime
import os
import time
from collections.abc import Callable, Mapping

from envprint.collectors._reading import Gaps
from envprint.collectors.threads import collect_threads
from envprint.manifest import Gap, Manifest, Section
from envprint.manifest.run import Taken

Collector = Callable[[Gaps], Section]

COLLECTORS: dict[str, Collector] = {
    "threads": collect_threads,
}


def capture(collectors: Mapping[str, Collector] = COLLECTORS) -> Manifest:
    """Return a manifest of this process as it is; a collector that fails leaves a gap, never an exception."""
    sections: dict[str, Section] = {}
    gaps: dict[str, Gap] = {}
    durations: dict[str, float] = {}
    for name, collect in collectors.items():
        began = time.perf_counter()
        noted = Gaps(name, gaps)
        section = noted.ask("", lambda: collect(noted))  # noqa: B023 - called at once
        if section is not None:
            sections[name] = section
        durations[name] = round((time.perf_counter() - began) * 1000, 3)
    taken = Taken(at=datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"), pid=os.getpid(), durations_ms=durations)
    return Manifest(**sections, gaps=gaps, taken=taken)  # type: ignore[arg-type]
