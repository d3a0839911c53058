"""Experiments through the fluent calls and MlflowClient: make, read, rename, tag, search in pages, delete, restore."""

import mlflow
from mlflow.entities import ViewType
from mlflow.tracking import MlflowClient
from peer import VERSION, Area


def check_life(area, client):
    name = area.unique + "/life"
    made = (
        client.create_experiment(name, tags={"team": "red"})
        if VERSION >= (2, 0)
        else client.create_experiment(name)
    )
    area.true("the id is text of digits", made.isdigit())
    seen = client.get_experiment(made)
    area.equal("name", seen.name, name)
    area.equal("stage", seen.lifecycle_stage, "active")
    area.equal("location", seen.artifact_location, "mlflow-artifacts:/" + made)
    area.true(
        "it was made just now", seen.creation_time is not None and seen.creation_time > 1_600_000_000_000
    )
    client.set_experiment_tag(made, "note", "a\nb")
    area.equal("tag", client.get_experiment(made).tags["note"], "a\nb")
    if hasattr(client, "delete_experiment_tag"):
        client.delete_experiment_tag(made, "note")
        area.true("tag is gone", "note" not in client.get_experiment(made).tags)
    else:
        area.leave_out("delete_experiment_tag")
    client.rename_experiment(made, name + " new")
    area.equal("by name", client.get_experiment_by_name(name + " new").experiment_id, made)
    area.equal("no such name", client.get_experiment_by_name(name), None)
    area.refused("name is taken", "RESOURCE_ALREADY_EXISTS", lambda: client.create_experiment(name + " new"))
    area.refused("unknown id", "RESOURCE_DOES_NOT_EXIST", lambda: client.get_experiment("99999999"))
    client.delete_experiment(made)
    area.equal("deleted", client.get_experiment(made).lifecycle_stage, "deleted")
    area.refused("no run in it", "INVALID_PARAMETER_VALUE", lambda: client.create_run(made))
    client.restore_experiment(made)
    area.equal("restored", client.get_experiment(made).lifecycle_stage, "active")


def check_fluent(area):
    name = area.unique + "/fluent"
    made = mlflow.set_experiment(name)
    area.equal("set_experiment makes", mlflow.get_experiment_by_name(name).experiment_id, made.experiment_id)
    area.equal("set_experiment finds", mlflow.set_experiment(name).experiment_id, made.experiment_id)
    by_id = mlflow.set_experiment(experiment_id=made.experiment_id)
    area.equal("set_experiment by id", by_id.name, name)
    mlflow.set_experiment_tags({"a": "1", "b": "2"})
    tags = mlflow.get_experiment(made.experiment_id).tags
    area.equal("set_experiment_tags", (tags["a"], tags["b"]), ("1", "2"))


def check_search(area, client):
    for number in range(5):
        made = client.create_experiment("%s/search %d" % (area.unique, number))
        client.set_experiment_tag(made, "parity", "odd" if number % 2 else "even")
        if number == 4:
            client.delete_experiment(made)
    mine = "name LIKE '%s/search%%'" % area.unique

    def names(**more):
        found = client.search_experiments(filter_string=mine, order_by=["name ASC"], **more)
        return [experiment.name[-1] for experiment in found]

    area.equal("active ones", names(), ["0", "1", "2", "3"])
    area.equal("deleted ones", names(view_type=ViewType.DELETED_ONLY), ["4"])
    area.equal("all", names(view_type=ViewType.ALL), ["0", "1", "2", "3", "4"])
    first = client.search_experiments(filter_string=mine, order_by=["name DESC"], max_results=3)
    area.equal("first page", [e.name[-1] for e in first], ["3", "2", "1"])
    second = client.search_experiments(
        filter_string=mine, order_by=["name DESC"], max_results=3, page_token=first.token
    )
    area.equal("second page", [e.name[-1] for e in second], ["0"])
    area.true("no third page", not second.token)
    odd = client.search_experiments(filter_string=mine + " AND tags.parity = 'odd'", order_by=["name"])
    area.equal("by tag", [e.name[-1] for e in odd], ["1", "3"])
    fluent = mlflow.search_experiments(filter_string=mine, order_by=["name"], max_results=2)
    area.equal("fluent search", [e.name[-1] for e in fluent], ["0", "1"])
    area.refused(
        "bad filter", "INVALID_PARAMETER_VALUE", lambda: client.search_experiments(filter_string="x y z")
    )


def main():
    area = Area("experiments")
    client = MlflowClient()
    check_life(area, client)
    check_fluent(area)
    check_search(area, client)
    area.finish()


if __name__ == "__main__":
    main()
