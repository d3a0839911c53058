"""Experiments through the fluent calls and MlflowClient: make, read, rename, tag, search in pages, delete, restore."""

import mlflow
from mlflow.entities import ViewType
from mlflow.tracking import MlflowClient
from peer import Area

LONG_AGO_MS = 1_600_000_000_000


def check_life(area: Area, client: MlflowClient) -> None:
    name = f"{area.unique}/läuft 値"
    made = client.create_experiment(name, tags={"team": "red"})
    area.true("the id is text of digits", made.isdigit())
    seen = client.get_experiment(made)
    area.equal("name", seen.name, name)
    area.equal("stage", seen.lifecycle_stage, "active")
    area.equal("tags of the start", seen.tags, {"team": "red"})
    area.equal("location", seen.artifact_location, f"mlflow-artifacts:/{made}")
    area.true("it was made just now", seen.last_update_time >= seen.creation_time > LONG_AGO_MS)
    client.rename_experiment(made, f"{name} new")
    area.equal("by name", client.get_experiment_by_name(f"{name} new").experiment_id, made)
    area.equal("no such name", client.get_experiment_by_name(name), None)
    run_id = client.create_run(made).info.run_id
    client.delete_experiment(made)
    area.equal("deleted", client.get_experiment(made).lifecycle_stage, "deleted")
    area.equal("its runs are deleted", client.get_run(run_id).info.lifecycle_stage, "deleted")
    area.equal("read by name", client.get_experiment_by_name(f"{name} new").lifecycle_stage, "deleted")
    client.restore_experiment(made)
    area.equal("restored", client.get_experiment(made).lifecycle_stage, "active")
    area.equal("its runs are restored", client.get_run(run_id).info.lifecycle_stage, "active")
    elsewhere = client.create_experiment(f"{area.unique}/elsewhere", artifact_location="s3://bucket/path")
    area.equal("a location", client.get_experiment(elsewhere).artifact_location, "s3://bucket/path")
    run = client.create_run(elsewhere)
    area.equal("a run there", run.info.artifact_uri, f"s3://bucket/path/{run.info.run_id}/artifacts")


def check_tags(area: Area, client: MlflowClient) -> None:
    made = client.create_experiment(f"{area.unique}/tags")
    client.set_experiment_tag(made, "note", "a\nb")
    client.set_experiment_tag(made, "number", 5)
    client.set_experiment_tag(made, "long", "v" * 5000)
    area.equal("set", client.get_experiment(made).tags, {"note": "a\nb", "number": "5", "long": "v" * 5000})
    client.set_experiment_tag(made, "note", "c")
    area.equal("written over", client.get_experiment(made).tags["note"], "c")
    if hasattr(client, "delete_experiment_tag"):
        client.delete_experiment_tag(made, "note")
        area.true("deleted tag", "note" not in client.get_experiment(made).tags)
    else:
        area.leave_out("delete_experiment_tag")


def check_fluent(area: Area) -> None:
    name = f"{area.unique}/fluent"
    made = mlflow.set_experiment(name)
    area.equal("set_experiment makes", mlflow.get_experiment_by_name(name).experiment_id, made.experiment_id)
    area.equal("set_experiment finds", mlflow.set_experiment(name).experiment_id, made.experiment_id)
    by_id = mlflow.set_experiment(experiment_id=made.experiment_id)
    area.equal("set_experiment by id", by_id.name, name)
    mlflow.set_experiment_tags({"a": "1", "b": "2"})
    mlflow.set_experiment_tag("c", 3)
    tags = mlflow.get_experiment(made.experiment_id).tags
    area.equal("set_experiment_tags", tags, {"a": "1", "b": "2", "c": "3"})
    other = mlflow.create_experiment(f"{name}/other", tags={"x": "y"})
    mlflow.delete_experiment(other)
    area.equal("create and delete", mlflow.get_experiment(other).lifecycle_stage, "deleted")


def check_search(area: Area, client: MlflowClient) -> None:
    for number in range(5):
        made = client.create_experiment(f"{area.unique}/search {number}")
        client.set_experiment_tag(made, "parity", "odd" if number % 2 else "even")
        if number == 4:
            client.delete_experiment(made)
    mine = f"name LIKE '{area.unique}/search%'"

    def find(more: str = "", **options: object) -> str:
        found = client.search_experiments(filter_string=mine + more, **{"order_by": ["name"], **options})
        return "".join(experiment.name[-1] for experiment in found)

    area.equal("active ones", find(), "0123")
    area.equal("deleted ones", find(view_type=ViewType.DELETED_ONLY), "4")
    area.equal("all", find(view_type=ViewType.ALL), "01234")
    area.equal("newest first", find(order_by=["creation_time DESC", "experiment_id DESC"]), "3210")
    area.equal("by tag", find(" AND tags.parity = 'odd'"), "13")
    area.equal("by time", find(f" AND creation_time > {LONG_AGO_MS}"), "0123")
    area.equal("in upper case", find(f" AND name ILIKE '{area.unique.upper()}%'"), "0123")
    fluent = mlflow.search_experiments(filter_string=mine, order_by=["name"], max_results=2)
    area.equal("fluent search", [experiment.name[-1] for experiment in fluent], ["0", "1"])


def check_pages(area: Area, client: MlflowClient) -> None:
    options = {
        "filter_string": f"name LIKE '{area.unique}/search%'",
        "order_by": ["name DESC"],
        "max_results": 3,
    }
    first = client.search_experiments(**options)
    area.equal("first page", [experiment.name[-1] for experiment in first], ["3", "2", "1"])
    second = client.search_experiments(page_token=first.token, **options)
    area.equal("second page", [experiment.name[-1] for experiment in second], ["0"])
    area.true("no third page", not second.token)


def main() -> None:
    area = Area("experiments")
    client = MlflowClient()
    check_life(area, client)
    check_tags(area, client)
    check_fluent(area)
    check_search(area, client)
    check_pages(area, client)
    area.finish()


if __name__ == "__main__":
    main()
