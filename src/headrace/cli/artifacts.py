"""``headrace artifacts``: list, download, upload, delete files of runs."""

from pathlib import Path

import click

from headrace.cli.output import json_option, print_json, print_json_lines, print_table, show_size
from headrace.cli.target import tracking_uri_option
from headrace.client import connect


@click.group()
def artifacts() -> None:
    """List, download, upload, delete files of runs."""


@artifacts.command("list")
@click.argument("run_id")
@click.argument("path", default="")
@tracking_uri_option
@json_option
def list_artifacts(run_id: str, path: str, tracking_uri: str | None, as_json: bool) -> None:
    """List a run's files, or those in the folder PATH."""
    with connect(tracking_uri) as client:
        files = list(client.artifacts.list(run_id, path))
    if as_json:
        print_json_lines(files)
        return
    print_table(
        [">Size", "Path"],
        (
            ["-", file.path + "/"] if file.is_dir else [show_size(file.file_size or 0), file.path]
            for file in files
        ),
        whole=["Path"],
        empty="No artifacts found.",
    )


@artifacts.command("download")
@click.argument("run_id")
@click.argument("path", default="")
@click.option(
    "--destination",
    "-d",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="The folder to write to. Unless given: the working folder.",
)
@tracking_uri_option
@json_option
def download_artifacts(
    run_id: str, path: str, destination: Path, tracking_uri: str | None, as_json: bool
) -> None:
    """Download a run's file or folder PATH, or all of its files."""
    with connect(tracking_uri) as client:
        written = client.artifacts.download(run_id, path, destination)
    if as_json:
        print_json({"path": str(written)})
    else:
        click.echo(f"Downloaded to {written}.")


@artifacts.command("upload")
@click.argument("run_id")
@click.argument("local_path", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--path", default="", metavar="FOLDER", help="The folder among the run's artifacts to write to."
)
@tracking_uri_option
@json_option
def upload_artifacts(
    run_id: str, local_path: Path, path: str, tracking_uri: str | None, as_json: bool
) -> None:
    """Upload a local file or folder to a run."""
    with connect(tracking_uri) as client:
        client.artifacts.upload(run_id, local_path, path)
    if as_json:
        print_json({"run_id": run_id, "path": f"{path}/{local_path.name}" if path else local_path.name})
    else:
        click.echo(f"Uploaded {local_path} to run {run_id}.")


@artifacts.command("delete")
@click.argument("run_id")
@click.argument("path")
@click.option("--yes", is_flag=True, help="Do not ask.")
@tracking_uri_option
@json_option
def delete_artifacts(run_id: str, path: str, yes: bool, tracking_uri: str | None, as_json: bool) -> None:
    """Delete a run's file or folder PATH. It cannot be brought back."""
    if not yes:
        click.confirm(f"Delete {path!r} of run {run_id}? It cannot be brought back.", abort=True, err=True)
    with connect(tracking_uri) as client:
        client.artifacts.delete(run_id, path)
    if as_json:
        print_json({"run_id": run_id, "path": path})
    else:
        click.echo(f"Deleted {path} of run {run_id}.")
