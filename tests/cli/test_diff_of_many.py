"""`envprint diff` of many manifests: groups, the odd ones out and why, in each format; nothing a name could do."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

SAMPLES = Path(__file__).parent.parent.parent / "samples"
SCHEMA = json.loads((SAMPLES.parent / "schemas" / "fleet-1.json").read_text())
PAIR = [str(SAMPLES / "pairs" / "intra-op-threads" / f"{side}.json") for side in "ab"]
Run = Callable[..., subprocess.CompletedProcess[str]]


def fleet(folder: Path, **machines: str) -> Path:
    folder.mkdir()
    for name, sample in machines.items():
        (folder / f"{name}.json").write_bytes(Path(sample).read_bytes())
    return folder


@pytest.fixture
def machines(tmp_path: Path) -> Path:
    return fleet(tmp_path / "fleet", a=PAIR[0], b=PAIR[0], odd=PAIR[1])


def test_a_folder_of_manifests_is_compared_as_a_whole(envprint: Run, machines: Path) -> None:
    done = envprint("diff", "fleet")

    assert (1, "") == (done.returncode, done.stderr)
    assert "2 different results: 2 agree, fleet/odd.json does not" in done.stdout
    assert "intra-op-threads  supported" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_more_than_two_manifests_are_told_as_json_of_the_schema(envprint: Run, machines: Path) -> None:
    done = envprint("diff", "fleet/a.json", "fleet/b.json", "fleet/odd.json", "--format", "json")

    report = json.loads(done.stdout)
    jsonschema.validate(report, SCHEMA)
    assert [["fleet/a.json", "fleet/b.json"], ["fleet/odd.json"]] == [each["members"] for each in report["groups"]]


def test_those_that_agree_are_status_0(envprint: Run, tmp_path: Path) -> None:
    fleet(tmp_path / "fleet", a=PAIR[0], b=PAIR[0], c=PAIR[0])

    assert 0 == envprint("diff", "fleet").returncode


@pytest.mark.parametrize("format_", ["text", "markdown", "html", "json"])
def test_names_are_shown_and_do_nothing(envprint: Run, machines: Path, format_: str) -> None:
    hostile = "<script>alert(1)</script>\x1b[31m|`@all.json"
    (machines / "odd.json").rename(machines / hostile.replace("/", "_"))
    done = envprint("diff", "fleet", "--format", format_)

    assert 1 == done.returncode
    assert "\x1b" not in done.stdout
    if format_ == "html":
        assert "<script" not in done.stdout
        assert "default-src &#x27;none&#x27;" in done.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("a.json", "b.json", "-"), "none is standard input"),
        (("a.json", "b.json", "c.json"), "expected two or more"),
        (("fleet", "--noise", "s.json"), "--noise compares two recorded runs"),
    ],
)
def test_what_cannot_be_compared_is_one_line_and_status_2(
    envprint: Run, machines: Path, words: tuple[str, ...], said: str
) -> None:
    done = envprint("diff", *words)

    assert (2, "") == (done.returncode, done.stdout)
    assert said in done.stderr
    assert done.stderr.count("\n") <= 2


def test_a_model_that_was_saved_beside_its_manifest_is_still_a_model(envprint: Run, tmp_path: Path) -> None:
    folder = fleet(tmp_path / "model", **{"model.envprint": PAIR[0]})
    (folder / "model.bin").write_bytes(b"weights")
    done = envprint("diff", "model", PAIR[0])

    assert "different results" not in done.stdout


def test_a_diff_of_two_loads_neither_what_many_need_nor_what_asks_a_registry(envprint: Run) -> None:
    code = (
        "import sys\nfrom envprint.cli import main\n"
        f"try:\n    main(['diff', {PAIR[0]!r}, {PAIR[1]!r}, '--format', 'json'])\nexcept SystemExit:\n    pass\n"
        "print([each for each in ('envprint.fleet.report', 'http.client') if each in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "[]\n" == done.stderr


def test_the_groups_are_the_same_bytes_each_time(machines: Path) -> None:
    words: list[Any] = [sys.executable, "-m", "envprint", "diff", str(machines), "--format", "json"]
    printed = {
        subprocess.run(words, capture_output=True, check=False, env={"PYTHONHASHSEED": seed, "PATH": ""}).stdout
        for seed in "12"
    }

    assert 1 == len(printed)
    assert printed != {b""}
