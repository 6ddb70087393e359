"""The versions of the compilers on PATH."""

import os
import sys
import threading
from pathlib import Path

import pytest

from envprint.collectors import compilers
from envprint.manifest import Gap
from envprint.manifest.gaps import Gaps

posix = pytest.mark.skipif(sys.platform == "win32", reason="programs are shell scripts here")


def install(folder: Path, name: str, script: str) -> None:
    program = folder / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("gcc", "gcc (Debian 12.2.0-14+deb12u1) 12.2.0\nCopyright (C) 2022", "(Debian 12.2.0-14+deb12u1) 12.2.0"),
        ("gcc", "gcc (GCC) 11.3.1 20221121 (Red Hat 11.3.1-4)", "(GCC) 11.3.1 20221121 (Red Hat 11.3.1-4)"),
        ("gcc", "x86_64-conda-linux-gnu-gcc (conda-forge gcc 12.3.0-3) 12.3.0", "(conda-forge gcc 12.3.0-3) 12.3.0"),
        (
            "gcc",
            "Apple clang version 15.0.0 (clang-1500.3.9.4)\nTarget: arm64",
            "Apple clang version 15.0.0 (clang-1500.3.9.4)",
        ),
        ("g++", "g++ (Debian 12.2.0-14+deb12u1) 12.2.0", "(Debian 12.2.0-14+deb12u1) 12.2.0"),
        ("clang", "Debian clang version 14.0.6\nTarget: x86_64-pc-linux-gnu", "14.0.6"),
        ("clang", "Ubuntu clang version 14.0.0-1ubuntu1.1", "14.0.0-1ubuntu1.1"),
        ("cmake", "cmake version 3.25.1\n\nCMake suite maintained and supported by Kitware", "3.25.1"),
        (
            "nvcc",
            "Built on Wed_Aug_20\nCuda compilation tools, release 13.0, V13.0.88\nBuild cuda_13.0.r13.0",
            "13.0.88",
        ),
    ],
)
def test_a_version_is_what_follows_the_name(name: str, text: str, expected: str) -> None:
    assert expected == compilers.parse_version(name, text)


@posix
def test_what_is_not_installed_is_neither_listed_nor_a_gap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    gaps = Gaps("system.compilers")

    assert compilers.Questions().answers(gaps) == {}
    assert gaps.found == {}


@posix
def test_a_shim_without_a_program_behind_it_is_absent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, "cmake", "echo 'pyenv: cmake: command not found' >&2; exit 127")
    install(tmp_path, "gcc", "echo 'gcc (GCC) 13.2.0'")
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.defpath}")
    gaps = Gaps("system.compilers")

    answers = compilers.Questions().answers(gaps)

    assert answers["gcc"] == "(GCC) 13.2.0"
    assert gaps.found["system.compilers.cmake"] == Gap(
        kind="absent", reason="cmake ended with status 127: pyenv: cmake: command not found"
    )


@posix
def test_a_compiler_of_unknown_wording_is_a_failed_gap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, "nvcc", "echo 'hello'")
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.defpath}")
    gaps = Gaps("system.compilers")

    assert "nvcc" not in compilers.Questions().answers(gaps)
    assert gaps.found["system.compilers.nvcc"].kind == "failed"


@posix
def test_a_compiler_is_asked_once_as_long_as_it_is_the_same_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, "gcc", f"echo asked >> {tmp_path}/log; echo 'gcc (GCC) 13.2.0'")
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.defpath}")

    compilers.Questions().answers(Gaps("x"))
    compilers.Questions().answers(Gaps("x"))
    install(tmp_path, "gcc", f"echo asked >> {tmp_path}/log; echo 'gcc (GCC) 14.1.0'  # newer")
    answers = compilers.Questions().answers(Gaps("x"))

    assert answers["gcc"] == "(GCC) 14.1.0"
    assert (tmp_path / "log").read_text().split() == ["asked", "asked"]


@posix
def test_where_no_thread_can_be_started_compilers_are_asked_in_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    install(tmp_path, "gcc", "echo 'gcc (GCC) 13.2.0'")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(threading.Thread, "start", refuse)

    assert {"gcc": "(GCC) 13.2.0"} == compilers.Questions().answers(Gaps("system.compilers"))
