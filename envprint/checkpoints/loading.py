"""Read a manifest from wherever one may be; what saved models take is loaded only for those."""

from pathlib import Path

from envprint.manifest import Manifest
from envprint.manifest import load as load_manifest

MARK = b'"envprint/manifest/'  # near the beginning of each


def load(source: str | Path) -> Manifest:
    """Read a manifest from a file, the text of torch's collect_env, or a saved model; `-` is standard input."""
    if not is_model(source):
        return load_manifest(source)
    from envprint.checkpoints.embedding import extract

    return extract(source)


def is_model(source: str | Path) -> bool:
    """Tell whether a path is meant as a saved model, and not as a manifest."""
    if str(source) == "-" or is_manifest(Path(source)):
        return False
    from envprint.checkpoints.provenance import is_saved_model

    return is_saved_model(Path(source))


def is_manifest(path: Path) -> bool:
    """Tell whether a file begins as a manifest does; of what cannot be read, a reader says why."""
    try:
        if not path.is_file():  # what a pipe has can be read once
            return False
        with path.open("rb") as file:
            return MARK in file.read(len(MARK) + 20)
    except (OSError, ValueError, RuntimeError):  # a null character; a loop of links (before Python 3.13)
        return False
