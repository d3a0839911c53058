"""From an address to a client: what the environment says, and which transport the address's scheme asks for."""

from collections.abc import Callable
from typing import TypeVar, cast
from urllib.parse import urlsplit

from headrace.base.errors import InvalidParameter
from headrace.base.plugins import load, load_attribute
from headrace.base.settings import CLIENT_SETTINGS, SERVER_SETTINGS
from headrace.client.client import Client
from headrace.client.transport import (
    DEFAULT_RETRIES,
    DEFAULT_TIMEOUT_S,
    Transport,
    TransportFactory,
    TransportSettings,
)

DEFAULT_URI = "sqlite:///headrace.db"
GROUP = "headrace.transports"
OWN = {
    "http": "headrace.client.http:HttpTransport",
    "https": "headrace.client.http:HttpTransport",
    **dict.fromkeys(
        ("sqlite", "postgres", "postgresql", "mysql", "mariadb"), "headrace.local:LocalTransport"
    ),
}
"""What this package declares itself: to look for it among all that is installed takes longer than to load it."""
_MAX_RETRIES = 20
Number = TypeVar("Number", int, float)


def connect(
    uri: str | None = None,
    token: str | None = None,
    timeout_s: float | None = None,
    *,
    retries: int | None = None,
    artifacts_destination: str | None = None,
) -> Client:
    """Return a client of a tracking server, or of a database that this process opens itself. Nothing is sent yet.

    What is not given comes from the environment: HEADRACE_TRACKING_URI, HEADRACE_TOKEN, HEADRACE_HTTP_REQUEST_TIMEOUT and so on,
    or the MLFLOW_ variables of the same meaning (`headrace.base.settings`).

    Args:
        uri: ``http://HOST:PORT`` (or https, perhaps with a path), or a database: ``sqlite:///PATH``, ``postgresql://...``, ``mysql://...``;
            ``sqlite:///headrace.db`` by default.
        token: the server's token. A token of the environment counts more than user name and password of the environment only
            if those are not set, as with MLflow.
        timeout_s: seconds without a byte from the server after which a call is given up; 120 by default.
        retries: how often a failed call is sent again, 5 by default; `headrace.client.retries` says which calls, and when.
        artifacts_destination: the folder of the artifacts of a database; by default ``headrace-artifacts`` beside its file.

    Raises:
        InvalidParameter: the address is of a kind that is not supported, or a setting is wrong.
    """
    settings = read_settings(
        token=token, timeout_s=timeout_s, retries=retries, destination=artifacts_destination
    )
    return Client(open_transport(uri or CLIENT_SETTINGS["tracking_uri"].find() or DEFAULT_URI, settings))


def open_transport(uri: str, settings: TransportSettings) -> Transport:
    """Return the transport for an address.

    Raises:
        InvalidParameter: nothing is installed for its scheme, or the address or a setting is wrong.
    """
    scheme = _find_scheme(uri)
    known = OWN
    if scheme not in known:
        others = load("importlib.metadata").entry_points(group=GROUP)
        known = {entry.name: entry.value for entry in others} | OWN
    if scheme not in known:
        shown = uri.rpartition("@")[2]
        raise InvalidParameter(
            f"The tracking URI {shown!r} is of a kind that is not supported; there are {', '.join(sorted(known))}. "
            "A server is http://HOST:PORT, a database sqlite:///PATH, postgresql://HOST/DATABASE or mysql://HOST/DATABASE."
        )
    factory = cast("TransportFactory", load_attribute(known[scheme]))
    return factory(uri, settings)


def read_settings(
    *,
    token: str | None = None,
    timeout_s: float | None = None,
    retries: int | None = None,
    destination: str | None = None,
) -> TransportSettings:
    """Return the settings: what is given, else what the environment says.

    Raises:
        InvalidParameter: a value is out of range, or no number.
    """
    if timeout_s is None:
        timeout_s = _read_number("request_timeout", float, DEFAULT_TIMEOUT_S)
    if retries is None:
        retries = _read_number("request_max_retries", int, DEFAULT_RETRIES)
    if not 0 < timeout_s < float("inf"):
        raise InvalidParameter(f"Invalid timeout {timeout_s}: give a positive number of seconds.")
    if not 0 <= retries <= _MAX_RETRIES:
        raise InvalidParameter(
            f"Invalid number of retries {retries}: it must lie between 0 and {_MAX_RETRIES}."
        )
    username, password = _read("username"), _read("password")
    return TransportSettings(
        token=token or ("" if username or password else _read("token")),
        username=username,
        password=password,
        timeout_s=timeout_s,
        retries=retries,
        insecure_tls=CLIENT_SETTINGS["insecure_tls"].is_on(default=False),
        server_cert_path=_read("server_cert_path"),
        client_cert_path=_read("client_cert_path"),
        artifacts_destination=destination or SERVER_SETTINGS["artifacts-destination"].find() or "",
    )


def _find_scheme(uri: str) -> str:
    """Return the scheme of an address, without the driver that a database's may name."""
    try:
        return urlsplit(uri).scheme.partition("+")[0]
    except ValueError:  # what stands after it is malformed, which the transport says better
        return uri.partition(":")[0].lower()


def _read(name: str) -> str:
    return CLIENT_SETTINGS[name].find() or ""


def _read_number(name: str, kind: Callable[[str], Number], default: Number) -> Number:
    text = _read(name)
    try:
        return kind(text) if text else default
    except ValueError:
        names = " or ".join(CLIENT_SETTINGS[name].names)
        article = "a whole number" if kind is int else "a number"
        raise InvalidParameter(f"{names} is {text!r}; set it to {article}.") from None
