import ctypes
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from envprint.collectors._maps import Mapped, parse_maps
from envprint.collectors._versions import ask_version, cuda_version, cudnn_version, nccl_version
from envprint.collectors.libraries import collect_libraries, find_twice, numeric_files
from envprint.manifest.gaps import Absent, Gaps

RAW = Path(__file__).parents[2] / "samples" / "raw" / "maps"
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc is Linux's")


def recorded(name: str) -> dict[str, Mapped]:
    return numeric_files(parse_maps((RAW / name).read_bytes()))


def test_the_numeric_libraries_of_a_cpu_build_of_torch_are_named() -> None:
    assert sorted(recorded("torch-2.13-cpu.txt")) == [
        "libc",
        "libc10",
        "libgfortran",
        "libgomp",
        "libm",
        "libscipy_openblas64_",
        "libshm",
        "libstdc++",
        "libtorch",
        "libtorch_cpu",
        "libtorch_global_deps",
        "libtorch_python",
    ]


def test_the_libraries_of_cuda_are_named_without_version_and_hash() -> None:
    names = set(recorded("torch-2.0-cuda.txt"))

    assert names >= {"libcudart", "libcublas", "libcublasLt", "libcudnn", "libnccl", "libnvrtc", "libtorch_cuda"}


def test_a_library_that_is_mapped_from_several_files_is_said() -> None:
    files = recorded("odd.txt")

    assert sorted(files) == [
        "libc10",
        "libgomp",
        "libgomp@scikit_learn",
        "libgomp@system",
        "libmkl_core",
        "libopenblasp",
    ]
    assert find_twice(files.values()) == {
        "libgomp": (
            "/home/user/venv/lib/python3.11/site-packages/scikit_learn.libs/libgomp-a34b3233.so.1.0.0",
            "/home/user/venv/lib/python3.11/site-packages/torch/lib/libgomp-a34b3233.so.1",
            "/usr/lib/x86_64-linux-gnu/libgomp.so.1.0.0",
        )
    }


@linux
def test_this_process_has_a_c_library_with_version_and_build_id() -> None:
    gaps = Gaps("libraries")
    loaded = collect_libraries(gaps).loaded

    assert loaded is not None
    assert "failed" not in {gap.kind for gap in gaps.found.values()}
    assert any(library.version for name, library in loaded.items() if name.startswith(("libc", "libm", "ld-musl")))


@linux
def test_a_file_that_was_replaced_while_loaded_keeps_the_build_id_of_what_is_loaded(tmp_path: Path) -> None:
    original = next((path for path in map(Path, _loaded_paths()) if path.name.startswith("libm.so")), None)
    if original is None:
        pytest.skip("no libm of its own here")
    code = (
        "import ctypes, os, sys\n"
        "ctypes.CDLL(sys.argv[1]); os.unlink(sys.argv[1])\n"
        "from envprint.manifest.gaps import Gaps\n"
        "from envprint.collectors.libraries import collect_libraries\n"
        "gaps = Gaps('libraries'); found = collect_libraries(gaps)\n"
        "ids = {library.build_id for library in found.loaded.values() if '/copy/' in library.path}\n"
        "real = {library.build_id for name, library in found.loaded.items() if name == 'libm' or 'libm@' in name}\n"
        "failed = [gap for gap in gaps.found.values() if gap.kind == 'failed']\n"
        "print(len(found.deleted), len(ids), ids <= real, None in ids, failed)\n"
    )
    copy = tmp_path / "copy" / "libm.so.6"
    copy.parent.mkdir()
    shutil.copy(original, copy)
    done = subprocess.run([sys.executable, "-c", code, str(copy)], capture_output=True, text=True, check=True)

    assert done.stdout == "1 1 True False []\n"


def test_without_maps_nothing_is_lost_but_addresses(tmp_path: Path) -> None:
    found = collect_libraries(Gaps("libraries"), maps=tmp_path / "none")

    assert found.loaded


def test_numbers_become_versions() -> None:
    assert (cuda_version(12040), cuda_version(11070)) == ("12.4", "11.7")
    assert (cudnn_version(8902), cudnn_version(90100), cudnn_version(92000)) == ("8.9.2", "9.1.0", "9.20.0")
    assert (nccl_version(2708), nccl_version(22105)) == ("2.7.8", "2.21.5")


def test_cudnn_is_not_asked_before_it_was_used() -> None:
    with pytest.raises(Absent, match="would load more"):
        ask_version("libcudnn", "/no/such/libcudnn.so.9", frozenset({"libcudnn"}))


def test_the_runtime_of_cuda_11_is_not_asked() -> None:
    with pytest.raises(Absent, match="loading the driver"):
        ask_version("libcudart", "/v/libcudart.so.11.0")


@linux
def test_asking_a_library_that_is_not_loaded_loads_nothing(tmp_path: Path) -> None:
    libm = next((path for path in _loaded_paths() if "/libm.so" in path), None)
    if libm is None:
        pytest.skip("no libm of its own here")
    copy = tmp_path / "libpng16.so.16"
    shutil.copy(libm, copy)

    with pytest.raises(Absent, match="not loaded"):
        ask_version("libpng16", str(copy))
    assert str(copy) not in _loaded_paths()


@linux
def test_a_loaded_library_without_the_call_is_absent(tmp_path: Path) -> None:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler")
    source = tmp_path / "none.c"
    source.write_text("int nothing;\n", encoding="utf-8")
    library = tmp_path / "libnccl.so.2"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", str(library), str(source)], check=True)
    ctypes.CDLL(str(library))

    with pytest.raises(Absent, match="no call"):
        ask_version("libnccl", str(library))


@linux
def test_loaded_cuda_libraries_state_their_versions(tmp_path: Path) -> None:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler")
    source = tmp_path / "stub.c"
    source.write_text(
        "int ncclGetVersion(int *v) { *v = 22105; return 0; }\n"
        "int cudaRuntimeGetVersion(int *v) { *v = 12040; return 0; }\n"
        "int cublasGetProperty(int kind, int *v) { *v = 12 + kind; return 0; }\n"
        "unsigned long cudnnGetVersion(void) { return 90100; }\n"
        "int nvrtcVersion(int *major, int *minor) { *major = 12; *minor = 4; return 0; }\n"
        "int cufftGetProperty(int kind, int *v) { return 1; }\n",
        encoding="utf-8",
    )
    seen = {}
    for stem, name in (
        ("libnccl", "libnccl.so.2"),
        ("libcudart", "libcudart.so.12"),
        ("libcublas", "libcublas.so.12"),
        ("libcudnn", "libcudnn.so.9"),
        ("libnvrtc", "libnvrtc.so.12"),
    ):
        library = tmp_path / name
        subprocess.run([compiler, "-shared", "-fPIC", "-o", str(library), str(source)], check=True)
        ctypes.CDLL(str(library))
        seen[stem] = ask_version(stem, str(library), frozenset({"libcudnn_graph"}))

    assert seen == {
        "libnccl": "2.21.5",
        "libcudart": "12.4",
        "libcublas": "12.13.14",
        "libcudnn": "9.1.0",
        "libnvrtc": "12.4",
    }


def _loaded_paths() -> list[str]:
    return [file.path for file in parse_maps(Path("/proc/self/maps").read_bytes())]
