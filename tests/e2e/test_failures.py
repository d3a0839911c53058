"""What a page says when the server fails: in the server's words, with what the server's log calls the request."""

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from playwright.sync_api import Page, expect

from e2e.conftest import Opened, find_violations
from serving import Server


@pytest.fixture(scope="module")
def broken(start: Callable[..., Server], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that finds a table of its store gone."""
    with start(tmp_path_factory.mktemp("broken")) as running:
        _rename(running, "hr_experiment", "gone")
        yield running


def _rename(server: Server, before: str, after: str) -> None:
    with closing(sqlite3.connect(server.folder / "store.db", timeout=60)) as store:
        store.execute(f"ALTER TABLE {before} RENAME TO {after}")
        store.commit()


@pytest.fixture
def page(open_at: Callable[..., Opened], broken: Server) -> Page:
    return open_at(broken.url).go("/experiments")


def test_a_failure_names_the_request_as_the_servers_log_does(page: Page, broken: Server) -> None:
    failure = page.get_by_role("alert").first
    expect(failure).to_contain_text("HTTP 500 INTERNAL_ERROR")
    request_id = failure.locator("code").inner_text()
    assert re.fullmatch(r"[0-9a-f]{16}", request_id)
    assert f"request {request_id}: " in broken.log


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_failure_can_be_read_in_both_themes(
    open_at: Callable[..., Opened], broken: Server, scheme: str
) -> None:
    page = open_at(broken.url, color_scheme=scheme).go("/experiments")
    expect(page.get_by_role("button", name="Copy request id")).to_be_visible()
    assert find_violations(page) == []


def test_the_id_of_the_request_is_copied(page: Page) -> None:
    failure = page.get_by_role("alert").first
    failure.get_by_role("button", name="Copy request id").click()
    expect(failure.get_by_role("status")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == failure.locator("code").inner_text()


def test_what_failed_is_asked_for_again(page: Page, broken: Server) -> None:
    failure = page.get_by_role("alert").first
    expect(failure).to_be_visible()
    _rename(broken, "gone", "hr_experiment")
    try:
        failure.get_by_role("button", name="Try again").click()
        expect(page.get_by_role("alert")).to_have_count(0)
        expect(page.get_by_role("link", name="Default").first).to_be_visible()
    finally:
        _rename(broken, "hr_experiment", "gone")
