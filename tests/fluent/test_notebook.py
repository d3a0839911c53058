"""What a notebook shows of runs, experiments and searches, and where their pages are."""

import math
import re
import webbrowser
from html.parser import HTMLParser

import pytest

import headrace as hr
from headrace.base.errors import InvalidParameter
from headrace.client.entities import Experiment, FoundList, PagedList, Run
from headrace.client.entities.cards import MAX_ROWS
from headrace.client.entities.page_urls import build_page_url, find_page_root
from serving import Server

HOSTILE = "<img src=x onerror=alert(1)>'\"&"


class _Reader(HTMLParser):
    """Collects tags, attributes and text of a card."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name == "href"]
        assert not [name for name, _ in attrs if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.text += data


def _show(thing: object) -> _Reader:
    reader = _Reader()
    html = thing._repr_html_()  # type: ignore[attr-defined]
    assert html
    reader.feed(html)
    assert set(reader.tags) <= {"div", "span", "b", "a", "code", "table", "thead", "tbody", "tr", "th", "td"}
    return reader


@pytest.fixture
def run(server: Server) -> Run:
    """A run with some of everything."""
    hr.set_tracking_uri(server.url)
    hr.set_experiment("notebook")
    with hr.start_run(run_name="first") as active:
        hr.log_params({"lr": 0.001, "optimizer": "adam"})
        hr.log_metric("loss", 0.123456789)
        hr.log_metric("steps", 40_000)
        hr.log_metric("broken", math.nan)
        hr.set_tag("team", "vision")
    return hr.get_run(active.info.run_id)


def test_a_run_shows_its_values_and_links_to_its_page(server: Server, run: Run) -> None:
    shown = _show(run)
    for word in (
        "first",
        "FINISHED",
        run.info.run_id,
        "lr",
        "0.001",
        "adam",
        "0.1235",
        "40000",
        "NaN",
        "team",
        "vision",
    ):
        assert word in shown.text
    assert "mlflow.user" not in shown.text
    assert "title='0.123456789'" in run._repr_html_()
    assert shown.links == [f"{server.url}/experiments/{run.info.experiment_id}/runs/{run.info.run_id}"]
    assert run.page_url == shown.links[0]


def test_searches_show_a_table_and_stay_lists(server: Server, run: Run) -> None:
    with hr.start_run(run_name="second"):
        hr.log_params({"lr": 0.01, "optimizer": "adam"})
        hr.log_metric("loss", 2.5)
    name = hr.get_experiment(run.info.experiment_id).name
    found = hr.search_runs(experiment_names=[name], output_format="list", max_results=2)
    assert isinstance(found, list)
    assert found == list(found)
    shown = _show(found)
    assert "2 runs" in shown.text
    assert "second" in shown.text
    assert "lr" in shown.text
    assert "optimizer" not in shown.text  # it is the same in all
    assert len(shown.links) == 2
    page = hr.MlflowClient().search_runs([run.info.experiment_id], max_results=1)
    assert isinstance(page, PagedList)
    assert "1 run" in _show(page).text
    experiments = hr.search_experiments(filter_string=f"name = '{name}'")
    assert name in _show(experiments).text
    assert _show(hr.get_experiment_by_name(name)).links == [
        f"{server.url}/experiments/{run.info.experiment_id}/runs"
    ]
    assert _show(hr.MlflowClient().search_experiments()).links


def test_long_lists_say_how_much_they_leave_out() -> None:
    found = FoundList(Experiment(str(at), f"e{at}", "", "active") for at in range(MAX_ROWS + 5))
    shown = _show(found)
    assert f"{MAX_ROWS + 5} experiments, the first {MAX_ROWS} shown" in shown.text
    assert shown.tags.count("tr") == MAX_ROWS + 1
    assert FoundList([])._repr_html_() is None
    assert FoundList([1, 2])._repr_html_() is None


def test_what_a_user_typed_is_text(server: Server) -> None:
    hr.set_tracking_uri(server.url)
    hr.set_experiment(f"hostile {HOSTILE}")
    with hr.start_run(run_name=HOSTILE) as active:
        hr.log_param("p", HOSTILE)
        hr.set_tag("t", HOSTILE * 20)
    run = hr.get_run(active.info.run_id)
    assert HOSTILE in _show(run).text
    assert "img" not in _show(run).tags
    other = hr.search_runs([run.info.experiment_id], output_format="list")
    assert HOSTILE in _show(other).text
    assert f"hostile {HOSTILE}" in _show(hr.get_experiment(run.info.experiment_id)).text


def test_a_run_that_is_open_shows_itself_without_waiting_for_a_server(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hr.set_tracking_uri("http://127.0.0.1:9")
    monkeypatch.setenv("HEADRACE_ANSWER_S", "0.1")
    hr.set_experiment("not seen yet")
    with hr.start_run(run_name="offline") as active:
        shown = _show(active)
        assert "offline" in shown.text
        assert shown.links == []
        assert hr.ui(browser=False) == "http://127.0.0.1:9/"


def test_ui_opens_the_page_of_what_it_is_given(
    server: Server, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", lambda url: opened.append(url) or True)
    page = f"{server.url}/experiments/{run.info.experiment_id}/runs/{run.info.run_id}"
    assert [hr.ui(run), hr.ui(run.info.run_id)] == [page, page]
    assert hr.ui(hr.get_experiment(run.info.experiment_id)) == page.rpartition("/")[0]
    assert hr.ui() == f"{server.url}/"
    with hr.start_run(run_id=run.info.run_id):
        assert hr.ui() == page
    assert opened == [page, page, page.rpartition("/")[0], f"{server.url}/", page]
    assert hr.ui(browser=False) == f"{server.url}/"
    assert len(opened) == 5


def test_a_database_has_no_pages_and_the_remedy_is_named(uri: str) -> None:
    run_id = hr.start_run().info.run_id
    hr.end_run()
    run = hr.get_run(run_id)
    if uri.startswith("sqlite"):
        assert run.page_url == ""
        assert _show(run).links == []
        with pytest.raises(InvalidParameter, match=re.escape(f"headrace server --backend-store-uri {uri}")):
            hr.ui()
    else:
        assert run.page_url.startswith(uri)


@pytest.mark.parametrize(
    ("uri", "root"),
    [
        ("http://h:1/", "http://h:1"),
        ("https://user:word@h/ml/", "https://h/ml"),
        ("sqlite:///x.db", ""),
        ("postgresql://u:p@h/d", ""),
    ],
)
def test_the_root_of_the_pages_is_the_server_s_without_credentials(uri: str, root: str) -> None:
    assert find_page_root(uri) == root
    assert build_page_url(root, "1", "a/b") == (f"{root}/experiments/1/runs/a%2Fb" if root else "")
