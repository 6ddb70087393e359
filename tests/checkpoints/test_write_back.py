"""A large file goes to the disk while it is copied; a system that cannot do so, or not in time, is none the worse."""

import itertools
import os
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from _broken_tensors import tensor, tensors

import envprint
from envprint.checkpoints import write_back
from envprint.checkpoints.write_back import BEGIN, PIECE, writing_back
from envprint.manifest import Manifest
from envprint.manifest.numerics import Threads

MANIFEST = Manifest(threads=Threads(torch_intraop=1))
BYTES = 2 * PIECE + 100
LONG = 60.0  # seconds


class Disk:
    """Notes what it is to begin with; `busy`, it has no room for it yet."""

    def __init__(self) -> None:
        self.begun: list[tuple[int, ...]] = []
        self.asked, self.free = threading.Event(), threading.Event()
        self.free.set()

    def __call__(self, *asked: int) -> int:
        self.begun.append(asked)
        self.asked.set()
        self.free.wait(LONG)
        return 0


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    disk = Disk()
    monkeypatch.setattr(write_back, "_sync_file_range", lambda: disk)
    return disk


def make(path: Path) -> bytes:
    """Write a model of more than two pieces, and return the bytes of its tensor."""
    content = np.arange(BYTES // 4, dtype="<u4").tobytes()
    path.write_bytes(tensors({"x": tensor(0, BYTES)}, content))
    return content


def test_what_was_copied_is_begun_with_before_the_rest_is_copied(disk: Disk) -> None:
    with writing_back(7, BYTES) as begin:
        begin(100, PIECE)

        assert disk.asked.wait(LONG)
        assert [(7, 100, PIECE, BEGIN)] == disk.begun


def test_nobody_waits_for_what_a_busy_disk_has_not_begun_with(disk: Disk) -> None:
    disk.free.clear()
    with writing_back(7, BYTES) as begin:
        for at in range(0, BYTES, PIECE):
            begin(at, PIECE)
        assert disk.asked.wait(LONG)
        threading.Timer(0.5, disk.free.set).start()

    assert [(7, 0, PIECE, BEGIN)] == disk.begun


def test_of_a_large_model_every_piece_but_what_the_rename_does_is_its_own(disk: Disk, tmp_path: Path) -> None:
    path = tmp_path / "large.safetensors"
    content = make(path)
    before = threading.active_count()
    envprint.embed(path, MANIFEST)

    begun = [(offset, offset + length) for _, offset, length, _ in disk.begun]
    assert all(stop == start for (_, stop), (start, _) in itertools.pairwise(begun))
    assert all(stop <= path.stat().st_size for _, stop in begun)
    assert path.read_bytes().endswith(content)
    assert before == threading.active_count()


def test_a_small_model_takes_no_thread(disk: Disk, tmp_path: Path) -> None:
    path = tmp_path / "small.safetensors"
    path.write_bytes(tensors({"x": tensor(0, 100_000)}, bytes(100_000)))
    envprint.embed(path, MANIFEST)

    assert [] == disk.begun


def no_thread(_: Any) -> None:
    raise RuntimeError("can't start new thread")


@pytest.mark.parametrize(
    ("owner", "name", "value"),
    [
        (threading.Thread, "start", no_thread),
        (write_back, "_sync_file_range", lambda: None),
        (sys, "platform", "plan9"),
    ],
    ids=["no thread", "no call", "no Linux"],
)
def test_a_system_without_the_means_writes_as_ever(
    owner: Any, name: str, value: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "large.safetensors"
    content = make(path)
    with monkeypatch.context() as patched:
        patched.setattr(owner, name, value)
        envprint.embed(path, MANIFEST)

    assert path.read_bytes().endswith(content)
    assert MANIFEST == envprint.extract(path)


@pytest.mark.skipif(sys.platform != "linux", reason="sync_file_range is Linux's")
def test_linux_takes_the_call_as_it_is_made(tmp_path: Path) -> None:
    call = write_back._sync_file_range()
    file = os.open(tmp_path / "file", os.O_CREAT | os.O_RDWR)
    os.write(file, bytes(10_000))

    assert 0 == call(file, 0, 10_000, BEGIN)
    assert 0 == call(file, 1 << 40, PIECE, BEGIN)
    os.close(file)
    assert -1 == call(file, 0, 10_000, BEGIN)
