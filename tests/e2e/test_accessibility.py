"""Accessibility: axe finds nothing serious on any screen in either theme; pages are usable at 800 px. Pictures of all of it are kept."""

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from e2e.conftest import Filled, Opened, find_violations, take_picture
from serving import Server

SCREENS = {
    "home": "/",
    "experiments": "/experiments",
    "runs": "/experiments/{e}/runs",
    "runs-table": "/experiments/{e}/runs?mode=table&group="
    + json.dumps(["params.model"]).replace('"', "%22"),
    "runs-charts": "/experiments/{e}/runs?mode=charts",
    "run": "/experiments/{e}/runs/{r}",
    "run-charts": "/experiments/{e}/runs/{r}/model-metrics",
    "run-system": "/experiments/{e}/runs/{r}/system-metrics",
    "run-media": "/experiments/{e}/runs/{r}/media",
    "run-artifacts": "/experiments/{e}/runs/{r}/artifacts/data/points.csv",
    "run-source": "/experiments/{e}/runs/{r}/source",
    "compare": "/compare-runs?runs={rs}&experiments=%5B%22{e}%22%5D",
    "compare-parallel": "/compare-runs?runs={rs}&experiments=%5B%22{e}%22%5D&tab=parallel",
    "compare-scatter": "/compare-runs?runs={rs}&experiments=%5B%22{e}%22%5D&tab=scatter",
    "compare-box": "/compare-runs?runs={rs}&experiments=%5B%22{e}%22%5D&tab=box",
    "compare-groups": "/compare-runs?runs={rs}&experiments=%5B%22{e}%22%5D&tab=groups",
    "models": "/experiments/{e}/models",
    "datasets": "/experiments/{e}/datasets",
    "settings": "/settings",
    "api": "/api-reference",
    "nothing": "/no/such/page",
}


def _path(name: str, filled: Filled) -> str:
    runs = json.dumps(filled.runs[:6]).replace(" ", "").replace('"', "%22")
    return (
        SCREENS[name]
        .replace("{e}", filled.experiment_id)
        .replace("{rs}", runs)
        .replace("{r}", filled.runs[0])
    )


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", SCREENS)
def test_axe_finds_nothing_serious(
    open_at: Callable[..., Opened], server: Server, filled: Filled, name: str, theme: str
) -> None:
    page = open_at(server.url, color_scheme=theme).go(_path(name, filled))
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.wait_for_timeout(1200)
    take_picture(page, f"{name}-{theme}")
    assert find_violations(page) == []


@pytest.mark.parametrize("name", ["home", "experiments", "runs", "run", "compare", "settings"])
def test_a_narrow_window_shows_everything_without_sideways_scrolling(
    open_at: Callable[..., Opened], server: Server, filled: Filled, name: str
) -> None:
    page = open_at(server.url, viewport={"width": 800, "height": 900}).go(_path(name, filled))
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.wait_for_timeout(800)
    take_picture(page, f"{name}-narrow")
    assert page.evaluate("document.documentElement.scrollWidth") <= 800


def test_the_theme_that_somebody_chose_is_kept(opened: Opened, filled: Filled) -> None:
    page = opened.go("/settings")
    page.get_by_text("Dark", exact=True).last.click()
    expect(page.locator("html")).to_have_attribute("data-mantine-color-scheme", "dark")
    page = opened.go("/experiments")
    expect(page.locator("html")).to_have_attribute("data-mantine-color-scheme", "dark")


def test_everything_on_the_way_can_be_reached_by_tab_and_is_seen(opened: Opened, filled: Filled) -> None:
    page = opened.go("/experiments")
    expect(page.get_by_role("link", name="Default")).to_be_visible()
    reached: set[str] = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        told = page.evaluate(
            """() => { const e = document.activeElement; const s = getComputedStyle(e);
                return [(e.getAttribute('aria-label') || e.textContent || e.placeholder || '').trim(), s.outlineStyle !== 'none' || s.boxShadow !== 'none' || s.borderColor]; }"""
        )
        reached.add(told[0])
        assert told[1]
    for name in ("Default", "New experiment"):
        assert any(name in each for each in reached), (name, reached)
