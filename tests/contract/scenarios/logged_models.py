"""Logged models one by one: create, finalise, params, tags, metrics, artifacts, delete."""

from wire.step import Scenario, create_experiment, create_run, delete, get, patch, post, put

_NOBODY = "m-" + "0" * 32

LIFE = Scenario(
    name="logged_model_life",
    steps=(
        create_experiment(),
        create_run(),
        post(
            "create",
            "logged-models",
            {
                "experiment_id": "{exp}",
                "name": "net",
                "model_type": "sklearn",
                "source_run_id": "{run}",
                "params": [{"key": "depth", "value": "3"}, {"key": "eta", "value": "0.1"}],
                "tags": [{"key": "team", "value": "red"}],
            },
            save={"model": "model.info.model_id"},
        ),
        get("read", "logged-models/{model}"),
        post(
            "create with experiment only",
            "logged-models",
            {"experiment_id": "{exp}"},
            save={"bare": "model.info.model_id"},
        ),
        post(
            "create the same name",
            "logged-models",
            {"experiment_id": "{exp}", "name": "net"},
            save={"same": "model.info.model_id"},
        ),
        patch("ready", "logged-models/{model}", {"model_id": "{model}", "status": "LOGGED_MODEL_READY"}),
        patch(
            "failed", "logged-models/{same}", {"model_id": "{same}", "status": "LOGGED_MODEL_UPLOAD_FAILED"}
        ),
        patch(
            "back to pending",
            "logged-models/{same}",
            {"model_id": "{same}", "status": "LOGGED_MODEL_PENDING"},
        ),
        patch("status as number", "logged-models/{same}", {"model_id": "{same}", "status": 2}),
        patch("without model_id", "logged-models/{same}", {"status": "LOGGED_MODEL_READY"}),
        patch("without status", "logged-models/{same}", {"model_id": "{same}"}),
        patch("unknown status", "logged-models/{same}", {"model_id": "{same}", "status": "GREAT"}),
        patch("status zero", "logged-models/{same}", {"model_id": "{same}", "status": 0}),
        patch(
            "unknown model",
            f"logged-models/{_NOBODY}",
            {"model_id": _NOBODY, "status": "LOGGED_MODEL_READY"},
            says=(_NOBODY,),
        ),
        patch("two models", "logged-models/{same}", {"model_id": "{bare}", "status": "LOGGED_MODEL_READY"}),
        get("which of the two", "logged-models/{bare}"),
        get("unknown", f"logged-models/{_NOBODY}", says=(_NOBODY,)),
        get("odd id", "logged-models/abc"),
        delete("delete", "logged-models/{same}"),
        get("deleted is gone", "logged-models/{same}"),
        delete("delete again", "logged-models/{same}"),
        patch(
            "finalise deleted", "logged-models/{same}", {"model_id": "{same}", "status": "LOGGED_MODEL_READY"}
        ),
        patch(
            "tag deleted",
            "logged-models/{same}/tags",
            {"model_id": "{same}", "tags": [{"key": "a", "value": "b"}]},
        ),
        delete("delete unknown", f"logged-models/{_NOBODY}"),
        get("read at the end", "logged-models/{model}"),
    ),
)

MISTAKES = Scenario(
    name="logged_model_mistakes",
    steps=(
        create_experiment(),
        create_experiment("gone", " gone"),
        post("delete experiment", "experiments/delete", {"experiment_id": "{gone}"}),
        post("without experiment", "logged-models", {"name": "x"}),
        post("unknown experiment", "logged-models", {"experiment_id": "99999999"}, says=("99999999",)),
        post("word as experiment", "logged-models", {"experiment_id": "abc"}),
        post("deleted experiment", "logged-models", {"experiment_id": "{gone}"}),
        post(
            "unknown run", "logged-models", {"experiment_id": "{exp}", "name": "a", "source_run_id": "0" * 32}
        ),
        post("empty name", "logged-models", {"experiment_id": "{exp}", "name": ""}),
        post("name with slash", "logged-models", {"experiment_id": "{exp}", "name": "a/b"}, says=("a/b",)),
        post("name with colon", "logged-models", {"experiment_id": "{exp}", "name": "a:b"}),
        post("name with point", "logged-models", {"experiment_id": "{exp}", "name": "a.b"}),
        post("name with percent", "logged-models", {"experiment_id": "{exp}", "name": "a%b"}),
        post("name with quote", "logged-models", {"experiment_id": "{exp}", "name": 'a"b'}),
        post("name with apostrophe", "logged-models", {"experiment_id": "{exp}", "name": "a'b"}),
        post("name with blank", "logged-models", {"experiment_id": "{exp}", "name": "a b"}),
        post("long name", "logged-models", {"experiment_id": "{exp}", "name": "n" * 500}),
        post("number as name", "logged-models", {"experiment_id": "{exp}", "name": 5}),
        post("number as type", "logged-models", {"experiment_id": "{exp}", "name": "a", "model_type": 5}),
        post(
            "number as param",
            "logged-models",
            {"experiment_id": "{exp}", "name": "np", "params": [{"key": "a", "value": 5}]},
        ),
        post(
            "param twice",
            "logged-models",
            {
                "experiment_id": "{exp}",
                "name": "a",
                "params": [{"key": "a", "value": "1"}, {"key": "a", "value": "2"}],
            },
        ),
        post(
            "tag twice",
            "logged-models",
            {
                "experiment_id": "{exp}",
                "name": "tt",
                "tags": [{"key": "a", "value": "1"}, {"key": "a", "value": "2"}],
            },
        ),
        post(
            "bad param key",
            "logged-models",
            {"experiment_id": "{exp}", "name": "a", "params": [{"key": "a;b", "value": "1"}]},
        ),
        post(
            "bad tag key",
            "logged-models",
            {"experiment_id": "{exp}", "name": "a", "tags": [{"key": "a;b", "value": "1"}]},
        ),
        post(
            "long param value",
            "logged-models",
            {"experiment_id": "{exp}", "name": "a", "params": [{"key": "a", "value": "v" * 6001}]},
        ),
        post(
            "long param key",
            "logged-models",
            {"experiment_id": "{exp}", "name": "a", "params": [{"key": "k" * 251, "value": "v"}]},
        ),
        post(
            "params as object",
            "logged-models",
            {"experiment_id": "{exp}", "name": "po", "params": {"a": "1"}},
        ),
    ),
)

VALUES = Scenario(
    name="logged_model_values",
    steps=(
        create_experiment(),
        create_run(),
        post(
            "create",
            "logged-models",
            {"experiment_id": "{exp}", "name": "net", "params": [{"key": "depth", "value": "3"}]},
            save={"model": "model.info.model_id"},
        ),
        post(
            "params",
            "logged-models/{model}/params",
            {
                "model_id": "{model}",
                "params": [{"key": "eta", "value": "0.1"}, {"key": "empty", "value": ""}],
            },
        ),
        post(
            "same param again",
            "logged-models/{model}/params",
            {"model_id": "{model}", "params": [{"key": "eta", "value": "0.1"}]},
        ),
        post(
            "other value",
            "logged-models/{model}/params",
            {"model_id": "{model}", "params": [{"key": "eta", "value": "0.2"}]},
        ),
        post(
            "params without model_id",
            "logged-models/{model}/params",
            {"params": [{"key": "x", "value": "1"}]},
        ),
        post("no params", "logged-models/{model}/params", {"model_id": "{model}", "params": []}),
        post("params missing", "logged-models/{model}/params", {"model_id": "{model}"}),
        post(
            "params of unknown",
            f"logged-models/{_NOBODY}/params",
            {"model_id": _NOBODY, "params": [{"key": "x", "value": "1"}]},
        ),
        post(
            "bad param key",
            "logged-models/{model}/params",
            {"model_id": "{model}", "params": [{"key": "a;b", "value": "1"}]},
        ),
        post(
            "long param",
            "logged-models/{model}/params",
            {"model_id": "{model}", "params": [{"key": "longp", "value": "v" * 6001}]},
        ),
        post(
            "number as param",
            "logged-models/{model}/params",
            {"model_id": "{model}", "params": [{"key": "nump", "value": 1}]},
        ),
        patch(
            "tags",
            "logged-models/{model}/tags",
            {"model_id": "{model}", "tags": [{"key": "a", "value": "1"}, {"key": "b/c", "value": "2"}]},
        ),
        patch("tags without model_id", "logged-models/{model}/tags", {"tags": [{"key": "d", "value": "1"}]}),
        patch(
            "overwrite tag",
            "logged-models/{model}/tags",
            {"model_id": "{model}", "tags": [{"key": "a", "value": "9"}]},
        ),
        patch("no tags", "logged-models/{model}/tags", {"model_id": "{model}", "tags": []}),
        patch("tags missing", "logged-models/{model}/tags", {"model_id": "{model}"}),
        patch("tags of unknown", f"logged-models/{_NOBODY}/tags", {"tags": [{"key": "a", "value": "1"}]}),
        patch("bad tag key", "logged-models/{model}/tags", {"tags": [{"key": "a;b", "value": "1"}]}),
        patch("long tag", "logged-models/{model}/tags", {"tags": [{"key": "longt", "value": "v" * 8001}]}),
        patch("number as tag", "logged-models/{model}/tags", {"tags": [{"key": "numt", "value": 1}]}),
        get("read", "logged-models/{model}"),
        delete("delete tag", "logged-models/{model}/tags/a"),
        delete("delete tag again", "logged-models/{model}/tags/a", says=("a",)),
        delete("delete tag with slash", "logged-models/{model}/tags/b%2Fc"),
        delete("delete tag of unknown", f"logged-models/{_NOBODY}/tags/a"),
        post(
            "metric",
            "runs/log-metric",
            {
                "run_id": "{run}",
                "key": "acc",
                "value": 0.5,
                "timestamp": 5,
                "step": 1,
                "model_id": "{model}",
                "dataset_name": "train",
                "dataset_digest": "d1",
            },
        ),
        post(
            "metric without dataset",
            "runs/log-metric",
            {"run_id": "{run}", "key": "loss", "value": 2, "timestamp": 5, "model_id": "{model}"},
        ),
        post(
            "later metric",
            "runs/log-batch",
            {
                "run_id": "{run}",
                "metrics": [
                    {"key": "acc", "value": 0.7, "timestamp": 8, "step": 2, "model_id": "{model}"},
                    {
                        "key": "acc",
                        "value": 0.6,
                        "timestamp": 9,
                        "step": 2,
                        "model_id": "{model}",
                        "dataset_name": "train",
                        "dataset_digest": "d1",
                    },
                ],
            },
        ),
        post(
            "metric of unknown model",
            "runs/log-metric",
            {"run_id": "{run}", "key": "lost", "value": 2, "timestamp": 5, "model_id": _NOBODY},
        ),
        get("the model has metrics", "logged-models/{model}"),
        get("so has the run", "runs/get", {"run_id": "{run}"}),
        get("and their history", "metrics/get-history", {"run_id": "{run}", "metric_key": "acc"}),
    ),
)

_DIRECTORIES = "logged-models/{model}/artifacts/directories"
_FILES = "/ajax-api/2.0/mlflow/logged-models/{model}/artifacts/files"
_PROXY = "/api/2.0/mlflow-artifacts/artifacts/{exp}/models/{model}/artifacts"

ARTIFACTS = Scenario(
    name="logged_model_artifacts",
    steps=(
        create_experiment(),
        post(
            "create",
            "logged-models",
            {"experiment_id": "{exp}", "name": "net"},
            save={"model": "model.info.model_id"},
        ),
        get("empty", _DIRECTORIES),
        put(
            "upload",
            _PROXY + "/MLmodel",
            b"flavors: {}\n",
            headers={"Content-Type": "application/octet-stream"},
        ),
        put(
            "upload deeper",
            _PROXY + "/code/a.py",
            b"x = 1\n",
            headers={"Content-Type": "application/octet-stream"},
        ),
        get("list", _DIRECTORIES),
        get("list a folder", _DIRECTORIES, {"artifact_directory_path": "code"}),
        get("list what is not there", _DIRECTORIES, {"artifact_directory_path": "none"}),
        get("list above", _DIRECTORIES, {"artifact_directory_path": "../.."}, says=("../..",)),
        get("list of unknown", f"logged-models/{_NOBODY}/artifacts/directories"),
        get(
            "file",
            _FILES,
            {"artifact_file_path": "MLmodel"},
            keep=("content-disposition", "content-type", "content-length"),
        ),
        get(
            "deeper file",
            _FILES,
            {"artifact_file_path": "code/a.py"},
            keep=("content-disposition", "content-type"),
        ),
        get("missing file", _FILES, {"artifact_file_path": "none"}),
        get("file above", _FILES, {"artifact_file_path": "../../../x"}),
        get("file without path", _FILES),
        get(
            "file of unknown",
            f"/ajax-api/2.0/mlflow/logged-models/{_NOBODY}/artifacts/files",
            {"artifact_file_path": "MLmodel"},
        ),
        delete("delete the model", "logged-models/{model}"),
        get("list of deleted", _DIRECTORIES),
    ),
)

ALL = (LIFE, MISTAKES, VALUES, ARTIFACTS)
