"""``headrace server``: from options to a running server. How a server works is `headrace.server`'s business."""

from typing import Any

import click

from headrace.base import plugins
from headrace.base.errors import InvalidParameter
from headrace.base.uris import is_local
from headrace.cli.access import find_exposure, read_token_file, refuse_open_door
from headrace.cli.env_file import env_file_option
from headrace.cli.server_notes import find_notes
from headrace.cli.server_options import ServerOptions, count_workers, server_options
from headrace.server.guard import GuardSettings
from headrace.server.run import Address, ServerSettings, is_loopback, serve
from headrace.services.platform import PlatformSettings

_SQLITE_SUFFIXES = (".db", ".sqlite", ".sqlite3")


@click.command()
@server_options
@env_file_option
def server(**chosen: Any) -> None:
    """Run a tracking server that any MLflow client can use.

    Options have MLflow's names. Each may also be set in the environment, as HEADRACE_<OPTION> or by MLflow's name (MLFLOW_<OPTION>, or
    MLFLOW_SERVER_<OPTION> for security); ours wins. The server stops on SIGTERM or Ctrl-C, after everything under way is answered; a second Ctrl-C
    stops it at once.

    \b
      headrace server
      headrace token server.token
      headrace server --host 0.0.0.0 --token-file server.token --allowed-hosts ml.example.org
    """  # noqa: D301 - click needs the character itself
    options = ServerOptions(**chosen)
    settings = resolve_settings(options)
    for note in find_notes(options):
        click.echo(f"note: {note}", err=True)
    if options.token_file and (exposure := find_exposure(options.token_file)):
        click.echo(f"warning: {exposure}", err=True)
    if settings.workers > 1:
        plugins.load_attribute("headrace.server.workers:serve")(settings)
    else:
        serve(settings)


def resolve_settings(options: ServerOptions) -> ServerSettings:
    """Return the settings of a server.

    Raises:
        InvalidParameter: they contradict each other, or would leave it open to strangers.
    """
    check_store_uri(options.backend_store_uri)
    if options.artifacts_only and not options.serve_artifacts:
        raise InvalidParameter(
            "--artifacts-only and --no-serve-artifacts together leave nothing to serve; give one of them."
        )
    return ServerSettings(
        address=Address(options.host, options.port),
        platform=PlatformSettings(
            store_url=options.backend_store_uri,
            destination=options.artifacts_destination,
            default_root=options.default_artifact_root,
            serve_artifacts=options.serve_artifacts,
        ),
        guard=GuardSettings(
            hosts=("*",) if options.disable_security_middleware else (options.host, *options.allowed_hosts),
            origins=options.cors_allowed_origins,
            token=resolve_token(options),
            frame_options="" if options.disable_security_middleware else options.x_frame_options,
            prefix=options.static_prefix,
        ),
        metrics=bool(options.expose_prometheus),
        artifacts_only=options.artifacts_only,
        workers=count_workers(options),
    )


def resolve_token(options: ServerOptions) -> str | None:
    """Return the token that clients must send, or None if everybody may enter.

    Raises:
        InvalidParameter: the token is none, or there should be one.
    """
    if options.token_file is not None:
        if options.allow_unauthenticated:
            raise InvalidParameter(
                "--token-file and --allow-unauthenticated contradict each other; give one of them."
            )
        return read_token_file(options.token_file)
    if options.app_name:
        raise InvalidParameter(
            f"--app-name {options.app_name}: there are no accounts in this version, and without them the server would be open to everybody. "
            "Protect it with a token instead: 'headrace token FILE', then --token-file FILE. Clients may send the token as their password."
        )
    if not options.allow_unauthenticated and not is_loopback(options.host):
        raise refuse_open_door(options.host)
    return None


def check_store_uri(uri: str) -> None:
    """Refuse what MLflow takes for a folder of files.

    Raises:
        InvalidParameter: the URI is a path; the message says what to give instead.
    """
    if not is_local(uri):
        return
    path = uri.removeprefix("file://").removeprefix("file:")
    if path.lower().endswith(_SQLITE_SUFFIXES):
        raise InvalidParameter(
            f"--backend-store-uri {uri!r} is a path. A SQLite file is named like this: sqlite:///{path}"
        )
    raise InvalidParameter(
        f"--backend-store-uri {uri!r} is a folder, as MLflow's file store is. headrace keeps its data in a database: leave the option away "
        "for sqlite:///headrace.db, or name another file that way. What is in the folder stays untouched, and is not read."
    )
