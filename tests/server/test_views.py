"""Saved views and stars: kept as they were saved, guarded against stale changes, one default, whatever happens at once."""

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

from headrace.api import views as rows
from headrace.api.endpoint import Need, Permission, Resource
from headrace.services import dispatch
from headrace.services.context import Actor, Context, Platform

Answer = Any
Ask = Callable[..., Answer]
BODY = '{"columns": ["metrics.loss"], "sort": null}'


@pytest.fixture
def ask(call: Callable[..., Answer]) -> Ask:
    """A function that makes a call and returns the decoded answer of one that ends with the status that is expected."""

    def send(path: str, *, status: int = 200, replace: dict[str, Any] | None = None, **fields: Any) -> Answer:
        verb = path.rpartition("/")[2]
        if path.startswith("views/") and verb in {"get", "list", "stars", "start"}:
            query = "&".join(f"{key}={value}" for key, value in fields.items())
            answer = call("GET", f"/api/headrace/v1/{path}", query=query, replace=replace)
        else:
            folder = "headrace/v1" if path.startswith("views/") else "2.0/mlflow"
            answer = call("POST", f"/api/{folder}/{path}", body=fields, replace=replace)
        assert answer.status == status, answer.body
        return answer.json

    return send


def _save(ask: Ask, name: str = "mine", experiment_id: str = "0", **fields: Any) -> Answer:
    return ask("views/save", name=name, body=BODY, experiment_id=experiment_id, **fields)["view"]


def test_a_view_comes_back_as_it_was_saved_letter_by_letter(ask: Ask) -> None:
    for body in ('{"a":  1.50, "b": "\\u00e9é"}', "[]", '"text"', "null", "-0.0", " {} "):
        saved = ask("views/save", name="n\u00e4me / x", body=body, experiment_id="0")["view"]
        found = ask("views/get", view_id=saved["view_id"])["view"]
        assert found == saved
        assert (found["body"], found["name"], found["owner"]) == (body, "näme / x", "anyone")
        assert found["experiment_id"] == "0"
        assert found["is_default"] is False


def test_a_list_has_the_views_of_its_experiment_by_name_without_bodies(ask: Ask) -> None:
    other = ask("experiments/create", name="other")["experiment_id"]
    assert ask("views/list", experiment_id="0") == {}
    for name, place in (("b", "0"), ("a", "0"), ("c", other), ("across", "")):
        _save(ask, name, place)
    for place, names in (("0", ["a", "b"]), (other, ["c"]), ("", ["across"])):
        found = ask("views/list", experiment_id=place)["views"]
        assert [view["name"] for view in found] == names
        assert all("body" not in view and view["etag"] for view in found)
    assert "experiment_id" not in found[0]


def test_a_view_is_changed_under_its_id(ask: Ask) -> None:
    saved = _save(ask)
    changed = ask("views/save", view_id=saved["view_id"], name="new", body="{}", etag=saved["etag"])["view"]
    assert (changed["name"], changed["body"]) == ("new", "{}")
    assert changed["created_at"] == saved["created_at"]
    assert changed["etag"] != saved["etag"]
    assert [view["name"] for view in ask("views/list", experiment_id="0")["views"]] == ["new"]


def test_a_change_of_what_somebody_else_has_changed_is_refused(ask: Ask) -> None:
    saved = _save(ask)
    view_id = saved["view_id"]
    ask("views/save", view_id=view_id, name="theirs", body="{}", etag=saved["etag"])
    refused = ask("views/save", view_id=view_id, name="mine", body="{}", etag=saved["etag"], status=409)
    assert refused["error_code"] == "RESOURCE_CONFLICT"
    ask("views/delete", view_id=view_id, etag=saved["etag"], status=409)
    assert ask("views/get", view_id=view_id)["view"]["name"] == "theirs"
    assert ask("views/save", view_id=view_id, name="anyway", body="{}")["view"]["name"] == "anyway"


def test_a_state_never_comes_back_under_its_old_etag(ask: Ask, platform: Platform) -> None:
    frozen = {"clock": lambda: 1_000}
    saved = ask("views/save", name="a", body="{}", replace=frozen)["view"]
    ask("views/save", view_id=saved["view_id"], name="b", body="{}", replace=frozen)
    ask("views/save", view_id=saved["view_id"], name="a", body="{}", replace=frozen)
    ask("views/save", view_id=saved["view_id"], name="c", body="{}", etag=saved["etag"], status=409)


def _in_parallel(*works: Callable[[], object]) -> None:
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()


def test_of_many_changes_from_one_state_at_once_one_is_made(platform: Platform) -> None:
    view = dispatch.call(
        platform, Actor(), rows.SAVE, rows.SaveView(name="v", body="{}", experiment_id="0")
    ).view
    outcomes: list[str] = []

    def change(number: int) -> None:
        request = rows.SaveView(view_id=view.view_id, name=f"v{number}", body="{}", etag=view.etag)
        try:
            dispatch.call(platform, Actor(), rows.SAVE, request)
        except dispatch.HeadraceError as error:
            outcomes.append(error.code)
        else:
            outcomes.append("OK")

    _in_parallel(*(lambda number=number: change(number) for number in range(8)))
    assert sorted(outcomes) == ["OK"] + ["RESOURCE_CONFLICT"] * 7


def test_an_experiment_has_one_default_however_many_set_it_at_once(ask: Ask, platform: Platform) -> None:
    other = ask("experiments/create", name="other")["experiment_id"]
    apart = _save(ask, "apart", other)["view_id"]
    ask("views/set-default", view_id=apart)
    made = [_save(ask, f"v{number}")["view_id"] for number in range(8)]

    def set_default(view_id: str) -> None:
        for _ in range(5):
            dispatch.call(platform, Actor(), rows.SET_DEFAULT, rows.SetDefaultView(view_id=view_id))

    _in_parallel(*(lambda view_id=view_id: set_default(view_id) for view_id in made))
    defaults = [view for view in ask("views/list", experiment_id="0")["views"] if view["is_default"]]
    assert len(defaults) == 1
    assert ask("views/get", view_id=apart)["view"]["is_default"] is True
    unset = ask("views/set-default", view_id=defaults[0]["view_id"], is_default=False)["view"]
    assert unset["is_default"] is False
    assert not any(view["is_default"] for view in ask("views/list", experiment_id="0")["views"])


def test_a_deleted_view_is_gone(ask: Ask) -> None:
    view_id = _save(ask)["view_id"]
    ask("views/delete", view_id=view_id)
    ask("views/get", view_id=view_id, status=404)
    ask("views/delete", view_id=view_id, status=404)
    ask("views/set-default", view_id=view_id, status=404)
    ask("views/save", view_id=view_id, name="a", body="{}", status=404)


@pytest.mark.parametrize(
    ("fields", "status", "said"),
    [
        ({"name": ""}, 400, "Invalid name"),
        ({"name": " \t"}, 400, "Invalid name"),
        ({"name": "a" * 251}, 400, "Invalid name"),
        ({"name": "a\0b"}, 400, "Invalid name"),
        ({"body": ""}, 400, "not valid JSON"),
        ({"body": "{"}, 400, "not valid JSON"),
        ({"body": "NaN"}, 400, "not valid JSON"),
        ({"body": "{} {}"}, 400, "not valid JSON"),
        ({"body": "[" * 20_000 + "]" * 20_000}, 400, "nested too deeply"),
        ({"body": json.dumps("é" * 40_000, ensure_ascii=False)}, 400, "80002 bytes"),
        ({"experiment_id": "77"}, 404, "77"),
        ({"experiment_id": "DELETED"}, 400, "deleted"),
        ({"view_id": "nobody"}, 404, "nobody"),
        ({"etag": "x"}, 400, "view_id"),
        ({"view_id": "VIEW", "experiment_id": "DELETED"}, 400, "does not belong"),
    ],
)
def test_what_is_no_view_is_refused(ask: Ask, fields: dict[str, Any], status: int, said: str) -> None:
    deleted = ask("experiments/create", name="deleted")["experiment_id"]
    ask("experiments/delete", experiment_id=deleted)
    view_id = _save(ask)["view_id"]
    fields = {
        "name": "a",
        "body": "{}",
        **{key: {"DELETED": deleted, "VIEW": view_id}.get(value, value) for key, value in fields.items()},
    }
    assert said in ask("views/save", status=status, **fields)["message"]
    assert len(ask("views/list", experiment_id="0")["views"]) == 1


def test_a_body_of_64_kib_is_the_largest(ask: Ask) -> None:
    body = json.dumps("a" * (64 * 1024 - 2))
    assert len(_save(ask)["body"]) < len(ask("views/save", name="a", body=body)["view"]["body"]) == 64 * 1024
    ask("views/save", name="a", body=body + " ", status=400)


class Rules:
    """Permits what is not in a list of (permission, resource, target)."""

    def __init__(self, *refused: tuple[Permission, Resource, str]) -> None:
        self.refused = set(refused)

    def grants_all(self, actor: Actor) -> bool:
        return False

    def permits(self, context: Context, need: Need, target: str) -> bool:
        return (need.permission, need.resource, target) not in self.refused


def test_a_view_needs_the_permission_on_its_experiment(ask: Ask) -> None:
    view_id = _save(ask)["view_id"]
    nobody = {"policy": Rules((Permission.READ, Resource.EXPERIMENT, "0"))}
    for verb, fields in (("get", {}), ("delete", {}), ("save", {"name": "a", "body": "{}"})):
        ask(f"views/{verb}", view_id=view_id, status=403, replace=nobody, **fields)
    ask("views/save", name="a", body="{}", experiment_id="0", status=403, replace=nobody)
    ask("views/list", experiment_id="0", status=403, replace=nobody)
    reader = {"policy": Rules((Permission.EDIT, Resource.EXPERIMENT, "0"))}
    ask("views/set-default", view_id=view_id, status=403, replace=reader)
    assert ask("views/get", view_id=view_id, replace=reader)["view"]["name"] == "mine"
    assert len(ask("views/list", experiment_id="0")["views"]) == 1


def test_the_view_of_somebody_else_is_changed_only_by_who_may_edit_its_experiment(
    ask: Ask, platform: Platform
) -> None:
    reader = {"policy": Rules((Permission.EDIT, Resource.EXPERIMENT, "0"))}
    view_id = _save(ask, replace=reader)["view_id"]
    ask("views/save", view_id=view_id, name="own", body="{}", replace=reader)
    platform.store.writer.call(lambda tx: tx.change("UPDATE hr_view SET owner = 'ann'"))
    ask("views/save", view_id=view_id, name="own", body="{}", status=403, replace=reader)
    ask("views/delete", view_id=view_id, status=403, replace=reader)
    assert ask("views/save", view_id=view_id, name="edited", body="{}")["view"]["owner"] == "ann"


def _things(ask: Ask) -> dict[str, str]:
    experiment = ask("experiments/create", name="team/a")["experiment_id"]
    run = ask("runs/create", experiment_id=experiment, run_name="good")["run"]["info"]["run_id"]
    model = ask("logged-models", experiment_id=experiment, name="tree")["model"]["info"]["model_id"]
    return {"experiment": experiment, "run": run, "model": model}


def test_a_page_starts_with_what_single_calls_would_say(ask: Ask, call: Any) -> None:
    things = _things(ask)
    view = _save(ask, "mine", things["experiment"])
    ask("views/star", run_id=things["run"])
    before = call("POST", "/api/headrace/v1/changes/follow", body={}).json["cursor"]
    found = ask("views/start", experiment_id=things["experiment"])
    assert found["cursor"] == before
    assert found["stars"] == ask("views/stars")["stars"]
    assert found["more_stars"] is False
    assert found["views"] == ask("views/list", experiment_id=things["experiment"])["views"]
    assert [each["view_id"] for each in found["views"]] == [view["view_id"]]
    query = f"experiment_id={things['experiment']}"
    assert (
        found["experiment"] == call("GET", "/api/2.0/mlflow/experiments/get", query=query).json["experiment"]
    )
    ask("runs/set-tag", run_id=things["run"], key="a", value="b")
    told = call("POST", "/api/headrace/v1/changes/follow", body={"cursor": found["cursor"]}).json
    assert [each["id"] for each in told["changes"]] == [things["run"]]


def test_a_page_of_no_experiment_starts_too(ask: Ask) -> None:
    assert set(ask("views/start")) == {"cursor", "stars", "more_stars"}
    assert set(ask("views/start", experiment_id="4711")) == {"cursor", "stars", "more_stars"}
    ask("views/start", status=400, experiment_id="x")


def test_stars_are_listed_newest_first_with_name_and_state(ask: Ask, call: Any) -> None:
    things = _things(ask)
    for at, (kind, subject) in enumerate(things.items()):
        for _ in range(2):  # a second star is no second star
            ask("views/star", replace={"clock": lambda at=at: 1_000 + at}, **{f"{kind}_id": subject})
    found = ask("views/stars")["stars"]
    assert [(each["kind"], each["id"], each["name"], each["lifecycle_stage"]) for each in found] == [
        ("model", things["model"], "tree", "active"),
        ("run", things["run"], "good", "active"),
        ("experiment", things["experiment"], "team/a", "active"),
    ]
    assert {each["experiment_id"] for each in found} == {things["experiment"]}
    call("DELETE", f"/api/2.0/mlflow/logged-models/{things['model']}")
    ask("experiments/delete", experiment_id=things["experiment"])
    assert {each["lifecycle_stage"] for each in ask("views/stars")["stars"]} == {"deleted"}
    assert [each["kind"] for each in ask("views/stars", kind="run")["stars"]] == ["run"]
    for kind, subject in things.items():
        for _ in range(2):
            ask("views/unstar", **{f"{kind}_id": subject})
    assert ask("views/stars") == {}


def test_stars_come_a_page_at_a_time(ask: Ask) -> None:
    made = [ask("experiments/create", name=f"e{number}")["experiment_id"] for number in range(7)]
    for each in made:
        ask("views/star", experiment_id=each, replace={"clock": lambda: 1_000})
    seen: list[str] = []
    token = ""
    while True:
        page = ask("views/stars", max_results=3, page_token=token)
        seen += [each["id"] for each in page["stars"]]
        token = page.get("next_page_token", "")
        if not token:
            break
    assert seen == sorted(made)


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"run_id": "nobody"}, 404),
        ({"experiment_id": "77"}, 404),
        ({"model_id": "m-nobody"}, 404),
        ({}, 400),
        ({"run_id": "a", "experiment_id": "0"}, 400),
        ({"experiment_id": "x"}, 400),
        ({"run_id": "a b"}, 400),
    ],
)
def test_what_does_not_exist_is_not_starred(ask: Ask, fields: dict[str, str], status: int) -> None:
    ask("views/star", status=status, **fields)
    assert ask("views/stars") == {}


def test_stars_are_everybodys_own(ask: Ask, platform: Platform) -> None:
    ask("views/star", experiment_id="0")
    other = Actor("ann")
    assert not dispatch.call(platform, other, rows.STARS, rows.ListStars()).stars
    dispatch.call(platform, other, rows.STAR, rows.Starred(experiment_id="0"))
    ask("views/unstar", experiment_id="0")
    assert ask("views/stars") == {}
    assert len(dispatch.call(platform, other, rows.STARS, rows.ListStars()).stars or ()) == 1


def test_a_star_on_what_may_not_be_read_any_more_tells_nothing(ask: Ask) -> None:
    things = _things(ask)
    for kind, subject in things.items():
        ask("views/star", **{f"{kind}_id": subject})
    policy = Rules((Permission.READ, Resource.RUN, things["run"]))
    found = ask("views/stars", replace={"policy": policy})["stars"]
    assert {each["kind"] for each in found} == {"experiment", "model"}


@pytest.mark.parametrize("query", [{"kind": "user"}, {"page_token": "x"}, {"max_results": "0"}])
def test_a_list_of_stars_that_cannot_be_is_refused(ask: Ask, query: dict[str, str]) -> None:
    ask("views/stars", status=400, **query)
