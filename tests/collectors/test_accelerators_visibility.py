"""CUDA_VISIBLE_DEVICES, as CUDA's programming guide has it."""

import pytest

from envprint.collectors.visibility import visible_devices

KNOWN = {
    "GPU-8932f937-d72c": 0,
    "GPU-89aa0000-ffff": 1,
    "GPU-c0ffee00-0000": 2,
    "MIG-11110000-aaaa": 2,
    "MIG-22220000-aaaa": 2,
}
BUS_ORDER = (2, 0, 1)


@pytest.mark.parametrize(
    ("variable", "expected"),
    [
        pytest.param(None, (2, 0, 1), id="unset shows all"),
        pytest.param("", (), id="empty shows none"),
        pytest.param("-1", (), id="an invalid number shows none"),
        pytest.param("2,1", (1, 0), id="in the order given"),
        pytest.param("0,2,-1,1", (2, 1), id="nothing after an invalid number"),
        pytest.param("0,7,1", (2,), id="nothing after a number too large"),
        pytest.param("1,1", (), id="a number given twice shows none"),
        pytest.param(" 0 , 1 ", (2, 0), id="with white space"),
        pytest.param("1gpu", (0,), id="like strtoul"),
        pytest.param("NoDevFiles", (), id="no number at all"),
        pytest.param("GPU-c0ffee00-0000,GPU-8932f937-d72c", (2, 0), id="UUIDs in the order given"),
        pytest.param("GPU-c0", (2,), id="the beginning of a UUID"),
        pytest.param("GPU-89", (), id="an ambiguous beginning"),
        pytest.param("GPU-c0,GPU-404,GPU-8932", (2,), id="nothing after an unknown UUID"),
        pytest.param("GPU-c0,GPU-c0ffee00", (), id="a device given twice shows none"),
        pytest.param("MIG-11110000-aaaa", (2,), id="a MIG instance"),
        pytest.param("MIG-11110000-aaaa,MIG-22220000-aaaa", (2,), id="two MIG instances of one device"),
        pytest.param("MIG-GPU-c0ffee00-0000/1/0", (2,), id="a MIG instance as older drivers name it"),
    ],
)
def test_visible_devices_follow_the_variable(variable: str | None, expected: tuple[int, ...]) -> None:
    actual = visible_devices(variable, KNOWN, BUS_ORDER, by_bus=True)

    assert expected == actual


@pytest.mark.parametrize(
    ("variable", "expected"),
    [
        pytest.param("0", None, id="which card is number 0 is not known"),
        pytest.param("0,1,2", (2, 0, 1), id="all of them are all of them"),
        pytest.param("-1", (), id="none is none"),
        pytest.param("GPU-c0", (2,), id="a UUID needs no order"),
    ],
)
def test_numbers_tell_of_no_card_when_cuda_orders_by_speed(variable: str, expected: tuple[int, ...] | None) -> None:
    actual = visible_devices(variable, KNOWN, BUS_ORDER, by_bus=False)

    assert expected == actual
