"""The page of many machines in a browser: nothing runs or is loaded, it fits a phone and is legible in the dark."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from _reports_of_many import full_fleet

from envprint.fleet.comparing import compare_files
from envprint.fleet.page import render_fleet_html

sys.path.insert(0, str(Path(__file__).parent.parent / "renderers"))

from test_html_in_browser import CONTRAST, OPEN_ALL, READABLE, browser, requested, show

__all__ = ["browser", "show"]
pytestmark = [pytest.mark.browser, pytest.mark.slow]
Open = Callable[..., Any]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1100])
def test_a_fleet_is_shown_whole_and_legible_without_a_request(
    show: Open,
    samples: Path,
    width: int,
    scheme: str,
) -> None:
    report = compare_files([str(samples / "manifests"), str(samples / "pairs" / "numpy-simd")])
    for page in (render_fleet_html(report), render_fleet_html(full_fleet("<script>window.pwned = 1</script>" * 5))):
        shown = show(page, width=width, scheme=scheme)
        shown.execute_script(OPEN_ALL)
        contrast, where = shown.execute_script(CONTRAST)

        assert [] == shown.get_log("browser")
        assert {shown.current_url} == requested(shown)
        assert shown.execute_script("return window.pwned === undefined")
        assert width >= shown.execute_script("return document.documentElement.scrollWidth")
        assert contrast >= READABLE, where
