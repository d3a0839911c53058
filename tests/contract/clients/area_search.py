"""search_runs of the fluent calls and MlflowClient: filters, orders, pages, views."""

import mlflow
from mlflow.entities import ViewType
from mlflow.tracking import MlflowClient
from peer import VERSION, Area, has


def make_runs(client, experiment_id):
    for number in range(7):
        tags = {"parity": "odd" if number % 2 else "even", "mlflow.runName": "run %d" % number}
        run_id = client.create_run(experiment_id, start_time=1000 + number, tags=tags).info.run_id
        client.log_metric(run_id, "acc", number / 10)
        if number != 3:
            client.log_metric(run_id, "loss", float("nan") if number == 5 else -number)
        client.log_param(run_id, "lr", str(number % 3))
        if number < 5:
            client.set_terminated(run_id, end_time=2000 + number)
        if number == 6:
            client.delete_run(run_id)


def check_client(area, client, experiment_id):
    def found(text="", **more):
        runs = client.search_runs([experiment_id], text, **more)
        return "".join(run.data.tags["mlflow.runName"][-1] for run in runs)

    area.equal("newest first", found(), "543210")
    area.equal("deleted", found(run_view_type=ViewType.DELETED_ONLY), "6")
    area.equal("all", found(run_view_type=ViewType.ALL), "6543210")
    area.equal("metric", found("metrics.acc > 0.25"), "543")
    area.equal("param", found("params.lr = '1'"), "41")
    area.equal("tag", found("tags.parity = 'odd'"), "531")
    area.equal("and", found("tags.parity = 'odd' and metrics.acc <= 0.3"), "31")
    area.equal("like", found("params.lr LIKE '%'"), "543210")
    area.equal("status", found("attributes.status = 'RUNNING'"), "5")
    area.equal("name", found("tags.mlflow.runName = 'run 2'"), "2")
    area.equal("order by metric", found(order_by=["metrics.acc ASC"]), "012345")
    area.equal("NaN, then none, last", found(order_by=["metrics.loss ASC"]), "421053")
    area.equal("and so downwards", found(order_by=["metrics.loss DESC"]), "012453")
    area.equal(
        "order by param and time", found(order_by=["params.lr DESC", "attributes.start_time ASC"]), "251403"
    )
    area.refused("bad filter", "INVALID_PARAMETER_VALUE", lambda: found("acc > 1"))
    if VERSION >= (2, 0):
        area.equal("start_time", found("attributes.start_time >= 1004"), "54")
        area.equal("end_time", found("end_time < 2002"), "10")
        area.equal("run_name", found("run_name = 'run 4'"), "4")
    else:
        area.leave_out("filters on times")
    seen, token = [], None
    while True:
        page = client.search_runs(
            [experiment_id], "", max_results=4, order_by=["metrics.loss DESC"], page_token=token
        )
        seen.append("".join(run.data.tags["mlflow.runName"][-1] for run in page))
        token = page.token
        if not token:
            break
    area.equal("pages", seen, ["0124", "53"])
    area.equal("no experiments", len(client.search_runs([], "")), 0)


def check_fluent(area, experiment_id):
    as_list = mlflow.search_runs(
        [experiment_id], output_format="list", order_by=["metrics.acc DESC"], max_results=3
    )
    area.equal("as a list", [run.data.metrics["acc"] for run in as_list], [0.5, 0.4, 0.3])
    if has("pandas"):
        frame = mlflow.search_runs(
            [experiment_id], filter_string="params.lr = '0'", order_by=["start_time ASC"]
        )
        area.equal("as a frame", list(frame["tags.mlflow.runName"]), ["run 0", "run 3"])
        area.equal("its params", list(frame["params.lr"]), ["0", "0"])
    else:
        area.leave_out("pandas")
    if VERSION >= (2, 0):
        by_name = mlflow.search_runs(experiment_names=[area.unique], output_format="list")
        area.equal("by the experiment's name", len(by_name), 6)


def main():
    area = Area("search")
    client = MlflowClient()
    experiment_id = client.create_experiment(area.unique)
    make_runs(client, experiment_id)
    check_client(area, client, experiment_id)
    check_fluent(area, experiment_id)
    area.finish()


if __name__ == "__main__":
    main()
