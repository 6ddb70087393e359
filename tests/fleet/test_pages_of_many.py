"""What is said of many manifests, shown: whatever stands in names and values stays text."""

import re

import pytest
from _reports_of_many import full_fleet

from envprint.fleet.markdown import render_fleet_markdown
from envprint.fleet.page import render_fleet_html
from envprint.fleet.text import lay_out_fleet
from envprint.renderers.layout import draw

HOSTILE = (
    "<script>window.pwned = 1</script>",
    "</title><img src=x onerror=alert(1)>",
    "a\x1b[31mb\u202ec",
    "|`@all` #1",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_what_names_hold_stays_text(text: str) -> None:
    page, terminal, issue = (
        render_fleet_html(full_fleet(text)),
        draw(lay_out_fleet(full_fleet(text))),
        render_fleet_markdown(full_fleet(text)),
    )

    assert not any(mark in each for mark in ("\x1b", "\u202e") for each in (page, terminal, issue))
    assert not any(mark in page for mark in ("<script", "<img"))
    assert not re.search(r"(?<!\\)<(script|img)", re.sub("`[^`]*`", "", issue))


def test_the_text_has_80_columns_and_tells_all_parts() -> None:
    told = draw(lay_out_fleet(full_fleet("name")))

    assert max(map(len, told.splitlines())) <= 80
    for part in (
        "turned",
        "suspect",
        "differs",
        "no probe computes",
        "ruled out",
        "told by",
        "unknown",
        "silent data corruption",
    ):
        assert part in told


def test_the_picture_has_a_row_a_machine_and_a_cell_a_kernel_that_moved() -> None:
    page = render_fleet_html(full_fleet("name"))

    assert 4 == page.count('class="ground"')
    assert 2 * 2 == page.count('fill-opacity="') - 5  # the legend has five
    assert "how far is not known" in page


def test_of_many_machines_groups_have_rows() -> None:
    few = full_fleet("name")
    many = few.groups[0].model_copy(update={"members": tuple(f"node{number}" for number in range(500))})
    page = render_fleet_html(few.model_copy(update={"groups": (many, few.groups[1])}))

    assert 2 == page.count('class="ground"')
    assert "group 1: 500" in page
