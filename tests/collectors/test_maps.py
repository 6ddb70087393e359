from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from envprint.collectors._maps import Mapped, mapped_files, parse_maps

RAW = Path(__file__).parents[2] / "samples" / "raw" / "maps"


def test_every_file_is_listed_once_at_its_lowest_address() -> None:
    files = parse_maps((RAW / "odd.txt").read_bytes())

    assert [file for file in files if "torch/lib/libgomp" in file.path] == [
        Mapped(
            "/home/user/venv/lib/python3.11/site-packages/torch/lib/libgomp-a34b3233.so.1",
            0x7F0000000000,
        )
    ]


def test_spaces_and_newlines_in_paths_are_kept() -> None:
    paths = [file.path for file in parse_maps((RAW / "odd.txt").read_bytes())]

    assert "/home/user/my project/libopenblasp-r0.3.21.so" in paths
    assert "/home/user/odd\nname/libmkl_core.so.2" in paths


def test_a_file_that_was_removed_is_said_to_be_deleted() -> None:
    deleted = [file.path for file in parse_maps((RAW / "odd.txt").read_bytes()) if file.deleted]

    assert deleted == ["/home/user/venv/lib/python3.11/site-packages/torch/lib/libc10.so"]


def test_memory_and_devices_are_no_files() -> None:
    paths = [file.path for file in parse_maps((RAW / "odd.txt").read_bytes())]

    assert not [path for path in paths if path.startswith(("/memfd", "/dev", "/SYSV", "["))]


@given(st.binary(max_size=400))
def test_any_bytes_are_parsed(content: bytes) -> None:
    assert all(file.path.startswith("/") for file in parse_maps(content))


def test_without_proc_the_files_come_from_psutil(tmp_path: Path) -> None:
    paths = {file.path for file in mapped_files(tmp_path / "no-such-file")}

    assert any("libc" in path or "python" in path.lower() for path in paths)
