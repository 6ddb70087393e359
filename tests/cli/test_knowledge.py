"""The catalog, and the checkup of one manifest, on the command line."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]


def test_a_cause_is_explained_with_its_sources(envprint: Run) -> None:
    done = envprint("cause", "tf32-matmul")

    assert (0, "") == (done.returncode, done.stderr)
    assert done.stdout.startswith(" tf32-matmul   precision\n")
    for row in ("what it is", "effect", "shown by", "prior", "fix", "cost", "sources "):
        assert f"\n {row}" in done.stdout
    assert "  https://docs.pytorch.org/docs/stable/notes/cuda.html\n" in done.stdout


def test_a_cause_names_the_known_bugs_that_belong_to_it(envprint: Run) -> None:
    assert "known bug: cuDNN 9.23.1" in envprint("cause", "cudnn-version").stdout


def test_all_causes_are_listed_or_only_the_live_ones(envprint: Run) -> None:
    every, live = (json.loads(envprint("cause", *options, "--format", "json").stdout) for options in ((), ("--live",)))
    listed = envprint("cause", "--live").stdout

    assert 357 == len(every) > len(live) >= 200
    assert all(f"  {each['id']} " in listed for each in live)
    assert all(each["signs"] or each["hazard"] or each["by_model"] for each in live)


def test_an_unknown_cause_is_one_line_with_the_nearest_names(envprint: Run) -> None:
    done = envprint("cause", "tf32-matmull")

    assert (2, "") == (done.returncode, done.stdout)
    assert "envprint: no cause is called tf32-matmull\nhint: perhaps tf32-matmul" in done.stderr


@pytest.mark.parametrize(("level", "status"), [("high", 0), ("medium", 1), ("low", 1), ("never", 0)])
def test_the_status_of_a_checkup_follows_the_severity_asked_for(
    level: str, status: int, samples: Path, envprint: Run
) -> None:
    done = envprint("doctor", str(samples / "pairs/cudnn-benchmark/a.json"), "--fail-on", level)

    assert (status, "") == (done.returncode, done.stderr)
    assert "cudnn-benchmark" in done.stdout


def test_a_checkup_is_json_too(samples: Path, envprint: Run) -> None:
    done = envprint("doctor", str(samples / "manifests/nehalem.json"), "--format", "json")
    checkup = json.loads(done.stdout)

    assert "envprint/checkup/1" == checkup["schema"]
    assert "int8" in json.dumps(checkup["hazards"])
    assert all(each["fix"] and each["cost"] for each in checkup["hazards"])


def test_a_checkup_of_what_is_no_manifest_is_one_line(tmp_path: Path, envprint: Run) -> None:
    (tmp_path / "notes.json").write_text("[]")
    done = envprint("doctor", "notes.json")

    assert (2, "") == (done.returncode, done.stdout)
    assert 2 >= len(done.stderr.splitlines())
