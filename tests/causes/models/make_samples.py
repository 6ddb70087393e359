"""Write samples/models/: for each cause that a model shows, two models that have it; the numbers are of one machine.

Live models are kept as manifests that hold their description alone, saved ones as they are.
"""

import shutil
import tempfile
from pathlib import Path
from typing import Any

from test_reloads import CASES, RULED_OUT

import envprint
from envprint.manifest import Manifest
from envprint.manifest.run import Taken

SAMPLES = Path(__file__).parent.parent.parent.parent / "samples" / "models"
NOTE = "a description alone, without its environment"


SAMPLED: dict[str, list[Any]] = {**CASES, **RULED_OUT}


def main() -> None:
    """Write the first case of each cause."""
    for cause, cases in SAMPLED.items():
        folder = SAMPLES / cause
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as scratch:
            for side, model in zip("ab", cases[0](Path(scratch)), strict=True):
                _keep(model, folder / side)


def _keep(model: Any, place: Path) -> None:
    if isinstance(model, Path):
        shutil.copyfile(model, place.with_suffix(model.suffix))
        return
    described = Manifest(model=envprint.describe(model), taken=Taken(process="live", notes=(NOTE,)))
    envprint.write(described, place.with_suffix(".json"), force=True)


if __name__ == "__main__":
    main()
