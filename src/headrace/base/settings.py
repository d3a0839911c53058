"""The environment: the variables that clients and servers read, in one table, ours before MLflow's. A module of the Python API that reads more has a table of its own, `SETTINGS`.

A setting may be given under several names; the first of them that is set and not empty counts. The module does not know what a
setting is used for, nor its default.
"""

import os
from collections.abc import Mapping

from msgspec import Struct

from headrace.base.errors import InvalidParameter

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})


class Setting(Struct, frozen=True):
    """One thing that can be set through the environment.

    Args:
        names: the variables, ours first.
        meaning: one sentence for the documentation.
    """

    names: tuple[str, ...]
    meaning: str

    def find(self, environ: Mapping[str, str] | None = None) -> str | None:
        """Return the value, or None if no variable is set.

        Args:
            environ: where to look; the process's environment unless given.
        """
        place = os.environ if environ is None else environ
        return next((place[name] for name in self.names if place.get(name)), None)

    def is_on(self, *, default: bool, environ: Mapping[str, str] | None = None) -> bool:
        """Return the value of a switch.

        Raises:
            InvalidParameter: the value is neither yes nor no.
        """
        value = self.find(environ)
        if value is None:
            return default
        word = value.strip().lower()
        if word not in _TRUE | _FALSE:
            raise InvalidParameter(f"{' or '.join(self.names)} is {value!r}; set it to true or false.")
        return word in _TRUE


def _server(option: str, meaning: str, mlflow: str = "") -> Setting:
    """Return the setting behind an option of ``headrace server``."""
    name = option.removeprefix("--").replace("-", "_").upper()
    return Setting((f"HEADRACE_{name}", mlflow or f"MLFLOW_{name}"), meaning)


_SECURITY = "MLFLOW_SERVER_"

# What a client needs to reach a server.
CLIENT_SETTINGS: dict[str, Setting] = {
    "tracking_uri": Setting(
        ("HEADRACE_TRACKING_URI", "MLFLOW_TRACKING_URI"), "the server or database to talk to"
    ),
    "token": Setting(
        ("HEADRACE_TOKEN", "MLFLOW_TRACKING_TOKEN"), "the server's token, sent as a bearer token"
    ),
    "username": Setting(
        ("HEADRACE_USERNAME", "MLFLOW_TRACKING_USERNAME"), "user name of basic authentication"
    ),
    "password": Setting(
        ("HEADRACE_PASSWORD", "MLFLOW_TRACKING_PASSWORD"), "password of basic authentication"
    ),
    "insecure_tls": Setting(
        ("HEADRACE_INSECURE_TLS", "MLFLOW_TRACKING_INSECURE_TLS"), "do not check the server's certificate"
    ),
    "server_cert_path": Setting(
        ("HEADRACE_SERVER_CERT_PATH", "MLFLOW_TRACKING_SERVER_CERT_PATH"),
        "certificates of the authorities that may vouch for the server",
    ),
    "client_cert_path": Setting(
        ("HEADRACE_CLIENT_CERT_PATH", "MLFLOW_TRACKING_CLIENT_CERT_PATH"), "certificate that the client shows"
    ),
    "request_timeout": Setting(
        ("HEADRACE_HTTP_REQUEST_TIMEOUT", "MLFLOW_HTTP_REQUEST_TIMEOUT"), "seconds to wait for an answer"
    ),
    "request_max_retries": Setting(
        ("HEADRACE_HTTP_REQUEST_MAX_RETRIES", "MLFLOW_HTTP_REQUEST_MAX_RETRIES"),
        "how often a failed call is sent again",
    ),
}

# The options of `headrace server`, by their name without the dashes in front.
SERVER_SETTINGS: dict[str, Setting] = {
    "host": _server("--host", "address to listen on"),
    "port": _server("--port", "port to listen on"),
    "workers": _server("--workers", "number of worker processes; 1 on SQLite"),
    "static-prefix": _server("--static-prefix", "a path under which everything is served as well"),
    "backend-store-uri": _server("--backend-store-uri", "the database"),
    "read-replica-backend-store-uri": _server("--read-replica-backend-store-uri", "no effect"),
    "registry-store-uri": _server("--registry-store-uri", "no effect; the registry will be in the store"),
    "default-artifact-root": _server("--default-artifact-root", "where new experiments' artifacts go"),
    "serve-artifacts": _server("--serve-artifacts", "whether artifacts pass through the server"),
    "artifacts-only": _server("--artifacts-only", "serve artifacts and nothing else"),
    "artifacts-destination": _server("--artifacts-destination", "the folder that holds the artifacts"),
    "allowed-hosts": _server(
        "--allowed-hosts", "host names that requests may be addressed to", _SECURITY + "ALLOWED_HOSTS"
    ),
    "cors-allowed-origins": _server(
        "--cors-allowed-origins", "origins of pages that may call", _SECURITY + "CORS_ALLOWED_ORIGINS"
    ),
    "disable-security-middleware": _server(
        "--disable-security-middleware",
        "switch the check of host names off",
        _SECURITY + "DISABLE_SECURITY_MIDDLEWARE",
    ),
    "x-frame-options": _server(
        "--x-frame-options", "who may show pages in a frame", _SECURITY + "X_FRAME_OPTIONS"
    ),
    "gunicorn-opts": _server("--gunicorn-opts", "no effect"),
    "waitress-opts": _server("--waitress-opts", "no effect"),
    "uvicorn-opts": _server("--uvicorn-opts", "no effect"),
    "dev": _server("--dev", "no effect"),
    "expose-prometheus": _server("--expose-prometheus", "serve metrics of the server at /metrics"),
    "app-name": _server("--app-name", "no effect; basic-auth needs a token file"),
    "trace-archival-config": _server("--trace-archival-config", "no effect"),
    "secrets-cache-ttl": _server("--secrets-cache-ttl", "no effect"),
    "secrets-cache-max-size": _server("--secrets-cache-max-size", "no effect"),
    "workspace-store-uri": _server("--workspace-store-uri", "no effect"),
    "enable-workspaces": _server("--enable-workspaces", "no effect"),
    "token-file": Setting(("HEADRACE_TOKEN_FILE",), "the file that holds the token which clients must send"),
    "allow-unauthenticated": Setting(
        ("HEADRACE_ALLOW_UNAUTHENTICATED",), "serve other machines without a token"
    ),
    "max-body-bytes": Setting(
        ("HEADRACE_MAX_BODY_BYTES",),
        "the most bytes that a request's body may have; files have no such limit",
    ),
    "static-dir": Setting(
        ("HEADRACE_STATIC_DIR",), "the folder of the built web pages; the package's own unless given"
    ),
    "truncate-long-values": Setting(
        ("HEADRACE_TRUNCATE_LONG_VALUES", "MLFLOW_TRUNCATE_LONG_VALUES"),
        "cut params and tags that are too long instead of refusing them",
    ),
}
