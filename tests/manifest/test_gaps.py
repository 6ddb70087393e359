"""Gaps: what a failure leaves behind, and what it must not."""

import pytest

from envprint.manifest import Gap
from envprint.manifest.gaps import Absent, Gaps, gap_from
from envprint.manifest.software import Origin


class Unspeakable(Exception):  # noqa: N818 - an exception of somebody else's
    def __str__(self) -> str:
        raise ValueError


def test_a_gap_does_not_repeat_the_value_that_did_not_fit() -> None:
    gaps = Gaps("packages")
    gaps.ask("spy", lambda: Origin.model_validate({"vcs": {"secret word": "abracadabra"}}))

    assert {"packages.spy": Gap(kind="failed", reason="ValidationError: vcs: Input should be a valid string")} == (
        gaps.found
    )


def test_a_reason_is_masked_before_it_is_cut() -> None:
    assert (
        "x" * 280 + "https://***@example." == gap_from(Absent("x" * 280 + "https://ada:abracadabra@example.org")).reason
    )


@pytest.mark.parametrize(
    ("exception", "expected"),
    [
        (Unspeakable(), "Unspeakable: it cannot be said why"),
        (OSError("caf\udce9"), "OSError: caf\\udce9"),
        (SystemExit(3), "SystemExit: 3"),
    ],
)
def test_every_exception_leaves_a_gap_that_can_be_written(exception: BaseException, expected: str) -> None:
    assert Gap(kind="failed", reason=expected) == gap_from(exception)


def test_an_interrupt_is_no_gap() -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Gaps("cpu").ask("model", interrupt)
