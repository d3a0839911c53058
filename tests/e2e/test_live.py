"""Live: values of a training that goes on appear by themselves, a tick without news asks once and draws nothing, a server may go and come back."""

import re
from collections.abc import Callable
from pathlib import Path
from subprocess import Popen

from playwright.sync_api import Page, Request, expect

from e2e.conftest import Filled, Opened, run_program
from serving import Server

Training = tuple[Filled, "Popen[str]"]
FOLLOW = "/changes/follow"


def _path(filled: Filled) -> str:
    return f"/experiments/{filled.experiment_id}/runs"


def test_a_new_value_shows_without_loading_and_without_a_shift(opened: Opened, live: Training) -> None:
    page = opened.go(f"{_path(live[0])}/{live[0].runs[0]}")
    cell = page.get_by_role("region", name=re.compile("^Metrics")).get_by_role("row", name=re.compile("loss"))
    expect(cell).to_be_visible()
    before, box = cell.inner_text(), cell.bounding_box()
    expect(cell).not_to_have_text(before)
    after = cell.bounding_box()
    assert box
    assert after
    assert (box["x"], box["y"], box["height"]) == (after["x"], after["y"], after["height"])


def test_a_run_that_begins_appears_in_the_table(opened: Opened, server: Server, live: Training) -> None:
    page = opened.go(f"{_path(live[0])}?mode=table")
    rows = page.get_by_role("grid", name="Runs").get_by_role("link")
    expect(rows.first).to_be_visible()
    count = rows.count()
    page.evaluate(
        """async (experiment) => {
            await fetch('/api/2.0/mlflow/runs/create', {method: 'POST', headers: {'Content-Type': 'application/json'},
                body: JSON.stringify({experiment_id: experiment, run_name: 'begun meanwhile', start_time: Date.now()})});
        }""",
        live[0].experiment_id,
    )
    expect(rows).to_have_count(count + 1)
    expect(page.get_by_role("link", name="begun meanwhile").first).to_be_visible()


def test_a_run_is_asked_to_stop_from_its_page(opened: Opened, live: Training) -> None:
    page = opened.go(f"{_path(live[0])}/{live[0].runs[0]}")
    page.get_by_role("button", name=re.compile("^Stop")).click()
    confirm = page.get_by_role("dialog").get_by_role("button", name=re.compile("Stop|Ask"))
    if confirm.count():
        confirm.first.click()
    assert live[1].wait(60) == 0
    expect(page.locator("main")).to_contain_text("finished")


def test_without_news_one_call_waits_and_nothing_is_drawn(
    open_at: Callable[..., Opened], start: Callable[..., Server], tmp_path: Path
) -> None:
    with start(tmp_path / "quiet") as quiet:
        filled = run_program("fill", quiet.url)
        opened = open_at(quiet.url)
        page = opened.go(_path(filled))
        expect(page.get_by_role("link", name="broken")).to_be_visible()
        expect(page.locator("main canvas").first).to_be_visible()
        asked: list[str] = []
        page.on("request", lambda request: _note(asked, request))
        before = -1
        while before != len(asked):  # the page is done with what it shows first
            before = len(asked)
            page.wait_for_timeout(3000)
        asked.clear()
        page.evaluate(
            """() => { window.drawn = 0; new MutationObserver((all) => { window.drawn += all.length; })
                .observe(document.querySelector('main'), {subtree: true, childList: true, characterData: true}); }"""
        )
        page.wait_for_timeout(6000)
        assert [each for each in asked if FOLLOW not in each] == []
        assert len(asked) <= 1
        assert page.evaluate("window.drawn") == 0


def _note(asked: list[str], request: Request) -> None:
    asked.append(request.url)


def test_a_server_that_goes_is_told_and_the_page_goes_on_when_it_is_back(
    open_at: Callable[..., Opened], start: Callable[..., Server], tmp_path: Path
) -> None:
    with start(tmp_path / "moody") as first:
        filled = run_program("fill", first.url)
        opened = open_at(first.url)
        page = opened.go(f"{_path(filled)}?mode=table")
        expect(page.get_by_role("link", name="broken")).to_be_visible()
        port = first.port
    expect(page.get_by_role("status").filter(has_text="Not updating")).to_be_visible()
    expect(page.get_by_role("link", name="broken")).to_be_visible()
    with start(tmp_path / "moody", port=port):
        expect(page.get_by_text("live", exact=True).first).to_be_visible(timeout=30_000)
        _create_run(page, filled.experiment_id)
        expect(page.get_by_role("link", name="after the pause").first).to_be_visible()
        opened.complaints.clear()  # the calls that met nobody


def _create_run(page: Page, experiment_id: str) -> None:
    page.evaluate(
        """async (experiment) => {
            await fetch('/api/2.0/mlflow/runs/create', {method: 'POST', headers: {'Content-Type': 'application/json'},
                body: JSON.stringify({experiment_id: experiment, run_name: 'after the pause', start_time: Date.now()})});
        }""",
        experiment_id,
    )
