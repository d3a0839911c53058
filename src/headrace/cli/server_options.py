"""The options of ``headrace server``: MLflow's names, ours beside them, each also from the environment."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from msgspec import Struct

from headrace.base.settings import SERVER_SETTINGS

MAX_WORKERS = 999
Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


class ServerOptions(Struct, frozen=True):
    """What was chosen; None or empty for what was not."""

    host: str
    port: int
    workers: str | None
    static_prefix: str
    backend_store_uri: str
    read_replica_backend_store_uri: str | None
    registry_store_uri: str | None
    default_artifact_root: str
    serve_artifacts: bool
    artifacts_only: bool
    artifacts_destination: str
    token_file: Path | None
    allow_unauthenticated: bool
    allowed_hosts: tuple[str, ...]
    cors_allowed_origins: tuple[str, ...]
    disable_security_middleware: bool
    x_frame_options: str
    expose_prometheus: str | None
    app_name: str | None
    uvicorn_opts: str | None
    gunicorn_opts: str | None
    waitress_opts: str | None
    dev: bool
    trace_archival_config: str | None
    secrets_cache_ttl: str | None
    secrets_cache_max_size: str | None
    workspace_store_uri: str | None
    enable_workspaces: bool


def _option(name: str, *flags: str, help: str, **attributes: Any) -> Decorator:  # noqa: A002 - click's word
    """Return an option that the environment may set as well."""
    names = list(SERVER_SETTINGS[name].names)
    spelled = flags or (f"--{name}",)
    return click.option(*spelled, envvar=names, show_envvar=False, help=help, **attributes)


def _split(_ctx: click.Context, _param: click.Parameter, value: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in (value or "").split(",") if part.strip())


def _check_prefix(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str:
    prefix = value or ""
    if prefix and (not prefix.startswith("/") or prefix.endswith("/")):
        raise click.BadParameter(f"{prefix!r} must begin with a '/' and not end in one.")
    return prefix


def _check_frame_options(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    word = value.strip().upper()
    if word not in {"SAMEORIGIN", "DENY", "NONE"}:
        raise click.BadParameter(
            f"{value!r} is unknown to browsers, which would let every site show the pages. Give SAMEORIGIN, DENY or NONE."
        )
    return "" if word == "NONE" else word


def _check_workers(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str | None:
    if value is not None and not (value.strip().isdecimal() and len(value.strip()) <= len(str(MAX_WORKERS))):
        raise click.BadParameter(f"{value!r} is no number from 1 to {MAX_WORKERS}.")
    return value


def count_workers(options: ServerOptions) -> int:
    """Return how many processes are to serve: as many as were asked for, unless `find_single_reason` says why it is one."""
    return 1 if find_single_reason(options) else max(1, int(options.workers or 1))


def find_single_reason(options: ServerOptions) -> str:
    """Return why there can be only one process; empty if there can be more."""
    if options.backend_store_uri.lower().startswith("sqlite"):
        return "one process commits the writes of all clients together; several would wait for each other at the database file."
    if sys.platform == "win32":
        return "Windows cannot tell a process to end in good order. Start several servers on ports of their own instead."
    return ""


def _text(name: str, help: str, metavar: str = "TEXT") -> Decorator:  # noqa: A002 - click's word
    return _option(name, default=None, metavar=metavar, help=help)


_NO_EFFECT = "Accepted, has no effect here: "

_STORAGE = [
    _option(
        "backend-store-uri",
        default="sqlite:///headrace.db",
        metavar="URI",
        show_default=True,
        help="The database.",
    ),
    _option(
        "artifacts-destination",
        default="./headrace-artifacts",
        metavar="PATH",
        show_default=True,
        help="The folder that holds the artifacts which pass through this server.",
    ),
    _option(
        "default-artifact-root",
        default="",
        metavar="URI",
        help="Where the artifacts of new experiments go. Unless given: through this server.",
    ),
    _option(
        "serve-artifacts",
        "--serve-artifacts/--no-serve-artifacts",
        default=True,
        show_default=True,
        help="Whether artifacts pass through this server.",
    ),
    _option("artifacts-only", is_flag=True, help="Serve artifacts and refuse everything else."),
    _text("registry-store-uri", _NO_EFFECT + "everything is in one store.", "URI"),
    _text("read-replica-backend-store-uri", _NO_EFFECT + "reads go to the store.", "URI"),
]
_NETWORK = [
    _option(
        "host",
        "--host",
        "-h",
        default="127.0.0.1",
        show_default=True,
        help="The address to listen on. Beyond this machine it needs --token-file or --allow-unauthenticated.",
    ),
    _option(
        "port",
        "--port",
        "-p",
        type=click.IntRange(0, 65535),
        default=5000,
        show_default=True,
        help="The port to listen on; 0 takes a free one.",
    ),
    _option(
        "static-prefix",
        default="",
        callback=_check_prefix,
        metavar="PATH",
        help="A path such as /headrace under which everything is served as well.",
    ),
    _option(
        "workers",
        "--workers",
        "-w",
        default=None,
        callback=_check_workers,
        metavar="INTEGER",
        help="How many processes serve: 1 unless given, and always 1 on SQLite.",
    ),
]
_SECURITY = [
    _option(
        "token-file",
        type=click.Path(path_type=Path),
        default=None,
        help="A file with the token that clients must send (see 'headrace token'). They take it from MLFLOW_TRACKING_TOKEN or "
        "HEADRACE_TOKEN; as the password of basic authentication it is good as well.",
    ),
    _option("allow-unauthenticated", is_flag=True, help="Let other machines in without a token."),
    _option(
        "allowed-hosts",
        callback=_split,
        default="",
        metavar="NAMES",
        help="Host names, comma-separated, '*' as a wildcard, under which clients reach the server. Addresses, localhost and the "
        "name given with --host need not be named.",
    ),
    _option(
        "cors-allowed-origins",
        callback=_split,
        default="",
        metavar="ORIGINS",
        help="Origins of pages of other sites that may call, comma-separated, '*' as a wildcard.",
    ),
    _option(
        "x-frame-options",
        default="SAMEORIGIN",
        show_default=True,
        callback=_check_frame_options,
        metavar="VALUE",
        help="Who may show pages in a frame: SAMEORIGIN, DENY or NONE (everybody).",
    ),
    _option(
        "disable-security-middleware",
        is_flag=True,
        help="DANGEROUS. Answer under every host name, and let every site show pages in a frame.",
    ),
]
_OTHERS = [
    _text("expose-prometheus", "Show metrics of the server at /metrics. The folder is not used.", "PATH"),
    _text("app-name", "There are no accounts: basic-auth is accepted together with --token-file only."),
    _text("uvicorn-opts", _NO_EFFECT + "options of uvicorn."),
    _text("gunicorn-opts", _NO_EFFECT + "options of gunicorn."),
    _text("waitress-opts", _NO_EFFECT + "options of waitress."),
    _option("dev", is_flag=True, help=_NO_EFFECT + "reloading of changed code."),
    _text("trace-archival-config", _NO_EFFECT + "traces are not part of this version.", "PATH"),
    _text("secrets-cache-ttl", _NO_EFFECT + "there is no secrets store.", "INTEGER"),
    _text("secrets-cache-max-size", _NO_EFFECT + "there is no secrets store.", "INTEGER"),
    _text("workspace-store-uri", _NO_EFFECT + "there are no workspaces.", "URI"),
    _option(
        "enable-workspaces",
        "--enable-workspaces/--disable-workspaces",
        default=False,
        help=_NO_EFFECT + "there are no workspaces.",
    ),
]


def server_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command all options of a server; it receives the fields of `ServerOptions` by name."""
    for decorate in reversed([*_STORAGE, *_NETWORK, *_SECURITY, *_OTHERS]):
        function = decorate(function)
    return function
