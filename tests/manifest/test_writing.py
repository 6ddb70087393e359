import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from strategies import manifests

from envprint.errors import EnvprintError, OverwriteError
from envprint.manifest import Manifest, dump_manifest, load, write
from envprint.manifest.numerics import Threads

ONE = Manifest(threads=Threads(torch_intraop=1))
TWO = Manifest(threads=Threads(torch_intraop=2))
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX modes and links")


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """Return a file that holds ONE already."""
    write(ONE, tmp_path / "m.json")
    return tmp_path / "m.json"


@pytest.fixture
def umask() -> Iterator[Callable[[int], int]]:
    before = os.umask(0o022)
    yield os.umask
    os.umask(before)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def fail(*_: object, **__: object) -> Any:
    raise PermissionError(1, "Operation not permitted")


def test_a_file_is_written_and_nothing_beside_it(old: Path) -> None:
    assert load(old) == ONE
    assert names(old.parent) == ["m.json"]


def test_a_file_is_never_overwritten_unless_told_so(old: Path) -> None:
    with pytest.raises(OverwriteError) as caught:
        write(TWO, old)

    assert (str(caught.value), caught.value.hint) == (f"{old} exists already", "--force replaces it")
    assert load(old) == ONE

    write(TWO, old, force=True)

    assert load(old) == TWO
    assert names(old.parent) == ["m.json"]


def test_a_file_that_appears_meanwhile_is_not_overwritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "m.json"
    monkeypatch.setattr(os, "fsync", lambda _: path.write_text("somebody's"))

    with pytest.raises(OverwriteError):
        write(TWO, path)

    assert path.read_text() == "somebody's"
    assert names(tmp_path) == ["m.json"]


def test_a_file_system_without_hard_links_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "hardlink_to", fail)

    write(ONE, tmp_path / "m.json")

    assert load(tmp_path / "m.json") == ONE
    assert names(tmp_path) == ["m.json"]


@pytest.mark.parametrize(("owner", "name"), [(Path, "replace"), (os, "fsync"), (Path, "chmod")])
def test_a_failure_leaves_the_old_file_and_nothing_else(
    old: Path, monkeypatch: pytest.MonkeyPatch, owner: object, name: str
) -> None:
    monkeypatch.setattr(owner, name, fail)

    with pytest.raises(EnvprintError, match=r"m\.json cannot be written: Operation not permitted"):
        write(TWO, old, force=True)

    assert load(old) == ONE
    assert names(old.parent) == ["m.json"]


def test_an_interrupt_leaves_the_old_file_and_nothing_else(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)

    with pytest.raises(KeyboardInterrupt):
        write(TWO, old, force=True)

    assert load(old) == ONE
    assert names(old.parent) == ["m.json"]


@POSIX
@pytest.mark.parametrize("moment", ["os.fsync", "pathlib.Path.chmod", "pathlib.Path.replace"])
def test_a_kill_leaves_the_old_file_whole(old: Path, run_python: Callable[..., Any], moment: str) -> None:
    code = f"""
import os, pathlib, signal, sys
from envprint.manifest import Manifest, write
{moment} = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
write(Manifest(), pathlib.Path(sys.argv[1]), force=True)
"""

    done = run_python(code, str(old))

    assert done.returncode == -9
    assert load(old) == ONE


@POSIX
def test_a_link_keeps_pointing_where_it_points(old: Path) -> None:
    link = old.parent / "link.json"
    link.symlink_to("m.json")

    with pytest.raises(OverwriteError):
        write(TWO, link)
    write(TWO, link, force=True)

    assert link.is_symlink()
    assert load(old) == TWO


@POSIX
def test_a_link_to_nothing_yet_makes_its_target(tmp_path: Path) -> None:
    (tmp_path / "link.json").symlink_to("m.json")

    write(ONE, tmp_path / "link.json")

    assert load(tmp_path / "m.json") == ONE


@POSIX
@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_a_new_file_has_the_mode_that_the_umask_leaves(
    tmp_path: Path, umask: Callable[[int], int], mask: int, mode: int
) -> None:
    umask(mask)

    write(ONE, tmp_path / "m.json")

    assert stat.S_IMODE((tmp_path / "m.json").stat().st_mode) == mode
    assert umask(0) == mask


@POSIX
def test_a_file_that_is_replaced_keeps_its_mode(old: Path) -> None:
    old.chmod(0o640)

    write(TWO, old, force=True)

    assert stat.S_IMODE(old.stat().st_mode) == 0o640


@pytest.mark.parametrize(
    "name", ["missing/m.json", "file/m.json", "a\0b", "a" * 5000, "a\n/b", "loop", "loop/m.json", "folder"]
)
def test_what_cannot_be_written_is_said_in_one_line(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    before = names(tmp_path)

    with pytest.raises(EnvprintError) as caught:
        write(ONE, tmp_path / name, force=True)

    assert "cannot be written: " in str(caught.value)
    assert str(caught.value).isprintable()
    assert names(tmp_path) == before


def test_a_name_as_long_as_a_name_may_be_is_written(tmp_path: Path) -> None:
    write(ONE, tmp_path / ("é" * 125 + ".json"))

    assert len(names(tmp_path)) == 1


@settings(deadline=None)
@given(manifests())
def test_a_manifest_begins_with_schema_and_id_and_sorts_its_maps(manifest: Manifest) -> None:
    content = dump_manifest(manifest)
    written = json.loads(content)

    assert list(written)[:2] == ["schema", "id"]
    assert all(list(section) == sorted(section) for section in written.values() if isinstance(section, dict))
    assert content.endswith(b"}\n")
    assert content == dump_manifest(manifest)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
@pytest.mark.parametrize("force", [False, True])
def test_a_named_pipe_is_written_through_and_stays_one(tmp_path: Path, *, force: bool) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE)
    write(Manifest(), pipe, force=force)

    assert (dump_manifest(Manifest()), b"") == (reader.communicate()[0], b"")
    assert pipe.is_fifo()
