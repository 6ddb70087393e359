"""How often the cause that was injected into a training script is the first finding, and the step exact.

    python tests/bench/runs/bench_runs.py [plain_loop] [lightning_loop] [trainer_loop] [two_at_once]

Each run is recorded for real: a plain loop, Lightning, the Trainer of transformers; and the plain loop with two causes
at once, of which the one that acts first has to come first, and the other among the first three. Exit status 1 below
the goal.
"""

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "causes" / "runs"))

from _injected import INJECTED, TOGETHER, Injected
from _recording_runs import Recorder, first_difference
from _shapes import LEFT_OUT, SHAPES, in_shape

from envprint.causes import explain
from envprint.manifest import load

GOAL = 0.95
FIRST = 3  # findings among which a second cause has to be
PLAIN, TWO = "plain_loop", "two_at_once"
CASES = {PLAIN: INJECTED, **{shape: tuple(in_shape(shape)) for shape in SHAPES}, TWO: TOGETHER}
Scores = list[tuple[bool, bool]]


def main() -> int:
    named = sys.argv[1:] or list(CASES)
    with tempfile.TemporaryDirectory() as folder:
        scores = {shape: of_shape(shape, Path(folder, shape)) for shape in named}
    together = [each for found in scores.values() for each in found]
    for shape, found in (*scores.items(), ("all", together)):
        print(f"{shape:16} top-1 {_share(found, 0)}   step exact {_share(found, 1)}")
    for (cause, shape), reason in LEFT_OUT.items():
        print(f"left out of {shape}: {cause}: {reason}")
    return 0 if all(min(_of(found, place) for place in (0, 1)) >= GOAL for found in scores.values()) else 1


def of_shape(shape: str, folder: Path) -> Scores:
    """Return the scores of all causes that a shape can have."""
    cases = CASES[shape]
    recorder = Recorder(folder)
    folder.mkdir()
    try:
        recorder.record_all([each for case in cases for each in case.told], _tick)
        return [score(case, recorder) for case in cases]
    finally:
        recorder.close()


def score(case: Injected, recorder: Recorder) -> tuple[bool, bool]:
    """Return whether the cause comes first and the step is exact; print what is said of it."""
    a, b = (recorder.record(*each) for each in case.told)
    report = explain(load(a.manifest), load(b.manifest))
    causes = [each.cause for each in report.findings[:FIRST]] or ["nothing"]
    is_first = causes[0] == case.cause and case.also in {"", *causes}
    at = report.first_divergence
    step = at.step if at else None
    wanted = case.step if case.step is not None else first_difference(a, b)
    is_exact = step == wanted and bool(at) and case.component in {"", at.component if at else ""}
    said = f"{step} {at.component if at else ''}".strip()
    marks = [
        "ok" if is_first else f"first: {', '.join(causes if case.also else causes[:1])}",
        f"ok, {said}" if is_exact else f"{said}, not {wanted} {case.component}",
    ]
    print(f"{case.id:48} {marks[0]:32} {marks[1]}", flush=True)
    return is_first, is_exact


def _tick(done: int, runs: int) -> None:
    print(f"recorded {done} of {runs}", end="\n" if done == runs else "\r", file=sys.stderr, flush=True)


def _of(found: Scores, place: int) -> float:
    return sum(each[place] for each in found) / len(found)


def _share(found: Scores, place: int) -> str:
    return f"{sum(each[place] for each in found):3} of {len(found):3}, {_of(found, place):.1%}"


if __name__ == "__main__":
    sys.exit(main())
