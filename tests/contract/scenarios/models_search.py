"""logged-models/search: filters, datasets, orders, pages."""

from typing import Any

from wire.step import Scenario, Step, create_experiment, create_run, delete, patch, post


def _create(name: str, params: dict[str, str], tags: dict[str, str], **more: Any) -> Step:
    body = {
        "experiment_id": "{exp}",
        "name": name,
        "params": [{"key": k, "value": v} for k, v in params.items()],
        "tags": [{"key": k, "value": v} for k, v in tags.items()],
        **more,
    }
    return post(f"create {name}", "logged-models", body, save={name: "model.info.model_id"}, pause_s=0.005)


def _metric(
    model: str, key: str, value: Any, dataset: str | None = None, step: int = 1, time: int = 1
) -> dict[str, Any]:
    """Build a point; MLflow takes but one for each model, key, time, step and run, whatever the dataset."""
    made = {"key": key, "value": value, "timestamp": time, "step": step, "model_id": "{" + model + "}"}
    return {**made, "dataset_name": dataset, "dataset_digest": "d1"} if dataset else made


def _search(name: str, text: str | None = None, says: tuple[str, ...] = (), **more: Any) -> Step:
    body: dict[str, Any] = {"experiment_ids": ["{exp}"], **more}
    if text is not None:
        body["filter"] = text
    return post(name, "logged-models/search", body, says=says)


def _order(field: str, *, ascending: bool | None = None, **more: Any) -> list[dict[str, Any]]:
    item: dict[str, Any] = {"field_name": field, **more}
    if ascending is not None:
        item["ascending"] = ascending
    return [item]


_SETUP = (
    create_experiment(),
    create_run(),
    _create("alpha", {"lr": "0.1"}, {"team": "red"}, model_type="agent", source_run_id="{run}"),
    _create("beta", {"lr": "0.2", "opt": "Adam"}, {"team": "Blue"}, model_type="sklearn"),
    _create("gamma", {}, {}),
    _create("gone", {"lr": "0.1"}, {"team": "red"}),
    patch(
        "alpha is ready",
        "logged-models/{alpha}",
        {"model_id": "{alpha}", "status": "LOGGED_MODEL_READY"},
        pause_s=0.005,
    ),
    delete("delete gone", "logged-models/{gone}"),
    post(
        "metrics",
        "runs/log-batch",
        {
            "run_id": "{run}",
            "metrics": [
                _metric("alpha", "acc", 0.5, "train"),
                _metric("alpha", "acc", 0.9, "test", time=2),
                _metric("beta", "acc", 0.7, "train"),
                _metric("beta", "loss", 3),
                _metric("alpha", "loss", 1),
                _metric("alpha", "loss", 9, step=2),
                _metric("gamma", "loss", "NaN"),
            ],
        },
    ),
)

FILTERS = Scenario(
    name="models_search_filters",
    steps=(
        *_SETUP,
        _search("all"),
        post("no experiments", "logged-models/search", {}),
        post("unknown experiment", "logged-models/search", {"experiment_ids": ["99999999"]}),
        _search("name", "name = 'alpha'"),
        _search("name with entity", "attributes.name != 'alpha'"),
        _search("name like", "name LIKE '%a%a'"),
        _search("name ilike", "name ILIKE 'ALPHA'"),
        _search("name in", "name IN ('alpha', 'beta')"),
        _search("name not in", "name NOT IN ('alpha')"),
        _search("model id", "model_id = '{beta}'"),
        _search("model type", "model_type = 'agent'"),
        _search("source run", "source_run_id = '{run}'"),
        _search("status name", "status = 'READY'"),
        _search("status number", "status = '2'"),
        _search("created", "creation_timestamp > 0"),
        _search("creation time", "creation_time < 5"),
        _search("updated", "last_updated_timestamp > 0"),
        _search("last updated time", "last_updated_time >= 1"),
        _search("created as text", "creation_timestamp > '0'"),
        _search("param", "params.lr = '0.1'"),
        _search("param differs", "params.lr != '0.1'"),
        _search("param like", "params.opt LIKE 'A%'"),
        _search("param is null", "params.opt IS NULL"),
        _search("param as number", "params.lr = 0.1"),
        _search("tag", "tags.team = 'red'"),
        _search("tag ilike", "tags.team ILIKE 'b%'"),
        _search("tag is not null", "tags.team IS NOT NULL"),
        _search("metric", "metrics.loss > 2"),
        _search("metric of any dataset", "metrics.acc > 0.6"),
        _search("metric of a dataset", "metrics.acc > 0.6", datasets=[{"dataset_name": "train"}]),
        _search(
            "metric of a dataset and digest",
            "metrics.acc > 0.6",
            datasets=[{"dataset_name": "test", "dataset_digest": "d1"}],
        ),
        _search(
            "metric of another digest",
            "metrics.acc > 0.6",
            datasets=[{"dataset_name": "test", "dataset_digest": "d2"}],
        ),
        _search(
            "metric of two datasets",
            "metrics.acc > 0.6",
            datasets=[{"dataset_name": "train"}, {"dataset_name": "test"}],
        ),
        _search("datasets without filter", datasets=[{"dataset_name": "train"}]),
        _search("dataset without name", "metrics.acc > 0", datasets=[{"dataset_digest": "d1"}]),
        _search("two clauses", "metrics.loss > 0 AND params.lr = '0.2'"),
        _search("unknown attribute", "colour = 'red'", says=("colour",)),
        _search("unknown entity", "things.x = 'red'"),
        _search("garbage", "this is no filter"),
        _search("empty", ""),
        _search("or", "name = 'alpha' OR name = 'beta'"),
        _search("unclosed", "name = 'alpha"),
        _search("number as filter", 5),  # type: ignore[arg-type]
        post("text for the experiments", "logged-models/search", {"experiment_ids": "{exp}"}),
    ),
)

ORDERS = Scenario(
    name="models_search_orders",
    steps=(
        *_SETUP,
        _search("name", order_by=_order("name")),
        _search("name down", order_by=_order("name", ascending=False)),
        _search("entity", order_by=_order("attributes.name", ascending=True)),
        _search("created", order_by=_order("creation_timestamp", ascending=True)),
        _search("creation time", order_by=_order("creation_time", ascending=False)),
        _search("updated", order_by=_order("last_updated_timestamp", ascending=False)),
        _search("model type", order_by=_order("model_type")),
        _search("model id", "name = 'alpha'", order_by=_order("model_id")),
        _search("metric", order_by=_order("metrics.loss")),
        _search("metric down", order_by=_order("metrics.loss", ascending=False)),
        _search(
            "metric of a dataset", order_by=_order("metrics.acc", dataset_name="train", dataset_digest="d1")
        ),
        _search(
            "metric of a dataset down",
            order_by=_order("metrics.acc", ascending=False, dataset_name="test", dataset_digest="d1"),
        ),
        _search("metric of a name only", order_by=_order("metrics.acc", dataset_name="train")),
        _search("digest only", order_by=_order("metrics.acc", dataset_digest="d1")),
        _search(
            "dataset at an attribute", order_by=_order("name", dataset_name="train", dataset_digest="d1")
        ),
        _search("two keys", order_by=_order("model_type") + _order("name", ascending=False)),
        _search("param", order_by=_order("params.lr")),
        _search("unknown attribute", order_by=_order("colour"), says=("colour",)),
        _search("unknown entity", order_by=_order("things.x")),
        _search("without field", order_by=[{"ascending": True}]),
        _search("text item", order_by=["name"]),
        _search("text for the list", order_by="name"),
        _search("word for ascending", order_by=[{"field_name": "name", "ascending": "no"}]),
    ),
)

PAGES = Scenario(
    name="models_search_pages",
    steps=(
        *_SETUP,
        post(
            "first",
            "logged-models/search",
            {"experiment_ids": ["{exp}"], "max_results": 2, "order_by": _order("name")},
            save={"token": "next_page_token"},
        ),
        _search("second", max_results=2, order_by=_order("name"), page_token="{token}"),
        _search(
            "token of another order",
            max_results=2,
            order_by=_order("name", ascending=False),
            page_token="{token}",
        ),
        _search(
            "token of another filter",
            "params.lr = '0.1'",
            max_results=2,
            order_by=_order("name"),
            page_token="{token}",
        ),
        _search("exactly full", max_results=3),
        _search("larger", max_results=4),
        _search("no upper bound", max_results=100000),
        _search("zero", max_results=0),
        _search("negative", max_results=-1),
        _search("as text", max_results="1", order_by=_order("name")),
        _search("as word", max_results="one"),
        _search("bad token", page_token="nonsense"),
        _search("empty token", page_token="", max_results=1, order_by=_order("name")),
    ),
)

ALL = (FILTERS, ORDERS, PAGES)
