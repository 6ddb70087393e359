from collections.abc import Callable
from pathlib import Path

import pytest
from _broken_tensors import BROKEN_MODELS, BROKEN_TENSORS, MODEL, NO_MANIFESTS, OUR_KEY, entry, tensors
from _broken_zips import BROKEN, NO_ARCHIVES, archive
from _commands import IN_PYTHON, MANIFEST, check_refusal, command_lines, fingerprint, refusal, run_refused
from _fuzz_laws import in_memory, judge, put_long_ago
from conftest import Run

import envprint
from envprint.checkpoints.content import KEY
from envprint.checkpoints.protobuf import dump_field

FILES = {
    **{f"{name}.pt": content for name, content in BROKEN.items()},
    **{f"{name}.safetensors": content for name, content in BROKEN_TENSORS.items()},
    **{f"{name}.onnx": content for name, content in BROKEN_MODELS.items()},
}
HOLDERS: dict[str, Callable[[str], bytes]] = {
    "model.pt": lambda text: archive(text.encode()),
    "model.safetensors": lambda text: tensors({"__metadata__": {KEY: text}}),
    "model.onnx": lambda text: MODEL + entry(OUR_KEY, dump_field(2, text.encode())),
}
SEEDS = sorted((Path(__file__).parent / "seeds").glob("*/carried.*"))
# One of each kind that the sentence in README.md names, for all commands; the rest are read by the same functions.
SOME = (
    "truncated.pt", "wrong checksum.pt", "overlapping.pt", "manifest of 2**40 bytes.pt", "one name twice.pt",
    "header of 2**64 - 1 bytes.safetensors", "a key twice.safetensors", "text.onnx",
)  # fmt: skip


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return a folder of its own for what is read."""
    (tmp_path / "model").mkdir()
    return tmp_path / "model"


@pytest.mark.parametrize("name", FILES)
def test_a_broken_file_is_refused_in_a_line_and_stays_as_it_is(name: str, place: Path) -> None:
    path = place / name
    put_long_ago(path, FILES[name])
    before = fingerprint(place)

    for act in IN_PYTHON.values():
        refusal(lambda act=act: act(path))  # type: ignore[misc]

    assert before == fingerprint(place)


@pytest.mark.parametrize("holder", HOLDERS)
@pytest.mark.parametrize("reason", NO_MANIFESTS)
def test_a_record_that_is_no_manifest_is_refused_in_a_line(reason: str, holder: str, place: Path) -> None:
    path = place / holder
    put_long_ago(path, HOLDERS[holder](NO_MANIFESTS[reason]))
    before = fingerprint(place)

    for act in IN_PYTHON.values():
        assert "carries what is no manifest" in str(refusal(lambda act=act: act(path)))  # type: ignore[misc]

    assert before == fingerprint(place)


@pytest.mark.parametrize("name", SOME)
def test_every_command_refuses_a_broken_file_with_status_2(
    name: str, place: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = place / name
    put_long_ago(path, FILES[name])
    before = fingerprint(place)

    for words in command_lines(path, place.parent / "spare.json").values():
        assert path.name in run_refused(words, capfd)

    assert before == fingerprint(place)


@pytest.mark.parametrize("name", ["model.pt", "model.safetensors", "model.onnx", "model.npz"])
def test_a_folder_where_a_file_should_be_is_refused(name: str, place: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (place / name).mkdir()
    before = fingerprint(place)

    for words in command_lines(place / name, place.parent / "spare.json").values():
        run_refused(words, capfd)
    for act in IN_PYTHON.values():
        refusal(lambda act=act: act(place / name))  # type: ignore[misc]

    assert before == fingerprint(place)


@pytest.mark.parametrize("path", ["gone.pt", "gone/model.pt", "a\0b.pt", "", "x" * 300 + ".pt", "loop.pt", "\n.pt"])
def test_a_path_that_leads_nowhere_is_refused(path: str, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)
    Path("loop.pt").symlink_to("loop.pt")
    before = fingerprint(place)

    for act in IN_PYTHON.values():
        refusal(lambda act=act: act(path))  # type: ignore[misc]

    assert before == fingerprint(place)


@pytest.mark.slow
@pytest.mark.parametrize("name", SOME)
def test_a_process_of_its_own_refuses_a_broken_file_without_traceback(name: str, place: Path, envprint: Run) -> None:
    put_long_ago(place / name, FILES[name])

    for words in command_lines(place / name, place.parent / "spare.json").values():
        result = envprint(*words)
        check_refusal(result.returncode, result.stdout, result.stderr)


def test_a_file_that_is_cut_carries_nothing_and_keeps_what_is_left() -> None:
    for seed in SEEDS:
        check_cuts(seed, step=61)


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: seed.name)
def test_a_file_that_is_cut_at_any_length_carries_nothing_and_keeps_what_is_left(seed: Path) -> None:
    check_cuts(seed, step=1)


def check_cuts(seed: Path, step: int) -> None:
    content = seed.read_bytes()
    with in_memory() as folder:
        for length in range(len(content) - 1, -1, -step):
            put_long_ago(folder / seed.name, content[:length])

            refusal(lambda: envprint.extract(folder / seed.name))
            judge(seed.parent.name, content[:length], folder)


@pytest.mark.parametrize("name", NO_ARCHIVES)
def test_what_is_no_archive_of_torch_gets_its_manifest_beside_it(name: str, place: Path) -> None:
    path = place / "model.pt"
    path.write_bytes(NO_ARCHIVES[name])
    refusal(lambda: envprint.extract(path))

    envprint.embed(path, MANIFEST)

    assert envprint.extract(path) == MANIFEST
    assert path.read_bytes() == NO_ARCHIVES[name]
    assert (place / "model.pt.envprint.json").exists()
