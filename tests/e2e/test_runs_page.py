"""The runs workspace as people use it: filter, sort, group, choose columns, select and act, by mouse and by keys."""

import json
import re

import pytest
from playwright.sync_api import Locator, Page, expect

from e2e.conftest import Filled, Opened


@pytest.fixture
def page(opened: Opened, filled: Filled) -> Page:
    shown = opened.go(f"/experiments/{filled.experiment_id}/runs")
    expect(_rows(shown).get_by_role("link", name="broken")).to_be_visible()
    return shown


def _rows(page: Page) -> Locator:
    return page.get_by_role("grid", name="Runs").or_(page.get_by_role("treegrid", name="Runs"))


def _filter(page: Page, text: str) -> Locator:
    box = page.get_by_role("combobox", name="Filter")
    box.fill(text)
    box.press("Enter")
    return box


def test_a_filter_in_the_search_language_narrows_the_table(page: Page) -> None:
    _filter(page, "params.model = 'tree' AND metrics.loss < 0.1")
    expect(_rows(page).get_by_role("link", name="mlp 22")).to_have_count(0)
    expect(_rows(page).get_by_role("link", name=re.compile("^tree "))).not_to_have_count(0)


def test_a_filter_that_is_wrong_says_what_is_wrong_and_the_rows_stay(page: Page) -> None:
    _filter(page, "params.model === 5")
    expect(page.locator("main")).to_contain_text(re.compile("===|Invalid|expected|filter", re.IGNORECASE))
    expect(_rows(page).get_by_role("link", name="broken")).to_be_visible()


def test_the_filter_completes_keys_and_values(page: Page) -> None:
    box = page.get_by_role("combobox", name="Filter")
    box.click()
    box.press_sequentially("params.mo")
    expect(page.get_by_role("option", name=re.compile("model")).first).to_be_visible()
    box.fill("")
    box.press_sequentially("params.model = 'c")
    expect(page.get_by_role("option", name=re.compile("cnn")).first).to_be_visible()


def test_a_click_on_a_head_sorts_and_a_second_one_turns_it(page: Page) -> None:
    head = _rows(page).get_by_role("button", name="loss", exact=True)
    head.click()
    expect(page).to_have_url(re.compile("sort="))
    first = _rows(page).get_by_role("link").first.inner_text()
    head.click()
    expect(_rows(page).get_by_role("link").first).not_to_have_text(first)


def test_what_does_not_match_is_said_with_a_way_out(page: Page) -> None:
    _filter(page, "params.model = 'no such model'")
    expect(page.locator("main")).to_contain_text(re.compile("no run", re.IGNORECASE))


def test_a_column_is_found_by_name_and_shown(page: Page) -> None:
    page.keyboard.press("1")
    page.get_by_role("button", name=re.compile("^Columns")).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("Tags", exact=True).click()
    dialog.get_by_role("textbox", name="Search names").fill("tea")
    dialog.get_by_role("checkbox", name="team").check()
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile("team"))
    expect(_rows(page).get_by_role("columnheader", name=re.compile("team"))).to_be_attached()


def test_rows_are_grouped_with_their_mean(page: Page) -> None:
    page.get_by_role("button", name="Group", exact=True).click()
    page.get_by_role("dialog").get_by_role("checkbox", name="model").check()
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile("group="))
    expect(_rows(page)).to_contain_text("±")


def test_two_rows_are_selected_by_keys_and_compared(page: Page) -> None:
    _rows(page).get_by_role("checkbox", name="Select tree 23").check()
    _rows(page).get_by_role("checkbox", name="Select mlp 22").check()
    page.get_by_role("button", name=re.compile("^Compare")).last.click()
    expect(page.get_by_role("table", name="Differences")).to_contain_text("tree 23")
    expect(page.get_by_role("table", name="Differences")).to_contain_text("mlp 22")


def test_runs_are_deleted_and_undone(page: Page, opened: Opened) -> None:
    _rows(page).get_by_role("checkbox", name="Select trial 0").check()
    page.get_by_role("button", name="Move to trash").click()
    expect(_rows(page).get_by_role("link", name="trial 0")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(_rows(page).get_by_role("link", name="trial 0")).to_be_visible()


def test_keys_move_and_open_rows(page: Page) -> None:
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/runs/[0-9a-f]{32}"))


def test_keys_change_what_is_shown(page: Page) -> None:
    page.keyboard.press("1")
    expect(page).to_have_url(re.compile("mode=table"))
    page.keyboard.press("3")
    expect(page).to_have_url(re.compile("mode=charts"))
    page.keyboard.press("2")
    expect(page).not_to_have_url(re.compile("mode="))


def test_charts_show_each_metric_and_one_value_metrics_together(page: Page) -> None:
    page.keyboard.press("3")
    main = page.locator("main")
    expect(main.get_by_text("accuracy", exact=True).first).to_be_visible()
    expect(main.locator("canvas").first).to_be_visible()
    main.get_by_role("button", name=re.compile("^final")).scroll_into_view_if_needed()
    expect(main.get_by_text("f1", exact=True).first).to_be_visible()


def test_nan_and_infinities_are_shown_as_what_they_are(opened: Opened, filled: Filled) -> None:
    path = f"/experiments/{filled.experiment_id}/runs?mode=table&cols={json.dumps(['metrics.loss', 'metrics.strange', 'max(metrics.strange)'])}"
    page = opened.go(path)
    row = _rows(page).get_by_role("row", name=re.compile("cnn 03"))
    _filter(page, "attributes.run_name = 'cnn 03'")
    expect(row).to_contain_text("NaN")
    expect(row).to_contain_text(re.compile("∞|Infinity"))


def test_a_nested_run_stands_below_its_parent_in_the_tree(opened: Opened, filled: Filled) -> None:
    page = opened.go(f"/experiments/{filled.experiment_id}/runs?mode=table&tree=true")
    expect(_rows(page).get_by_role("link", name="sweep")).to_be_visible()
    _rows(page).get_by_role("button", name="Show the 3 runs under sweep").click()
    expect(_rows(page).get_by_role("row", name=re.compile("trial 1"))).to_have_attribute("aria-level", "2")


def test_a_view_is_saved_and_opened_by_another(page: Page, opened: Opened, filled: Filled) -> None:
    _filter(page, "params.model = 'cnn'")
    page.get_by_role("button", name="Views").click()
    page.get_by_role("menuitem", name=re.compile("[Ss]ave")).first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox").first.fill("only cnn")
    dialog.get_by_role("button", name=re.compile("[Ss]ave")).click()
    expect(dialog).to_have_count(0)
    fresh = opened.go(f"/experiments/{filled.experiment_id}/runs")
    fresh.get_by_role("button", name=re.compile("Views|only cnn")).click()
    fresh.get_by_role("menuitem", name=re.compile("only cnn")).click()
    expect(_rows(fresh).get_by_role("link", name="mlp 22")).to_have_count(0)
    expect(_rows(fresh).get_by_role("link", name="cnn 21")).to_be_visible()
