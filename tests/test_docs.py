"""The README shows what the commands really print; `python tests/test_docs.py --write` puts it there anew."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from envprint.causes.loading import load_catalog

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
BLOCK = re.compile(r"```console\n\$ (?P<command>[^\n]+)\n(?P<output>.*?)```", re.DOTALL)
DRIFT = "/^ drift/,/^$/p"
STATUS = {"diff": {0, 1}, "show": {0}, "doctor": {0, 1}, "cause": {0}}


def output_of(command: str) -> str:
    """Return what a command of the README prints; what follows `| head` or `| sed` is done here."""
    words, _, rest = command.partition(" | ")
    program, *arguments = shlex.split(words)
    assert program == "envprint"
    done = subprocess.run(
        [sys.executable, "-m", "envprint", *arguments], check=False, capture_output=True, text=True, cwd=ROOT,
    )  # fmt: skip
    assert done.returncode in STATUS[arguments[0]], done.stderr
    assert done.stderr == ""
    lines = done.stdout.splitlines(keepends=True)
    for step in filter(None, rest.split(" | ")):
        if head := re.fullmatch(r"head -(\d+)", step):
            lines = lines[: int(head[1])]
            continue
        assert step == f"sed -n '{DRIFT}'"
        first = next(place for place, line in enumerate(lines) if line.startswith(" drift"))
        lines = lines[first : lines.index("\n", first)]
    return "".join(lines)


@pytest.mark.parametrize(
    "block", list(BLOCK.finditer(README.read_text(encoding="utf-8"))), ids=lambda block: block["command"]
)
def test_the_readme_shows_what_the_command_prints(block: re.Match[str]) -> None:
    assert output_of(block["command"]) == block["output"], "python tests/test_docs.py --write"


def test_the_python_of_the_readme_runs(tmp_path: Path) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], check=False, capture_output=True, text=True, cwd=tmp_path
    )

    assert (0, "identical\n", "") == (done.returncode, done.stdout, done.stderr)


def test_the_lines_for_scripts_in_the_readme_name_what_is_there() -> None:
    code = "".join(re.findall(r"```py\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL))
    compile(code, "README.md", "exec")
    imports = re.findall(r"from envprint\.integrations\.(\w+) import (\w+)", code)

    assert 3 == len(imports)
    for module, name in imports:
        assert name in (ROOT / f"envprint/integrations/{module}.py").read_text(encoding="utf-8")


@pytest.mark.torch
@pytest.mark.slow
def test_the_demo_names_the_cause_that_it_set_first() -> None:
    done = subprocess.run(
        [sys.executable, "samples/demo.py"], check=False, capture_output=True, text=True, cwd=ROOT, encoding="utf-8"
    )

    assert (0, "") == (done.returncode, done.stderr)
    assert "intra-op-threads" == re.findall(r"^ \d   ([\w-]+) ", done.stdout, re.MULTILINE)[0]


def test_the_readme_counts_the_causes_as_they_are() -> None:
    causes = load_catalog().causes
    live = sum(cause.is_live for cause in causes)

    assert f"of {len(causes)}, of which a manifest can show {live}." in README.read_text(encoding="utf-8")


def test_every_file_that_the_readme_names_is_there() -> None:
    text = README.read_text(encoding="utf-8")
    named = {*re.findall(r"\]\(([^)#:]+)\)", text), *re.findall(r"\bsamples/[\w./-]+\w", text)}

    assert [] == [name for name in named if not (ROOT / name).exists()]


def test_every_command_of_the_readme_is_there() -> None:
    from envprint.cli import main

    blocks = re.findall(r"```console\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    named = re.findall(r"^(?:\$ |torchrun .* -m )?envprint (\w+)", "\n".join(blocks), re.MULTILINE)

    assert set(named) == set(main.commands)


if __name__ == "__main__" and sys.argv[1:] == ["--write"]:
    written = BLOCK.sub(
        lambda block: f"```console\n$ {block['command']}\n{output_of(block['command'])}```",
        README.read_text(encoding="utf-8"),
    )
    README.write_text(written, encoding="utf-8")
