"""The page of a run: its values, notes, files with their previews, media by step, source; deleting and bringing back."""

import re

import pytest
from playwright.sync_api import expect

from e2e.conftest import Filled, Opened


@pytest.fixture
def place(filled: Filled) -> str:
    """The path of a run with everything."""
    return f"/experiments/{filled.experiment_id}/runs/{filled.runs[0]}"


def test_params_and_metrics_are_on_the_first_screen(opened: Opened, place: str) -> None:
    page = opened.go(place)
    expect(
        page.get_by_role("table", name="Params").get_by_role("row", name=re.compile("^model"))
    ).to_contain_text("cnn")
    metrics = page.get_by_role("region", name=re.compile("^Metrics"))
    expect(metrics).to_contain_text("final/f1")
    box = metrics.bounding_box()
    assert box
    assert box["y"] + 100 < 900


def test_a_metric_says_when_it_was_best_and_since_when_it_is_no_number(
    opened: Opened, filled: Filled
) -> None:
    page = opened.go(f"/experiments/{filled.experiment_id}/runs/{filled.runs[3]}")
    metrics = page.get_by_role("table", name="Metrics")
    row = metrics.get_by_role("row", name=re.compile("loss"))
    expect(row.get_by_title("NaN since step 60")).to_be_visible()
    expect(metrics.get_by_role("columnheader", name="best at")).to_be_visible()
    row.get_by_role("button", name="Chart of loss").hover()
    expect(
        page.get_by_text(re.compile(r"^1 of them NaN|61 points, 1 of them NaN, the first at step 60"))
    ).to_be_visible()


def test_a_name_a_note_and_a_tag_are_edited_and_kept(opened: Opened, filled: Filled) -> None:
    place = f"/experiments/{filled.experiment_id}/runs/{filled.runs[4]}"
    page = opened.go(place)
    page.get_by_role("button", name="Add tag").click()
    fields = page.get_by_role("region", name=re.compile("^Tags")).get_by_role("textbox")
    fields.nth(0).fill("owner")
    fields.nth(1).fill("ann")
    fields.nth(1).press("Enter")
    expect(page.get_by_role("region", name=re.compile("^Tags"))).to_contain_text("ann")
    notes = page.get_by_role("region", name="Notes")
    notes.get_by_text("Write", exact=True).click()
    notes.get_by_role("textbox").fill("Written **here**.")
    notes.get_by_text("Read", exact=True).click()
    expect(notes.locator("strong")).to_have_text("here")
    expect(notes.get_by_role("status")).to_have_text("Saved")
    page.reload()
    expect(page.get_by_role("region", name="Notes").locator("strong")).to_have_text("here")
    expect(page.get_by_role("region", name=re.compile("^Tags"))).to_contain_text("ann")


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("README.md", "Model card"),
        ("config/model.json", "adam"),
        ("data/points.csv", "point 7"),
        ("train.py", "math.pi"),
        ("notes.txt", "plain words"),
        ("empty.txt", "This file is empty."),
        ("tables/answers.json", "2 + 2"),
    ],
)
def test_a_file_is_shown_as_what_it_is(opened: Opened, place: str, path: str, shown: str) -> None:
    page = opened.go(f"{place}/artifacts/{path}")
    expect(page.locator("main").get_by_text(shown).first).to_be_visible()


def test_the_tree_opens_folders_and_the_address_follows(opened: Opened, place: str) -> None:
    page = opened.go(f"{place}/artifacts")
    page.get_by_text("config", exact=True).click()
    page.get_by_text("model.json", exact=True).click()
    expect(page).to_have_url(re.compile(r"/artifacts/config/model\.json"))
    expect(page.locator("main").get_by_text("adam").first).to_be_visible()


def test_html_runs_in_a_sandbox_and_reaches_nothing(opened: Opened, place: str) -> None:
    page = opened.go(f"{place}/artifacts/report.html")
    frame = page.frame_locator("iframe")
    expect(frame.get_by_text("scripts run")).to_be_visible()
    expect(frame.locator("body")).to_contain_text("kept out")
    expect(frame.locator("body")).to_contain_text("no API")
    assert page.evaluate("window.attacked") is None
    sandbox = page.locator("iframe").get_attribute("sandbox")
    assert sandbox == "allow-scripts"


def test_a_file_is_downloaded_as_it_is(opened: Opened, place: str) -> None:
    page = opened.go(f"{place}/artifacts/notes.txt")
    with page.expect_download() as waiting:
        page.get_by_role("button", name=re.compile("^Download")).or_(
            page.get_by_role("link", name=re.compile("^Download"))
        ).first.click()
    assert waiting.value.path().read_text("utf-8") == "plain words\n"
    assert waiting.value.suggested_filename == "notes.txt"


def test_one_slider_moves_all_media(opened: Opened, place: str) -> None:
    page = opened.go(f"{place}/media")
    expect(page.get_by_role("img", name="prediction at step 20")).to_be_visible()
    slider = page.get_by_role("slider", name="Step")
    slider.focus()
    slider.press("ArrowLeft")
    expect(page.get_by_role("img", name="prediction at step 10")).to_be_visible()
    expect(page).to_have_url(re.compile("step=10"))


def test_charts_and_system_metrics_have_their_tabs(opened: Opened, place: str) -> None:
    page = opened.go(place)
    page.get_by_role("link", name="Charts", exact=True).click()
    expect(page.locator("main canvas").first).to_be_visible()
    page.get_by_role("link", name="System", exact=True).click()
    expect(page.locator("main")).to_contain_text("cpu_utilization_percentage")


def test_parts_of_a_run_stay_where_they_are_when_another_is_chosen(opened: Opened, place: str) -> None:
    page = opened.go(place)
    parts = page.get_by_role("navigation", name="Parts of the run").get_by_role("link")
    before = [parts.nth(at).bounding_box() for at in range(6)]
    page.get_by_role("link", name="Media", exact=True).click()
    expect(parts.nth(3)).to_have_attribute("aria-current", "page")
    assert [parts.nth(at).bounding_box() for at in range(6)] == before


def test_the_source_names_the_program_and_its_packages(opened: Opened, place: str) -> None:
    page = opened.go(f"{place}/source")
    expect(page.locator("main")).to_contain_text("training.py")
    expect(page.locator("main")).to_contain_text("numpy")


def test_a_run_that_failed_says_so_in_words(opened: Opened, filled: Filled) -> None:
    page = opened.go(f"/experiments/{filled.experiment_id}/runs/{filled.broken}")
    expect(page.locator("main")).to_contain_text("failed")


def test_a_run_is_deleted_with_a_banner_and_restored(opened: Opened, filled: Filled) -> None:
    page = opened.go(f"/experiments/{filled.experiment_id}/runs/{filled.runs[5]}")
    page.get_by_role("button", name="More about this run").click()
    page.get_by_role("menuitem", name="Move to trash").click()
    expect(page.get_by_role("button", name="Stop")).to_have_count(0)
    page.get_by_role("button", name="Restore").click()
    expect(page.get_by_role("button", name="Restore")).to_have_count(0)


def test_the_present_view_is_copied_as_python(opened: Opened, place: str, filled: Filled) -> None:
    page = opened.go(place)
    page.get_by_role("button", name="More about this run").click()
    page.get_by_role("menuitem", name=re.compile("Copy as Python")).click()
    text = page.evaluate("navigator.clipboard.readText()")
    assert filled.runs[0] in text
    compile(text, "copied", "exec")


def test_the_tab_s_title_names_the_run(opened: Opened, place: str) -> None:
    page = opened.go(place)
    expect(page.get_by_role("heading", level=1)).to_have_text("cnn 00")
    expect(page).to_have_title(re.compile("cnn 00|[0-9a-f]{8}"))
