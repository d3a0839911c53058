"""Home and the list of experiments: find, create, rename, archive and bring back, star; what an empty server says."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from e2e.conftest import Filled, Opened
from headrace.client import connect
from serving import Server


def test_an_empty_server_says_how_to_begin(
    open_at: Callable[..., Opened], start: Callable[..., Server], tmp_path: Path
) -> None:
    with start(tmp_path / "empty") as empty:
        page = open_at(empty.url).go("/")
        expect(page.locator("main")).to_contain_text("Nothing is logged here yet")
        expect(page.locator("main")).to_contain_text(empty.url)


def test_home_shows_what_was_used_last(opened: Opened, filled: Filled) -> None:
    page = opened.go("/")
    expect(page.get_by_role("link", name="broken").first).to_be_visible()
    page.get_by_role("main").get_by_role("link", name="vision/shapes").first.click()
    expect(page.get_by_role("grid", name="Runs")).to_be_visible()


def test_a_filter_finds_by_name_and_shows_folders(opened: Opened, filled: Filled) -> None:
    page = opened.go("/experiments")
    tree = page.get_by_role("treegrid", name="Experiments")
    expect(tree.get_by_role("link", name="Default")).to_be_visible()
    page.get_by_role("textbox", name="Filter experiments").fill("shapes")
    expect(tree.get_by_role("link", name="Default")).to_have_count(0)
    expect(tree.get_by_role("link", name="shapes")).to_be_visible()
    expect(tree.get_by_role("row", name="shapes")).to_contain_text("29")


def _create(page: Page, name: str) -> None:
    page.get_by_role("button", name="New experiment").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox").first.fill(name)
    dialog.get_by_role("button", name="Create").click()


@pytest.mark.parametrize("name", ["team/new one", "größe 日本 / <b>x</b>"])
def test_an_experiment_is_created_renamed_archived_and_brought_back(
    opened: Opened, filled: Filled, name: str
) -> None:
    page = opened.go("/experiments")
    _create(page, name)
    leaf = name.rpartition("/")[2].strip() if name.startswith("team") else name
    expect(page.locator("main")).to_contain_text(name.rpartition("/")[2].strip())
    page = opened.go("/experiments")
    page.get_by_role("textbox", name="Filter experiments").fill(name.rpartition("/")[2].strip())
    tree = page.get_by_role("treegrid", name="Experiments")
    tree.get_by_role("button", name="Actions for").last.click()
    page.get_by_role("menuitem", name="Archive").click()
    expect(tree.get_by_role("link", name=leaf)).to_have_count(0)
    page.get_by_text("Archived", exact=True).click()
    expect(page.locator("main")).to_contain_text(name.rpartition("/")[2].strip())
    tree.get_by_role("button", name="Actions for").last.click()
    page.get_by_role("menuitem", name="Restore").click()
    page.get_by_text("Active", exact=True).click()
    expect(page.locator("main")).to_contain_text(name.rpartition("/")[2].strip())


def test_a_name_that_is_taken_is_refused_in_words(opened: Opened, filled: Filled) -> None:
    page = opened.go("/experiments")
    _create(page, "vision/shapes")
    expect(page.get_by_role("dialog")).to_contain_text("exists")


def test_a_star_brings_an_experiment_home(opened: Opened, filled: Filled) -> None:
    page = opened.go("/experiments")
    row = page.get_by_role("treegrid", name="Experiments").get_by_role("row", name="Default")
    row.get_by_role("button", name="Star this experiment").click()
    page.get_by_role("link", name="headrace").first.click()
    expect(page.get_by_role("main").locator("section", has_text="Starred")).to_contain_text("Default")


def test_the_palette_finds_runs_and_pages_by_keys_alone(opened: Opened, filled: Filled) -> None:
    page = opened.go("/experiments")
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog").locator("input")).to_be_focused()
    page.keyboard.type("cnn 21")
    expect(page.get_by_role("dialog").get_by_role("option").first).to_contain_text("cnn 21")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("cnn 21")


def test_a_question_mark_lists_the_keys(opened: Opened, filled: Filled) -> None:
    page = opened.go(f"/experiments/{filled.experiment_id}/runs")
    expect(page.get_by_role("link", name="broken")).to_be_visible()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Compare")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_an_experiment_shows_its_best_run_and_its_owner(opened: Opened, filled: Filled) -> None:
    page = opened.go("/experiments")
    row = page.get_by_role("treegrid", name="Experiments").get_by_role("row", name="shapes")
    expect(row).to_contain_text("val/accuracy")
    runs = opened.go(
        f"/experiments/{filled.experiment_id}/runs?mode=table&cols={json.dumps(['max(metrics.loss)'])}"
    )
    runs.get_by_role("button", name="Menu of the column loss, max").click()
    runs.get_by_role("menuitem", name="Show the best in the list of experiments").click()
    page = opened.go("/experiments")
    row = page.get_by_role("treegrid", name="Experiments").get_by_role("row", name="shapes")
    row.get_by_title(re.compile("the greatest loss of all runs, by broken")).click()
    expect(page).to_have_url(re.compile(filled.broken))


def test_home_shows_the_models_that_changed_last(opened: Opened, filled: Filled) -> None:
    with connect(opened.url) as client:
        client.models.create(filled.experiment_id, name="net of today")
    page = opened.go("/")
    line = page.get_by_role("listitem").filter(has_text="net of today")
    expect(line).to_contain_text("pending")
    line.get_by_role("link", name="net of today").click()
    expect(page).to_have_url(re.compile(r"/models/m-"))


def test_enter_before_the_server_has_answered_opens_what_it_finds(opened: Opened, filled: Filled) -> None:
    page = opened.go("/settings")
    page.keyboard.press("Control+k")
    page.get_by_role("combobox", name="Find").press_sequentially("broken", delay=1)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(rf"/runs/{filled.broken}"))
