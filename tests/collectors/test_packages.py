"""What is installed, and where it came from."""

import importlib.metadata
import json
import re
import sys
from pathlib import Path

import pytest

from envprint.collectors import packages
from envprint.manifest.gaps import Absent, Gaps
from envprint.manifest.software import Origin, Packages


def install(folder: Path, name: str, direct_url: object = None, metadata: str = "Metadata-Version: 2.1\n") -> Path:
    path = folder / name
    path.mkdir(parents=True)
    (path / "METADATA").write_text(metadata)
    if direct_url is not None:
        (path / "direct_url.json").write_text(json.dumps(direct_url))
    return path


def collect(monkeypatch: pytest.MonkeyPatch, *folders: Path) -> tuple[Packages, Gaps]:
    monkeypatch.setattr(sys, "path", [str(folder) for folder in folders])
    gaps = Gaps("packages")
    return packages.collect_packages(gaps), gaps


def test_what_is_installed_here_is_what_importlib_says() -> None:
    gaps = Gaps("packages")
    expected: dict[str, str] = {}
    for found in importlib.metadata.distributions():
        expected.setdefault(re.sub(r"[-_.]+", "-", found.metadata["Name"]).lower(), found.version)

    section = packages.collect_packages(gaps)

    assert expected == section.installed
    assert [path for path, gap in gaps.found.items() if gap.kind == "failed"] == []


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("torch-2.13.0+cpu.dist-info", ("torch", "2.13.0+cpu")),
        ("Ruamel.Yaml_Clib-0.2.7.dist-info", ("ruamel-yaml-clib", "0.2.7")),
        ("pytz-2023.3.post1.dist-info", ("pytz", "2023.3.post1")),
        ("foo-1!2.0.dist-info", ("foo", "1!2.0")),
        ("legacy-name-1.0.dist-info", ("legacy-name", "1.0")),
        ("PyYAML-5.4.1-py3.8.egg-info", ("pyyaml", "5.4.1")),
        ("numpy-1.19.5-py3.8-linux-x86_64.egg-info", ("numpy", "1.19.5")),
    ],
)
def test_a_folder_tells_name_and_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, expected: tuple[str, str]
) -> None:
    install(tmp_path, name)

    section, _ = collect(monkeypatch, tmp_path)

    assert section.installed == dict([expected])


def test_metadata_is_read_where_the_name_tells_no_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sources" / "mine.egg-info").mkdir(parents=True)
    (tmp_path / "sources" / "mine.egg-info" / "PKG-INFO").write_text(
        "Metadata-Version: 2.1\nName: mine\nVersion: 0.3\n"
    )

    section, _ = collect(monkeypatch, tmp_path / "sources")

    assert section.installed == {"mine": "0.3"}


def test_damaged_installs_leave_no_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty-1.0.dist-info").mkdir()
    (tmp_path / "~umpy-2.4.6.dist-info").mkdir()
    (tmp_path / "bare.egg-info").mkdir()
    (tmp_path / "file-2.0.dist-info").write_text("not a folder")

    section, gaps = collect(monkeypatch, tmp_path, tmp_path / "missing")

    assert section.installed == {"empty": "1.0", "bare": "", "file": "2.0"}
    assert [gap.kind for gap in gaps.found.values()] == ["absent"]


def test_an_origin_that_cannot_be_read_is_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = install(tmp_path, "odd-1.0.dist-info")
    (path / "direct_url.json").write_text("{")

    section, gaps = collect(monkeypatch, tmp_path)

    assert section.installed == {"odd": "1.0"}
    assert gaps.found["packages.origins.odd"].kind == "failed"


def test_a_package_from_a_repository_has_its_commit_and_no_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = "https://someone:hunter2@example.org/owner/name.git?token=hunter2#egg=name"
    install(tmp_path, "name-1.0.dist-info", {"url": url, "vcs_info": {"vcs": "git", "commit_id": "abc123"}})

    section, _ = collect(monkeypatch, tmp_path)

    assert section.origins == {
        "name": Origin(
            editable=False, url="https://example.org/owner/name.git", vcs="git", commit="abc123", digest=None
        )
    }


@pytest.mark.parametrize(
    "archive", [{"hashes": {"sha256": "2dc6", "md5": "1"}}, {"hash": "sha256=2dc6"}], ids=["new", "old"]
)
def test_a_package_from_a_file_has_its_digest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, archive: dict[str, object]
) -> None:
    install(tmp_path, "name-1.0.dist-info", {"url": "file:///wheels/name-1.0.whl", "archive_info": archive})

    section, _ = collect(monkeypatch, tmp_path)

    assert section.origins is not None
    assert section.origins["name"].digest == "sha256:2dc6"


def test_the_sources_of_an_editable_install_are_no_second_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sources, site = tmp_path / "my sources", tmp_path / "site-packages"
    install(sources / "src", "mine.egg-info").joinpath("PKG-INFO").write_text("Name: mine\nVersion: 0.1\n")
    install(site, "mine-0.1.dist-info", {"url": sources.as_uri(), "dir_info": {"editable": True}})

    section, _ = collect(monkeypatch, sources / "src", site)

    assert section.twice == {}
    assert section.origins is not None
    assert section.origins["mine"].editable


def test_a_legacy_editable_install_is_told_by_its_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sources, site = tmp_path / "sources", tmp_path / "site-packages"
    (sources / "my_tool.egg-info").mkdir(parents=True)
    (sources / "my_tool.egg-info" / "PKG-INFO").write_text("Name: my-tool\nVersion: 0.2\n")
    site.mkdir()
    (site / "easy-install.pth").write_text(f"{sources}\n")
    (site / "my-tool.egg-link").write_text(f"{sources}\n.")

    section, _ = collect(monkeypatch, site, sources)

    assert section.installed == {"my-tool": "0.2"}
    assert section.origins == {"my-tool": Origin(editable=True, url=sources.as_uri())}


def test_an_egg_on_the_path_is_a_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "foo-1.2-py3.8.egg" / "EGG-INFO").mkdir(parents=True)

    section, _ = collect(monkeypatch, tmp_path / "foo-1.2-py3.8.egg")

    assert section.installed == {"foo": "1.2"}


def test_of_two_copies_the_first_on_the_path_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    install(first, "numpy-1.26.4.dist-info")
    install(second, "numpy-2.4.6.dist-info")

    section, _ = collect(monkeypatch, first, second)

    assert section.installed == {"numpy": "1.26.4"}
    assert section.twice == {"numpy": (f"1.26.4 in {first}", f"2.4.6 in {second}")}


def test_of_two_copies_in_one_folder_the_whole_one_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "numpy-1.26.4.dist-info").mkdir()
    install(tmp_path, "numpy-2.4.6.dist-info")

    section, _ = collect(monkeypatch, tmp_path)

    assert section.installed == {"numpy": "2.4.6"}
    assert section.twice == {"numpy": (f"2.4.6 in {tmp_path}", f"1.26.4 in {tmp_path}")}


def test_a_folder_that_the_path_names_twice_counts_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path / "lib", "numpy-2.4.6.dist-info")
    (tmp_path / "lib64").symlink_to(tmp_path / "lib")

    section, _ = collect(monkeypatch, tmp_path / "lib", tmp_path / "lib64", tmp_path / "lib")

    assert section.twice == {}


def test_the_private_copies_of_setuptools_are_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path / "setuptools" / "_vendor", "packaging-24.2.dist-info")

    section, _ = collect(monkeypatch, tmp_path / "setuptools" / "_vendor")

    assert section.installed == {}


def test_conda_packages_are_told_by_the_names_of_their_records(tmp_path: Path) -> None:
    folder = tmp_path / "conda-meta"
    folder.mkdir()
    for name in ("numpy-1.26.4-py311h64a7726_0.json", "libblas-3.9.0-20_linux64_mkl.json", "history"):
        (folder / name).write_text("")

    assert packages.conda_packages([str(tmp_path / "none"), str(tmp_path)]) == {
        "numpy": "1.26.4=py311h64a7726_0",
        "libblas": "3.9.0=20_linux64_mkl",
    }


def test_without_conda_its_packages_are_absent(tmp_path: Path) -> None:
    with pytest.raises(Absent):
        packages.conda_packages([str(tmp_path)])


def test_four_hundred_packages_are_read_without_opening_their_metadata(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(400):
        install(tmp_path, f"package_{number}-1.{number}.dist-info", metadata="Version: wrong")
        (tmp_path / f"package_{number}").mkdir()
    section, _ = collect(monkeypatch, tmp_path)

    assert section.installed == {f"package-{number}": f"1.{number}" for number in range(400)}
