"""Record the scripts beside in processes of their own, each way of running them once."""

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from _injected import Told

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

    def record(self, told: Told, copy: int = 0) -> Recorded:
        """Return a recorded run; another copy of one is another process."""
        if (told, copy) not in self.kept:
            self.kept[told, copy] = self._record(told, self.folder / f"{len(self.kept)}.json")
        return self.kept[told, copy]

    def record_all(self, runs: list[tuple[Told, int]]) -> None:
        """Record many, two at a time; those that go on from a checkpoint when it has been written."""
        self._scripts("")
        for waits in (False, True):
            wanted = dict.fromkeys(each for each in runs if ("resume" in each[0].words) is waits)
            paths = {each: self.folder / f"{waits:d}.{place}.json" for place, each in enumerate(wanted)}
            with ThreadPoolExecutor(2) as pool:
                done = pool.map(lambda item: self._record(item[0][0], item[1]), paths.items())
                self.kept.update(zip(paths, done, strict=True))

    def _record(self, told: Told, path: Path) -> Recorded:
        words = told.words.format_map(Places(self.folder))
        variables = {"OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0", **dict(told.variables), "TRY": words}
        command = [
            sys.executable,
            "-m",
            "envprint",
            "capture",
            "-o",
            str(path),
            "--",
            sys.executable,
            f"{told.script}.py",
        ]
        done = subprocess.run(
            command, check=True, capture_output=True, text=True, cwd=self._scripts(words), timeout=300,
            env={**os.environ, **variables},
        )  # fmt: skip
        return Recorded(path, tuple(done.stdout.splitlines()))

    def close(self) -> None:
        """Remove what lies elsewhere."""
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


class Places(dict[str, str]):
    """The files that words name, made as they are asked for."""

    def __init__(self, folder: Path) -> None:
        super().__init__(checkpoint=str(folder / "checkpoint.pt"))
        self.listed = listed_at(folder)

    def __missing__(self, name: str) -> str:
        """Return a folder of files, made in one order or in the other."""
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
