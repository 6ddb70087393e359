"""The command line: statuses, one line for each error, streams, and what a command loads."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from envprint.cli._group import REPORT_FORMATS
from envprint.manifest import Manifest, dump_manifest, write
from envprint.manifest.numerics import Threads
from envprint.renderers import RENDERERS

Run = Callable[..., subprocess.CompletedProcess[str]]
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="needs signals and /dev")


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    paths = tmp_path / "a.json", tmp_path / "b.json"
    for number, path in enumerate(paths, 1):
        write(Manifest(threads=Threads(torch_intraop=number)), path)
    return paths


def test_the_choices_of_format_are_the_renderers() -> None:
    assert tuple(RENDERERS) == REPORT_FORMATS


def test_a_difference_that_matters_is_status_1(envprint: Run, pair: tuple[Path, Path]) -> None:
    done = envprint("diff", "a.json", "b.json")

    assert (1, "") == (done.returncode, done.stderr)
    assert done.stdout.startswith(" divergent  ")


def test_no_difference_is_status_0(envprint: Run, pair: tuple[Path, Path]) -> None:
    done = envprint("diff", "a.json", "a.json")

    assert (0, " identical  Nothing that bears on results differs.\n", "") == (
        done.returncode,
        done.stdout,
        done.stderr,
    )


def test_json_goes_to_standard_output_alone(envprint: Run, pair: tuple[Path, Path]) -> None:
    done = envprint("diff", "a.json", "b.json", "--format", "json")
    report = json.loads(done.stdout)

    assert ("envprint/report/1", "divergent", "") == (report["schema"], report["verdict"], done.stderr)
    assert {"id", "name"} == set(report["sides"]["a"])


def test_a_manifest_can_come_from_standard_input(envprint: Run, pair: tuple[Path, Path]) -> None:
    done = envprint("diff", "a.json", "-", stdin=pair[1].read_text())

    assert 1 == done.returncode


def test_both_sides_cannot(envprint: Run) -> None:
    done = envprint("diff", "-", "-", stdin="{}")

    assert (2, "envprint: both sides are standard input; one can be\n") == (done.returncode, done.stderr)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is neither a manifest nor the text of collect_env"),
        (b"\x80\x02}q\x00.", "is neither a manifest nor the text of collect_env"),
        (b'{"schema": "envprint/manifest/1"', "is not JSON"),
        (b"[" * 100, "is neither a manifest nor the text of collect_env"),
        (b'{"a":' * 60 + b"1" + b"}" * 60, "is nested deeper than 32 levels"),
        (b'{"a":' * 5000 + b"1" + b"}" * 5000, "is not JSON"),
        (b'{"schema": "envprint/manifest/2"}', "has schema envprint/manifest/2; this envprint reads"),
        (b'{"schema": "something/else"}', "has schema 'something/else'"),
        (b'{"schema": 1}', "has schema 1"),
        (b'{"schema": "envprint/manifest/1", "cpu": 3}', "cpu: "),
        (b'{"schema": "envprint/manifest/1", "threads": {"torch_intraop": "two"}}', "threads.torch_intraop: "),
        (b'{"schema": "envprint/manifest/1", "x": NaN}', "is not JSON"),
        (b'{"schema": "envprint/manifest/1", "x": "\xff"}', "is not JSON"),
        (b'{"schema": "\\u001b[2J"}', r"\x1b[2J"),
    ],
)  # fmt: skip
def test_a_bad_file_is_one_line_and_status_2(envprint: Run, tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "bad.json").write_bytes(content)
    for command in (("diff", "bad.json", "bad.json"), ("show", "bad.json")):
        done = envprint(*command)
        lines = done.stderr.splitlines()

        assert (2, "") == (done.returncode, done.stdout)
        assert message in lines[0]
        assert lines[0].startswith("envprint: ")
        assert [] == [line for line in lines[1:] if not line.startswith("hint: ")]
        assert "\x1b" not in done.stderr


@pytest.mark.parametrize("name", ["missing.json", "\x1b[31m.json"])
def test_a_file_that_cannot_be_read_is_one_line_and_status_2(envprint: Run, name: str) -> None:
    done = envprint("show", name)

    assert 2 == done.returncode
    assert done.stderr.startswith("envprint: ")
    assert "\x1b" not in done.stderr
    assert "hint: write one with: envprint capture -o FILE" == done.stderr.splitlines()[1]


@pytest.mark.slow
@pytest.mark.torch
def test_capture_never_replaces_a_file_unless_told_to(envprint: Run, tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("precious")

    refused = envprint("capture", "--no-probe", "-o", "run.json")

    assert (2, "envprint: run.json exists already\nhint: --force replaces it\n") == (refused.returncode, refused.stderr)
    assert "precious" == (tmp_path / "run.json").read_text()
    assert 0 == envprint("capture", "--no-probe", "-o", "run.json", "--force").returncode
    assert "envprint/manifest/1" == json.loads((tmp_path / "run.json").read_text())["schema"]


@pytest.mark.slow
@pytest.mark.torch
def test_capture_writes_to_standard_output_what_diff_reads(envprint: Run, tmp_path: Path) -> None:
    done = envprint("capture", "--no-probe")
    (tmp_path / "here.json").write_text(done.stdout)

    against_here = envprint("diff", "here.json")

    assert (0, "") == (against_here.returncode, against_here.stderr)
    assert against_here.stdout.startswith(" identical  ")


@pytest.mark.parametrize(
    ("words", "named", "hint"),
    [
        (["diff"], "A [B]", "envprint diff --help"),
        (["nonsense"], "nonsense", "envprint --help"),
        (["--nonsense"], "--nonsense", "envprint --help"),
        (["show", "a", "--format", "xml"], "'xml' is not one of 'text', 'json'", "envprint show --help"),
    ],
)
def test_usage_errors_are_a_line_a_hint_and_status_2(envprint: Run, words: list[str], named: str, hint: str) -> None:
    done = envprint(*words)
    said, advice = done.stderr.splitlines()

    assert (2, "", f"hint: {hint}") == (done.returncode, done.stdout, advice)
    assert said.startswith("envprint: ")
    assert named in said


@pytest.mark.parametrize("command", [[], ["capture"], ["diff"], ["show"]])
def test_every_command_has_help(envprint: Run, command: list[str]) -> None:
    done = envprint(*command, "--help")

    assert (0, "") == (done.returncode, done.stderr)
    assert "Usage: " in done.stdout


@pytest.mark.parametrize(
    "command", [["diff", "a.json", "b.json"], ["diff", "a.json", "b.json", "--format", "json"], ["show", "a.json"]]
)
def test_reading_and_comparing_load_neither_torch_nor_numpy(
    command: list[str], tmp_path: Path, pair: tuple[Path, Path]
) -> None:
    code = (
        "import sys\n"
        "sys.modules['torch'] = sys.modules['numpy'] = None\n"  # an import of either now fails
        "from envprint.cli import main\n"
        f"main({command!r}, standalone_mode=False)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)

    assert (0, "") == (done.returncode, done.stderr)


def test_colour_stays_out_of_pipes(envprint: Run, pair: tuple[Path, Path]) -> None:
    assert "\x1b" not in envprint("diff", "a.json", "b.json", FORCE_COLOR="1", TERM="xterm-256color").stdout


def test_a_newer_minor_is_read_and_what_it_adds_is_compared(envprint: Run, tmp_path: Path) -> None:
    for name, value in (("a.json", 1), ("b.json", 2)):
        document = Manifest.model_validate({"schema": "envprint/manifest/1.4", "quantum": {"spin": value}})
        (tmp_path / name).write_bytes(dump_manifest(document))

    done = envprint("diff", "a.json", "b.json")

    assert 1 == done.returncode
    assert "quantum.spin 1 / 2" in done.stdout


NONE_HERE = "raise ImportError('none here')"  # who captures does not wait for torch then
ANSWERS = [["show", "a.json"], ["show", "a.json", "--format", "json"], ["diff", "a.json", "a.json"]]


@POSIX
@pytest.mark.parametrize("command", ANSWERS)
def test_a_reader_that_has_seen_enough_is_no_trouble(
    command: list[str], tmp_path: Path, pair: tuple[Path, Path]
) -> None:
    words = [sys.executable, "-m", "envprint", *command]
    with subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.close()
        said = running.stderr.read()

    assert (0, b"") == (running.returncode, said)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("command", ANSWERS)
def test_a_full_disk_under_the_answer_is_one_line_and_status_2(
    command: list[str], tmp_path: Path, pair: tuple[Path, Path]
) -> None:
    words = [sys.executable, "-m", "envprint", *command]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(words, cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, check=False)

    assert (2, b"envprint: standard output cannot be written: No space left on device\n") == (
        done.returncode,
        done.stderr,
    )


@POSIX
@pytest.mark.parametrize("command", ANSWERS)
def test_a_closed_standard_output_is_one_line_and_status_2(
    command: list[str], tmp_path: Path, pair: tuple[Path, Path]
) -> None:
    words = ["sh", "-c", 'exec "$@" >&-', "sh", sys.executable, "-m", "envprint", *command]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, check=False)

    assert (2, b"envprint: standard output is closed\n") == (done.returncode, done.stderr)


def test_an_output_that_is_not_utf8_gets_escapes_and_json_stays_utf8(envprint: Run, tmp_path: Path) -> None:
    write(Manifest.model_validate({"cpu": {"model": "龙芯 3A5000"}}), tmp_path / "a.json")

    text = envprint("show", "a.json", PYTHONIOENCODING="cp1252")
    document = envprint("show", "a.json", "--format", "json", PYTHONIOENCODING="cp1252")

    assert (0, 0, "", "") == (text.returncode, document.returncode, text.stderr, document.stderr)
    assert r"\u9f99\u82af 3A5000" in text.stdout
    assert "龙芯 3A5000" == json.loads(document.stdout)["cpu"]["model"]


@pytest.fixture
def torch_that(tmp_path: Path) -> Callable[[str], dict[str, str]]:
    """Return the variables under which `import torch` runs a piece of code instead."""

    def stand_in(code: str) -> dict[str, str]:
        (tmp_path / "stand-in").mkdir()
        (tmp_path / "stand-in" / "torch.py").write_text(code)
        return {"PYTHONPATH": os.pathsep.join([str(tmp_path / "stand-in"), str(Path(__file__).parent.parent.parent)])}

    return stand_in


def test_an_unwritable_place_is_one_line(envprint: Run, torch_that: Callable[[str], dict[str, str]]) -> None:
    done = envprint("capture", "--no-probe", "-o", "no/such/folder/run.json", **torch_that(NONE_HERE))

    assert 2 == done.returncode
    assert 1 == len(done.stderr.splitlines())
    assert done.stderr.startswith("envprint: no/such/folder/run.json cannot be written: ")


@POSIX
def test_what_libraries_print_stays_out_of_the_manifest(
    envprint: Run, torch_that: Callable[[str], dict[str, str]]
) -> None:
    code = f"import ctypes\nprint('from Python')\nctypes.CDLL(None).puts(b'from C')\n{NONE_HERE}"

    done = envprint("capture", "--no-probe", "-o", "-", **torch_that(code))

    assert 0 == done.returncode
    assert "envprint/manifest/1" == json.loads(done.stdout)["schema"]
    assert ["from C", "from Python"] == sorted(done.stderr.splitlines())


@POSIX
def test_an_interrupt_is_silent_and_status_130(tmp_path: Path, torch_that: Callable[[str], dict[str, str]]) -> None:
    code = "import sys, time\nprint('loading', file=sys.stderr, flush=True)\ntime.sleep(60)"
    words = [sys.executable, "-m", "envprint", "capture", "-o", "run.json"]
    environment = {**os.environ, **torch_that(code)}
    with subprocess.Popen(words, cwd=tmp_path, env=environment, stderr=subprocess.PIPE) as running:
        assert running.stderr is not None
        assert b"loading\n" == running.stderr.readline()
        running.send_signal(signal.SIGINT)
        said = running.stderr.read()

    assert (130, b"", False) == (running.returncode, said, (tmp_path / "run.json").exists())
