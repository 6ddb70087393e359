"""What recording does to a run on a device, shown on one that lags behind its host: nothing waits for it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from _lagging import compile_device  # noqa: E402

from envprint.recorder.recording import UNANSWERED  # noqa: E402
from envprint.recorder.sampling import is_read_whole  # noqa: E402

HAS_ITS_HEADERS = tuple(map(int, torch.__version__.split("+")[0].split(".")[:2])) >= (2, 13)
pytestmark = [
    pytest.mark.torch, pytest.mark.cc, pytest.mark.slow,
    pytest.mark.skipif(not HAS_ITS_HEADERS, reason="the device is written against the headers of torch 2.13"),
]  # fmt: skip
WINDOW = range(3, 10)


@pytest.fixture(scope="module")
def ways(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What came of training in each way."""
    folder = tmp_path_factory.mktemp("lagging")
    words = [sys.executable, str(Path(__file__).with_name("_recorded_lagging.py")), str(compile_device(folder))]
    done = subprocess.run(words, check=False, capture_output=True, text=True, cwd=folder, timeout=300)
    assert not done.stderr
    return json.loads(done.stdout)


def ledger(way: dict[str, Any]) -> dict[int, Any]:
    return {each["step"]: each for each in way["run"]["ledger"]}


@pytest.mark.parametrize("way", ["late", "window", "behind", "few"])
def test_no_step_behind_the_first_waits_for_the_device(way: str, ways: dict[str, Any]) -> None:
    assert {0} == set(ways["plain"]["waits"])
    assert {0} == set(ways[way]["waits"][1:])


@pytest.mark.parametrize("way", ["late", "window", "behind", "prompt", "few", "never"])
def test_what_is_trained_there_is_the_same_bit_for_bit(way: str, ways: dict[str, Any]) -> None:
    assert ways["plain"]["losses"] == ways[way]["losses"]
    assert ways["plain"]["weights"] == ways[way]["weights"]


def test_what_comes_late_is_what_was_there_when_it_was_asked_for(ways: dict[str, Any]) -> None:
    late = ledger(ways["late"])

    assert 134 == len(late)
    assert {} == ways["late"]["run"]["unread"]
    for step, told in late.items():
        assert ways["plain"]["losses"][step - 1] == told["loss"]
        assert ("parameters" in told) == is_read_whole(step)
        for name in told.keys() & {"parameters", "gradients"}:
            assert ways["copied"][name][step - 1] == told[name]
        assert told["batch"] != late.get(step + 1, {}).get("batch")
    assert ledger(ways["prompt"]) == late == ledger(ways["few"])


def test_modules_that_come_late_tell_what_they_gave(ways: dict[str, Any]) -> None:
    late, prompt, usual = (ledger(ways[way]) for way in ("window", "prompt window", "late"))

    assert late == prompt
    assert list(WINDOW) == [step for step, told in late.items() if "modules" in told]
    assert all(late[step]["chain"] == usual[step]["chain"] for step in usual)
    forward = late[3]["modules"]["forward"]
    names = [ways["window"]["run"]["modules"][int(place)] for place in forward["module"].split()]
    assert ["0", "1", "2", "3", "4", "5", ""] == names
    assert 6 == len(set(forward["digest"].split()))  # what the third gave was read before the fourth wrote over it


def test_batches_that_are_read_since_somebody_chose_their_steps_are_not_in_the_chain(ways: dict[str, Any]) -> None:
    usual, chosen = (ledger(ways[way]) for way in ("late", "behind"))

    assert {129, 131, 133, 135} == set(chosen) - set(usual)
    assert all("batch" in told for told in chosen.values())
    assert all(chosen[step]["chain"] == told["chain"] for step, told in usual.items())


def test_a_device_that_does_not_answer_holds_nothing_up(ways: dict[str, Any]) -> None:
    run = ways["never"]["run"]

    assert [] == run["ledger"]
    assert 140 == run["steps"]
    assert [UNANSWERED] == [note for note in run["notes"] if "device" in note]


def test_a_loss_of_which_no_step_came_is_told_of_unless_the_device_does_not_answer(ways: dict[str, Any]) -> None:
    come, late = (ways[name]["run"] for name in ("left", "left for ever"))

    assert 0 == ways["left for ever"]["waits"]
    assert [(3, "inf")] == [(each["step"], each["value"]) for each in come["events"] if each["name"] == "lost"]
    assert "lost" not in [each["name"] for each in late["events"]]
    assert (False, True) == (UNANSWERED in come["notes"], UNANSWERED in late["notes"])
