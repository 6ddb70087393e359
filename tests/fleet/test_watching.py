"""A machine whose bits change against its own past is a suspect, where nothing else of it changed."""

from typing import Any

from _machines import real, with_fact, with_other_bits

from envprint.fleet.comparing import compare_known
from envprint.fleet.reading import known_of
from envprint.fleet.report import FleetReport
from envprint.fleet.text import lay_out_fleet
from envprint.fleet.watching import Past
from envprint.manifest import Manifest
from envprint.renderers.layout import draw

USUAL = "pairs/intra-op-threads/a"


def watched(*rounds: dict[str, dict[str, Any]]) -> FleetReport:
    past = Past()
    for machines in rounds:
        known = [known_of(document, name, past.catalogue) for name, document in machines.items()]
        past.heed(known)
        read = {name: Manifest.model_validate(document) for name, document in machines.items()}
        report = past.told(compare_known(known, past.catalogue, read.__getitem__))
    return report


def test_a_machine_that_goes_on_as_it_was_is_no_suspect() -> None:
    machines = {"a": real(USUAL), "b": real(USUAL)}

    assert ("equivalent", ()) == (watched(machines, machines).verdict, watched(machines, machines).turned)


def test_bits_that_change_while_nothing_else_does_are_said_to_be_corruption() -> None:
    healthy = {"a": real(USUAL), "b": real(USUAL)}
    turned = {**healthy, "b": with_other_bits(real(USUAL), "matmul-square-f32")}
    report = watched(healthy, turned)

    assert "divergent" == report.verdict
    assert [("b", ("cpu.matmul-square-f32",), True)] == [(t.name, t.kernels, t.suspect) for t in report.turned]
    assert "b computed other bits than before: suspect silent data corruption" in report.summary
    assert "and nothing else of it changed" in draw(lay_out_fleet(report))


def test_what_was_noticed_once_stays_noticed() -> None:
    healthy = {"a": real(USUAL), "b": real(USUAL)}
    turned = {**healthy, "b": with_other_bits(real(USUAL), "matmul-square-f32")}

    assert ["b"] == [each.name for each in watched(healthy, turned, healthy).turned]


def test_bits_that_change_with_a_setting_are_no_corruption() -> None:
    before = {"a": real(USUAL), "b": real(USUAL)}
    after = {**before, "b": with_fact(real("pairs/intra-op-threads/b"), "python.version", "3.11.7")}
    report = watched(before, after)

    assert [("b", False)] == [(each.name, each.suspect) for each in report.turned]
    assert "corruption" not in report.summary
