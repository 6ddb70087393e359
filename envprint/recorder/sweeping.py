"""Run a command again and again, each time with another seed, and keep its result."""

import math
import re
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from envprint.errors import EnvprintError
from envprint.manifest import load
from envprint.manifest.sweep import FEWEST, Sweep
from envprint.recorder.forced_seed import VARIABLE
from envprint.recorder.launching import recorded_environment

LAST_LOSS = "last loss"


def sweep(command: Sequence[str], seeds: Sequence[int], pattern: str | None, tick: Callable[[str], None]) -> Sweep:
    """Return the results of a command under several seeds: its last loss, or the last number that a pattern finds.

    Python, numpy and torch are seeded before the command's own code runs, and whatever it seeds with becomes that seed.
    Raises EnvprintError where the command fails, or has no result.
    """
    if len(set(seeds)) < FEWEST:
        raise EnvprintError(f"a spread takes at least {FEWEST} unlike seeds")
    wanted = None if pattern is None else _compiled(pattern)
    results: dict[str, float] = {}
    for seed in dict.fromkeys(seeds):
        tick(f"seed {seed}, {len(results) + 1} of {len(set(seeds))}")
        results[str(seed)] = _result_of(command, seed, wanted)
    return Sweep(command=tuple(command), metric=pattern or LAST_LOSS, results=results)


def _compiled(pattern: str) -> "re.Pattern[str]":
    try:
        wanted = re.compile(pattern)
    except re.error as exc:
        raise EnvprintError(f"{pattern!r} is no pattern: {exc}") from exc
    if wanted.groups != 1:
        raise EnvprintError(f"{pattern!r} has {wanted.groups} groups; expected one, around the number")
    return wanted


def _result_of(command: Sequence[str], seed: int, wanted: "re.Pattern[str] | None") -> float:
    with tempfile.TemporaryDirectory(prefix="envprint.") as folder:
        path = Path(folder, "run.json")
        environment = {**recorded_environment(path), VARIABLE: str(seed)}
        try:
            done = subprocess.run(
                command, env=environment, stdout=subprocess.PIPE, text=True, errors="replace", check=False
            )
        except OSError as exc:
            raise EnvprintError(f"{command[0]} cannot be run: {exc.strerror}") from exc
        if done.returncode:
            raise EnvprintError(f"the command ended with status {done.returncode} under seed {seed}")
        found = _last_loss(path) if wanted is None else _last_match(wanted, done.stdout)
    if found is None or not math.isfinite(found):
        met = "no loss was seen: it takes no optimizer of torch" if wanted is None else "nothing it printed matches"
        raise EnvprintError(f"the command has no result under seed {seed}: {met}", hint="--metric 'accuracy ([0-9.]+)'")
    return found


def _last_loss(path: Path) -> float | None:
    if not path.exists():
        return None
    run = load(path).run
    losses = [step.loss for step in run.ledger if step.loss] if run else []
    return float.fromhex(losses[-1]) if losses else None


def _last_match(wanted: "re.Pattern[str]", text: str) -> float | None:
    numbers = wanted.findall(text)
    try:
        return float(numbers[-1]) if numbers else None
    except ValueError:
        return None
