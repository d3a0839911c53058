"""Errors: what each client raises for what is missing, taken, deleted, in conflict or not allowed; nothing is half done."""

import mlflow
from mlflow.entities import Metric, Param, RunTag
from mlflow.exceptions import MlflowException, RestException
from mlflow.tracking import MlflowClient
from peer import Area, make_folder

ABSENT = "RESOURCE_DOES_NOT_EXIST"
INVALID = "INVALID_PARAMETER_VALUE"
NO_RUN = "0123456789abcdef" * 2


def check_missing_runs(area: Area, client: MlflowClient) -> None:
    calls = {
        "get_run": lambda: client.get_run(NO_RUN),
        "log_metric": lambda: client.log_metric(NO_RUN, "m", 1),
        "log_param": lambda: client.log_param(NO_RUN, "p", 1),
        "log_batch": lambda: client.log_batch(NO_RUN, [Metric("m", 1, 1, 1)]),
        "set_tag": lambda: client.set_tag(NO_RUN, "t", 1),
        "delete_tag": lambda: client.delete_tag(NO_RUN, "t"),
        "set_terminated": lambda: client.set_terminated(NO_RUN),
        "update_run": lambda: client.update_run(NO_RUN, name="x"),
        "delete_run": lambda: client.delete_run(NO_RUN),
        "restore_run": lambda: client.restore_run(NO_RUN),
        "list_artifacts": lambda: client.list_artifacts(NO_RUN),
        "download_artifacts": lambda: client.download_artifacts(NO_RUN, "x"),
        "start_run": lambda: mlflow.start_run(run_id=NO_RUN),
    }
    for name, call in calls.items():
        area.refused(f"{name}: no such run", ABSENT, call, NO_RUN)
    try:
        client.get_run(NO_RUN)
    except MlflowException as error:
        area.equal("the server's own error", type(error), RestException)


def check_experiments(area: Area, client: MlflowClient) -> None:
    name = f"{area.unique}/taken"
    made = client.create_experiment(name)
    taken = "RESOURCE_ALREADY_EXISTS"
    area.refused("a name twice", taken, lambda: client.create_experiment(name), name)
    other = client.create_experiment(f"{name}/other")
    area.refused(
        "a rename to a name that is taken",
        f"{taken}|BAD_REQUEST",
        lambda: client.rename_experiment(other, name),
    )
    area.equal("it keeps its name", client.get_experiment(other).name, f"{name}/other")
    for label, call in {
        "get": lambda: client.get_experiment("99999999"),
        "delete": lambda: client.delete_experiment("99999999"),
        "restore": lambda: client.restore_experiment("99999999"),
        "rename": lambda: client.rename_experiment("99999999", "x"),
        "tag": lambda: client.set_experiment_tag("99999999", "a", "b"),
        "create run": lambda: client.create_run("99999999"),
    }.items():
        area.refused(f"{label}: no such experiment", ABSENT, call, "99999999")
    client.delete_experiment(made)
    area.refused("deleted twice", ABSENT, lambda: client.delete_experiment(made))
    area.refused("the name of a deleted one", taken, lambda: client.create_experiment(name))
    area.refused("a run in a deleted one", INVALID, lambda: client.create_run(made))
    area.refused("a tag of a deleted one", INVALID, lambda: client.set_experiment_tag(made, "a", "b"))
    try:
        mlflow.set_experiment(name)
    except MlflowException as error:
        area.true("set_experiment of a deleted one", "deleted" in error.message)
    else:
        raise AssertionError("a deleted experiment was made active")


def check_conflicts(area: Area, client: MlflowClient, experiment_id: str) -> None:
    run_id = client.create_run(experiment_id).info.run_id
    client.log_param(run_id, "p", "1")
    client.log_param(run_id, "p", "1")
    area.refused("a param is written once", INVALID, lambda: client.log_param(run_id, "p", "2"), "p")
    batch = {
        "params": [Param("q", "1"), Param("p", "9")],
        "metrics": [Metric("m", 1, 1, 1)],
        "tags": [RunTag("t", "1")],
    }
    area.refused("a batch with a conflict", INVALID, lambda: client.log_batch(run_id, **batch))
    data = client.get_run(run_id).data
    area.equal(
        "nothing of it is kept", (data.params, data.metrics, "t" in data.tags), ({"p": "1"}, {}, False)
    )
    twice = [Param("twice", "1"), Param("twice", "2")]
    area.refused("a param twice in a batch", INVALID, lambda: client.log_batch(run_id, params=twice))
    area.refused("a tag that is not there", ABSENT, lambda: client.delete_tag(run_id, "none"))
    client.delete_run(run_id)
    for label, call in {
        "metric": lambda: client.log_metric(run_id, "m", 1),
        "param": lambda: client.log_param(run_id, "r", 1),
        "tag": lambda: client.set_tag(run_id, "t", 1),
        "batch": lambda: client.log_batch(run_id, [Metric("m", 1, 1, 1)]),
    }.items():
        area.refused(f"{label} of a deleted run", INVALID, call, run_id)


def check_values(area: Area, client: MlflowClient, experiment_id: str) -> None:
    run_id = client.create_run(experiment_id).info.run_id
    for label, call in {
        "a key with a semicolon": lambda: client.log_metric(run_id, "a;b", 1),
        "a key that climbs": lambda: client.log_param(run_id, "../a", 1),
        "a key of 300 characters": lambda: client.set_tag(run_id, "k" * 300, 1),
        "a key without end": lambda: client.log_metric(run_id, "a/", 1),
        "a blank name": lambda: client.create_experiment(""),
        "a filter without sense": lambda: client.search_runs([experiment_id], "acc >"),
        "a filter of no kind": lambda: client.search_runs([experiment_id], "colour.x = 'red'"),
        "an order of no kind": lambda: client.search_runs([experiment_id], order_by=["colour.x"]),
        "a page that is none": lambda: client.search_runs([experiment_id], page_token="none"),
        "too many results": lambda: client.search_runs([experiment_id], max_results=100_000),
        "a filter of experiments": lambda: client.search_experiments(filter_string="x y z"),
        "an order of experiments": lambda: client.search_experiments(order_by=["colour"]),
    }.items():
        area.refused(label, INVALID, call)
    data = client.get_run(run_id).data
    area.equal("nothing was written", (data.params, data.metrics), ({}, {}))


def check_artifacts(area: Area, client: MlflowClient, experiment_id: str) -> None:
    run_id = client.create_run(experiment_id).info.run_id
    target = make_folder()
    for path in ("none.txt", "../../secret", "a/../../../b"):
        try:
            got = client.download_artifacts(run_id, path, str(target))
        except Exception as error:  # noqa: BLE001 - its type differs from client to client
            area.true(f"no artifact {path}", str(error))
        else:
            raise AssertionError(f"{path} was downloaded to {got}")
    area.equal("nothing was written to disk", [file for file in target.rglob("*") if file.is_file()], [])


def main() -> None:
    area = Area("errors")
    client = MlflowClient()
    experiment_id = client.create_experiment(area.unique)
    check_missing_runs(area, client)
    check_experiments(area, client)
    check_conflicts(area, client, experiment_id)
    check_values(area, client, experiment_id)
    check_artifacts(area, client, experiment_id)
    area.finish()


if __name__ == "__main__":
    main()
