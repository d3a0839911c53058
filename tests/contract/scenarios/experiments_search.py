"""experiments/search: views, filters, orders, pages, and the store's first experiment."""

from typing import Any

from wire.step import Scenario, Step, create_experiment, get, post

_MINE = "name LIKE '{unique}%'"


def _search(name: str, clause: str = "", **more: Any) -> Step:
    """Search among this play's experiments."""
    text = f"{_MINE} AND {clause}" if clause else _MINE
    says = more.pop("says", ())
    return post(name, "experiments/search", {"max_results": 50, "filter": text, **more}, says=says)


_SETUP = (
    create_experiment(
        "a", "/alpha", tags=[{"key": "team", "value": "red"}, {"key": "dotted.key", "value": "1"}]
    ),
    create_experiment("b", "/Beta", tags=[{"key": "team", "value": "Blue"}]),
    create_experiment("c", "/gamma"),
    create_experiment("d", "/delta"),
    create_experiment("e", "/100%_x"),
    post("delete d", "experiments/delete", {"experiment_id": "{d}"}),
)

VIEWS = Scenario(
    name="experiments_search_views",
    steps=(
        *_SETUP,
        _search("default view"),
        _search("active", view_type="ACTIVE_ONLY"),
        _search("deleted", view_type="DELETED_ONLY"),
        _search("all", view_type="ALL"),
        _search("view as number", view_type=3),
        _search("unknown view", view_type="NONE"),
        get("by GET", "experiments/search", {"max_results": "50", "filter": _MINE, "view_type": "ALL"}),
        get(
            "by GET with orders",
            "experiments/search",
            [
                ("max_results", "50"),
                ("filter", _MINE),
                ("order_by", "name DESC"),
                ("order_by", "experiment_id ASC"),
            ],
        ),
        get("by GET without max_results", "experiments/search", {"filter": _MINE}),
        post("without max_results", "experiments/search", {"filter": _MINE}),
        post("max_results zero", "experiments/search", {"filter": _MINE, "max_results": 0}),
        post("max_results negative", "experiments/search", {"filter": _MINE, "max_results": -1}),
        post("max_results at the limit", "experiments/search", {"filter": _MINE, "max_results": 50000}),
        post(
            "max_results over the limit",
            "experiments/search",
            {"filter": _MINE, "max_results": 50001},
            says=("50001",),
        ),
        post("max_results as text", "experiments/search", {"filter": _MINE, "max_results": "3"}),
        post("max_results as word", "experiments/search", {"filter": _MINE, "max_results": "many"}),
        post("max_results as fraction", "experiments/search", {"filter": _MINE, "max_results": 2.5}),
        post("nothing found", "experiments/search", {"filter": "name = '{unique} none'", "max_results": 5}),
    ),
)

PAGES = Scenario(
    name="experiments_search_pages",
    steps=(
        *_SETUP,
        post(
            "first page",
            "experiments/search",
            {"max_results": 2, "filter": _MINE, "order_by": ["name"]},
            save={"token": "next_page_token"},
        ),
        post(
            "second page",
            "experiments/search",
            {"max_results": 2, "filter": _MINE, "order_by": ["name"], "page_token": "{token}"},
        ),
        post(
            "full last page", "experiments/search", {"max_results": 4, "filter": _MINE, "order_by": ["name"]}
        ),
        post(
            "bad token",
            "experiments/search",
            {"max_results": 2, "filter": _MINE, "page_token": "not a token"},
        ),
        post("empty token", "experiments/search", {"max_results": 1, "filter": _MINE, "page_token": ""}),
        get(
            "first page by GET",
            "experiments/search",
            {"max_results": "3", "filter": _MINE},
            save={"token2": "next_page_token"},
        ),
        get(
            "second page by GET",
            "experiments/search",
            {"max_results": "3", "filter": _MINE, "page_token": "{token2}"},
        ),
    ),
)

FILTERS = Scenario(
    name="experiments_search_filters",
    steps=(
        *_SETUP,
        _search("name equals", "name = '{unique}/alpha'"),
        _search("name differs", "name != '{unique}/alpha'"),
        _search("name with prefix", "attribute.name = '{unique}/alpha'"),
        _search("name with attr", "attr.name = '{unique}/alpha'"),
        _search("name with attributes", "attributes.name = '{unique}/alpha'"),
        _search("name like is case-sensitive", "name LIKE '%beta'"),
        _search("name ilike is not", "name ILIKE '%beta'"),
        _search("name like underscore", "name LIKE '%/_lpha'"),
        _search("name like percent sign", "name LIKE '%100%'"),
        _search("double quotes", 'name = "{unique}/alpha"'),
        _search("name in", "name IN ('{unique}/alpha')"),
        _search("name greater", "name > 'a'"),
        _search("name is null", "name IS NULL"),
        _search("name without quotes", "name = alpha"),
        _search("id equals", "experiment_id = '{a}'"),
        _search("id in", "experiment_id IN ('{a}', '{b}')"),
        _search("id not in", "experiment_id NOT IN ('{a}', '{b}')"),
        _search("id differs", "experiment_id != '{a}'"),
        _search("id like", "experiment_id LIKE '{a}'"),
        _search("id as number", "experiment_id = 1"),
        _search("created after zero", "creation_time > 0"),
        _search("created before one", "creation_time < 1"),
        _search("updated at least", "last_update_time >= 1"),
        _search("created as text", "creation_time > '0'"),
        _search("created like", "creation_time LIKE '1%'"),
        _search("created in", "creation_time IN (1, 2)"),
        _search("tag equals", "tags.team = 'red'"),
        _search("tag singular", "tag.team = 'red'"),
        _search("tag differs", "tags.team != 'red'"),
        _search("tag like", "tags.team LIKE 'B%'"),
        _search("tag ilike", "tags.team ILIKE 'b%'"),
        _search("tag is null", "tags.team IS NULL"),
        _search("tag is not null", "tags.team IS NOT NULL"),
        _search("tag in backticks", "tags.`dotted.key` = '1'"),
        _search("tag with dots", "tags.dotted.key = '1'"),
        _search("tag as number", "tags.`dotted.key` = 1"),
        _search("tag greater", "tags.team > 'a'"),
        _search("tag in list", "tags.team IN ('red')"),
        _search("two tags", "tags.team = 'red' AND tags.`dotted.key` = '1'"),
        _search("lower-case and", "tags.team = 'red' and name LIKE '%alpha'"),
        _search("metric", "metrics.x > 1"),
        _search("unknown attribute", "owner = 'me'", says=("owner",)),
        _search("lifecycle stage", "lifecycle_stage = 'active'"),
        post("garbage", "experiments/search", {"max_results": 5, "filter": "this is no filter"}),
        post("unclosed quote", "experiments/search", {"max_results": 5, "filter": "name = 'x"}),
        post("dangling and", "experiments/search", {"max_results": 5, "filter": "name = 'x' AND"}),
        post("no value", "experiments/search", {"max_results": 5, "filter": "name ="}),
        post("filter as number", "experiments/search", {"max_results": 5, "filter": 5}),
        post("filter as list", "experiments/search", {"max_results": 5, "filter": ["name = 'x'"]}),
    ),
)

ORDERS = Scenario(
    name="experiments_search_orders",
    steps=(
        *_SETUP,
        _search("name", order_by=["name"]),
        _search("name asc", order_by=["name ASC"]),
        _search("name desc", order_by=["name DESC"]),
        _search("lower-case desc", order_by=["name desc"]),
        _search("with entity", order_by=["attribute.name DESC"]),
        _search("with entities", order_by=["attributes.name DESC"]),
        _search("id", order_by=["experiment_id"]),
        _search("creation time", order_by=["creation_time ASC"]),
        _search("last update time", order_by=["last_update_time DESC"], view_type="ALL"),
        _search("two keys", order_by=["last_update_time ASC", "name DESC"]),
        _search("the same key twice", order_by=["name", "name DESC"]),
        _search("two keys in one item", order_by=["name ASC, experiment_id DESC"]),
        _search("unknown key", order_by=["owner"], says=("owner",)),
        _search("tag", order_by=["tags.team"]),
        _search("bad direction", order_by=["name SIDEWAYS"]),
        _search("empty item", order_by=[""]),
        _search("text for a list", order_by="name"),
        _search("numbers in the list", order_by=[1]),
    ),
)

FIRST = Scenario(
    name="store_first_experiment",
    fresh=True,
    steps=(
        get("read by id", "experiments/get", {"experiment_id": "0"}),
        get("read by name", "experiments/get-by-name", {"experiment_name": "Default"}),
        post("search", "experiments/search", {"max_results": 5}),
        post("name is taken", "experiments/create", {"name": "Default"}),
        post(
            "run in it",
            "runs/create",
            {"experiment_id": "0", "start_time": 5, "run_name": "r"},
            save={"run": "run.info.run_id"},
        ),
        post("first of one's own", "experiments/create", {"name": "own"}, save={"own": "experiment_id"}),
        get("ids count from one", "experiments/get", {"experiment_id": "1"}),
        post("blank name", "experiments/create", {"name": "   "}),
        post("delete it", "experiments/delete", {"experiment_id": "0"}),
        post("search after", "experiments/search", {"max_results": 5}),
        post("restore it", "experiments/restore", {"experiment_id": "0"}),
        post("search at the end", "experiments/search", {"max_results": 5, "order_by": ["experiment_id"]}),
    ),
)

ALL = (VIEWS, PAGES, FILTERS, ORDERS, FIRST)
