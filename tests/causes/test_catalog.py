"""The catalog: complete, built, and every entry of it whole."""

from fnmatch import fnmatchcase

from hypothesis import given
from strategies import manifests
from test_bearing import all_paths, paths_of

from envprint.causes import explain
from envprint.causes.cause import Bug, Cause, Sign, State
from envprint.causes.conditions import version_of
from envprint.causes.hazards import find_hazards
from envprint.causes.loading import FILE, causes_by_id, load_catalog
from envprint.causes.make_catalog import FOLDER, as_json, read_catalog
from envprint.manifest import Manifest
from envprint.manifest.run import Taken
from envprint.probes.layers import load_layers

CATALOG = load_catalog()
ENTRIES: tuple[Cause | Bug, ...] = (*CATALOG.causes, *CATALOG.bugs)
# The causes that people meet most, as far as a manifest can show them.
FOREMOST = (
    "torch-seed-not-set", "partial-seeding", "shuffle-order", "num-workers", "cudnn-benchmark", "atomic-scatter",
    "tf32-matmul", "optimizer-state-missing", "rng-state-on-resume", "dataloader-position-resume",
    "numpy-worker-duplicate-seed", "sdpa-backend", "flash-backward", "batch-size-dependence", "padding",
    "eager-vs-compile", "gpu-arch", "intra-op-threads", "aten-cpu-capability", "torch-version", "model-dtype",
    "pythonhashseed", "cuda-rng-sm-count", "mkl-rng-stream-2.0-2.6", "autocast", "cudnn-version", "cudnn-deterministic",
    "nccl-algo", "jpeg-decoder", "resize-antialias-default", "tied-weights", "nonpersistent-buffers", "mps-precision",
    "grad-accumulation-normalisation", "scheduler-state-missing", "interpolate-backward", "attn-implementation",
    "library-path-shadowing", "file-listing-order", "distributed-sampler-epoch", "compile-rng", "mkl-dispatch",
    "topk-sort-ties", "tf32-cudnn", "deterministic-algorithms-off",
)  # fmt: skip
OF_MODELS = ("train-vs-eval", "bn-running-stats", "strict-false-missing", "dropout-active")
PATHS = [path.split(".") for path in (*all_paths(), *paths_of(Taken, "taken"))]


def test_the_file_that_is_read_was_built_from_the_catalog_as_it_is() -> None:
    assert as_json(read_catalog()) == (FOLDER / FILE).read_bytes(), "make catalog"


def test_all_known_causes_are_there_once_and_most_of_them_are_live() -> None:
    ids = [cause.id for cause in CATALOG.causes]

    assert 357 == len(ids) == len(set(ids))
    assert sum(cause.is_live for cause in CATALOG.causes) >= 200


def test_those_that_people_meet_most_are_live_or_seen_in_a_model() -> None:
    causes = causes_by_id()

    assert [] == [name for name in FOREMOST if not causes[name].is_live]
    assert ["model"] * len(OF_MODELS) == [causes[name].seen_in for name in OF_MODELS]


def test_causes_read_paths_that_a_manifest_has() -> None:
    unknown = []
    for cause in CATALOG.causes:
        states = (*cause.needs, *cause.needs_both, *cause.hazard)
        paths = [*map(_whole, cause.signs), *map(_whole, states), *cause.direct]
        unknown += [f"{cause.id}: {path}" for path in paths if not _is_known(path.split("."))]

    assert [] == unknown


def test_bugs_read_paths_that_a_manifest_has_and_belong_to_live_causes() -> None:
    for bug in CATALOG.bugs:
        assert [] == [state.path for state in bug.when if not _is_known(_whole(state).split("."))], bug.id
        assert causes_by_id()[bug.cause].is_live, bug.id


def test_entries_say_why_what_to_do_what_it_costs_and_where_it_is_documented() -> None:
    for entry in ENTRIES:
        texts = (entry.title, entry.why, entry.fix, entry.cost)
        assert all(text.strip() == text and len(text) > 2 for text in texts), entry.id
        assert not entry.title.endswith("."), entry.id
        assert entry.why.endswith((".", "?", ")")), entry.id
        assert len(set(entry.see)) == len(entry.see), entry.id


def test_what_entries_move_are_layers_and_probes_that_there_are() -> None:
    tables = load_layers().values()
    names = {name for table in tables for name in table}
    layers = {layer for table in tables for felt in table.values() for layer in felt}

    for entry in ENTRIES:
        stays = entry.stays if isinstance(entry, Cause) else ()
        patterns = (*entry.moves, *entry.surely, *stays)
        idle = [each for each in patterns if each not in layers and not any(fnmatchcase(name, each) for name in names)]
        assert [] == idle, entry.id


def test_causes_agree_with_themselves() -> None:
    causes = causes_by_id()

    for cause in CATALOG.causes:
        assert list(cause.band) == sorted(cause.band), cause.id
        assert cause.is_live is (cause.seen_in == "manifest" or cause.by_model), cause.id
        assert {cause.id, *cause.wider} <= set(causes), cause.id
        assert cause.id not in _all_wider(cause, causes), cause.id
        assert not cause.hazard or cause.kind != "rule-out", cause.id
        assert not cause.surely or cause.moves, cause.id
        for sign in cause.signs:
            assert (sign.value is not None) is (sign.is_ == "crosses"), cause.id
            assert sign.is_ != "crosses" or version_of(sign.value), cause.id


def test_states_have_a_value_where_they_compare() -> None:
    for cause in CATALOG.causes:
        for state in (*cause.needs, *cause.needs_both, *cause.hazard):
            assert (state.value is None) is (state.is_ in {"present", "absent", "late"}), cause.id
            assert state.is_ not in {"below", "from"} or version_of(state.value), cause.id
            assert state.is_ != "one-of" or isinstance(state.value, list), cause.id


@given(manifests())
def test_a_manifest_against_itself_gives_no_finding(manifest: Manifest) -> None:
    report = explain(manifest, manifest)

    assert () == report.findings
    assert () == report.dismissed


@given(manifests())
def test_what_is_unknown_is_no_hazard(manifest: Manifest) -> None:
    empty = Manifest(gaps=manifest.gaps)

    assert () == find_hazards(("a", empty))


def _all_wider(cause: Cause, causes: dict[str, Cause]) -> set[str]:
    found: set[str] = set()
    waiting = list(cause.wider)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += causes[name].wider
    return found


def _whole(condition: Sign | State) -> str:
    """Return the path of a condition; one of a variable that is late, or set nowhere, names the variable alone."""
    alone = condition.is_ in {"late", "absent"} and condition.path.count(".") == 2
    of_a_variable = condition.path.startswith("variables.environment.") and not condition.path.endswith("*")
    return f"{condition.path}.now" if alone and of_a_variable else condition.path


def _is_known(pattern: list[str]) -> bool:
    return any(_fits(pattern, path) for path in PATHS)


def _fits(pattern: list[str], path: list[str]) -> bool:
    """Tell whether a pattern may name a path of the models, in which `key` stands for any key of a map."""
    if not pattern or not path:
        return not pattern and not path
    first = pattern[0]
    if path[0] == "key" and any(_fits(pattern[skip:], path[1:]) for skip in range(1, len(pattern) + 1)):
        return True  # a key may hold dots
    if first.endswith("*") and any(_fits(pattern[1:], path[skip:]) for skip in range(1, len(path) + 1)):
        return first == "*" or path[0] == "key" or fnmatchcase(path[0], first)
    return (path[0] == "key" or fnmatchcase(path[0], first)) and _fits(pattern[1:], path[1:])
