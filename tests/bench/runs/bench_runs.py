"""How often the cause that was injected into a training script is the first finding, and the step exact.

    python tests/bench/runs/bench_runs.py [plain_loop] [lightning_loop] [trainer_loop]

Each run is recorded for real: a plain loop, Lightning, the Trainer of transformers. Exit status 1 below the goal.
"""

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "causes" / "runs"))

from _injected import INJECTED, Injected
from _recording_runs import Recorder, first_difference
from _shapes import SHAPES, in_shape

from envprint.causes import explain
from envprint.manifest import load

GOAL = 0.95
PLAIN = "plain_loop"


def main() -> int:
    shapes = sys.argv[1:] or [PLAIN, *SHAPES]
    right = total = 0
    with tempfile.TemporaryDirectory() as folder:
        for shape in shapes:
            cases = list(INJECTED if shape == PLAIN else in_shape(shape))
            recorder = Recorder(Path(folder, shape))
            recorder.folder.mkdir()
            recorder.record_all([each for case in cases for each in case.told])
            found = [score(case, recorder) for case in cases]
            recorder.close()
            first, exact = (sum(each[place] for each in found) for place in (0, 1))
            print(f"{shape}: first {first} of {len(cases)}, step exact {exact} of {len(cases)}\n")
            right, total = right + first, total + len(cases)
    print(f"top-1 {right / total:.1%} of {total}")
    return 0 if right >= GOAL * total else 1


def score(case: Injected, recorder: Recorder) -> tuple[bool, bool]:
    """Return whether the cause comes first and the step is exact; print what is said of it."""
    a, b = (recorder.record(*each) for each in case.told)
    report = explain(load(a.manifest), load(b.manifest))
    cause = report.findings[0].cause if report.findings else "nothing"
    step = report.first_divergence.step if report.first_divergence else None
    wanted = case.step if case.step is not None else first_difference(a, b)
    marks = [
        "ok" if cause == case.cause else f"first: {cause}",
        "ok" if step == wanted else f"step {step}, not {wanted}",
    ]
    print(f"{case.id:48} {marks[0]:32} {marks[1]}", flush=True)
    return cause == case.cause, step == wanted


if __name__ == "__main__":
    sys.exit(main())
