"""runs/search: views, pages and orders."""

from typing import Any

from wire.step import Scenario, Step, create_experiment, create_run, post


def search(name: str, text: str | None = None, **more: Any) -> Step:
    """Build the step that searches runs of this play's experiment, ordered by name unless said otherwise."""
    says = more.pop("says", ())
    body = {"experiment_ids": ["{exp}"], "order_by": ["attributes.run_name"], **more}
    if text is not None:
        body["filter"] = text
    return post(name, "runs/search", body, says=says)


def _log(run: str, metrics: dict[str, Any], params: dict[str, str], tags: dict[str, str]) -> Step:
    return post(
        f"log to {run}",
        "runs/log-batch",
        {
            "run_id": "{" + run + "}",
            "metrics": [{"key": k, "value": v, "timestamp": 1, "step": 1} for k, v in metrics.items()],
            "params": [{"key": k, "value": v} for k, v in params.items()],
            "tags": [{"key": k, "value": v} for k, v in tags.items()],
        },
    )


#: Six runs; e has neither values nor an end; f is deleted.
SETUP = (
    create_experiment(),
    create_run("a", start_time=100, user_id="ann"),
    create_run("b", start_time=200, user_id="bob"),
    create_run("c", start_time=300, user_id="ann"),
    create_run("d", start_time=400, user_id="Dora"),
    create_run("e", start_time=500),
    create_run("f", start_time=600),
    _log("a", {"acc": 0.5, "loss": 2.0, "spaced key": 1}, {"lr": "0.1", "opt": "Adam"}, {"team": "red"}),
    _log("b", {"acc": 0.9, "loss": "NaN"}, {"lr": "0.01", "opt": "sgd"}, {"team": "Blue", "a.b c": "x"}),
    _log("c", {"acc": 0.7, "loss": "Infinity"}, {"lr": "0.1", "opt": "adam_w"}, {"team": "red", "empty": ""}),
    _log("d", {"acc": "NaN", "loss": -1.0}, {"lr": "10", "opt": "100%"}, {"team": "it's"}),
    _log("f", {"acc": 0.1}, {"lr": "0.5"}, {"team": "gone"}),
    post("a ends", "runs/update", {"run_id": "{a}", "status": "FINISHED", "end_time": 1100}),
    post("b fails", "runs/update", {"run_id": "{b}", "status": "FAILED", "end_time": 1000}),
    post("delete f", "runs/delete", {"run_id": "{f}"}),
)

VIEWS = Scenario(
    name="runs_search_views",
    steps=(
        *SETUP,
        search("default"),
        search("active", run_view_type="ACTIVE_ONLY"),
        search("deleted", run_view_type="DELETED_ONLY"),
        search("all", run_view_type="ALL"),
        search("as number", run_view_type=2),
        search("unknown", run_view_type="NONE", says=("NONE",)),
        post("default order", "runs/search", {"experiment_ids": ["{exp}"]}),
        post("no experiments", "runs/search", {"experiment_ids": []}),
        post("empty body", "runs/search", {}),
        post("unknown experiment", "runs/search", {"experiment_ids": ["99999999"]}),
        post(
            "unknown experiment beside a known",
            "runs/search",
            {"experiment_ids": ["99999999", "{exp}"], "max_results": 1},
        ),
        post("word as experiment", "runs/search", {"experiment_ids": ["abc"]}),
        post("number as experiment", "runs/search", {"experiment_ids": [1]}),
        post("text for the list", "runs/search", {"experiment_ids": "{exp}"}),
        create_experiment("other", " other"),
        create_run("z", "{other}", start_time=250),
        post("two experiments", "runs/search", {"experiment_ids": ["{exp}", "{other}"]}),
        post("one experiment twice", "runs/search", {"experiment_ids": ["{other}", "{other}"]}),
    ),
)

PAGES = Scenario(
    name="runs_search_pages",
    steps=(
        *SETUP,
        search("first", max_results=2),
        post(
            "first again",
            "runs/search",
            {"experiment_ids": ["{exp}"], "order_by": ["attributes.run_name"], "max_results": 2},
            save={"token": "next_page_token"},
        ),
        search("second", max_results=2, page_token="{token}"),
        search("exactly full", max_results=5),
        search("larger", max_results=6),
        search("zero", max_results=0),
        search("negative", max_results=-1),
        search("at the limit", max_results=50000),
        search("over the limit", max_results=50001, says=("50001",)),
        search("as text", max_results="2"),
        search("as word", max_results="two"),
        search("beyond 32 bits", max_results=2**31),
        search("bad token", page_token="nonsense"),
        search("empty token", max_results=2, page_token=""),
        search("number as token", page_token=5),
        post(
            "first by metric",
            "runs/search",
            {"experiment_ids": ["{exp}"], "order_by": ["metrics.loss DESC"], "max_results": 3},
            save={"by_metric": "next_page_token"},
        ),
        post(
            "second by metric",
            "runs/search",
            {
                "experiment_ids": ["{exp}"],
                "order_by": ["metrics.loss DESC"],
                "max_results": 3,
                "page_token": "{by_metric}",
            },
        ),
        post(
            "first by time",
            "runs/search",
            {"experiment_ids": ["{exp}"], "max_results": 4},
            save={"by_time": "next_page_token"},
        ),
        post(
            "second by time",
            "runs/search",
            {"experiment_ids": ["{exp}"], "max_results": 4, "page_token": "{by_time}"},
        ),
        post(
            "first with a filter",
            "runs/search",
            {"experiment_ids": ["{exp}"], "filter": "params.lr = '0.1'", "max_results": 1},
            save={"filtered": "next_page_token"},
        ),
        post(
            "second with a filter",
            "runs/search",
            {
                "experiment_ids": ["{exp}"],
                "filter": "params.lr = '0.1'",
                "max_results": 1,
                "page_token": "{filtered}",
            },
        ),
    ),
)

ORDERS = Scenario(
    name="runs_search_orders",
    steps=(
        *SETUP,
        search("metric", order_by=["metrics.acc"]),
        search("metric down", order_by=["metrics.acc DESC"]),
        search("metric with infinity", order_by=["metrics.loss ASC"]),
        search("metric with infinity down", order_by=["metrics.loss DESC"]),
        search("metric singular", order_by=["metric.acc asc"]),
        search("param", order_by=["params.lr", "attributes.start_time"]),
        search("param down", order_by=["params.lr DESC", "attributes.start_time DESC"]),
        search("param singular", order_by=["param.opt"]),
        search("parameter", order_by=["parameter.opt desc"]),
        search("tag", order_by=["tags.team", "start_time"]),
        search("tag down", order_by=["tags.team DESC", "start_time"]),
        search("tag none has", order_by=["tags.none", "start_time"]),
        search("start", order_by=["attributes.start_time"]),
        search("start by short name", order_by=["start_time DESC"]),
        search("created", order_by=["created ASC"]),
        search("Created", order_by=["attribute.Created"]),
        search("end", order_by=["attributes.end_time ASC"]),
        search("end down", order_by=["attributes.end_time DESC"]),
        search("status", order_by=["attributes.status", "start_time"]),
        search("name down", order_by=["run_name DESC"]),
        search("Run Name", order_by=["`Run Name` DESC"]),
        search("user", order_by=["attributes.user_id", "start_time"]),
        search("run id", order_by=["attributes.run_id"], filter="attributes.run_name = 'a'"),
        search("artifact uri", order_by=["attributes.artifact_uri"], filter="attributes.run_name = 'a'"),
        search("run entity", order_by=["run.start_time"]),
        search("quoted key", order_by=['metrics."spaced key"', "start_time"]),
        search("backticked key", order_by=["metrics.`spaced key` DESC", "start_time"]),
        search("lifecycle", order_by=["attributes.lifecycle_stage", "start_time"]),
        search("same key twice", order_by=["metrics.acc", "metrics.acc DESC"]),
        search("start twice", order_by=["start_time", "start_time"]),
        search("two in one item", order_by=["metrics.acc ASC, params.lr DESC"]),
        search("unknown attribute", order_by=["attributes.colour"], says=("colour",)),
        search("unknown entity", order_by=["things.x"], says=("things",)),
        search("bad direction", order_by=["metrics.acc UP"]),
        search("empty item", order_by=[""]),
        search("no entity, no attribute", order_by=["acc"]),
        search("dataset", order_by=["dataset.name"]),
        search("text for the list", order_by="metrics.acc"),
        search("number in the list", order_by=[5]),
    ),
)

ALL = (VIEWS, PAGES, ORDERS)
