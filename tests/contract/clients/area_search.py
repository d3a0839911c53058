"""search_runs of the fluent calls and MlflowClient: filters, orders, pages, views."""

import mlflow
from mlflow.entities import ViewType
from mlflow.tracking import MlflowClient
from peer import VERSION, Area, has


def make_runs(client: MlflowClient, experiment_id: str, unique: str) -> list[str]:
    """Return the ids of seven runs: 6 is deleted, 5 has not ended, 3 has no loss, 5 has NaN for it."""
    ids = []
    for number in range(7):
        tags = {"parity": "odd" if number % 2 else "even", "unique": unique}
        run = client.create_run(experiment_id, start_time=1000 + number, tags=tags, run_name=f"run {number}")
        run_id = run.info.run_id
        client.log_metric(run_id, "acc", number / 10)
        client.log_metric(run_id, "val/acc at 1", number)
        if number != 3:
            client.log_metric(run_id, "loss", float("nan") if number == 5 else -number)
        client.log_param(run_id, "lr", str(number % 3))
        client.log_param(run_id, "the name", f"Name {number}")
        if number < 5:
            client.set_terminated(run_id, end_time=2000 + number)
        if number == 6:
            client.delete_run(run_id)
        ids.append(run_id)
    return ids


def check_filters(area: Area, client: MlflowClient, experiment_id: str, ids: list[str]) -> None:
    cases = {
        "": "543210",
        "metrics.acc > 0.25": "543",
        "metrics.acc != 0.3": "54210",
        'metrics."val/acc at 1" = 2': "2",
        "metrics.`val/acc at 1` >= 4": "54",
        "params.lr = '1'": "41",
        "params.lr != '1'": "5320",
        "params.`the name` LIKE 'Name%'": "543210",
        "params.`the name` LIKE 'name%'": "",
        "params.`the name` ILIKE 'name _'": "543210",
        "params.lr = '2' and metrics.acc < 0.4": "2",
        "tags.parity = 'odd'": "531",
        "tag.parity = 'odd' and metric.acc <= 0.3 and param.lr != '1'": "3",
        "attributes.status = 'RUNNING'": "5",
        "attributes.status != 'RUNNING'": "43210",
        "tags.mlflow.runName = 'run 2'": "2",
        "run_name = 'run 4'": "4",
        "attributes.start_time >= 1004": "54",
        "end_time < 2002": "10",
        f"run_id = '{ids[1]}'": "1",
        f"attributes.run_id IN ('{ids[1]}', '{ids[4]}')": "41",
        f"attributes.run_id NOT IN ('{ids[1]}', '{ids[4]}')": "5320",
        f"artifact_uri LIKE '%{ids[3]}%'": "3",
        "metrics.none > 0": "",
    }
    for text, expected in cases.items():
        found = client.search_runs([experiment_id], text)
        numbers = "".join(run.info.run_name[-1] for run in found)
        area.equal(text.replace(ids[1], "ID").replace(ids[3], "ID").replace(ids[4], "ID"), numbers, expected)


def check_orders(area: Area, client: MlflowClient, experiment_id: str) -> None:
    cases = {
        ("metrics.acc ASC",): "012345",
        ("metrics.loss ASC",): "421053",  # NaN and then none come last
        ("metrics.loss DESC",): "012453",
        ("params.lr DESC", "attributes.start_time ASC"): "251403",
        ("tags.parity", "metrics.acc DESC"): "420531",
        ("attributes.end_time DESC",): "432105",
        ("start_time",): "012345",
        ("metrics.`val/acc at 1` DESC",): "543210",
    }
    for order, expected in cases.items():
        found = client.search_runs([experiment_id], order_by=list(order))
        area.equal(", ".join(order), "".join(run.info.run_name[-1] for run in found), expected)


def check_pages(area: Area, client: MlflowClient, experiment_id: str) -> None:
    for order in ("metrics.loss DESC", "params.lr", "start_time DESC"):
        whole = [run.info.run_id for run in client.search_runs([experiment_id], order_by=[order])]
        seen: list[str] = []
        token = None
        sizes = []
        while token or not sizes:
            page = client.search_runs([experiment_id], order_by=[order], max_results=4, page_token=token)
            sizes.append(len(page))
            seen += [run.info.run_id for run in page]
            token = page.token
        area.equal(f"pages by {order}", (sizes, seen), ([4, 2], whole))


def check_views(area: Area, client: MlflowClient, experiment_id: str) -> None:
    for view, expected in (
        (ViewType.ACTIVE_ONLY, "543210"),
        (ViewType.DELETED_ONLY, "6"),
        (ViewType.ALL, "6543210"),
    ):
        found = client.search_runs([experiment_id], run_view_type=view)
        area.equal(f"view {view}", "".join(run.info.run_name[-1] for run in found), expected)
    other = client.create_experiment(f"{area.unique}/other")
    client.create_run(other, start_time=5000, run_name="other 7")
    found = client.search_runs([experiment_id, other], max_results=3)
    area.equal("two experiments", "".join(run.info.run_name[-1] for run in found), "754")
    area.equal("no experiments", len(client.search_runs([], "")), 0)


def check_fluent(area: Area, experiment_id: str) -> None:
    def find(**options: object) -> list[float]:
        return [run.data.metrics["acc"] for run in mlflow.search_runs(output_format="list", **options)]

    best = find(experiment_ids=[experiment_id], order_by=["metrics.acc DESC"], max_results=3)
    area.equal("as a list", best, [0.5, 0.4, 0.3])
    by_name = find(experiment_names=[area.unique])
    area.equal("by the experiment's name", by_name, [0.5, 0.4, 0.3, 0.2, 0.1, 0.0])
    if VERSION < (2, 0):
        area.leave_out("all experiments")  # asks for experiments/list, which MLflow 2 took away
    else:
        everywhere = find(search_all_experiments=True, filter_string=f"tags.unique = '{area.unique}'")
        area.equal("in all experiments", everywhere, by_name)
    if has("pandas"):
        frame = mlflow.search_runs(
            [experiment_id], filter_string="params.lr = '0'", order_by=["start_time ASC"]
        )
        area.equal("as a frame", list(frame["tags.mlflow.runName"]), ["run 0", "run 3"])
        area.equal("its params", list(frame["params.lr"]), ["0", "0"])
        area.equal("its metrics", [float(value) for value in frame["metrics.acc"]], [0.0, 0.3])
    else:
        area.leave_out("frames")


def main() -> None:
    area = Area("search")
    client = MlflowClient()
    experiment_id = client.create_experiment(area.unique)
    ids = make_runs(client, experiment_id, area.unique)
    check_filters(area, client, experiment_id, ids)
    check_orders(area, client, experiment_id)
    check_pages(area, client, experiment_id)
    check_views(area, client, experiment_id)
    check_fluent(area, experiment_id)
    area.finish()


if __name__ == "__main__":
    main()
