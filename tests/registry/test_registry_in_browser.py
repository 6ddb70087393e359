"""The pages of a registry in a browser: clicked through, by keyboard too; on a phone, in the dark."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from _servers import Server, on_sqlite, serving
from _stored import SAMPLES, content, document

sys.path.insert(0, str(Path(__file__).parent.parent / "renderers"))

from test_html_in_browser import CONTRAST, OPEN_ALL, READABLE, browser, requested

__all__ = ["browser"]
pytestmark = [pytest.mark.browser, pytest.mark.slow]
HOSTILE = "<script>window.pwned = 1</script>\"'><img src=x onerror=alert(1)>"
# what can be reached by the Tab key, in its order, that has no name for those who do not see it
NAMELESS = """
return [...document.querySelectorAll('a, button, input:not([type=hidden]), summary')].filter(each =>
  !(each.textContent.trim() || each.getAttribute('aria-label') || (each.labels && each.labels.length))).length
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("served")
    with serving(on_sqlite(folder), folder=folder) as running:
        for number in range(60):
            running.push(content(number, taken={"host": f"node{number}"}), f"many {number}")
        running.push(content(100, taken={"host": HOSTILE}, torch={"version": "x" * 190}), HOSTILE)
        for name in ("zen", "haswell"):
            running.push((SAMPLES / "manifests" / f"{name}.json").read_bytes(), f"run on {name}")
        yield running


def paths(server: Server) -> list[str]:
    zen, haswell = (
        orjson.loads((SAMPLES / "manifests" / f"{name}.json").read_bytes())["id"] for name in ("zen", "haswell")
    )
    hostile = document(100, taken={"host": HOSTILE}, torch={"version": "x" * 190})["id"]
    manifests = [f"/manifests/{each}" for each in (zen, hostile)]
    return [
        "/runs",
        "/runs?q=nothing-is-called-so",
        *manifests,
        f"/diff/{zen}/{haswell}",
        f"/diff/{zen}/{hostile}",
        "/fleet",
    ]


def look(browser: Any, url: str, *, width: int = 1100, scheme: str = "light") -> Any:
    """Open a page of the server as a window shows it."""
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    schemes = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": schemes})
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    for log in ("browser", "performance"):
        browser.get_log(log)
    browser.get(url)
    return browser


def wait_for(page: Any, part: str) -> None:
    """Wait until what was clicked is there, whole."""
    from selenium.webdriver.support.wait import WebDriverWait

    ready = "return document.readyState === 'complete'"
    WebDriverWait(page, 20).until(lambda shown: part in shown.current_url and shown.execute_script(ready))


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (360, "light"), (1100, "dark"), (1100, "light")])
def test_each_page_fits_is_legible_and_asks_for_nothing_else(
    browser: Any, server: Server, width: int, scheme: str
) -> None:
    for path in paths(server):
        page = look(browser, server.url + path, width=width, scheme=scheme)
        page.execute_script(OPEN_ALL)
        contrast, where = page.execute_script(CONTRAST)
        asked = {url for url in requested(page) if not url.endswith("/favicon.ico")}

        assert [] == page.get_log("browser"), path
        assert {page.current_url} == asked
        assert width >= page.execute_script("return document.documentElement.scrollWidth"), path
        assert contrast >= READABLE, (path, where)
        assert page.execute_script("return window.pwned === undefined")
        assert 0 == page.execute_script("return document.querySelectorAll('script, img, iframe, [onload]').length")
        assert 0 == page.execute_script(NAMELESS), path
        assert b"\x89PNG" == page.get_screenshot_as_png()[:4]


def test_two_runs_are_found_chosen_and_compared_by_clicks(browser: Any, server: Server) -> None:
    page = look(browser, server.url)
    assert f"{server.url}/runs" == page.current_url
    page.find_element("name", "q").send_keys("run on")
    page.find_element("css selector", ".search button").click()
    wait_for(page, "q=run+on")
    rows = [each.text for each in page.find_elements("css selector", ".runs tbody th a")]
    page.find_element("css selector", ".compare button").click()
    wait_for(page, "/diff/")
    compared = page.find_element("css selector", ".manifests").text

    assert ["run on haswell", "run on zen"] == rows
    assert "run on zen" in compared
    assert "run on haswell" in compared
    page.back()
    wait_for(page, "q=run+on")
    page.find_element("link text", "run on zen").click()
    wait_for(page, "/manifests/")
    assert "run on zen" == page.find_element("tag name", "h1").text
    page.find_element("link text", "runs").click()
    wait_for(page, "/runs")
    page.find_element("link text", "which of these compute the same bits").click()
    wait_for(page, "/fleet")
    assert [] == page.get_log("browser")


def test_older_runs_are_a_click_away(browser: Any, server: Server) -> None:
    page = look(browser, f"{server.url}/runs?q=node")
    first = [each.text for each in page.find_elements("css selector", ".runs tbody th a")]
    page.find_element("link text", "older").click()
    wait_for(page, "after=")
    second = [each.text for each in page.find_elements("css selector", ".runs tbody th a")]

    assert [f"many {number}" for number in reversed(range(60))] == first + second
    assert [] == page.find_elements("link text", "older")


def test_a_comparison_is_asked_for_by_keyboard_alone(browser: Any, server: Server) -> None:
    from selenium.webdriver.common.keys import Keys

    page = look(browser, f"{server.url}/runs")
    for _ in range(2):  # runs, then the first field
        page.switch_to.active_element.send_keys(Keys.TAB)
    page.switch_to.active_element.send_keys("run on", Keys.ENTER)
    wait_for(page, "q=run+on")
    for _ in range(40):
        page.switch_to.active_element.send_keys(Keys.TAB)
        if page.switch_to.active_element.text == "Compare a with b":
            break
    outline = page.execute_script("return getComputedStyle(document.activeElement).outlineStyle")
    page.switch_to.active_element.send_keys(Keys.ENTER)

    wait_for(page, "/diff/")
    assert "solid" == outline


def test_an_id_is_compared_from_the_page_of_a_manifest(browser: Any, server: Server) -> None:
    from selenium.webdriver.common.keys import Keys

    one, other = (document(number, taken={"host": f"node{number}"})["id"] for number in (1, 2))
    page = look(browser, f"{server.url}/manifests/{one}")
    page.find_element("name", "b").send_keys(other[:19], Keys.ENTER)

    wait_for(page, f"/diff/{one.removeprefix('sha256:')}/")
    assert "many 1" in page.find_element("css selector", ".manifests").text
