"""The HTML page in a browser: nothing runs, nothing is loaded; it fits a phone, is dark in the dark, and legible."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from _reports import HOSTILE, full_checkup, full_models, full_report, kernels

from envprint.causes import explain
from envprint.manifest import parse_manifest
from envprint.renderers.html import render_checkup_html, render_html
from envprint.report import Drift, Report

pytestmark = [pytest.mark.browser, pytest.mark.slow]

FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)
READABLE = 4.5  # https://www.w3.org/TR/WCAG22/#contrast-minimum
OPEN_ALL = "document.querySelectorAll('details').forEach(each => each.open = true)"
# the least contrast of all texts, and the text that has it
CONTRAST = r"""
const numbers = color => color.match(/[\d.]+/g).map(Number)
const light = color => numbers(color).slice(0, 3).map(c => c / 255)
  .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
  .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0)
const ground = each => {
  for (; each; each = each.parentElement) {
    const color = getComputedStyle(each).backgroundColor
    if ((numbers(color)[3] ?? 1) > 0) return color
  }
}
const worst = [99, '']
for (const each of document.body.querySelectorAll('*')) {
  const text = [...each.childNodes].filter(node => node.nodeType === 3).map(node => node.data.trim()).join('')
  if (!text || ['title', 'desc', 'style'].includes(each.localName) || !each.getClientRects().length) continue
  const style = getComputedStyle(each), color = each.closest('svg') ? style.fill : style.color
  const pair = [light(color), light(ground(each))].sort((a, b) => b - a)
  const contrast = (pair[0] + 0.05) / (pair[1] + 0.05)
  if (contrast < worst[0]) worst.splice(0, 2, contrast, `${each.localName}.${each.className}: ${text.slice(0, 40)}`)
}
return worst
"""

# the size of each mark, and whether it lies in its lane
PLACES = """
return [...document.querySelectorAll('.lane use')].map(mark => {
  const box = mark.getBoundingClientRect(), lane = mark.closest('.lane').getBoundingClientRect()
  const across = box.left >= lane.left - 1 && box.right <= lane.right + 1
  return {width: box.width, height: box.height, within: across && box.top >= lane.top && box.bottom <= lane.bottom}
})
"""
# the same of the bar or mark of each tensor, and whether it is drawn in a colour that is not the ground's
ROWS = """
const ground = getComputedStyle(document.querySelector('.drift')).backgroundColor
return [...document.querySelectorAll('.tensor .scaled .marks > :not(title)')].map(drawn => {
  const box = drawn.getBoundingClientRect(), row = drawn.closest('.tensor').getBoundingClientRect()
  const across = box.left >= row.left - 3 && box.right <= row.right + 3
  const named = drawn.localName === 'use' && document.querySelector(drawn.getAttribute('href'))
  const style = getComputedStyle(named || drawn), colors = [style.fill, style.stroke].filter(each => each !== 'none')
  return {width: box.width, height: box.height, seen: colors.length > 0 && !colors.includes(ground),
          within: across && box.top >= row.top - 1 && box.bottom <= row.bottom + 1}
})
"""

Open = Callable[..., Any]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    from selenium.webdriver import Chrome, ChromeOptions
    from selenium.webdriver.chrome.service import Service

    options = ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for flag in (*FLAGS.split(), f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = Chrome(options=options, service=Service(shutil.which("chromedriver")))  # both given: nothing is fetched
    yield driver
    driver.quit()


@pytest.fixture
def show(browser: Any, tmp_path: Path) -> Open:
    """Open a page as a window of a width shows it, in the light or in the dark."""

    def show(text: str, *, width: int = 1100, scheme: str = "light") -> Any:
        page = tmp_path / "page.html"
        page.write_text(text, encoding="utf-8")
        schemes = [{"name": "prefers-color-scheme", "value": scheme}]
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": schemes})
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        for log in ("browser", "performance"):
            browser.get_log(log)  # what was before is told no more
        browser.get(page.as_uri())
        return browser

    return show


@pytest.fixture(scope="module")
def real(samples: Path) -> Report:
    a, b = (
        parse_manifest((samples / "manifests" / f"{name}.json").read_bytes()) for name in ("sapphire-rapids", "arm64")
    )
    return explain(a, b, name_a="sapphire-rapids.json", name_b="arm64.json")


def requested(browser: Any) -> set[str]:
    messages = (json.loads(entry["message"])["message"] for entry in browser.get_log("performance"))
    return {each["params"]["request"]["url"] for each in messages if each["method"] == "Network.requestWillBeSent"}


def test_a_browser_has_nothing_to_complain_of_and_asks_for_nothing_else(show: Open, real: Report) -> None:
    browser = show(render_html(real))
    browser.execute_script(OPEN_ALL)

    assert [] == browser.get_log("browser")
    assert {browser.current_url} == requested(browser)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_values_do_nothing(show: Open, text: str) -> None:
    from selenium.common.exceptions import NoAlertPresentException

    pages = (render_html(full_report(text, text)), render_html(full_models(text, text)))
    for page in (*pages, render_checkup_html(full_checkup(text))):
        browser = show(page)
        browser.execute_script(OPEN_ALL)

        with pytest.raises(NoAlertPresentException):
            _ = browser.switch_to.alert.text
        assert browser.execute_script("return window.pwned === undefined")
        assert 0 == browser.execute_script("return document.querySelectorAll('script, img, iframe, [onload]').length")
        assert [] == browser.get_log("browser")
        assert {browser.current_url} == requested(browser)


def test_the_policy_stops_a_script_that_got_in_all_the_same(show: Open) -> None:
    browser = show(render_html(full_report()).replace("</main>", "<script>window.pwned = 1</script></main>"))

    assert browser.execute_script("return window.pwned === undefined")
    assert ["security"] == [entry["source"] for entry in browser.get_log("browser")]


@pytest.mark.parametrize("width", [360, 700, 1100])
def test_a_page_fits_its_window_even_with_all_unfolded(show: Open, real: Report, width: int) -> None:
    pages = [
        render_html(real),
        render_html(full_report(HOSTILE[0], "n" * 300)),
        render_html(full_models(HOSTILE[0], "n" * 300)),
        render_html(full_models("a.b", "blocks.0.self_attn.in_proj_weight")),
        render_checkup_html(full_checkup("n" * 300)),
    ]
    for page in pages:
        browser = show(page, width=width)
        browser.execute_script(OPEN_ALL)

        assert width >= browser.execute_script("return document.documentElement.scrollWidth")


@pytest.mark.parametrize(("scheme", "is_dark"), [("light", False), ("dark", True)])
def test_a_page_is_dark_in_the_dark_and_legible_in_both(show: Open, real: Report, scheme: str, is_dark: bool) -> None:  # noqa: FBT001
    for page in (
        render_html(real),
        render_html(full_report("text", "name")),
        render_html(full_models("text", "name")),
        render_checkup_html(full_checkup("text")),
    ):
        browser = show(page, scheme=scheme)
        browser.execute_script(OPEN_ALL)
        ground = browser.execute_script(
            "return getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)"
        )
        contrast, where = browser.execute_script(CONTRAST)

        assert is_dark == (sum(ground) < 3 * 64)
        assert contrast >= READABLE, where


@pytest.mark.parametrize("width", [360, 1100])
def test_the_picture_is_seen_each_mark_in_its_lane(show: Open, width: int) -> None:
    browser = show(render_html(full_report("x").model_copy(update={"drift": Drift(kernels=kernels())})), width=width)
    places = browser.execute_script(PLACES)

    assert 14 == len(places)
    assert all(place["width"] > 3 and place["height"] > 3 and place["within"] for place in places)


@pytest.mark.parametrize("width", [360, 1100])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_each_tensor_has_a_bar_or_a_mark_that_is_seen_in_its_row(show: Open, width: int, scheme: str) -> None:
    browser = show(render_html(full_models("x")), width=width, scheme=scheme)
    places = browser.execute_script(ROWS)

    assert 10 == len(places)
    assert all(place["width"] > 3 and place["height"] > 3 and place["within"] for place in places)
    assert places[0]["width"] > places[2]["width"] > places[1]["width"]  # far, mean, near
    assert all(place["seen"] for place in places)


def test_marks_are_told_apart_without_colour_too(show: Open) -> None:
    browser = show(render_html(full_report("x").model_copy(update={"drift": Drift(kernels=kernels())})))
    shapes = browser.execute_script("return [...document.querySelectorAll('.mark')].map(mark => mark.innerHTML)")
    filled = browser.execute_script(
        "return [...document.querySelectorAll('.mark')].map(mark => getComputedStyle(mark).fill !== 'none')"
    )

    assert 5 == len({(shape.split()[0], shape, fill) for shape, fill in zip(shapes, filled, strict=True)})


def test_both_trees_are_drawn(show: Open) -> None:
    browser = show(render_html(full_report("x")))
    sizes = browser.execute_script(
        "return [...document.querySelectorAll('svg.order path')].map(path => [path.getTotalLength(),"
        " getComputedStyle(path).stroke])"
    )

    assert sizes
    assert all(length > 0 and stroke != "none" for length, stroke in sizes)
