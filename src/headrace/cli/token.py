"""``headrace token``: a fresh token for ``headrace server --token-file``."""

from pathlib import Path

import click

from headrace.cli.access import write_token_file
from headrace.cli.output import json_option, print_json


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Replace the file if it exists.")
@json_option
def token(file: Path, force: bool, as_json: bool) -> None:
    """Write a fresh token to FILE, which only you may read.

    The token itself is not shown.
    """
    write_token_file(file, force=force)
    if as_json:
        print_json({"path": str(file)})
        return
    click.echo(
        f"Wrote a fresh token to {file}. Start the server with --token-file {file}, and give clients the token:"
    )
    click.echo(f'  export MLFLOW_TRACKING_TOKEN="$(cat {file})"')
