"""The runs workspace as people use it: filter, sort, group, choose columns, select and act, by mouse and by keys."""

import json
import re

import pytest
from playwright.sync_api import Locator, Page, Request, expect

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


def test_an_address_with_a_filter_that_is_wrong_says_so_and_clears_it(opened: Opened, filled: Filled) -> None:
    page = opened.go(f"/experiments/{filled.experiment_id}/runs?q=params.model+%3D%3D%3D+5")
    expect(page.get_by_role("heading", name="This filter cannot be read")).to_be_visible()
    page.get_by_role("main").get_by_role("button", name="Clear the filter").last.click()
    expect(_rows(page).get_by_role("link", name="broken")).to_be_visible()


def test_a_long_name_leaves_room_for_what_stands_beside_it(opened: Opened) -> None:
    name = "a-long-name/" + "lr=0.001 batch=128 " * 9
    made = opened.page.request.post(
        f"{opened.url}/api/2.0/mlflow/experiments/create", data={"name": name.strip()}
    )
    page = opened.go(f"/experiments/{made.json()['experiment_id']}/runs")
    expect(page.get_by_role("heading", level=1)).to_have_text(name.strip())
    crumb = page.get_by_role("navigation", name="Where this page is").get_by_role("link", name="Experiments")
    assert crumb.evaluate("link => link.scrollWidth <= link.offsetWidth")
    share = page.get_by_role("button", name="Share").bounding_box()
    title = page.get_by_role("heading", level=1).bounding_box()
    assert share
    assert title
    assert share["y"] < title["y"] + title["height"]


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


def test_a_cold_runs_page_takes_few_requests_and_little_script(opened: Opened, filled: Filled) -> None:
    seen: list[Request] = []
    opened.page.on("requestfinished", lambda request: seen.append(request))  # noqa: PLW0108 - Playwright marks what it calls
    page = opened.go(f"/experiments/{filled.experiment_id}/runs")
    expect(page.locator(".uplot canvas").first).to_be_visible()
    page.wait_for_timeout(3000)
    assert len(seen) <= 12, [each.url for each in seen]
    script = sum(each.sizes()["responseBodySize"] for each in seen if each.url.split("?")[0].endswith(".js"))
    assert 0 < script < 220_000


def test_a_menu_gives_the_focus_back_to_its_button(page: Page) -> None:
    button = page.get_by_role("button", name="More about the table")
    button.focus()
    button.press("Enter")  # fetches it the first time
    expect(page.get_by_role("menuitemcheckbox", name="Compact rows")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("menuitem")).to_have_count(0)
    expect(button).to_be_focused()


def _open(opened: Opened, filled: Filled, search: str) -> Page:
    return opened.go(f"/experiments/{filled.experiment_id}/runs{search}")


def _choose(page: Page, column: str, what: str) -> None:
    """Choose something in the menu of a column."""
    page.get_by_role("button", name=f"Menu of the column {column}", exact=True).click()
    page.get_by_role("menuitem", name=what).or_(page.get_by_role("menuitemradio", name=what)).first.click()


def test_runs_are_coloured_by_a_value_and_have_their_own_colours_again(
    opened: Opened, filled: Filled
) -> None:
    page = _open(opened, filled, f"?cols={json.dumps(['params.model', 'params.lr'])}")
    _choose(page, "model", "Colour by it")
    expect(page).to_have_url(re.compile(r"color=params\.model"))
    colours = page.get_by_role("region", name="Colours")
    expect(colours).to_contain_text("cnn (8)")
    expect(_rows(page).get_by_role("img", name="gives the colours")).to_be_visible()
    colours.get_by_role("button", name="Colour by model").click()
    page.get_by_role("menuitemradio", name="lr").click()
    expect(colours).to_contain_text("logarithmic")
    page.go_back()
    expect(colours).to_contain_text("cnn (8)")
    colours.get_by_role("button", name="Own colours").click()
    expect(colours).to_have_count(0)
    expect(page).not_to_have_url(re.compile("color="))


def test_where_lines_outnumber_the_styles_colours_by_value_are_offered(
    opened: Opened, filled: Filled
) -> None:
    page = _open(opened, filled, "?show=500")
    expect(page.get_by_role("region", name="Colours")).to_contain_text("29 lines share 24 styles")


def test_a_value_that_is_no_number_says_since_which_step(opened: Opened, filled: Filled) -> None:
    page = _open(
        opened,
        filled,
        f"?mode=table&cols={json.dumps(['metrics.loss', 'metrics.strange'])}&q=run_name+%3D+%27cnn+03%27",
    )
    expect(_rows(page).get_by_title("NaN at step 60")).to_contain_text("at 60")
    expect(_rows(page).get_by_title("-∞ at step 1")).to_be_visible()


def test_the_step_of_the_best_value_is_a_column_that_can_be_sorted(opened: Opened, filled: Filled) -> None:
    page = _open(opened, filled, f"?mode=table&cols={json.dumps(['metrics.loss'])}")
    _choose(page, "loss", "Least value")
    _choose(page, "loss, min", "Add the step of this value")
    head = _rows(page).get_by_role("columnheader", name="loss, step of min")
    expect(head).to_be_visible()
    head.get_by_role("button").first.click()
    expect(head).to_have_attribute("aria-sort", "ascending")
    first = _rows(page).get_by_role("row").nth(1)
    expect(first.get_by_role("gridcell").nth(2)).to_have_text("0")


def test_a_group_is_selected_whole_and_lights_what_the_charts_draw_for_it(
    opened: Opened, filled: Filled
) -> None:
    page = _open(opened, filled, f"?group={json.dumps(['params.model'])}")
    row = _rows(page).get_by_role("row", name=re.compile("^Select the runs of cnn"))
    row.hover()
    expect(row).to_have_attribute("data-lit", "true")
    row.get_by_role("button", name="Show the runs of cnn").click()
    _rows(page).get_by_role("row", name=re.compile("cnn 21")).hover()
    expect(row).to_have_attribute("data-lit", "true")
    row.get_by_role("checkbox").check()
    expect(page.get_by_role("region", name="Selected runs")).to_contain_text("8 selected")
