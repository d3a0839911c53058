"""Experiments one by one: create, read, rename, delete, restore, tags, and the mistakes."""

from wire.step import Scenario, create_experiment, create_run, get, post

LIFE = Scenario(
    name="experiment_life",
    steps=(
        create_experiment(),
        get("read", "experiments/get", {"experiment_id": "{exp}"}),
        get("read by name", "experiments/get-by-name", {"experiment_name": "{unique}"}),
        post(
            "create with all fields",
            "experiments/create",
            {
                "name": "{unique} full",
                "artifact_location": "mlflow-artifacts:/place/{unique}",
                "tags": [
                    {"key": "team", "value": "a"},
                    {"key": "empty", "value": ""},
                    {"key": "team2", "value": "b"},
                ],
            },
            save={"full": "experiment_id"},
        ),
        get("read all fields", "experiments/get", {"experiment_id": "{full}"}),
        create_run("run", "{full}"),
        get("the run lies below the location", "runs/get", {"run_id": "{run}"}),
        post("rename", "experiments/update", {"experiment_id": "{exp}", "new_name": "{unique} renamed"}),
        get("read renamed", "experiments/get", {"experiment_id": "{exp}"}),
        get("old name is gone", "experiments/get-by-name", {"experiment_name": "{unique}"}),
        post(
            "rename to itself",
            "experiments/update",
            {"experiment_id": "{exp}", "new_name": "{unique} renamed"},
        ),
        post(
            "rename onto another",
            "experiments/update",
            {"experiment_id": "{exp}", "new_name": "{unique} full"},
        ),
        post("delete", "experiments/delete", {"experiment_id": "{exp}"}),
        get("deleted is read by id", "experiments/get", {"experiment_id": "{exp}"}),
        get("deleted is read by name", "experiments/get-by-name", {"experiment_name": "{unique} renamed"}),
        post(
            "name of a deleted one is taken",
            "experiments/create",
            {"name": "{unique} renamed"},
            says=("deleted",),
        ),
        post("delete again", "experiments/delete", {"experiment_id": "{exp}"}),
        post("rename deleted", "experiments/update", {"experiment_id": "{exp}", "new_name": "{unique} x"}),
        post(
            "tag deleted",
            "experiments/set-experiment-tag",
            {"experiment_id": "{exp}", "key": "k", "value": "v"},
        ),
        post("untag deleted", "experiments/delete-experiment-tag", {"experiment_id": "{exp}", "key": "k"}),
        post("run in deleted", "runs/create", {"experiment_id": "{exp}", "start_time": 1}),
        post("restore", "experiments/restore", {"experiment_id": "{exp}"}),
        get("read restored", "experiments/get", {"experiment_id": "{exp}"}),
        post("restore again", "experiments/restore", {"experiment_id": "{exp}"}),
        post("same name", "experiments/create", {"name": "{unique} renamed"}, says=("{unique} renamed",)),
        post(
            "create with path-like name",
            "experiments/create",
            {"name": "{unique}/project/exp"},
            save={"path": "experiment_id"},
        ),
        get("read path-like name", "experiments/get-by-name", {"experiment_name": "{unique}/project/exp"}),
        post(
            "create with any script",
            "experiments/create",
            {"name": "{unique} Überprüfung 実験 🧪"},
            save={"script": "experiment_id"},
        ),
        get(
            "read any script", "experiments/get-by-name", {"experiment_name": "{unique} Überprüfung 実験 🧪"}
        ),
        get("names differ by case", "experiments/get-by-name", {"experiment_name": "{unique} RENAMED"}),
    ),
)

CASCADE = Scenario(
    name="experiment_delete_cascade",
    steps=(
        create_experiment(),
        create_run("a"),
        create_run("b"),
        post("delete run b", "runs/delete", {"run_id": "{b}"}),
        post("delete experiment", "experiments/delete", {"experiment_id": "{exp}"}),
        get("run a went with it", "runs/get", {"run_id": "{a}"}),
        post("search active", "runs/search", {"experiment_ids": ["{exp}"]}),
        post(
            "search deleted",
            "runs/search",
            {
                "experiment_ids": ["{exp}"],
                "run_view_type": "DELETED_ONLY",
                "order_by": ["attributes.run_name"],
            },
        ),
        post("restore experiment", "experiments/restore", {"experiment_id": "{exp}"}),
        get("run a came back", "runs/get", {"run_id": "{a}"}),
        get("run b", "runs/get", {"run_id": "{b}"}),
    ),
)

TAGS = Scenario(
    name="experiment_tags",
    steps=(
        create_experiment(),
        post("set", "experiments/set-experiment-tag", {"experiment_id": "{exp}", "key": "k", "value": "v"}),
        post(
            "overwrite",
            "experiments/set-experiment-tag",
            {"experiment_id": "{exp}", "key": "k", "value": "w"},
        ),
        post(
            "set empty", "experiments/set-experiment-tag", {"experiment_id": "{exp}", "key": "e", "value": ""}
        ),
        post("set without value", "experiments/set-experiment-tag", {"experiment_id": "{exp}", "key": "n"}),
        post(
            "set with odd key",
            "experiments/set-experiment-tag",
            {"experiment_id": "{exp}", "key": "a/b.c-d e:f", "value": "odd"},
        ),
        post(
            "set note",
            "experiments/set-experiment-tag",
            {"experiment_id": "{exp}", "key": "mlflow.note.content", "value": "line\nline"},
        ),
        get("read", "experiments/get", {"experiment_id": "{exp}"}),
        post("delete", "experiments/delete-experiment-tag", {"experiment_id": "{exp}", "key": "k"}),
        get("read after delete", "experiments/get", {"experiment_id": "{exp}"}),
        post(
            "delete again",
            "experiments/delete-experiment-tag",
            {"experiment_id": "{exp}", "key": "k"},
            says=("k",),
        ),
        post("delete without key", "experiments/delete-experiment-tag", {"experiment_id": "{exp}"}),
        post("set without key", "experiments/set-experiment-tag", {"experiment_id": "{exp}", "value": "v"}),
        post(
            "set with empty key",
            "experiments/set-experiment-tag",
            {"experiment_id": "{exp}", "key": "", "value": "v"},
        ),
        post(
            "set with bad key",
            "experiments/set-experiment-tag",
            {"experiment_id": "{exp}", "key": "a;b", "value": "v"},
            says=("a;b",),
        ),
        post(
            "set with climbing key",
            "experiments/set-experiment-tag",
            {"experiment_id": "{exp}", "key": "../x", "value": "v"},
        ),
        post(
            "set with long key",
            "experiments/set-experiment-tag",
            {"experiment_id": "{exp}", "key": "k" * 250, "value": "v"},
        ),
        post(
            "set with too long key",
            "experiments/set-experiment-tag",
            {"experiment_id": "{exp}", "key": "k" * 251, "value": "v"},
        ),
        post(
            "set with long value",
            "experiments/set-experiment-tag",
            {"experiment_id": "{exp}", "key": "long", "value": "v" * 5000},
        ),
        post(
            "set with too long value",
            "experiments/set-experiment-tag",
            {"experiment_id": "{exp}", "key": "long2", "value": "v" * 20001},
        ),
        post(
            "set with number",
            "experiments/set-experiment-tag",
            {"experiment_id": "{exp}", "key": "num", "value": 7},
        ),
        post(
            "unknown experiment",
            "experiments/set-experiment-tag",
            {"experiment_id": "99999999", "key": "k", "value": "v"},
            says=("99999999",),
        ),
        post(
            "delete at unknown experiment",
            "experiments/delete-experiment-tag",
            {"experiment_id": "99999999", "key": "k"},
        ),
        get("read at the end", "experiments/get", {"experiment_id": "{exp}"}),
    ),
)

MISTAKES = Scenario(
    name="experiment_mistakes",
    steps=(
        post("create without name", "experiments/create", {}),
        post("create with empty name", "experiments/create", {"name": ""}),
        post("create with blanks around", "experiments/create", {"name": "  {unique}  "}),
        get("the blanks are kept", "experiments/get-by-name", {"experiment_name": "  {unique}  "}),
        post("create with null name", "experiments/create", {"name": None}),
        post("create with number", "experiments/create", {"name": 5}),
        post("create with list", "experiments/create", {"name": ["x"]}),
        post("create with 500 characters", "experiments/create", {"name": "{unique}" + "n" * 487}),
        post("create with 501 characters", "experiments/create", {"name": "{unique}" + "n" * 488}),
        post(
            "create with query in location",
            "experiments/create",
            {"name": "{unique} q", "artifact_location": "s3://b/x?a=1"},
        ),
        post(
            "create with fragment in location",
            "experiments/create",
            {"name": "{unique} f", "artifact_location": "http://h/#/../../etc"},
        ),
        post(
            "create with runs location",
            "experiments/create",
            {"name": "{unique} r", "artifact_location": "runs:/abc/x"},
        ),
        post(
            "create with number as location",
            "experiments/create",
            {"name": "{unique} n", "artifact_location": 5},
        ),
        post(
            "create with long location",
            "experiments/create",
            {"name": "{unique} l", "artifact_location": "s3://b/" + "x" * 2048},
        ),
        post(
            "create with climbing location",
            "experiments/create",
            {"name": "{unique} c", "artifact_location": "mlflow-artifacts:/../x"},
        ),
        post(
            "create with bad tag key",
            "experiments/create",
            {"name": "{unique} t", "tags": [{"key": "a;b", "value": "v"}]},
        ),
        post(
            "create with tag without key",
            "experiments/create",
            {"name": "{unique} t2", "tags": [{"value": "v"}]},
        ),
        post("create with tags as object", "experiments/create", {"name": "{unique} t3", "tags": {"a": "b"}}),
        get("get without id", "experiments/get"),
        get("get empty id", "experiments/get", {"experiment_id": ""}),
        get("get unknown", "experiments/get", {"experiment_id": "99999999"}, says=("99999999",)),
        get("get word as id", "experiments/get", {"experiment_id": "abc"}, says=("abc",)),
        get("get negative id", "experiments/get", {"experiment_id": "-1"}),
        get("get fraction as id", "experiments/get", {"experiment_id": "1.5"}),
        get("get huge id", "experiments/get", {"experiment_id": "9" * 19}),
        get("by name without name", "experiments/get-by-name"),
        get(
            "by name unknown",
            "experiments/get-by-name",
            {"experiment_name": "{unique} none"},
            says=("{unique} none",),
        ),
        post("update without id", "experiments/update", {"new_name": "x"}),
        post("update without name", "experiments/update", {"experiment_id": "99999999"}),
        post("update unknown", "experiments/update", {"experiment_id": "99999999", "new_name": "{unique} y"}),
        post("delete without id", "experiments/delete", {}),
        post("delete unknown", "experiments/delete", {"experiment_id": "99999999"}),
        post("delete number as id", "experiments/delete", {"experiment_id": 99999999}),
        post("restore without id", "experiments/restore", {}),
        post("restore unknown", "experiments/restore", {"experiment_id": "99999999"}),
        create_experiment("exp", " own"),
        post("update with empty name", "experiments/update", {"experiment_id": "{exp}", "new_name": ""}),
        post("update with number", "experiments/update", {"experiment_id": "{exp}", "new_name": 4}),
        post("update without new name", "experiments/update", {"experiment_id": "{exp}"}),
        get("still as it was", "experiments/get", {"experiment_id": "{exp}"}),
    ),
)

ALL = (LIFE, CASCADE, TAGS, MISTAKES)
