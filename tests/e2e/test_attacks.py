"""What a user typed is text, whatever it looks like: on every page that shows names, params, tags, notes and files."""

import json
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from playwright.sync_api import Page

from e2e.conftest import Filled, Opened

FILES = [
    "note.md",
    "page.html",
    "picture.svg",
    "table.csv",
    "data.json",
    "<img src=x onerror=attacked=1>.txt",
]


@pytest.fixture
def guarded(opened: Opened) -> Iterator[Opened]:
    """A page; at the end no attack may have run, in it or in a dialog."""
    said: list[str] = []
    opened.page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
    yield opened
    assert said == []


def _check(page: Page) -> None:
    page.wait_for_timeout(1200)
    assert page.evaluate("window.attacked ?? null") is None
    assert page.title() != "attacked"
    bad = page.evaluate(
        """() => [...document.querySelectorAll('*')].flatMap((each) => [...each.attributes]
            .filter(({name, value}) => name.startsWith('on') || /^\\s*javascript:/i.test(value) && ['href', 'src', 'action'].includes(name))
            .map(({name, value}) => `${each.tagName} ${name}=${value}`))"""
    )
    assert bad == []
    assert page.locator("main script, main iframe[srcdoc]").count() == 0


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/experiments?q=hostile",
        "/experiments/{e}/runs",
        "/experiments/{e}/runs?mode=charts",
        "/experiments/{e}/runs?group=" + quote('["params.text"]'),
        "/experiments/{e}/runs/{r}",
        "/experiments/{e}/runs/{r}/model-metrics",
        "/experiments/{e}/runs/{r}/media",
        "/experiments/{e}/runs/{r}/artifacts",
        "/experiments/{e}/runs/{r}/source",
        "/experiments/{e}/models",
        "/experiments/{e}/datasets",
        "/settings",
    ],
)
def test_no_page_runs_what_somebody_logged(guarded: Opened, hostile: Filled, path: str) -> None:
    page = guarded.go(path.format(e=hostile.experiment_id, r=hostile.runs[0]))
    _check(page)


@pytest.mark.parametrize("name", FILES)
def test_no_file_runs_in_the_page(guarded: Opened, hostile: Filled, name: str) -> None:
    place = f"/experiments/{hostile.experiment_id}/runs/{hostile.runs[0]}/artifacts/"
    _check(guarded.go(place + quote(name)))


@pytest.mark.parametrize("tab", ["diff", "charts", "parallel", "scatter", "box", "groups", "media"])
def test_no_comparison_runs_it(guarded: Opened, hostile: Filled, tab: str) -> None:
    runs = quote(json.dumps(hostile.runs))
    page = guarded.go(
        f"/compare-runs?runs={runs}&experiments={quote(json.dumps([hostile.experiment_id]))}&tab={tab}"
    )
    _check(page)


def test_a_note_is_markdown_without_programs_and_without_remote_pictures(
    guarded: Opened, hostile: Filled
) -> None:
    page = guarded.go(f"/experiments/{hostile.experiment_id}/runs/{hostile.runs[0]}")
    page.get_by_role("heading", name="A heading").wait_for()
    _check(page)
    links = page.locator("main a", has_text="a good link")
    assert links.first.get_attribute("rel") == "noopener noreferrer"
    assert page.locator("main img[src^='http']").count() == 0


def test_an_address_cannot_bring_a_program_in(guarded: Opened, hostile: Filled) -> None:
    attack = quote("<img src=x onerror=window.attacked=1>")
    for path in (
        f"/experiments/{hostile.experiment_id}/runs?q={attack}",
        f"/experiments/{hostile.experiment_id}/runs/{attack}",
        f"/experiments/{attack}/runs",
        f"/{attack}",
        f"/#/{attack}",
        f"/#//evil.example/{attack}",
        f"/compare-runs?runs={quote(json.dumps(['javascript:attacked=1']))}",
    ):
        page = guarded.go(path)
        _check(page)
        assert page.url.startswith(guarded.url)


def test_a_stored_view_cannot_bring_a_program_in(guarded: Opened, hostile: Filled) -> None:
    page = guarded.go("/")
    view = page.evaluate(
        """async (experiment) => {
            const body = JSON.stringify({q: '<img src=x onerror=window.attacked=1>', cols: ['<svg onload=window.attacked=1>'], x: 'javascript:attacked=1'});
            const answer = await fetch('/api/headrace/v1/views/save', {method: 'POST', headers: {'Content-Type': 'application/json'},
                body: JSON.stringify({experiment_id: experiment, name: '<img src=x onerror=window.attacked=1>', body})});
            return (await answer.json()).view.view_id;
        }""",
        hostile.experiment_id,
    )
    _check(guarded.go(f"/experiments/{hostile.experiment_id}/runs?view={view}"))
