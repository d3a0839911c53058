"""Addresses: deep links and MLflow's hash links open the right page, Back undoes, a prefix and a token change nothing but where and who."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from e2e.conftest import Filled, Opened, run_program
from serving import Server


def test_a_deep_link_shows_what_it_names(opened: Opened, filled: Filled) -> None:
    run = f"/experiments/{filled.experiment_id}/runs/{filled.runs[0]}"
    page = opened.go(run)
    expect(page.get_by_role("heading", level=1)).to_have_text("cnn 00")
    page = opened.go(f"{run}/artifacts/data/points.csv")
    expect(page.get_by_text("point 1", exact=True)).to_be_visible()
    page = opened.go(f"/experiments/{filled.experiment_id}/runs?mode=table&q=params.model%20%3D%20'mlp'")
    expect(page.get_by_role("link", name="mlp 01")).to_be_visible()
    expect(page.get_by_role("link", name="cnn 00")).to_have_count(0)


def test_a_link_that_mlflow_s_client_prints_opens_the_right_page(opened: Opened, filled: Filled) -> None:
    """As in "View run at: http://host/#/experiments/1/runs/abc"."""
    page = opened.go(f"/#/experiments/{filled.experiment_id}/runs/{filled.runs[1]}")
    expect(page.get_by_role("heading", level=1)).to_have_text("mlp 01")
    assert page.url == f"{opened.url}/experiments/{filled.experiment_id}/runs/{filled.runs[1]}"
    page = opened.go(f"/#/experiments/{filled.experiment_id}")
    expect(page.get_by_role("grid", name="Runs")).to_be_visible()


def test_back_is_undo_and_forward_is_redo(opened: Opened, filled: Filled) -> None:
    page = opened.go(f"/experiments/{filled.experiment_id}/runs")
    rows = page.get_by_role("grid", name="Runs")
    expect(rows.get_by_role("link", name="cnn 21")).to_be_visible()
    box = page.get_by_role("combobox", name="Filter")
    box.fill("params.model = 'tree'")
    box.press("Enter")
    expect(rows.get_by_role("link", name="cnn 21")).to_have_count(0)
    page.get_by_role("radiogroup", name="What is shown").get_by_text("Table").click()
    expect(page).to_have_url(re.compile("mode=table"))
    page.go_back()
    expect(page).not_to_have_url(re.compile("mode=table"))
    expect(rows.get_by_role("link", name="cnn 21")).to_have_count(0)
    page.go_back()
    expect(rows.get_by_role("link", name="cnn 21")).to_be_visible()
    page.go_forward()
    expect(rows.get_by_role("link", name="cnn 21")).to_have_count(0)


def test_an_address_can_be_given_to_somebody_else(
    open_at: Callable[..., Opened], server: Server, filled: Filled
) -> None:
    first = open_at(server.url).go(f"/experiments/{filled.experiment_id}/runs")
    first.get_by_role("grid", name="Runs").get_by_role("button", name="loss", exact=True).click()
    expect(first).to_have_url(re.compile("sort="))
    names = first.get_by_role("grid", name="Runs").get_by_role("link")
    expect(names.first).not_to_have_text("broken")
    second = open_at(server.url).go(first.url.removeprefix(server.url))
    expect(second.get_by_role("grid", name="Runs").get_by_role("link").first).to_have_text(
        names.first.inner_text()
    )


@pytest.mark.parametrize("path", ["/no/such/page", "/experiments/1/nothing/at/all"])
def test_an_address_of_nothing_says_so(opened: Opened, path: str, filled: Filled) -> None:
    page = opened.go(path)
    expect(page.locator("main")).to_contain_text(re.compile(r"no|not|nothing", re.IGNORECASE))


def test_a_run_that_is_not_there_is_told_in_words(opened: Opened, filled: Filled) -> None:
    page = opened.go(f"/experiments/{filled.experiment_id}/runs/{'0' * 32}")
    expect(page.locator("main")).to_contain_text("0" * 32)


@pytest.fixture(scope="module")
def prefixed(start: Callable[..., Server], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with start(tmp_path_factory.mktemp("prefixed"), static_prefix="/team/ml") as running:
        yield running


def test_everything_works_under_a_prefix(open_at: Callable[..., Opened], prefixed: Server) -> None:
    filled = run_program("fill", f"{prefixed.url}/team/ml")
    opened = open_at(f"{prefixed.url}/team/ml")
    page = opened.go(f"/experiments/{filled.experiment_id}/runs/{filled.runs[0]}/artifacts/report.html")
    expect(page.frame_locator("iframe").get_by_text("scripts run")).to_be_visible()
    page = opened.go("")
    page.get_by_role("link", name="vision/shapes").first.click()
    expect(page.get_by_role("link", name="cnn 21")).to_be_visible()
    assert "/team/ml/experiments/" in page.url
    page = opened.go(f"/#/experiments/{filled.experiment_id}/runs/{filled.runs[1]}")
    expect(page.get_by_role("heading", level=1)).to_have_text("mlp 01")


def test_a_server_with_a_token_asks_for_it_once(
    open_at: Callable[..., Opened], start: Callable[..., Server], tmp_path: Path
) -> None:
    token = tmp_path / "token"
    token.write_text("a-very-secret-token-of-this-test", "utf-8")
    token.chmod(0o600)
    with start(tmp_path / "locked", token_file=token) as locked:
        page = open_at(locked.url).go("/experiments")
        dialog = page.get_by_role("dialog")
        dialog.get_by_role("button", name="Not now").click()
        page.get_by_role("button", name="Enter the token").click()
        expect(dialog).to_be_visible()
        field = dialog.get_by_role("textbox").or_(dialog.locator("input[type=password]")).first
        field.fill("another")
        field.press("Enter")
        expect(dialog).to_contain_text("This is not the token of this server.")
        field.fill("a-very-secret-token-of-this-test")
        field.press("Enter")
        expect(page.get_by_role("link", name="Default")).to_be_visible()
        page.reload()
        expect(page.get_by_role("link", name="Default")).to_be_visible()
        expect(page.get_by_role("dialog")).to_have_count(0)


def test_runs_of_mlflow_s_compare_link_are_compared(opened: Opened, filled: Filled) -> None:
    """As MLflow's own pages write it, behind the hash."""
    runs, experiments = json.dumps(filled.runs[:2]), json.dumps([filled.experiment_id])
    page = opened.go(f"/#/compare-runs?runs={runs}&experiments={experiments}".replace(" ", ""))
    expect(page.get_by_role("table", name="Differences")).to_contain_text("mlp 01")


def test_a_page_that_is_not_here_leads_to_what_is_and_says_so(opened: Opened, filled: Filled) -> None:
    page = opened.go(f"/#/experiments/{filled.experiment_id}/judges")
    expect(page.get_by_role("grid", name="Runs")).to_be_visible()
    expect(page.get_by_role("alert")).to_contain_text("There is no page")
    page = opened.go('/#/compare-experiments/s?experiments=["0","1"]')
    expect(page.get_by_role("treegrid", name="Experiments")).to_be_visible()
    expect(page.get_by_role("alert")).to_contain_text("Runs of several can be compared")
