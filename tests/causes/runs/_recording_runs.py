"""Record the scripts beside in processes of their own, each way of running them once."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from _injected import Told
from _starting_once import Started

SCRIPTS = Path(__file__).parent / "scripts"
EDIT = (") / 1.0", ") / 2.0")  # what the loss is made of
FILES = 26
IN_MEMORY = Path("/dev/shm")  # noqa: S108 - tmpfs lists files in the order in which they came, others by hash


@dataclass(frozen=True)
class Recorded:
    """A recorded run: its manifest, and what the script itself said of each step."""

    manifest: Path
    said: tuple[str, ...]


@dataclass
class Recorder:
    """Runs and records, in a folder; what was recorded once is not again."""

    folder: Path
    kept: dict[tuple[Told, int], Recorded] = field(default_factory=dict)
    started: Started = field(default_factory=Started)

    def record(self, told: Told, copy: int = 0) -> Recorded:
        """Return a recorded run; another copy of one is another process."""
        if (told, copy) not in self.kept:
            self.kept[told, copy] = self._record(told, self.folder / f"{len(self.kept)}.json")
        return self.kept[told, copy]

    def record_all(self, runs: list[tuple[Told, int]], tick: Callable[[int, int], None] = lambda *_: None) -> None:
        """Record many, two at a time; those that go on from a checkpoint when it has been written.

        `tick` hears how many are recorded, and how many there are.
        """
        self._scripts("")
        for waits in (False, True):
            wanted = dict.fromkeys(each for each in runs if ("resume" in each[0].words) is waits)
            paths = {each: self.folder / f"{waits:d}.{place}.json" for place, each in enumerate(wanted)}
            with ThreadPoolExecutor(2) as pool:
                done = pool.map(lambda item: self._record(item[0][0], item[1]), paths.items())
                for each, recorded in zip(paths, done, strict=True):
                    self.kept[each] = recorded
                    tick(len(self.kept), len(set(runs)))

    def _record(self, told: Told, path: Path) -> Recorded:
        words = told.words.format_map(Places(self.folder))
        folder, script = self._scripts(words), f"{told.script}.py"
        variables = {"OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0", **dict(told.variables), "TRY": words}
        if told.within:
            text = self.started.record(told.within, script, folder, variables, path)
        else:
            text = _launched(script, folder, variables, path)
        return Recorded(path, tuple(line for line in text.splitlines() if line.partition(" ")[0].isdecimal()))

    def close(self) -> None:
        """Remove what lies elsewhere, and end what was started."""
        self.started.close()
        listed = listed_at(self.folder)
        for made in listed.parent.glob(f"{listed.name}-*"):
            shutil.rmtree(made)

    def _scripts(self, words: str) -> Path:
        """Return the folder of the scripts; one with another line in them where that is what differs."""
        folder = self.folder / ("edited" if "edited" in words.split() else "scripts")
        if not folder.exists():
            shutil.copytree(SCRIPTS, folder, ignore=shutil.ignore_patterns("__pycache__"))
            for script in folder.glob("*_loop.py") if folder.name == "edited" else ():
                text = script.read_text("utf-8")
                assert text.count(EDIT[0]) == 1
                script.write_text(text.replace(*EDIT), "utf-8")
        return folder


def _launched(script: str, folder: Path, variables: dict[str, str], path: Path) -> str:
    """Record a script as its users do, and return what it printed."""
    command = [*(sys.executable, "-m", "envprint", "capture", "-o", str(path), "--"), sys.executable, script]
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, cwd=folder, timeout=300, env={**os.environ, **variables}
    )
    return done.stdout


class Places(dict[str, str]):
    """The files that words name, made as they are asked for."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self.listed = listed_at(folder)

    def __missing__(self, name: str) -> str:
        """Return where a checkpoint is, or a folder of files, made in one order or in the other."""
        if name.startswith("checkpoint"):
            return str(self.folder / f"{name}.pt")
        made = Path(f"{self.listed}-{name}") / "files"
        if not made.exists():
            made.mkdir(parents=True)
            numbers = range(FILES) if name == "files" else reversed(range(FILES))
            for number in numbers:
                (made / f"{number:02}.txt").write_text(str(number), "utf-8")
        return str(made)


def listed_at(folder: Path) -> Path:
    """Return where folders of files are made, for runs that are recorded to a folder."""
    return IN_MEMORY / f"envprint-{os.getpid()}-{folder.name}" if IN_MEMORY.is_dir() else folder / "listed"


def first_difference(a: Recorded, b: Recorded) -> int | None:
    """Return the first step of which the scripts themselves say other things."""
    for one, other in zip(a.said, b.said, strict=False):
        if one != other:
            return int(one.split()[0])
    return None
