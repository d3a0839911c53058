"""Runs one by one: create, read, update, delete, restore, and the mistakes."""

from wire.step import Scenario, create_experiment, create_run, get, post, see_run

CREATE = Scenario(
    name="run_create",
    steps=(
        create_experiment(),
        post(
            "with all fields",
            "runs/create",
            {
                "experiment_id": "{exp}",
                "user_id": "ann",
                "run_name": "first",
                "start_time": 1234,
                "tags": [{"key": "a", "value": "1"}, {"key": "mlflow.source.type", "value": "LOCAL"}],
            },
            save={"full": "run.info.run_id"},
        ),
        see_run("read all fields", "full"),
        get("read by run_uuid", "runs/get", {"run_uuid": "{full}"}),
        post(
            "with experiment only",
            "runs/create",
            {"experiment_id": "{exp}"},
            save={"bare": "run.info.run_id"},
        ),
        see_run("read generated name", "bare"),
        post(
            "empty name",
            "runs/create",
            {"experiment_id": "{exp}", "run_name": ""},
            save={"unnamed": "run.info.run_id"},
        ),
        post(
            "name by tag",
            "runs/create",
            {"experiment_id": "{exp}", "tags": [{"key": "mlflow.runName", "value": "by tag"}]},
            save={"tagged": "run.info.run_id"},
        ),
        see_run("read name by tag", "tagged"),
        post(
            "name and tag agree",
            "runs/create",
            {
                "experiment_id": "{exp}",
                "run_name": "same",
                "tags": [{"key": "mlflow.runName", "value": "same"}],
            },
            save={"agree": "run.info.run_id"},
        ),
        post(
            "name and tag differ",
            "runs/create",
            {
                "experiment_id": "{exp}",
                "run_name": "one",
                "tags": [{"key": "mlflow.runName", "value": "two"}],
            },
        ),
        post(
            "user by tag",
            "runs/create",
            {
                "experiment_id": "{exp}",
                "user_id": "ann",
                "run_name": "u",
                "tags": [{"key": "mlflow.user", "value": "bob"}],
            },
            save={"user": "run.info.run_id"},
        ),
        post(
            "negative start",
            "runs/create",
            {"experiment_id": "{exp}", "start_time": -5, "run_name": "neg"},
            save={"neg": "run.info.run_id"},
        ),
        post(
            "start as text",
            "runs/create",
            {"experiment_id": "{exp}", "start_time": "77", "run_name": "text"},
            save={"text": "run.info.run_id"},
        ),
        post(
            "start as word", "runs/create", {"experiment_id": "{exp}", "start_time": "soon", "run_name": "w"}
        ),
        post(
            "start as fraction", "runs/create", {"experiment_id": "{exp}", "start_time": 1.5, "run_name": "f"}
        ),
        post(
            "start as null",
            "runs/create",
            {"experiment_id": "{exp}", "start_time": None, "run_name": "null"},
            save={"null": "run.info.run_id"},
        ),
        post(
            "start beyond 64 bits",
            "runs/create",
            {"experiment_id": "{exp}", "start_time": 2**63, "run_name": "big"},
        ),
        post(
            "tag twice",
            "runs/create",
            {
                "experiment_id": "{exp}",
                "run_name": "twice",
                "tags": [{"key": "k", "value": "1"}, {"key": "k", "value": "2"}],
            },
        ),
        post(
            "long name",
            "runs/create",
            {"experiment_id": "{exp}", "run_name": "n" * 250},
            save={"long": "run.info.run_id"},
        ),
        post("too long name", "runs/create", {"experiment_id": "{exp}", "run_name": "n" * 251}),
        post("without experiment", "runs/create", {"run_name": "x"}),
        post("unknown experiment", "runs/create", {"experiment_id": "99999999"}, says=("99999999",)),
        post("word as experiment", "runs/create", {"experiment_id": "abc"}),
        post("number as experiment", "runs/create", {"experiment_id": 1}),
        post("number as name", "runs/create", {"experiment_id": "{exp}", "run_name": 5}),
        post("number as user", "runs/create", {"experiment_id": "{exp}", "user_id": 5}),
        post(
            "bad tag key",
            "runs/create",
            {"experiment_id": "{exp}", "run_name": "b", "tags": [{"key": "a;b", "value": "v"}]},
        ),
        post(
            "long tag",
            "runs/create",
            {"experiment_id": "{exp}", "run_name": "lt", "tags": [{"key": "k", "value": "v" * 8001}]},
        ),
        post("empty body", "runs/create", {}),
    ),
)

UPDATE = Scenario(
    name="run_update",
    steps=(
        create_experiment(),
        create_run(),
        post("finish", "runs/update", {"run_id": "{run}", "status": "FINISHED", "end_time": 5000}),
        see_run("read finished"),
        post("back to running", "runs/update", {"run_id": "{run}", "status": "RUNNING"}),
        see_run("end time is kept"),
        post("status as number", "runs/update", {"run_id": "{run}", "status": 4}),
        post("killed", "runs/update", {"run_id": "{run}", "status": "KILLED"}),
        post("scheduled", "runs/update", {"run_id": "{run}", "status": "SCHEDULED"}),
        post("end time as text", "runs/update", {"run_id": "{run}", "end_time": "6000"}),
        post("end time zero", "runs/update", {"run_id": "{run}", "end_time": 0}),
        see_run("read end time zero"),
        post("end time negative", "runs/update", {"run_id": "{run}", "end_time": -1}),
        post("rename", "runs/update", {"run_id": "{run}", "run_name": "renamed"}),
        see_run("the tag follows"),
        post("empty name", "runs/update", {"run_id": "{run}", "run_name": ""}),
        post(
            "rename by tag", "runs/set-tag", {"run_id": "{run}", "key": "mlflow.runName", "value": "by tag"}
        ),
        see_run("the name follows"),
        post("by run_uuid", "runs/update", {"run_uuid": "{run}", "run_name": "by uuid"}),
        post("nothing to change", "runs/update", {"run_id": "{run}"}),
        post("too long name", "runs/update", {"run_id": "{run}", "run_name": "n" * 251}),
        post("unknown run", "runs/update", {"run_id": "0" * 32, "status": "FINISHED"}, says=("0" * 32,)),
        post("without run", "runs/update", {"status": "FINISHED"}),
        post("number as run", "runs/update", {"run_id": 5, "status": "FINISHED"}),
        post("number as name", "runs/update", {"run_id": "{run}", "run_name": 5}),
        post("status in lower case", "runs/update", {"run_id": "{run}", "status": "finished"}),
        post("unknown status", "runs/update", {"run_id": "{run}", "status": "DONE"}, says=("DONE",)),
        post("unknown status number", "runs/update", {"run_id": "{run}", "status": 77}),
        see_run("read at the end"),
    ),
)

DELETED = Scenario(
    name="run_deleted",
    steps=(
        create_experiment(),
        create_run(),
        post(
            "a metric before", "runs/log-metric", {"run_id": "{run}", "key": "m", "value": 1, "timestamp": 1}
        ),
        post("delete", "runs/delete", {"run_id": "{run}"}),
        see_run("deleted is read"),
        post("delete again", "runs/delete", {"run_id": "{run}"}),
        post(
            "metric",
            "runs/log-metric",
            {"run_id": "{run}", "key": "m", "value": 1, "timestamp": 1},
            says=("{run}",),
        ),
        post("param", "runs/log-parameter", {"run_id": "{run}", "key": "p", "value": "1"}),
        post("tag", "runs/set-tag", {"run_id": "{run}", "key": "t", "value": "1"}),
        post("delete tag", "runs/delete-tag", {"run_id": "{run}", "key": "mlflow.runName"}),
        post("batch", "runs/log-batch", {"run_id": "{run}", "tags": [{"key": "t", "value": "1"}]}),
        post("empty batch", "runs/log-batch", {"run_id": "{run}"}),
        post("update", "runs/update", {"run_id": "{run}", "status": "FINISHED"}),
        post(
            "inputs",
            "runs/log-inputs",
            {
                "run_id": "{run}",
                "datasets": [{"dataset": {"name": "d", "digest": "1", "source_type": "s", "source": "x"}}],
            },
        ),
        post("outputs", "runs/outputs", {"run_id": "{run}", "models": [{"model_id": "m-1", "step": 0}]}),
        get("history is read", "metrics/get-history", {"run_id": "{run}", "metric_key": "m"}),
        get("artifacts are listed", "artifacts/list", {"run_id": "{run}"}),
        post("restore", "runs/restore", {"run_id": "{run}"}),
        post("restore again", "runs/restore", {"run_id": "{run}"}),
        see_run("restored"),
        post(
            "metric after restore",
            "runs/log-metric",
            {"run_id": "{run}", "key": "m", "value": 2, "timestamp": 2},
        ),
        post("delete unknown", "runs/delete", {"run_id": "0" * 32}),
        post("restore unknown", "runs/restore", {"run_id": "0" * 32}),
        post("delete without id", "runs/delete", {}),
        post("restore without id", "runs/restore", {}),
        post("delete by run_uuid", "runs/delete", {"run_uuid": "{run}"}),
        get("get without id", "runs/get"),
        get("get unknown", "runs/get", {"run_id": "0" * 32}, says=("0" * 32,)),
        get("get empty id", "runs/get", {"run_id": ""}),
        get("get odd id", "runs/get", {"run_id": "../../etc"}),
        post(
            "write to a finished run", "runs/update", {"run_id": "{run}", "status": "FINISHED", "end_time": 9}
        ),
        post(
            "metric in a finished run",
            "runs/log-metric",
            {"run_id": "{run}", "key": "late", "value": 3, "timestamp": 3},
        ),
        see_run("read at the end"),
    ),
)

RUNS_OF_DELETED_EXPERIMENT = Scenario(
    name="run_in_deleted_experiment",
    steps=(
        create_experiment(),
        create_run(),
        post("delete experiment", "experiments/delete", {"experiment_id": "{exp}"}),
        post("restore the run alone", "runs/restore", {"run_id": "{run}"}),
        see_run("read"),
        post("log to it", "runs/log-metric", {"run_id": "{run}", "key": "m", "value": 1, "timestamp": 1}),
        post("search", "runs/search", {"experiment_ids": ["{exp}"], "run_view_type": "ALL"}),
    ),
)

ALL = (CREATE, UPDATE, DELETED, RUNS_OF_DELETED_EXPERIMENT)
