"""The process is killed, or the disk is full or broken, at each call of an embed that writes; see tests/stubs/faults.c.

A kill tears a write between two pages, never within one: https://elixir.bootlin.com/linux/v6.12/source/mm/filemap.c,
generic_perform_write. What is written anew and renamed survives even a tear within a page, as a file system in user
space may leave one; what is appended in place does not, and is asked only for what the kernel can do.
"""

import functools
import sys
from typing import Any

import pytest
from _faults import ask
from _forks import FATES

# of each: how many calls that write an embed makes at least, and the one of them that decides
IN_PLACE = {
    "torch zip": (3, "pwritev64v2"),
    "torch zip of 1500 records": (3, "pwritev64v2"),
    "torch zip with a long comment": (3, "pwritev64v2"),
    "TorchScript": (3, "pwritev64v2"),
    "torch.export": (3, "pwritev64v2"),
    "ONNX": (5, "pwritev64v2"),
}
RENAMED = {
    "safetensors of numpy": (5, "rename"),
    "safetensors": (5, "rename"),
    "large safetensors": (7, "rename"),
    "Hugging Face folder": (3, "rename"),
    "distributed checkpoint": (3, "rename"),
    "sidecar": (3, "rename"),
}
ON_PLAIN = {"torch zip", "safetensors"}
EXPECTED = {**IN_PLACE, **RENAMED}
KILLS = ["killed before", "killed halfway", "killed after"]
TEARS = ["torn within a page"]
ERRORS = ["disk full", "disk full halfway", "broken once"]
SMALL = "safetensors of numpy"
BYTES_OF_A_MANIFEST = 70_000

pytestmark = [
    pytest.mark.cc,
    pytest.mark.skipif(sys.platform != "linux", reason="faults.c is written for Linux's C library"),
]


def cases() -> list[Any]:
    """Return every format, without a manifest and with one, on this file system and on a plain one."""
    return [
        pytest.param(
            carrier, again, plain,
            id=f"{carrier}{', again' * again}{', plain' * plain}",
            marks=[] if carrier == SMALL and not again else [pytest.mark.slow, pytest.mark.torch],
        )
        for carrier in EXPECTED
        for again, plain in [(False, False), (True, False), (False, True)]
        if not plain or carrier in ON_PLAIN
    ]  # fmt: skip


every_case = pytest.mark.parametrize(("carrier", "again", "plain"), cases())


@functools.cache
def disturbed(carrier: str, *, again: bool, plain: bool) -> Any:
    fates = [fate for fate in FATES if fate != "nothing" and (carrier in RENAMED or fate not in TEARS)]
    return ask("disturb", carrier=carrier, again=again, plain=plain, fates=fates)


def outcomes(carrier: str, fates: list[str], *, again: bool, plain: bool) -> list[tuple[str, dict[str, Any]]]:
    """Return what became of each embed that met one of these fates, with words for it."""
    whole = disturbed(carrier, again=again, plain=plain)
    found = []
    for each in whole["outcomes"]:
        if each["fate"] in fates:
            name, size = whole["calls"][each["at"] - 1]
            words = f"{each['fate']}: call {each['at']} of {len(whole['calls'])}, {name} of {size} bytes"
            found.append((words, {**each, **whole["states"][each["state"]]}))
    assert found
    return found


def is_whole(outcome: dict[str, Any]) -> bool:
    """Tell whether all readers find the old tensors, the manifest is one of the two, and a further embed goes well."""
    return outcome["readers"] is None and outcome["carries"] in {"old", "new"} and outcome["again"] is None


def is_done(outcome: dict[str, Any]) -> bool:
    done = outcome["signal"] == 0 and outcome["raised"] is None
    return done and is_whole(outcome) and outcome["carries"] == "new" and not outcome["left_over"]


def is_refused(outcome: dict[str, Any]) -> bool:
    return outcome["signal"] == 0 and outcome["raised"] == "CheckpointError" and "\n" not in outcome["text"]


@every_case
def test_every_call_that_writes_is_seen(carrier: str, again: bool, plain: bool) -> None:  # noqa: FBT001
    whole = disturbed(carrier, again=again, plain=plain)
    calls = [name for name, _ in whole["calls"]]

    least, decisive = EXPECTED[carrier]

    assert len(calls) >= least, calls
    assert {decisive, "pwrite64" if plain else "rename"} & {*calls}
    assert whole["written"] == whole["moved"] > BYTES_OF_A_MANIFEST
    assert whole["states"][whole["state"]]["carries"] == "new"
    assert len(whole["history"]) == 1 + again


@every_case
def test_a_kill_at_any_write_leaves_a_model_that_loads(carrier: str, again: bool, plain: bool) -> None:  # noqa: FBT001
    killed = outcomes(carrier, KILLS + TEARS, again=again, plain=plain)

    assert [] == [each for each in killed if each[1]["signal"] != 9 or not is_whole(each[1])]


@every_case
def test_an_error_at_any_write_is_said_in_a_line_and_leaves_every_byte(
    carrier: str,
    again: bool,  # noqa: FBT001
    plain: bool,  # noqa: FBT001
) -> None:
    failed = outcomes(carrier, ERRORS, again=again, plain=plain)

    def is_well(outcome: dict[str, Any]) -> bool:
        return is_done(outcome) or (is_refused(outcome) and outcome["untouched"])

    assert [] == [each for each in failed if not is_well(each[1])]
    assert any(is_refused(outcome) for _, outcome in failed)


@every_case
def test_a_disk_that_dies_at_any_write_leaves_a_model_that_loads(
    carrier: str,
    again: bool,  # noqa: FBT001
    plain: bool,  # noqa: FBT001
) -> None:
    failed = outcomes(carrier, ["broken from now on"], again=again, plain=plain)

    assert [] == [each for each in failed if not is_done(each[1]) and not (is_refused(each[1]) and is_whole(each[1]))]


@every_case
def test_a_write_that_is_cut_short_is_taken_up_again(carrier: str, again: bool, plain: bool) -> None:  # noqa: FBT001
    short = outcomes(carrier, ["interrupted"], again=again, plain=plain)

    assert [] == [each for each in short if not is_done(each[1])]
