"""The code section: real repositories, and remotes without credentials."""

import subprocess
from pathlib import Path

import pytest

from envprint.collectors._reading import Gaps
from envprint.collectors.code import parse_status, repository, without_credentials

pytestmark = pytest.mark.git


def git(folder: Path, *words: str) -> str:
    identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "init.defaultBranch=main")
    done = subprocess.run(["git", *identity, *words], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q")
    (tmp_path / "train.py").write_text("print(1)\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "Begin")
    return tmp_path


def test_a_clean_repository_has_a_commit_and_no_diff(repo: Path) -> None:
    facts = repository(Gaps("code"), repo)

    assert (git(repo, "rev-parse", "HEAD"), "main", False, 0, None) == (
        facts["git_commit"], facts["git_branch"], facts["git_dirty"], facts["git_untracked"], facts["git_diff_digest"],
    )  # fmt: skip


def test_a_change_makes_it_dirty_and_gives_the_diff_a_name(repo: Path) -> None:
    (repo / "train.py").write_text("print(2)\n")
    (repo / "notes.txt").write_text("x")
    first = repository(Gaps("code"), repo)
    (repo / "train.py").write_text("print(3)\n")
    second = repository(Gaps("code"), repo)

    assert (True, 1) == (first["git_dirty"], first["git_untracked"])
    assert first["git_diff_digest"] != second["git_diff_digest"]


def test_a_folder_inside_is_in_the_repository_and_one_outside_is_not(
    repo: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    (repo / "sub").mkdir()
    gaps = Gaps("code")
    outside = repository(gaps, tmp_path_factory.mktemp("outside"))

    assert repository(Gaps("code"), repo / "sub")["git_commit"] is not None
    assert {None} == set(outside.values())
    assert {"absent"} == {gap.kind for gap in gaps.found.values()}


def test_asking_writes_nothing_into_the_repository(repo: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in repo.rglob("*")}
    (repo / "train.py").touch()
    repository(Gaps("code"), repo)
    after = {path: path.stat().st_mtime_ns for path in repo.rglob("*") if path.name != "train.py"}

    assert {path: before[path] for path in after} == after


def test_a_repository_without_a_commit_and_a_detached_head_are_told() -> None:
    assert (None, None) == tuple(
        parse_status("# branch.oid (initial)\n# branch.head (detached)\n")[key] for key in ("git_commit", "git_branch")
    )


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://ada:secret@example.org/r.git", "https://example.org/r.git"),
        ("https://token@example.org/r.git?x=1#y", "https://example.org/r.git"),
        ("git@github.com:o/r.git", "git@github.com:o/r.git"),
        ("ssh://git@example.org/r", "ssh://example.org/r"),
        ("/srv/r.git", "/srv/r.git"),
    ],
)
def test_a_remote_loses_its_credentials(url: str, expected: str) -> None:
    assert expected == without_credentials(url)
