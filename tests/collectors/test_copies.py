from pathlib import Path

from envprint.collectors._copies import candidates, find_copies, identify, parse_linker_cache


def test_a_copy_is_found_once_whatever_its_links(tmp_path: Path) -> None:
    real = tmp_path / "libcudart.so.12.4.127"
    real.touch()
    (tmp_path / "libcudart.so.12").symlink_to(real)
    (tmp_path / "libcudart.so").symlink_to("libcudart.so.12")
    paths = [str(path) for path in tmp_path.iterdir()]

    assert find_copies({"libcudart"}, paths) == {"libcudart": [str(real)]}


def test_what_is_loaded_is_no_other_copy(tmp_path: Path) -> None:
    loaded = tmp_path / "libgomp.so.1"
    loaded.touch()
    identity = identify(str(loaded))

    assert identity is not None
    assert find_copies({"libgomp"}, [str(loaded)], besides={identity}) == {}


def test_other_names_static_libraries_and_missing_files_are_no_copies(tmp_path: Path) -> None:
    for name in ("libcudart_static.a", "libcudadevrt.so", "libcublasLt.so.12"):
        (tmp_path / name).touch()
    paths = [*(str(path) for path in tmp_path.iterdir()), "/no/such/libcublas.so"]

    assert find_copies({"libcudart", "libcublas"}, paths) == {}


def test_folders_of_variables_and_packages_are_searched(tmp_path: Path) -> None:
    site = tmp_path / "site-packages"
    for folder in (
        tmp_path / "ld",
        tmp_path / "cuda" / "lib64",
        site / "torch" / "lib",
        site / "nvidia" / "cublas" / "lib",
    ):
        folder.mkdir(parents=True)
        (folder / "libcublas.so.12").touch()
    environment = {"LD_LIBRARY_PATH": f":{tmp_path}/ld:/no/such/folder", "CUDA_HOME": f"{tmp_path}/cuda"}
    found = candidates([environment, {}], packages=[str(site), str(tmp_path)], cache=tmp_path / "none")

    assert {path.removeprefix(f"{tmp_path}/") for path in found if path.startswith(str(tmp_path))} == {
        "ld/libcublas.so.12",
        "cuda/lib64/libcublas.so.12",
        "site-packages/torch/lib/libcublas.so.12",
        "site-packages/nvidia/cublas/lib/libcublas.so.12",
    }


def test_the_linkers_cache_is_read_for_libraries_with_rivals() -> None:
    names = b"libgomp.so.1\0/usr/lib/libgomp.so.1\0libz.so.1\0/usr/lib/libz.so.1\0/cut/libgomp.so"
    content = b"glibc-ld.so.cache1.1\x02\0\0\0" + names

    assert parse_linker_cache(content) == ("/usr/lib/libgomp.so.1",)


def test_a_changed_cache_is_read_again(tmp_path: Path) -> None:
    cache = tmp_path / "ld.so.cache"
    seen = []
    for name in (b"/usr/lib/libgomp.so.1\0", b"/opt/lib/libomp.so.5\0/opt/lib/libiomp5.so\0"):
        cache.write_bytes(name)
        seen.append(
            sorted(set(candidates([], packages=[], cache=cache)) & {"/usr/lib/libgomp.so.1", "/opt/lib/libiomp5.so"})
        )

    assert seen == [["/usr/lib/libgomp.so.1"], ["/opt/lib/libiomp5.so"]]
