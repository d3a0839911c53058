"""What ``headrace server`` says of options that mean something to MLflow's server and nothing, or something else, to this one."""

from collections.abc import Iterator

from headrace.cli.server_options import ServerOptions, find_single_reason

_TLS_WORDS = ("ssl", "certfile", "keyfile")


def find_notes(options: ServerOptions) -> list[str]:
    """Return one line for each option that was given and has no effect, or a dangerous one."""
    return [*_find_idle(options), *_find_changed(options), *_find_dangers(options)]


def _find_idle(options: ServerOptions) -> Iterator[str]:
    own_settings = "the server runs uvicorn with settings of its own"
    no_secrets = "this version keeps no secrets of gateways"
    no_workspaces = "there are no workspaces here, and calls that name one are refused; names such as team/project/experiment make a tree"
    idle = [
        (
            "read-replica-backend-store-uri",
            options.read_replica_backend_store_uri,
            "reads go to the store itself",
        ),
        ("uvicorn-opts", options.uvicorn_opts, own_settings),
        ("gunicorn-opts", options.gunicorn_opts, own_settings),
        ("waitress-opts", options.waitress_opts, own_settings),
        ("dev", options.dev, "changed code is not reloaded, and what goes wrong is logged in any case"),
        ("trace-archival-config", options.trace_archival_config, "traces are not part of this version"),
        ("secrets-cache-ttl", options.secrets_cache_ttl, no_secrets),
        ("secrets-cache-max-size", options.secrets_cache_max_size, no_secrets),
        ("workspace-store-uri", options.workspace_store_uri, no_workspaces),
        ("enable-workspaces", options.enable_workspaces, no_workspaces),
    ]
    for name, value, reason in idle:
        if value:
            yield f"--{name} has no effect: {reason}.{_tls(value)}"
    if options.registry_store_uri not in {None, "", options.backend_store_uri}:
        yield "--registry-store-uri has no effect: models will be registered in the store that holds the runs."


def _tls(value: object) -> str:
    if isinstance(value, str) and any(word in value for word in _TLS_WORDS):
        return " The server speaks plain HTTP; for TLS put a proxy in front of it."
    return ""


def _find_changed(options: ServerOptions) -> Iterator[str]:
    reason = find_single_reason(options)
    if reason and options.workers and int(options.workers) > 1:
        yield f"--workers {options.workers} is reduced to 1: {reason}"
    if options.expose_prometheus:
        yield f"--expose-prometheus: metrics are at /metrics; nothing is written to {options.expose_prometheus!r}."
    if options.app_name:
        yield (
            f"--app-name {options.app_name} has no effect: there are no accounts and no permissions of single users; "
            "whoever holds the token has all rights."
        )


def _find_dangers(options: ServerOptions) -> Iterator[str]:
    if options.disable_security_middleware:
        yield (
            "--disable-security-middleware: the server answers under every host name, so a hostile page may reach it through its DNS. "
            "The check of origins stays; name yours with --cors-allowed-origins."
        )
    elif "*" in options.allowed_hosts:
        yield "--allowed-hosts '*': the server answers under every host name, so a hostile page may reach it through its DNS."
    if "*" in options.cors_allowed_origins:
        yield "--cors-allowed-origins '*': every page that a user visits may read and change what is stored here."
    if options.allow_unauthenticated:
        yield "--allow-unauthenticated: whoever reaches the port may read, change and delete everything."
