"""The interpreter, and the switches it was started with."""

import subprocess
import sys
from pathlib import Path

import pytest

from envprint.collectors import python
from envprint.manifest.gaps import Gaps
from envprint.manifest.software import Python

HASH = "from envprint.collectors.python import _hash_seed; print(_hash_seed(), hash('envprint'))"
ROOT = Path(__file__).parents[2]
linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows the environment at exec")


def run(code: str, *options: str, **variables: str) -> list[str]:
    words = [sys.executable, *options, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}); {code}"]
    done = subprocess.run(words, env=variables, capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_nothing_fails_on_this_machine() -> None:
    gaps = Gaps("python")

    section = python.collect_python(gaps)

    assert [path for path, gap in gaps.found.items() if gap.kind == "failed"] == []
    assert set(Python.model_fields) == section.model_fields_set
    assert section.executable == sys.executable


def test_asking_for_the_start_method_does_not_decide_it() -> None:
    ask = "from envprint.collectors.python import start_method; print(start_method())"
    check = "import multiprocessing; print(multiprocessing.get_start_method(allow_none=True))"

    assert run(f"import multiprocessing; {ask}; {check}")[1] == "None"
    assert run(f"{ask}; print('multiprocessing' in sys.modules)")[1] == "False"


def test_the_default_start_method_is_the_one_that_python_would_use() -> None:
    ask = "from envprint.collectors.python import start_method; print(start_method())"
    decide = "import multiprocessing; print(multiprocessing.get_start_method())"
    asked, decided = run(f"{ask}; {decide}")

    assert decided == asked


def test_a_start_method_that_was_decided_is_told() -> None:
    ask = "from envprint.collectors.python import start_method; print(start_method())"

    assert run(f"import multiprocessing; multiprocessing.set_start_method('spawn'); {ask}") == ["spawn"]


@pytest.mark.parametrize(
    ("system", "version", "expected"),
    [
        ("linux", (3, 13), "fork"),
        ("linux", (3, 14), "forkserver"),
        ("darwin", (3, 14), "spawn"),
        ("win32", (3, 11), "spawn"),
    ],
)
def test_the_default_start_method_depends_on_system_and_version(
    system: str, version: tuple[int, int], expected: str
) -> None:
    assert python.default_start_method(system, version) == expected


@pytest.mark.parametrize("seed", ["0", "42", "007"])
def test_a_seed_that_is_in_effect_gives_the_same_hashes(seed: str) -> None:
    first, second = (run(HASH, PYTHONHASHSEED=seed) for _ in range(2))

    assert first == second
    assert first[0] == str(int(seed))


@pytest.mark.parametrize(
    ("options", "variables"),
    [
        ((), {}),
        ((), {"PYTHONHASHSEED": "random"}),
        (("-R",), {"PYTHONHASHSEED": "42"}),
        (("-I",), {"PYTHONHASHSEED": "42"}),
    ],
)
def test_a_seed_that_is_not_in_effect_is_random(options: tuple[str, ...], variables: dict[str, str]) -> None:
    first, second = (run(HASH, *options, **variables) for _ in range(2))

    assert (first[0], second[0]) == ("random", "random")
    assert first[1] != second[1]


@linux
def test_a_seed_that_is_set_too_late_is_random() -> None:
    assert run(f"import os; os.environ['PYTHONHASHSEED'] = '42'; {HASH}")[0] == "random"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("-R", "train.py"), "random"),
        (("-X", "dev", "-BR", "train.py"), "random"),
        (("train.py", "-R"), "7"),
        (("-m", "train", "-R"), "7"),
        ((), "7"),
    ],
)
def test_only_an_option_of_python_itself_overrides_the_seed(words: tuple[str, ...], expected: str) -> None:
    assert python.hash_seed({"PYTHONHASHSEED": "7"}, words, randomized=True, ignored=False) == expected


def test_a_folder_without_settings_is_the_system(tmp_path: Path) -> None:
    assert python.environment(tmp_path, tmp_path) == "system"


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ("home = /usr/bin\nversion = 3.11.7\n", "venv"),
        ("home = /usr/bin\nimplementation = CPython\nvirtualenv = 20.26.2\n", "virtualenv"),
        ("home = /usr/bin\nuv = 0.4.18\nversion_info = 3.12.5\n", "uv"),
    ],
)
def test_an_environment_is_told_by_what_its_maker_left(tmp_path: Path, settings: str, expected: str) -> None:
    (tmp_path / "pyvenv.cfg").write_text(settings)

    assert python.environment(tmp_path, Path("/usr")) == expected


def test_conda_is_told_by_its_records(tmp_path: Path) -> None:
    (tmp_path / "conda-meta").mkdir()

    assert python.environment(tmp_path, tmp_path) == "conda"
