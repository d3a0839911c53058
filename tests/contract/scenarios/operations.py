"""What a server says of itself, and what it answers to calls that do not exist."""

from wire.step import Scenario, Step, create_experiment, delete, get, patch, post

SELF = Scenario(
    name="operations",
    steps=(
        get("health", "/health"),
        get("version", "/version"),
        get("server info", "/api/3.0/mlflow/server-info"),
        post("post to health", "/health", {}),
    ),
)

ROUTES = Scenario(
    name="routes",
    steps=(
        get("unknown call", "nothing/here"),
        post("unknown call by POST", "nothing/here", {}),
        get("call of a later version", "/api/4.0/mlflow/experiments/get"),
        get("unknown path outside", "/nothing"),
        get("api root", "/api/2.0/mlflow"),
        get("wrong verb GET", "experiments/create"),
        post("wrong verb POST", "experiments/get", {"experiment_id": "0"}),
        delete("wrong verb DELETE", "experiments/create", {"name": "x"}),
        patch("wrong verb PATCH", "runs/update", {"run_id": "x"}),
        get("wrong case", "Experiments/get", {"experiment_id": "0"}),
        get("trailing slash", "experiments/get/", {"experiment_id": "0"}),
        get("double slash", "/api/2.0/mlflow//experiments/get", {"experiment_id": "0"}),
        create_experiment(),
        get(
            "workspace header",
            "experiments/get",
            {"experiment_id": "{exp}"},
            headers={"X-MLFLOW-WORKSPACE": "team"},
        ),
        get(
            "default workspace header",
            "experiments/get",
            {"experiment_id": "{exp}"},
            headers={"X-MLFLOW-WORKSPACE": "default"},
        ),
        Step(name="options", method="OPTIONS", path="experiments/create"),
    ),
)

ALL = (SELF, ROUTES)
