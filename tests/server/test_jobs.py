"""Counted jobs through the door: made by calls, carried out by the duty, refused or counted as failed with a reason."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from headrace.api.endpoint import Need, Permission, Resource
from headrace.services.background import Left
from headrace.services.context import Actor, Context, Platform
from headrace.services.job_duty import JobDuty, make_step
from headrace.store.jobs import find_number

Answer = Any
Post = Callable[..., Answer]


@pytest.fixture
def post(call: Callable[..., Answer]) -> Post:
    """A function that makes a call of MLflow's wire or headrace's own, and returns the decoded answer of one that succeeds."""

    def send(path: str, *, status: int = 200, replace: dict[str, Any] | None = None, **fields: Any) -> Answer:
        folder = "headrace/v1" if path.startswith("jobs/") else "2.0/mlflow"
        answer = call("POST", f"/api/{folder}/{path}", body=fields, replace=replace)
        assert answer.status == status, answer.body
        return answer.json

    return send


@pytest.fixture
def get(call: Callable[..., Answer]) -> Callable[[str], Answer]:
    """A function that returns a job by its id."""

    def send(job_id: str) -> Answer:
        answer = call("GET", "/api/headrace/v1/jobs/get", query=f"job_id={job_id}")
        assert answer.status == 200
        return answer.json["job"]

    return send


@pytest.fixture
def work(platform: Platform, get: Callable[[str], Answer]) -> Callable[[Answer], Answer]:
    """A function that carries out all jobs and returns one of them as it is then."""

    def run(answer: Answer) -> Answer:
        duty = JobDuty()
        while duty.run(platform, threading.Event()):
            pass
        return get(answer["job"]["job_id"])

    return run


def _experiment(post: Post, name: str) -> str:
    made: str = post("experiments/create", name=name)["experiment_id"]
    return made


def _run(post: Post, experiment: str, *, parent: str = "", **params: str) -> str:
    tags = [{"key": "mlflow.parentRunId", "value": parent}] if parent else []
    run_id: str = post("runs/create", experiment_id=experiment, tags=tags)["run"]["info"]["run_id"]
    post("runs/log-batch", run_id=run_id, params=[{"key": k, "value": v} for k, v in params.items()])
    return run_id


def _found(post: Post, experiment: str, text: str = "", view: str = "ACTIVE_ONLY") -> set[str]:
    answer = post("runs/search", experiment_ids=[experiment], filter=text, run_view_type=view)
    return {run["info"]["run_id"] for run in answer.get("runs", [])}


@pytest.fixture
def places(post: Post) -> tuple[str, str]:
    """Two experiments."""
    return _experiment(post, "team/a"), _experiment(post, "team/b")


def test_runs_are_moved_by_their_ids(post: Post, work: Any, places: tuple[str, str]) -> None:
    old, new = places
    moved, stays = [_run(post, old, lr="1") for _ in range(3)], _run(post, old, lr="1")
    answer = post("jobs/move-runs", run_ids=[*moved, moved[0]], to_experiment_id=new)
    assert answer["job"]["state"] == "PENDING"
    assert answer["job"]["actor"] == "anyone"
    job = work(answer)
    assert (job["state"], job["total"], job["done"], job["failed"]) == ("FINISHED", 3, 3, 0)
    assert _found(post, new, "params.lr = '1'") == set(moved)
    assert _found(post, old, "params.lr = '1'") == {stays}


def test_a_moved_run_keeps_its_artifact_uri_and_its_id_opens_its_files(
    post: Post, work: Any, call: Any, places: tuple[str, str]
) -> None:
    old, new = places
    run = _run(post, old)
    path = f"/api/2.0/mlflow-artifacts/artifacts/{old}/{run}/artifacts/a.txt"
    assert call("PUT", path, body=b"text").status == 200
    before = post("runs/search", experiment_ids=[old])["runs"][0]["info"]["artifact_uri"]
    work(post("jobs/move-runs", run_ids=[run], to_experiment_id=new))
    info = post("runs/search", experiment_ids=[new])["runs"][0]["info"]
    assert (info["artifact_uri"], info["experiment_id"]) == (before, new)

    class Refuse:
        """Refuses one thing and remembers what it was asked about."""

        def __init__(self) -> None:
            self.asked: list[tuple[Resource, str]] = []

        def grants_all(self, actor: Actor) -> bool:
            return False

        def permits(self, context: Context, need: Need, target: str) -> bool:
            self.asked.append((need.resource, target))
            return False

    policy = Refuse()
    answer = call("GET", path, replace={"policy": policy})
    assert answer.status == 403
    assert policy.asked == [
        (Resource.RUN, run)
    ]  # the run in the path owns it, not the experiment in the path
    assert call("GET", path).body == b"text"


def test_a_filter_chooses_the_runs_that_match_when_the_job_is_made(
    post: Post, work: Any, places: tuple[str, str]
) -> None:
    old, new = places
    matching = {_run(post, old, lr="1") for _ in range(3)}
    other = _run(post, old, lr="2")
    answer = post("jobs/move-runs", experiment_ids=[old], filter="params.lr = '1'", to_experiment_id=new)
    late = _run(post, old, lr="1")
    job = work(answer)
    assert (job["total"], job["done"]) == (3, 3)
    assert _found(post, new) == matching
    assert _found(post, old) == {other, late}


def test_a_job_over_a_filter_does_not_chase_its_own_effect(
    post: Post, work: Any, places: tuple[str, str]
) -> None:
    runs = {_run(post, places[0]) for _ in range(40)}
    post("runs/set-tag", run_id=next(iter(runs)), key="state", value="x")
    wanted = {"experiment_ids": [places[0]], "filter": "tags.state != 'done'"}
    job = work(post("jobs/tag-runs", **wanted, tags=[{"key": "state", "value": "done"}]))
    assert (job["total"], job["done"]) == (1, 1)
    job = work(
        post(
            "jobs/tag-runs",
            experiment_ids=[places[0]],
            tags=[{"key": "state", "value": "open"}],
            remove=["x"],
        )
    )
    assert (job["total"], job["done"]) == (40, 40)
    job = work(post("jobs/tag-runs", **wanted, tags=[{"key": "state", "value": "done"}]))
    assert (job["total"], job["done"]) == (40, 40)
    assert _found(post, places[0], "tags.state = 'done'") == runs


def test_children_go_along_if_asked(post: Post, work: Any, places: tuple[str, str]) -> None:
    old, new = places
    parent = _run(post, old)
    child = _run(post, old, parent=parent)
    grandchild = _run(post, old, parent=child)
    work(post("jobs/move-runs", run_ids=[parent], to_experiment_id=new))
    assert _found(post, old) == {child, grandchild}
    job = work(post("jobs/move-runs", run_ids=[parent], to_experiment_id=new, include_children=True))
    assert (job["total"], job["done"]) == (3, 3)
    assert _found(post, new) == {parent, child, grandchild}


def test_moving_to_where_a_run_is_counts_as_done(post: Post, work: Any, places: tuple[str, str]) -> None:
    run = _run(post, places[0])
    job = work(post("jobs/move-runs", run_ids=[run], to_experiment_id=places[0]))
    assert (job["state"], job["done"], job["failed"]) == ("FINISHED", 1, 0)


def test_deleted_runs_are_counted_as_failed_and_the_others_moved(
    post: Post, work: Any, places: tuple[str, str]
) -> None:
    old, new = places
    gone, here = _run(post, old), _run(post, old)
    post("runs/delete", run_id=gone)
    job = work(post("jobs/move-runs", run_ids=[gone, here], to_experiment_id=new))
    assert (job["state"], job["done"], job["failed"]) == ("FINISHED", 1, 1)
    assert job["failures"] == [{"id": gone, "reason": "it is deleted; restore it first"}]
    assert _found(post, new, view="ALL") == {here}


def test_a_job_whose_target_is_deleted_on_the_way_fails(
    post: Post, work: Any, platform: Platform, places: tuple[str, str]
) -> None:
    old, new = places
    runs = [_run(post, old) for _ in range(4)]
    answer = post("jobs/move-runs", run_ids=runs, to_experiment_id=new)
    with platform.store.read() as conn:
        number = find_number(conn, answer["job"]["job_id"])
    assert number is not None
    platform.store.writer.call(lambda tx: make_step(platform, tx, number, 1))
    post("experiments/delete", experiment_id=new)
    job = work(answer)
    assert (job["state"], job["total"], job["done"], job["failed"]) == ("FAILED", 4, 1, 3)
    assert "deleted" in job["reason"]
    assert len(_found(post, old)) == 3


@pytest.mark.parametrize(
    ("fields", "status", "said"),
    [
        ({"run_ids": ["nobody"], "to_experiment_id": "0"}, 404, "nobody"),
        ({"run_ids": ["a b"], "to_experiment_id": "0"}, 400, "Invalid run id"),
        ({"run_ids": ["RUN"], "to_experiment_id": "77"}, 404, "77"),
        ({"run_ids": ["RUN"], "to_experiment_id": "DELETED"}, 400, "deleted"),
        ({"run_ids": ["RUN"], "to_experiment_id": "x"}, 400, "Invalid experiment id"),
        ({"to_experiment_id": "0"}, 400, "either run_ids, or experiment_ids"),
        ({"run_ids": ["RUN"], "experiment_ids": ["0"], "to_experiment_id": "0"}, 400, "either run_ids"),
        ({"run_ids": ["RUN"], "filter": "params.a = '1'", "to_experiment_id": "0"}, 400, "filter goes with"),
        ({"experiment_ids": ["0"], "filter": "params.", "to_experiment_id": "0"}, 400, "param"),
        ({"experiment_ids": ["78"], "to_experiment_id": "0"}, 404, "78"),
        ({"experiment_ids": [str(n) for n in range(10_001)], "to_experiment_id": "0"}, 400, "at most 10,000"),
        ({"run_ids": ["RUN"], "to_experiment_id": "0", "job_id": "a b"}, 400, "Invalid job id"),
    ],
)
def test_what_cannot_be_is_refused_and_makes_no_job(
    post: Post, call: Any, places: tuple[str, str], fields: dict[str, Any], status: int, said: str
) -> None:
    run = _run(post, places[0])
    post("experiments/delete", experiment_id=places[1])
    fields = {
        name: [run if each == "RUN" else each for each in value]
        if isinstance(value, list)
        else places[1]
        if value == "DELETED"
        else value
        for name, value in fields.items()
    }
    answer = post("jobs/move-runs", status=status, **fields)
    assert said in answer["message"]
    assert call("GET", "/api/headrace/v1/jobs/list").json == {}


def test_a_job_that_is_sent_again_is_made_once(post: Post, work: Any, places: tuple[str, str]) -> None:
    run = _run(post, places[0])
    first = post("jobs/move-runs", run_ids=[run], to_experiment_id=places[1], job_id="mine-1")
    work(first)
    again = post("jobs/move-runs", run_ids=[run], to_experiment_id=places[1], job_id="mine-1")
    assert again["job"]["job_id"] == "mine-1"
    assert again["job"]["state"] == "FINISHED"
    refused = post("jobs/delete-runs", run_ids=[run], job_id="mine-1", status=409)
    assert refused["error_code"] == "RESOURCE_CONFLICT"


def test_tags_are_set_and_removed_and_the_name_tag_renames(
    post: Post, work: Any, places: tuple[str, str]
) -> None:
    runs = [_run(post, places[0]) for _ in range(3)]
    post("runs/set-tag", run_id=runs[0], key="old", value="1")
    tags = [{"key": "team", "value": "red"}, {"key": "mlflow.runName", "value": "renamed"}]
    job = work(post("jobs/tag-runs", run_ids=runs, tags=tags, remove=["old"]))
    assert job["done"] == 3
    text = "tags.team = 'red' AND attributes.run_name = 'renamed'"
    assert _found(post, places[0], text) == set(runs)
    assert _found(post, places[0], "tags.old = '1'") == set()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "Nothing to do"),
        ({"tags": [{"key": "", "value": "1"}]}, "Invalid tag name"),
        ({"tags": [{"key": "a", "value": "1"}, {"key": "a", "value": "2"}]}, "more than once"),
        ({"tags": [{"key": "a", "value": "1"}], "remove": ["a"]}, "more than once"),
        ({"remove": [f"k{number}" for number in range(101)]}, "at most 100"),
    ],
)
def test_tags_that_cannot_be_set_are_refused(
    post: Post, places: tuple[str, str], fields: dict[str, Any], said: str
) -> None:
    run = _run(post, places[0])
    assert said in post("jobs/tag-runs", run_ids=[run], status=400, **fields)["message"]


def test_runs_go_to_the_trash_and_come_back(post: Post, work: Any, places: tuple[str, str]) -> None:
    parent = _run(post, places[0], lr="1")
    child = _run(post, places[0], parent=parent)
    stays = _run(post, places[0], lr="2")
    chosen = {"experiment_ids": [places[0]], "filter": "params.lr = '1'", "include_children": True}
    job = work(post("jobs/delete-runs", **chosen))
    assert (job["total"], job["done"]) == (2, 2)
    assert _found(post, places[0]) == {stays}
    job = work(post("jobs/restore-runs", **chosen))
    assert (job["total"], job["done"]) == (2, 2)
    assert _found(post, places[0]) == {parent, child, stays}


def test_a_cancelled_job_stops_and_keeps_what_it_has_done(
    post: Post, work: Any, platform: Platform, places: tuple[str, str]
) -> None:
    old, new = places
    runs = [_run(post, old) for _ in range(5)]
    answer = post("jobs/move-runs", run_ids=runs, to_experiment_id=new)
    job_id = answer["job"]["job_id"]
    with platform.store.read() as conn:
        number = find_number(conn, job_id)
    assert number is not None
    platform.store.writer.call(lambda tx: make_step(platform, tx, number, 2))
    assert post("jobs/cancel", job_id=job_id)["job"]["state"] == "CANCELLED"
    assert post("jobs/cancel", job_id=job_id)["job"]["state"] == "CANCELLED"
    job = work(answer)
    assert (job["state"], job["total"], job["done"], job["failed"]) == ("CANCELLED", 5, 2, 0)
    assert len(_found(post, new)) == 2
    done = work(post("jobs/move-runs", run_ids=runs, to_experiment_id=new))
    refused = post("jobs/cancel", job_id=done["job_id"], status=400)
    assert refused["error_code"] == "INVALID_STATE"
    assert post("jobs/cancel", job_id="nobody", status=404)


def test_jobs_are_listed_a_page_at_a_time_and_by_state(
    post: Post, call: Any, work: Any, places: tuple[str, str]
) -> None:
    run = _run(post, places[0])
    for number in range(3):
        answer = post("jobs/tag-runs", run_ids=[run], tags=[{"key": "a", "value": "b"}], job_id=f"j{number}")
    work(answer)
    post("jobs/tag-runs", run_ids=[run], tags=[{"key": "a", "value": "b"}], job_id="open")

    def ask(query: str) -> Any:
        return call("GET", "/api/headrace/v1/jobs/list", query=query).json

    page = ask("max_results=3")
    assert [job["job_id"] for job in page["jobs"]] == ["open", "j2", "j1"]
    rest = ask(f"max_results=3&page_token={page['next_page_token']}")
    assert [job["job_id"] for job in rest["jobs"]] == ["j0"]
    assert "next_page_token" not in rest
    assert [job["job_id"] for job in ask("states=PENDING&states=RUNNING")["jobs"]] == ["open"]


def _names(post: Post) -> dict[str, str]:
    found = post("experiments/search", max_results=1000, view_type="ALL")["experiments"]
    return {each["experiment_id"]: each["name"] for each in found}


def test_experiments_move_with_all_below_them_and_default_stays(post: Post, work: Any) -> None:
    ids = {name: _experiment(post, name) for name in ("t", "t/p/x", "t/p/y", "t/q", "t-other", "u/p")}
    post("experiments/update", experiment_id="0", new_name="t/p/Default")
    post("experiments/delete", experiment_id=ids["t/p/y"])
    run = _run(post, ids["t/p/x"])
    job = work(post("jobs/move-experiments", from_prefix="t/p", to_prefix="org/new/p"))
    assert (job["state"], job["total"], job["done"], job["failed"]) == ("FINISHED", 2, 2, 0)
    names = _names(post)
    assert names[ids["t/p/x"]] == "org/new/p/x"
    assert names[ids["t/p/y"]] == "org/new/p/y"
    assert names["0"] == "t/p/Default"
    assert {names[ids[name]] for name in ("t", "t/q", "t-other", "u/p")} == {"t", "t/q", "t-other", "u/p"}
    assert _found(post, ids["t/p/x"]) == {run}


def test_a_tree_moves_up_into_the_names_that_it_frees(post: Post, work: Any) -> None:
    ids = {name: _experiment(post, name) for name in ("a/b/b", "a/b", "a/b/b/b", "a/b/c")}
    job = work(post("jobs/move-experiments", from_prefix="a/b", to_prefix="a"))
    assert (job["done"], job["failed"]) == (4, 0)
    names = _names(post)
    assert {names[ids[name]]: name for name in ids} == {
        "a/b": "a/b/b",
        "a": "a/b",
        "a/b/b": "a/b/b/b",
        "a/c": "a/b/c",
    }


def test_a_tree_moves_to_the_top(post: Post, work: Any) -> None:
    number = _experiment(post, "a/b/c")
    assert work(post("jobs/move-experiments", from_prefix="a/b", to_prefix=""))["done"] == 1
    assert _names(post)[number] == "c"


@pytest.mark.parametrize(
    ("source", "target", "status", "said"),
    [
        ("a", "b", 400, "b/x"),  # taken
        ("a", "gone", 400, "gone/x"),  # taken by a deleted one
        ("a", "a", 400, "the same or lies in it"),
        ("a", "a/b", 400, "the same or lies in it"),
        ("nobody", "b", 404, "nobody"),
        ("Default", "b", 404, "experiment 0"),
        ("", "b", 400, "from_prefix"),
        ("a/", "b", 400, "from_prefix"),
        ("/a", "b", 400, "from_prefix"),
        ("a", "b//c", 400, "to_prefix"),
        ("a", "c" * 499, 400, "longer than 500"),
        ("solo", "", 400, "no name at the top"),
    ],
)
def test_a_move_of_experiments_that_cannot_be_changes_nothing(
    post: Post, work: Any, call: Any, source: str, target: str, status: int, said: str
) -> None:
    for name in ("a/x", "a/y", "b/x", "gone/x", "solo"):
        number = _experiment(post, name)
        if name == "gone/x":
            post("experiments/delete", experiment_id=number)
    before = _names(post)
    answer = post("jobs/move-experiments", from_prefix=source, to_prefix=target, status=status)
    assert said in answer["message"]
    assert call("GET", "/api/headrace/v1/jobs/list").json == {}
    assert _names(post) == before


def test_a_name_that_is_taken_meanwhile_is_counted_as_failed(post: Post, work: Any) -> None:
    for name in ("a/x", "a/y", "a/z"):
        _experiment(post, name)
    answer = post("jobs/move-experiments", from_prefix="a", to_prefix="b")
    _experiment(post, "b/x")
    post("experiments/update", experiment_id="2", new_name="elsewhere")
    job = work(answer)
    assert (job["state"], job["done"], job["failed"]) == ("FINISHED", 1, 2)
    assert {failure["id"]: failure["reason"][:24] for failure in job["failures"]} == {
        "1": "Experiment 'b/x' already",
        "2": "it was renamed meanwhile",
    }
    assert sorted(_names(post).values()) == ["Default", "a/x", "b/x", "b/z", "elsewhere"]


class Rules:
    """Permits what is not in a list of (permission, resource, target)."""

    def __init__(self, *refused: tuple[Permission, Resource, str]) -> None:
        self.refused = set(refused)

    def grants_all(self, actor: Actor) -> bool:
        return False

    def permits(self, context: Context, need: Need, target: str) -> bool:
        return (need.permission, need.resource, target) not in self.refused


def test_one_thing_that_the_actor_may_not_change_refuses_the_whole_call(
    post: Post, call: Any, places: tuple[str, str]
) -> None:
    old, new = places
    own, foreign = _run(post, old), _run(post, old)
    edit, manage = Permission.EDIT, Permission.MANAGE
    tags = [{"key": "a", "value": "b"}]
    cases: list[tuple[str, dict[str, Any], tuple[Permission, Resource, str]]] = [
        ("move-runs", {"run_ids": [own, foreign], "to_experiment_id": new}, (edit, Resource.RUN, foreign)),
        ("move-runs", {"run_ids": [own], "to_experiment_id": new}, (edit, Resource.EXPERIMENT, new)),
        (
            "move-runs",
            {"experiment_ids": ["0", old], "to_experiment_id": new},
            (edit, Resource.EXPERIMENT, old),
        ),
        ("tag-runs", {"run_ids": [own, foreign], "tags": tags}, (edit, Resource.RUN, foreign)),
        ("tag-runs", {"experiment_ids": ["0", old], "tags": tags}, (edit, Resource.EXPERIMENT, old)),
        ("delete-runs", {"run_ids": [own, foreign]}, (manage, Resource.RUN, foreign)),
        ("delete-runs", {"experiment_ids": [old]}, (manage, Resource.EXPERIMENT, old)),
        ("restore-runs", {"run_ids": [own, foreign]}, (manage, Resource.RUN, foreign)),
        ("move-experiments", {"from_prefix": "team", "to_prefix": "org"}, (edit, Resource.EXPERIMENT, new)),
        ("move-experiments", {"from_prefix": "team", "to_prefix": "org"}, (edit, Resource.SERVER, "")),
    ]
    for name, fields, refused in cases:
        answer = post(f"jobs/{name}", status=403, replace={"policy": Rules(refused)}, **fields)
        assert "lacks the permission" in answer["message"], name
    assert call("GET", "/api/headrace/v1/jobs/list").json == {}


def test_a_permission_that_is_lost_meanwhile_is_counted_as_failed(
    post: Post, work: Any, platform: Platform, places: tuple[str, str]
) -> None:
    old, new = places
    own, foreign = _run(post, old), _run(post, old)
    answer = post("jobs/move-runs", run_ids=[own, foreign], to_experiment_id=new)
    policy = Rules((Permission.EDIT, Resource.RUN, foreign))
    JobDuty().run(replace(platform, policy=policy), threading.Event())
    job = work(answer)
    assert (job["done"], job["failed"]) == (1, 1)
    assert job["failures"] == [{"id": foreign, "reason": "anyone lacks the permission EDIT on it"}]
    assert _found(post, old) == {foreign}


def test_somebody_elses_job_is_cancelled_only_by_who_manages_the_server(
    post: Post, platform: Platform, places: tuple[str, str]
) -> None:
    run = _run(post, places[0])
    answer = post("jobs/move-runs", run_ids=[run], to_experiment_id=places[1])
    platform.store.writer.call(lambda tx: tx.change("UPDATE hr_job SET actor = 'ann'"))
    policy = Rules((Permission.MANAGE, Resource.SERVER, ""))
    job_id = answer["job"]["job_id"]
    post("jobs/cancel", job_id=job_id, status=403, replace={"policy": policy})
    assert post("jobs/cancel", job_id=job_id)["job"]["state"] == "CANCELLED"


def test_steps_of_a_long_job_are_small_and_leave_turns_to_others(
    post: Post, platform: Platform, places: tuple[str, str]
) -> None:
    old, new = places
    runs = [_run(post, old, lr="1") for _ in range(60)]
    post("jobs/move-runs", run_ids=runs, to_experiment_id=new)
    real = platform.store.transact
    moved: list[int] = []

    def watch(work: Callable[[Any], None]) -> None:
        def counted(tx: Any) -> None:
            before = tx.row("SELECT COUNT(*) FROM hr_run WHERE experiment = ?", (int(new),))[0]
            work(tx)
            moved.append(tx.row("SELECT COUNT(*) FROM hr_run WHERE experiment = ?", (int(new),))[0] - before)

        real(counted)

    platform.store.transact = watch  # type: ignore[method-assign]  # to see what each transaction moves
    JobDuty().run(platform, threading.Event())
    assert sum(moved) == 60
    assert moved[0] == 10
    assert len(moved) > 2


def test_a_duty_that_is_told_to_stop_says_that_there_is_more(
    post: Post, platform: Platform, places: tuple[str, str]
) -> None:
    assert JobDuty().run(platform, threading.Event()) is Left.NOTHING
    post("jobs/move-runs", run_ids=[_run(post, places[0])], to_experiment_id=places[1])
    stopped = threading.Event()
    stopped.set()
    assert JobDuty().run(platform, stopped) is Left.MORE
    assert JobDuty().run(platform, threading.Event()) is Left.NOTHING
    assert len(_found(post, places[1])) == 1
