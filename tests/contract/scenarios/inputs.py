"""Dataset inputs, model inputs and outputs of a run, and experiments/search-datasets."""

from typing import Any

from wire.step import Scenario, Step, create_experiment, create_run, post, see_run

_SEARCH = "/ajax-api/2.0/mlflow/experiments/search-datasets"


def _dataset(name: str, digest: str = "d1", context: str | None = None, **more: Any) -> dict[str, Any]:
    fields = {"name": name, "digest": digest, "source_type": "local", "source": '{"uri": "x"}', **more}
    item: dict[str, Any] = {"dataset": {k: v for k, v in fields.items() if v is not ...}}
    if context is not None:
        item["tags"] = [{"key": "mlflow.data.context", "value": context}]
    return item


def _log(name: str, *datasets: Any, run: Any = "{run}", says: tuple[str, ...] = (), **more: Any) -> Step:
    return post(name, "runs/log-inputs", {"run_id": run, "datasets": list(datasets), **more}, says=says)


def _filter(name: str, text: str) -> Step:
    body = {"experiment_ids": ["{exp}"], "filter": text, "order_by": ["attributes.run_name"]}
    return post(name, "runs/search", body)


DATASETS = Scenario(
    name="dataset_inputs",
    steps=(
        create_experiment(),
        create_run(),
        create_run("two"),
        create_run("none"),
        _log("one", _dataset("train", context="training", schema='{"a": "long"}', profile='{"rows": 3}')),
        see_run("read"),
        _log("the same again", _dataset("train", context="training")),
        _log("the same with another tag", {**_dataset("train"), "tags": [{"key": "more", "value": "1"}]}),
        see_run("read again"),
        _log("in another run", _dataset("train", context="eval"), run="{two}"),
        _log("two digests", _dataset("valid", "d1"), _dataset("valid", "d2"), run="{two}"),
        post(
            "read the other",
            "runs/search",
            {"experiment_ids": ["{exp}"], "filter": "dataset.name = 'valid' AND dataset.digest = 'd2'"},
        ),
        _log("empty list"),
        post("no list", "runs/log-inputs", {"run_id": "{run}"}),
        _log("name only", {"dataset": {"name": "bare"}}),
        see_run("read bare"),
        _log(
            "tag twice",
            {**_dataset("tagged"), "tags": [{"key": "k", "value": "1"}, {"key": "k", "value": "2"}]},
        ),
        _log("longest fields", _dataset("n" * 500, "d" * 36)),
        _log("too long name", _dataset("n" * 501)),
        _log("too long digest", _dataset("long digest", "d" * 37)),
        _log("too long tag key", {**_dataset("ltk"), "tags": [{"key": "k" * 256, "value": "v"}]}),
        _log("too long tag value", {**_dataset("ltv"), "tags": [{"key": "k", "value": "v" * 501}]}),
        _log("without name", _dataset(..., "x")),  # type: ignore[arg-type]
        _log("without dataset", {"tags": [{"key": "k", "value": "v"}]}),
        _log("number as name", {"dataset": {"name": 5}}),
        _log("dataset as text", {"dataset": "train"}),
        _log("text for an item", "train"),
        post("object for the list", "runs/log-inputs", {"run_id": "{run}", "datasets": {"a": 1}}),
        _log("unknown run", _dataset("train"), run="0" * 32, says=("0" * 32,)),
        post("without run", "runs/log-inputs", {"datasets": [_dataset("train")]}),
        see_run("read at the end"),
        _filter("filter name", "dataset.name = 'train'"),
        _filter("filter names", "datasets.name LIKE 'tr%'"),
        _filter("filter ilike", "dataset.name ILIKE 'TRAIN'"),
        _filter("filter differs", "dataset.name != 'train'"),
        _filter("filter in", "dataset.name IN ('train', 'other')"),
        _filter("filter not in", "dataset.name NOT IN ('train')"),
        _filter("filter digest", "dataset.digest = 'd2'"),
        _filter("filter context", "dataset.context = 'eval'"),
        _filter("filter context like", "dataset.context LIKE '%al'"),
        _filter("filter both", "dataset.name = 'train' AND dataset.context = 'training'"),
        _filter("filter unknown", "dataset.owner = 'x'"),
        _filter("filter greater", "dataset.name > 'x'"),
    ),
)

SEARCH = Scenario(
    name="search_datasets",
    steps=(
        create_experiment(),
        create_experiment("other", " other"),
        create_run(),
        create_run("far", "{other}"),
        _log("log", _dataset("a", "1", "training"), _dataset("b", "2")),
        _log("log again", _dataset("a", "1", "eval")),
        _log("log far", _dataset("a", "9", "training"), run="{far}"),
        post("of one", _SEARCH, {"experiment_ids": ["{other}"]}),
        post("of both", _SEARCH, {"experiment_ids": ["{exp}", "{other}"]}),
        post("of none", _SEARCH, {"experiment_ids": []}),
        post("empty body", _SEARCH, {}),
        post("of unknown", _SEARCH, {"experiment_ids": ["99999999"]}),
        post("of twenty", _SEARCH, {"experiment_ids": [str(n) for n in range(90000000, 90000020)]}),
        post(
            "of twenty-one",
            _SEARCH,
            {"experiment_ids": [str(n) for n in range(90000000, 90000021)]},
            says=("20",),
        ),
        post("word as id", _SEARCH, {"experiment_ids": ["abc"]}),
        post("text for the list", _SEARCH, {"experiment_ids": "{exp}"}),
        post(
            "below api",
            "/api/2.0/mlflow/experiments/search-datasets",
            {"experiment_ids": ["{other}"]},
            both=False,
        ),
        post("delete the run", "runs/delete", {"run_id": "{far}"}),
        post("of a deleted run", _SEARCH, {"experiment_ids": ["{other}"]}),
    ),
)

MODELS = Scenario(
    name="model_inputs_and_outputs",
    steps=(
        create_experiment(),
        create_run(),
        post(
            "create model",
            "logged-models",
            {"experiment_id": "{exp}", "name": "net", "source_run_id": "{run}"},
            save={"model": "model.info.model_id"},
        ),
        post(
            "create model two",
            "logged-models",
            {"experiment_id": "{exp}", "name": "net2"},
            save={"model2": "model.info.model_id"},
        ),
        post("input", "runs/log-inputs", {"run_id": "{run}", "models": [{"model_id": "{model}"}]}),
        post("input again", "runs/log-inputs", {"run_id": "{run}", "models": [{"model_id": "{model}"}]}),
        post(
            "both inputs",
            "runs/log-inputs",
            {"run_id": "{run}", "datasets": [_dataset("d")], "models": [{"model_id": "{model2}"}]},
        ),
        post("output", "runs/outputs", {"run_id": "{run}", "models": [{"model_id": "{model}", "step": 3}]}),
        see_run("read"),
        post(
            "output again",
            "runs/outputs",
            {"run_id": "{run}", "models": [{"model_id": "{model}", "step": 3}]},
        ),
        post(
            "output at another step",
            "runs/outputs",
            {"run_id": "{run}", "models": [{"model_id": "{model}", "step": 4}]},
        ),
        post(
            "output at a negative step",
            "runs/outputs",
            {"run_id": "{run}", "models": [{"model_id": "{model2}", "step": -1}]},
        ),
        post(
            "step as text",
            "runs/outputs",
            {"run_id": "{run}", "models": [{"model_id": "{model2}", "step": "9"}]},
        ),
        see_run("read again"),
        post("no outputs", "runs/outputs", {"run_id": "{run}", "models": []}),
        post("outputs missing", "runs/outputs", {"run_id": "{run}"}),
        post("output without step", "runs/outputs", {"run_id": "{run}", "models": [{"model_id": "{model}"}]}),
        post("output without model", "runs/outputs", {"run_id": "{run}", "models": [{"step": 1}]}),
        post(
            "output of unknown model",
            "runs/outputs",
            {"run_id": "{run}", "models": [{"model_id": "m-" + "0" * 32, "step": 1}]},
        ),
        post(
            "input of unknown model",
            "runs/log-inputs",
            {"run_id": "{run}", "models": [{"model_id": "m-" + "1" * 32}]},
        ),
        post(
            "output of unknown run",
            "runs/outputs",
            {"run_id": "0" * 32, "models": [{"model_id": "{model}", "step": 1}]},
        ),
        post("output without run", "runs/outputs", {"models": [{"model_id": "{model}", "step": 1}]}),
        post("number as model", "runs/outputs", {"run_id": "{run}", "models": [{"model_id": 5, "step": 1}]}),
        see_run("read at the end"),
        post("search shows them", "runs/search", {"experiment_ids": ["{exp}"]}),
    ),
)

ALL = (DATASETS, SEARCH, MODELS)
