"""What the tests share: when a test may be skipped, and a manifest of this machine."""

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from forking import BEFORE_COMMANDS, CAN_FORK, COMMAND, Forking, can_be_forked
from hypothesis import settings

SKIP_NOTHING = os.environ.get("ENVPRINT_SKIP_NOTHING") == "1"
ROOT = Path(__file__).parent.parent

settings.register_profile("some", max_examples=30)  # other ones at each run
if not SKIP_NOTHING:  # there, it is hypothesis's own 100
    settings.load_profile("some")

if "PYTHONPATH" in os.environ:  # tests start processes in folders of their own
    os.environ["PYTHONPATH"] = os.pathsep.join(map(os.path.abspath, os.environ["PYTHONPATH"].split(os.pathsep)))

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.hookimpl(trylast=True)  # after pytest-randomly
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip by name what this machine cannot run, and run the fast tests first."""
    lacking = {
        "torch": None if importlib.util.find_spec("torch") else "torch is not installed",
        "slow": "takes more than a few seconds: set ENVPRINT_SKIP_NOTHING=1",
        "lab": "emulated machines take minutes: set ENVPRINT_SKIP_NOTHING=1 (root, x86-64 Linux, qemu-user-static)",
        "git": None if shutil.which("git") else "git is not installed",
        "browser": None if can_browse() else "Chromium, chromedriver or selenium is not installed",
        "postgres": None if can_start_postgres() else "PostgreSQL's initdb and pg_ctl are not installed",
        "cc": None if shutil.which("cc") else "there is no C compiler",
    }
    for item in items:
        for mark, reason in lacking.items():
            if reason is not None and item.get_closest_marker(mark) and not SKIP_NOTHING:
                item.add_marker(pytest.mark.skip(reason=reason))
    items.sort(
        key=lambda item: [item.get_closest_marker(mark) is not None for mark in ("lab", "browser", "slow", "torch")]
    )


def can_browse() -> bool:
    """Tell whether there is a browser, and what drives it."""
    return bool(shutil.which("chromium") and shutil.which("chromedriver") and importlib.util.find_spec("selenium"))


def can_start_postgres() -> bool:
    """Tell whether there are PostgreSQL's own programs; Debian keeps them out of the path."""
    return bool(shutil.which("initdb") or next(Path("/usr/lib/postgresql").glob("*/bin/initdb"), None))


@pytest.fixture
def run_python() -> Run:
    """Run a piece of Python in a process of its own, with warnings as errors, and return what became of it."""

    def run(
        code: str, *arguments: str, folder: Path | None = None, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        words = [sys.executable, "-W", "error", "-c", code, *arguments]
        return subprocess.run(
            words, check=False, capture_output=True, text=True, timeout=300,
            cwd=folder, env={**os.environ, **variables}, encoding="utf-8",
        )  # fmt: skip

    return run


@pytest.fixture(scope="session")
def torch_imported() -> Iterator[Forking]:
    """Return a process that has imported torch and numpy, and has done nothing with them."""
    with closing(Forking("import numpy.random, torch")) as process:
        yield process


@pytest.fixture
def run_after_torch(request: pytest.FixtureRequest, run_python: Run) -> Run:
    """Run a piece of Python that begins with `import torch`, which takes two seconds, where that was done already."""
    return request.getfixturevalue("torch_imported").run if CAN_FORK else run_python


@pytest.fixture(scope="session")
def command_line() -> Iterator[Forking]:
    """Return a process that has imported what commands that read import, and built the models."""
    with closing(Forking(BEFORE_COMMANDS)) as process:
        yield process


@pytest.fixture
def envprint(request: pytest.FixtureRequest, tmp_path: Path) -> Run:
    """Run the command line in a folder of its own and return what became of it.

    Commands that only read are forked, which saves each a third of a second; where nothing is skipped, none is.
    """

    def run(*arguments: str, stdin: str | None = None, **variables: str) -> subprocess.CompletedProcess[str]:
        variables = {"COLUMNS": "80", **variables}
        if not SKIP_NOTHING and can_be_forked(arguments, variables):
            process: Forking = request.getfixturevalue("command_line")
            return process.run(COMMAND, *arguments, folder=tmp_path, given=stdin or "", **variables)
        return subprocess.run(
            [sys.executable, "-m", "envprint", *arguments], check=False, capture_output=True, text=True, timeout=300,
            cwd=tmp_path, env={**os.environ, **variables}, input=stdin, encoding="utf-8", errors="surrogateescape",
        )  # fmt: skip

    return run


@pytest.fixture(scope="session")
def samples() -> Path:
    """Return the folder of samples."""
    return ROOT / "samples"


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Compute small models with one thread: several wait for each other longer than they compute."""
    if importlib.util.find_spec("torch") is None:
        yield
        return
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def nothing_compiled_before() -> None:
    """Forget what other files of tests compiled: where something was, no modules are recorded."""
    if "torch._dynamo" in sys.modules:
        sys.modules["torch._dynamo"].reset()


@pytest.fixture
def nothing_compiled(nothing_compiled_before: None) -> None:
    """Forget what other tests of this process compiled."""
    if "torch._dynamo" in sys.modules:
        sys.modules["torch._dynamo"].reset()
