"""``headrace experiments``: list, show, create, rename, delete, restore."""

from itertools import islice

import click

from headrace.api.experiments import Experiment, ViewType
from headrace.base.errors import InvalidParameter, NotFound
from headrace.cli.experiment_tree import Folder, build_tree, draw
from headrace.cli.output import (
    json_option,
    print_fields,
    print_json,
    print_json_lines,
    print_table,
    show_time,
)
from headrace.cli.target import get_experiment, tracking_uri_option, view_options
from headrace.client import connect

_MAX_PAGE = 1000


@click.group()
def experiments() -> None:
    """List, show, create, rename, delete experiments."""


@experiments.command("list")
@click.option("--filter", "filter_text", default="", metavar="FILTER", help="For example: name LIKE 'team/%'")
@click.option("--order-by", multiple=True, metavar="ORDER", help="For example: name ASC. May be repeated.")
@click.option(
    "--limit", type=click.IntRange(min=1), default=100, show_default=True, help="Show at most so many."
)
@view_options
@tracking_uri_option
@json_option
def list_experiments(
    filter_text: str,
    order_by: tuple[str, ...],
    limit: int,
    view: ViewType | None,
    tracking_uri: str | None,
    as_json: bool,
) -> None:
    """List experiments, the newest first."""
    with connect(tracking_uri) as client:
        found = islice(
            client.experiments.search(
                filter=filter_text,
                order_by=order_by,
                view=view or ViewType.ACTIVE_ONLY,
                page_size=min(limit, _MAX_PAGE),
            ),
            limit,
        )
        if as_json:
            print_json_lines(found)
            return
        print_table(
            ["Id", "Name", "Stage", "Changed"],
            ([e.experiment_id, e.name, e.lifecycle_stage, show_time(e.last_update_time)] for e in found),
            whole=["Id", "Stage", "Changed"],
            empty="No experiments found.",
        )


@experiments.command("tree")
@click.argument("folder", default="")
@view_options
@tracking_uri_option
@json_option
def show_tree(folder: str, view: ViewType | None, tracking_uri: str | None, as_json: bool) -> None:
    """Show experiments as the tree that the slashes in their names make.

    With a FOLDER such as team/project only what lies in it.
    """
    prefix = folder.strip("/") + "/" if folder.strip("/") else ""
    with connect(tracking_uri) as client:
        found = client.experiments.search(
            order_by=["name"], view=view or ViewType.ACTIVE_ONLY, page_size=_MAX_PAGE
        )
        inside = [each for each in found if each.name.startswith(prefix)]
    if as_json:
        print_json_lines(inside)
        return
    root = build_tree(inside)
    for step in prefix.split("/")[:-1]:
        root = root.folders.get(step, Folder())
    if not root.count():
        raise NotFound(f"There are no experiments{f' in the folder {prefix!r}' if prefix else ''}.")
    click.echo(prefix or "/")
    for line in draw(root):
        click.echo(line)


@experiments.command("show")
@click.argument("experiment")
@tracking_uri_option
@json_option
def show_experiment(experiment: str, tracking_uri: str | None, as_json: bool) -> None:
    """Show an EXPERIMENT, by name or id."""
    with connect(tracking_uri) as client:
        found = get_experiment(client, experiment)
    if as_json:
        print_json(found)
        return
    print_fields(
        [
            ("id", found.experiment_id),
            ("name", found.name),
            ("stage", found.lifecycle_stage),
            ("created", show_time(found.creation_time)),
            ("changed", show_time(found.last_update_time)),
            ("artifacts", found.artifact_location),
            *((f"tag {tag.key}", tag.value) for tag in found.tags or ()),
        ]
    )


@experiments.command("create")
@click.argument("name")
@click.option(
    "--artifact-location",
    default="",
    metavar="URI",
    help="Where its artifacts go, if not to the server's place.",
)
@click.option("--tag", "tags", multiple=True, metavar="KEY=VALUE", help="A tag. May be repeated.")
@tracking_uri_option
@json_option
def create_experiment(
    name: str, artifact_location: str, tags: tuple[str, ...], tracking_uri: str | None, as_json: bool
) -> None:
    """Create an experiment. Slashes in the NAME make a tree: team/project/experiment."""
    parsed = parse_tags(tags)
    with connect(tracking_uri) as client:
        created = client.experiments.create(name, artifact_location=artifact_location, tags=parsed)
    if as_json:
        print_json({"experiment_id": created, "name": name})
    else:
        click.echo(f"Created experiment {name!r} with id {created}.")


@experiments.command("rename")
@click.argument("experiment")
@click.argument("new_name")
@tracking_uri_option
@json_option
def rename_experiment(experiment: str, new_name: str, tracking_uri: str | None, as_json: bool) -> None:
    """Give an EXPERIMENT (name or id) a NEW_NAME."""
    with connect(tracking_uri) as client:
        found = get_experiment(client, experiment)
        client.experiments.rename(found.experiment_id, new_name)
    _report(found, as_json, f"Renamed experiment {found.name!r} to {new_name!r}.")


@experiments.command("delete")
@click.argument("experiment")
@tracking_uri_option
@json_option
def delete_experiment(experiment: str, tracking_uri: str | None, as_json: bool) -> None:
    """Mark an EXPERIMENT (name or id) and its runs as deleted; 'restore' brings them back."""
    with connect(tracking_uri) as client:
        found = get_experiment(client, experiment)
        client.experiments.delete(found.experiment_id)
    _report(
        found,
        as_json,
        f"Deleted experiment {found.name!r}. To bring it back: headrace experiments restore {found.experiment_id}",
    )


@experiments.command("restore")
@click.argument("experiment")
@tracking_uri_option
@json_option
def restore_experiment(experiment: str, tracking_uri: str | None, as_json: bool) -> None:
    """Bring a deleted EXPERIMENT (name or id) and its runs back."""
    with connect(tracking_uri) as client:
        found = get_experiment(client, experiment)
        client.experiments.restore(found.experiment_id)
    _report(found, as_json, f"Restored experiment {found.name!r}.")


def _report(found: Experiment, as_json: bool, text: str) -> None:
    if as_json:
        print_json({"experiment_id": found.experiment_id})
    else:
        click.echo(text)


def parse_tags(texts: tuple[str, ...]) -> dict[str, str]:
    """Return tags written as ``key=value``.

    Raises:
        InvalidParameter: one has no ``=``.
    """
    parsed: dict[str, str] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise InvalidParameter(f"The tag {text!r} is not of the form KEY=VALUE.")
        parsed[key] = value
    return parsed
