"""Which of a command's processes writes the manifest: of one that starts others, the first that trains.

A claim is a file in a folder that `envprint capture` makes: it has the manifest's name, and says who writes that.
"""

import contextlib
import os
from pathlib import Path

SEEN = "python"  # the file that says that some Python began to record
NO_PYTHON = "the command ran no Python that imports envprint and heeds PYTHONPATH"
NO_STEP = "its Python ended before a first step, and not by itself"
RANKS = (("RANK", "WORLD_SIZE"), ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"), ("PMI_RANK", "PMI_SIZE"))


class Claim:
    """The right of this process to write a manifest."""

    def __init__(self, folder: Path | None, target: Path, *, is_foremost: bool) -> None:
        self.file = None if folder is None else folder / target.name
        self.is_foremost = is_foremost
        self.said = f"{os.getpid()} {'foremost' if is_foremost else 'below'}"

    def take(self) -> bool:
        """Take the right, and tell whether this process has it now; the foremost takes it from any below."""
        if self.file is None:
            return self.is_foremost
        with contextlib.suppress(FileExistsError), self.file.open("x", encoding="ascii") as file:
            file.write(self.said)
            return True
        if self.is_foremost and not self._read().endswith("foremost"):
            self.file.write_text(self.said, encoding="ascii")
        return self.holds()

    def holds(self) -> bool:
        """Tell whether this process has the right."""
        return self.is_foremost if self.file is None else self._read() == self.said

    def is_free(self) -> bool:
        """Tell whether no process has claimed to write any manifest."""
        return self.file is None or not _claims(self.file.parent)

    def _read(self) -> str:
        try:
            return "" if self.file is None else self.file.read_text(encoding="ascii")
        except OSError:
            return ""


def claimed(folder: Path, path: Path) -> tuple[tuple[Path, ...], str]:
    """Return the manifests that processes wrote, or why there are none."""
    names = _claims(folder)
    if not names:
        return (), NO_STEP if (folder / SEEN).exists() else NO_PYTHON
    found = tuple(path.with_name(name) for name in names if path.with_name(name).exists())
    return found, "" if found else f"{path} cannot be written"


def _claims(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir() if each.name != SEEN)


def claim_of_this_process(path: Path) -> tuple[Claim, Path]:
    """Return what this process may claim, and where it would write: a manifest for each rank, with the same stem.

    Foremost is what the command itself is, or what a launcher started as a rank; all else is started by these.
    """
    rank, size = next(
        ((os.environ.get(rank), os.environ.get(size)) for rank, size in RANKS if rank in os.environ), (None, None)
    )
    folder = os.environ.get("ENVPRINT_RECORD_CLAIMS")
    started = os.environ.get("ENVPRINT_RECORD_PARENT")
    is_foremost = str(os.getppid()) == started
    if rank is not None and int(size or "1") > 1:
        is_foremost = os.environ.get("ENVPRINT_RECORD_RANK") != rank
        os.environ["ENVPRINT_RECORD_RANK"] = rank  # what this process starts inherits its rank, and is none itself
        path = path.with_name(f"{path.stem}.rank{rank}{path.suffix}")
    if folder is not None:
        Path(folder, SEEN).touch()
    return Claim(None if folder is None else Path(folder), path, is_foremost=is_foremost), path
