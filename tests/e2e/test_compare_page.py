"""Comparing: what differs, every way of drawing it, groups with an interval, and what fewer than two runs get."""

import json
import re

import pytest
from playwright.sync_api import Page, expect

from e2e.conftest import Filled, Opened


def _open(opened: Opened, filled: Filled, count: int, more: str = "") -> Page:
    runs, experiments = json.dumps(filled.runs[:count]), json.dumps([filled.experiment_id])
    return opened.go(f"/compare-runs?runs={runs}&experiments={experiments}{more}".replace(" ", ""))


def test_only_what_differs_is_shown_until_all_is_asked_for(opened: Opened, filled: Filled) -> None:
    page = _open(opened, filled, 3)
    table = page.get_by_role("table", name="Differences")
    expect(table).to_contain_text("lr")
    expect(table).not_to_contain_text("batch_size")
    page.get_by_role("switch", name="Only differences").click()
    expect(table).to_contain_text("batch_size")
    expect(page).to_have_url(re.compile("all=true"))


def test_another_base_line_turns_the_deltas(opened: Opened, filled: Filled) -> None:
    page = _open(opened, filled, 3)
    page.get_by_role("button", name="Actions of mlp 01").click()
    page.get_by_role("menuitem", name=re.compile("base", re.IGNORECASE)).click()
    expect(page).to_have_url(re.compile(f"base={filled.runs[1]}"))


def test_runs_become_rows(opened: Opened, filled: Filled) -> None:
    page = _open(opened, filled, 3)
    page.get_by_role("button", name="Runs as rows").click()
    expect(page).to_have_url(re.compile("transposed=true"))
    expect(page.locator("main").get_by_role("rowheader", name=re.compile("cnn 00"))).to_be_visible()


@pytest.mark.parametrize(
    "tab", ["Charts", "Parallel", "Scatter", "Boxes", "Contour", "Importance", "Groups", "Media"]
)
def test_each_way_of_drawing_opens_and_stands_in_the_address(
    opened: Opened, filled: Filled, tab: str
) -> None:
    page = _open(opened, filled, 9)
    expect(page.get_by_role("table", name="Differences")).to_be_visible()
    page.get_by_role("tab", name=tab).click()
    expect(page).to_have_url(re.compile("tab="))
    panel = page.get_by_role("tabpanel", name=tab)
    expect(panel).to_be_visible()
    expect(panel).not_to_be_empty()
    expect(page.get_by_role("alert")).to_have_count(0)


def test_one_run_is_asked_for_a_second(opened: Opened, filled: Filled) -> None:
    page = _open(opened, filled, 1)
    expect(page.locator("main")).to_contain_text(re.compile("second|another|two", re.IGNORECASE))


def test_no_run_is_told_what_to_do(opened: Opened, filled: Filled) -> None:
    page = opened.go("/compare-runs")
    expect(page.locator("main")).to_contain_text(re.compile("run", re.IGNORECASE))


def test_logged_tables_stand_side_by_side(opened: Opened, filled: Filled) -> None:
    page = _open(opened, filled, 2)
    page.get_by_role("tab", name="Media").click()
    page.get_by_role("combobox", name="Key").click()
    page.get_by_role("option", name="tables/answers.json (2 runs)").click()
    tables = page.get_by_role("region", name="Rows of tables/answers.json")
    expect(tables).to_have_count(2)
    expect(tables.first).to_contain_text("2 + 2")


def test_a_long_comparison_is_shared_by_a_short_address(opened: Opened, filled: Filled) -> None:
    chosen = json.dumps([*filled.runs, filled.broken, filled.parent])
    page = opened.go(f"/compare-runs?runs={chosen}&tab=charts&find={'x' * 1200}")
    page.get_by_role("button", name="Share").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    address = page.evaluate("navigator.clipboard.readText()")
    assert len(address) < 120
    page.goto("about:blank")
    page.goto(address)
    expect(page).to_have_url(re.compile("tab=charts.*find=xxx|find=xxx.*tab=charts"))
    expect(page.locator("main")).to_contain_text("26 runs")
