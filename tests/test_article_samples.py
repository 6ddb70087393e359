"""The samples about four widely read articles show what is so, and their README quotes what envprint says of them."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeAlias

import orjson
import pytest

ROOT = Path(__file__).parent.parent
ARTICLES = ROOT / "samples/articles"
README = (ARTICLES / "README.md").read_text(encoding="utf-8")
SEEDS = "0,3,5,363,366,999"
EACH, QUIET = "reseeding each-epoch", "reseeding quiet"
HASHES = "hashseed|PYTHONHASHSEED=0"
# a run by its script and options, + for once more; what stands behind | is exported
RECORDED = (
    "outputs", "outputs +", "outputs detached", "reseeding", EACH, QUIET, f"{QUIET} each-epoch", "uninitialised fill",
    "unshuffled", "sgd_or_adam Adam", "sgd_or_adam Adam +", "sgd_or_adam Adam flipped", "hashseed", "hashseed +",
    "other_seeds", "other_seeds +", "threads 1", "threads 2", "threads 2 +", "six_seeds", "six_seeds seed=3",
    "six_seeds rate=10",
)  # fmt: skip
PLAIN = (
    "uninitialised", "sgd_or_adam SGD", "sgd_or_adam SGD +", "sgd_or_adam SGD flipped", HASHES, f"{HASHES} +",
    "other_seeds workers", "other_seeds workers +", "other_seeds all", "other_seeds all +",
)  # fmt: skip
# what envprint says first, of one run or of two
SAID = {
    ("outputs", "outputs +"): "equivalent: The runs are the same, bit for bit, up to step 4.",
    ("outputs detached",): ("optimizer-detached-params: The optimizer updates tensors that the model no longer has"),
    ("reseeding", EACH): (
        "reseed-inside-loop: b seeds torch 5 times, once more after step 3, at samples/articles/reseeding.py:25"
    ),
    (EACH,): (
        "reseed-inside-loop: torch is seeded 5 times, with 0 again after step 1, at samples/articles/reseeding.py:25"
    ),
    (QUIET, f"{QUIET} each-epoch"): "equivalent: The runs are the same, bit for bit, up to step 4.",
    ("uninitialised fill",): "uninitialised-read: 0.weight holds what memory held",
    ("unshuffled",): (
        "shuffle-disabled: step 4 begins an epoch with the batch of step 1, at samples/articles/unshuffled.py:19"
    ),
    ("sgd_or_adam Adam", "sgd_or_adam Adam +"): "equivalent: The runs are the same, bit for bit, up to step 100.",
    ("sgd_or_adam Adam", "sgd_or_adam Adam flipped"): (
        "shuffle-order: the same samples, in another order within the batch"
    ),
    ("hashseed",): "pythonhashseed: Sets of text are walked in another order",
    ("hashseed", "hashseed +"): (
        "pythonhashseed: each process has a hash seed of its own, and the samples are others though all seeds are the "
        "same"
    ),
    ("other_seeds",): "python-random-unseeded: python is drawn from and never seeded",
    ("other_seeds", "other_seeds +"): (
        "python-random-unseeded: random is seeded on neither side, torch and numpy.random are"
    ),
    ("threads 2", "threads 2 +"): "equivalent: The runs are the same, bit for bit, up to step 10.",
    ("threads 2", "threads 1"): "intra-op-threads: long reductions are split by thread, and rounded in another order",
    ("six_seeds", "six_seeds seed=3"): (
        "seed-value-differs: torch is seeded with 0 in a, with 3 in b, at samples/articles/six_seeds.py:31"
    ),
    ("six_seeds", "six_seeds rate=10"): "optimizer-hyperparams: lr is 0.1 in a, 10.0 in b",
}
Told: TypeAlias = Mapping[str, str]


def environment(exported: str = "") -> dict[str, str]:
    """Return the variables for a child: one thread, no hash seed but the exported one."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONHASHSEED"}
    return {**kept, "OMP_NUM_THREADS": "1", "COLUMNS": "80", **dict([exported.split("=")] if exported else [])}


def run(folder: Path, name: str) -> str:
    """Run a sample, recorded where it is to be, and return what it prints."""
    words, _, exported = name.removesuffix(" +").partition("|")
    script, *options = words.split()
    places = [str(folder / f"{name}.pt")] if script == "sgd_or_adam" else []
    plain = [each for each in options if each[0].isdigit() or each[0].isupper()]
    flags = [word for each in options if each not in plain for word in f"--{each}".split("=")]
    command = [sys.executable, f"samples/articles/{script}.py", *plain, *places, *flags]
    if name in RECORDED:
        command = [sys.executable, "-m", "envprint", "capture", "-o", str(folder / f"{name}.json"), "--", *command]
    return output_of(command, exported)


def output_of(command: list[str], exported: str = "", statuses: tuple[int, ...] = (0,)) -> str:
    """Return what a command prints that ends with one of some statuses."""
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, cwd=ROOT, env=environment(exported), encoding="utf-8"
    )
    assert done.returncode in statuses, done.stderr
    return done.stdout


def envprint(*words: str) -> str:
    """Return what envprint prints."""
    return output_of([sys.executable, "-m", "envprint", *words], statuses=(0, 1))


@pytest.fixture(name="folder", scope="module")
def _folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("articles")


@pytest.fixture(name="told", scope="module")
def _told(folder: Path) -> Told:
    """Run all samples, two at a time, and return what each prints."""
    script = [sys.executable, "samples/articles/six_seeds.py"]
    swept = ("sweep", "--seeds", SEEDS, "-o", str(folder / "sweep.json"), "--", *script)
    with ThreadPoolExecutor(2) as pool:
        printed = {"sweep": pool.submit(envprint, *swept)}
        printed |= {name: pool.submit(run, folder, name) for name in (*RECORDED, *PLAIN)}
    return {name: each.result() for name, each in printed.items()}


@pytest.fixture(name="said", scope="module")
def _said(told: Told, folder: Path) -> Mapping[tuple[str, ...], list[str]]:
    """Return what envprint says of runs, asked for two at a time."""
    with ThreadPoolExecutor(2) as pool:
        return dict(zip(SAID, pool.map(partial(first_said, folder), SAID), strict=True))


def numbers(text: str) -> list[float]:
    """Return the numbers with a point in a text."""
    return [float(each) for each in re.findall(r"[+-]?\d+\.\d+(?:e[+-]?\d+)?", text)]


def first_said(folder: Path, names: tuple[str, ...]) -> list[str]:
    """Return what envprint says first of one run or two: that they are the same, or a cause with what shows it."""
    files = [str(folder / f"{name}.json") for name in names]
    report = orjson.loads(envprint("diff" if len(names) > 1 else "doctor", "--format", "json", *files))
    if report.get("verdict") in {"identical", "equivalent"}:
        return [f"equivalent: {report['summary'].split('. ')[0].removesuffix('.')}."]
    if len(names) > 1:
        finding = report["findings"][0]
        return [f"{finding['cause']}: {finding['evidence'][0]}"]
    hazard = report["hazards"][0]
    return [f"{hazard['cause']}: {words}" for words in (hazard["title"], *hazard["facts"].values())]


@pytest.mark.torch
@pytest.mark.slow
@pytest.mark.parametrize("names", SAID, ids=" - ".join)
def test_envprint_says_of_a_sample_what_its_readme_quotes(
    names: tuple[str, ...], said: Mapping[tuple[str, ...], list[str]]
) -> None:
    assert SAID[names] in said[names]


@pytest.mark.torch
@pytest.mark.slow
def test_outputs_move_with_the_weights_unless_the_optimizer_holds_others(told: Told) -> None:
    moving, still = (told[name].splitlines() for name in ("outputs", "outputs detached"))

    assert told["outputs"] == told["outputs +"]
    assert 4 == len({line.split(":")[1] for line in moving})
    assert 1 == len({line.split(":")[1] for line in still})


@pytest.mark.torch
@pytest.mark.slow
def test_noise_repeats_by_seeding_again_and_seeding_changes_nothing_where_nothing_is_drawn(told: Told) -> None:
    once, again = (set(re.findall(r"noise (\S+),", told[name])) for name in ("reseeding", EACH))

    assert (4, 1) == (len(once), len(again))
    assert told[QUIET] == told[f"{QUIET} each-epoch"]


@pytest.mark.torch
@pytest.mark.slow
def test_memory_that_nobody_wrote_shows_once_it_is_filled(told: Told) -> None:
    assert "a weight nan, loss nan\n" == told["uninitialised fill"]
    assert re.fullmatch(r"a weight \S+, loss \S+\n", told["uninitialised"])


@pytest.mark.torch
@pytest.mark.slow
def test_without_a_shuffle_the_order_repeats_and_the_outputs_do_not(told: Told) -> None:
    begins = re.findall(r"sample (\S+), output (\S+)", told["unshuffled"])

    assert (1, 3) == tuple(len(set(column)) for column in zip(*begins, strict=True))


@pytest.mark.torch
@pytest.mark.slow
def test_sgd_and_adam_repeat_bit_for_bit_and_adam_enlarges_rounding(told: Told, folder: Path) -> None:
    apart = {}
    for name in ("sgd_or_adam SGD", "sgd_or_adam Adam"):
        first, again, flipped = (str(folder / f"{name}{each}.pt") for each in ("", " +", " flipped"))
        assert told[name] == told[f"{name} +"]
        assert "identical" == orjson.loads(envprint("diff", "--format", "json", first, again))["verdict"]
        weights = orjson.loads(envprint("diff", "--format", "json", first, flipped))["models"]["tensors"][:1]
        (apart[name],) = (each["relative"] for each in weights)

    assert 2 * apart["sgd_or_adam SGD"] < apart["sgd_or_adam Adam"] < 1e-4


@pytest.mark.torch
@pytest.mark.slow
@pytest.mark.parametrize(
    ("other", "same"),
    [("hashseed", HASHES), ("other_seeds", "other_seeds workers"), ("other_seeds", "other_seeds all")],
)
def test_what_the_usual_seeds_leave_out_differs_until_it_is_seeded(other: str, same: str, told: Told) -> None:
    assert told[other] != told[f"{other} +"]
    assert told[same] == told[f"{same} +"]


@pytest.mark.torch
@pytest.mark.slow
def test_a_number_of_threads_repeats_and_another_rounds_otherwise(told: Told) -> None:
    one, two = (numbers(told[f"threads {number}"])[0] for number in (1, 2))

    assert told["threads 2"] == told["threads 2 +"]
    assert told["threads 1"].split("bits")[1] != told["threads 2"].split("bits")[1]
    assert pytest.approx(one, rel=1e-5) == two


@pytest.mark.torch
@pytest.mark.slow
def test_a_seed_is_worth_many_points_and_noise_tells_what_is_more(told: Told, folder: Path) -> None:
    accuracies = [numbers(told[name])[0] for name in ("six_seeds", "six_seeds seed=3")]
    swept = folder / "sweep.json"
    printed = told["sweep"]
    of = partial(envprint, "diff", "--noise", str(swept), str(folder / "six_seeds.json"))
    notes = [" ".join(of(str(folder / f"six_seeds {each}.json")).split()) for each in ("seed=3", "rate=10")]
    quoted = re.findall(r"the last losses are [^`]+", README)

    assert abs(accuracies[0] - accuracies[1]) > 0.05
    assert SEEDS.split(",") == list(orjson.loads(swept.read_bytes())["results"])
    for block in re.findall(r"```\n( last loss over 6 seeds.*?)```", README, re.DOTALL):
        assert without_numbers(block) == without_numbers(printed)
        assert pytest.approx(numbers(block), rel=1e-2) == numbers(printed)
    assert 2 == len(quoted)
    for words, note in zip(quoted, notes, strict=True):
        assert " ".join(without_numbers(words)) in " ".join(without_numbers(note))


def without_numbers(text: str) -> list[str]:
    """Return the words of a text that are no numbers and no bars."""
    return re.sub(r"[\d.]+|[·●]+", "", text).split()


def test_the_readme_of_the_articles_names_each_script_and_quotes_nothing_else() -> None:
    quoted = re.findall(r"`((?:[a-z]+-)*[a-z]+: [^`]+)`", README)

    assert set(SAID.values()) == set(quoted)
    assert {path.name for path in ARTICLES.glob("*.py")} <= set(re.findall(r"\((\w+\.py)\)", README))
    assert {path.stem for path in ARTICLES.glob("*.py")} == {each.split()[0].split("|")[0] for each in RECORDED}


def test_every_file_that_the_readme_of_the_articles_names_is_there() -> None:
    named = re.findall(r"\]\(([^)#:]+)\)", README)

    assert [] == [name for name in named if not (ARTICLES / name).exists()]
