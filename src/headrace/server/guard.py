"""The door: which hosts, which origins, which token; and the headers that every answer carries.

Host names are compared without their port. An address written as a number cannot be rebound by a hostile DNS server and is always accepted; names
must be ``localhost``, the name the server was bound to, or on the list.
"""

import base64
import binascii
import fnmatch
import hmac
import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import urlsplit

from msgspec import Struct
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from headrace.base.errors import HeadraceError, InvalidParameter, PermissionDenied, Unauthenticated
from headrace.server import request_ids
from headrace.server.answers import Headers, send_bytes, send_error
from headrace.server.express import Express
from headrace.server.request_ids import get_request_id
from headrace.services.context import Actor

_OPEN = frozenset({"/health", "/version"})
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_ANYONE = Actor("anyone")
_HOLDER = Actor("token")
_FIRST_ERROR = 400
_MEANT_ONCE = frozenset({b"host", b"origin", b"authorization"})
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[\w.-]+)(:\d{0,5})?", re.ASCII)


class GuardSettings(Struct, frozen=True):
    """What the door lets pass.

    Args:
        hosts: host names that requests may be addressed to, ``*`` as a wildcard.
        origins: origins of pages that may call across sites (``https://ui.example.org``), ``*`` as a wildcard.
        token: what clients must send; None lets everyone in.
        frame_options: the header ``X-Frame-Options``, or empty for none.
        prefix: a path under which everything is served as well, such as ``/headrace``.
    """

    hosts: Sequence[str] = ()
    origins: Sequence[str] = ()
    token: str | None = None
    frame_options: str = "SAMEORIGIN"
    prefix: str = ""

    def __post_init__(self) -> None:
        """Refuse a token that protects nothing.

        Raises:
            InvalidParameter: the token is blank.
        """
        if self.token is not None and not self.token.strip():
            raise InvalidParameter(
                "The server's token is blank; give it some random characters, or no token at all."
            )


class _Head(Struct):
    """What the door looks at of a request's headers."""

    host: bytes = b""
    origin: bytes = b""
    authorization: bytes = b""


class Guard:
    """The outermost ASGI application.

    Args:
        app: what is behind the door.
        settings: what may pass.
        is_open: tells of a request whether it passes without the token, as `/health` does; none does by default.

    Attributes:
        express: answers short writes past this door, by `find_actor`; None if nothing does.
    """

    def __init__(
        self, app: ASGIApp, settings: GuardSettings, is_open: Callable[[Scope], bool] = lambda _scope: False
    ) -> None:
        self._app = app
        self._settings = settings
        self._is_open = is_open
        self._known_hosts: set[bytes] = set()
        self.express: Express | None = None
        self._headers: Headers = [(b"x-content-type-options", b"nosniff")]
        if settings.frame_options:
            self._headers.append((b"x-frame-options", settings.frame_options.encode("latin-1")))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass, or answer it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":  # a WebSocket: nothing here speaks it
            await send({"type": "websocket.close", "code": 1008})
            return
        self._strip_prefix(scope)
        origin = b""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                more = self.find_headers(scope, message["status"])
                message["headers"] = [*message["headers"], *more, *cors_headers(origin)]
            await send(message)

        try:
            head = _read_head(scope)
            self._check_host(scope, head)
            origin = self._check_origin(scope, head)
            if scope["method"] == "OPTIONS":
                await send_bytes(
                    send_with_headers, 204, b"", [(b"allow", b"GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")]
                )
                return
            scope["headrace.actor"] = self._check_token(scope, head)
        except HeadraceError as error:
            await send_error(scope, send_with_headers, error)
            return
        if self.express is not None and "headrace.connection" in scope:
            scope["headrace.connection"].express = self.express
        await self._app(scope, receive, send_with_headers)

    @property
    def prefix(self) -> str:
        """The path under which everything is served as well."""
        return self._settings.prefix

    def find_actor(self, headers: Mapping[bytes, bytes]) -> Actor | None:
        """Return who sends a plain request for a call of the table; None if it needs the whole look of `__call__`.

        Args:
            headers: each given once, no Origin among them.
        """
        if headers.get(b"host") not in self._known_hosts:
            return None
        if self._settings.token is None:
            return _ANYONE
        sent = read_token(headers.get(b"authorization", b""))
        is_holder = sent is not None and hmac.compare_digest(sent, self._settings.token.encode())
        return _HOLDER if is_holder else None

    def find_headers(self, scope: Scope, status: int) -> Headers:
        """Return the headers that every answer of a status carries."""
        if status < _FIRST_ERROR:
            return self._headers
        return [*self._headers, (request_ids.HEADER, get_request_id(scope).encode())]

    def _strip_prefix(self, scope: Scope) -> None:
        prefix = self._settings.prefix
        if prefix and (scope["path"] == prefix or scope["path"].startswith(prefix + "/")):
            scope["path"] = scope["path"][len(prefix) :] or "/"
            scope["headrace.prefix"] = prefix

    def _check_host(self, scope: Scope, head: _Head) -> None:
        value = head.host
        if value in self._known_hosts or scope["path"] in _OPEN:
            return
        if not is_allowed_host(value.decode("latin-1"), self._settings.hosts):
            raise PermissionDenied(
                f"Invalid Host header {value.decode('latin-1')[:100]!r}: this server does not answer to that name, to keep pages of other sites from reaching "
                "it through their DNS. If the name is yours, start the server with --allowed-hosts NAME (or MLFLOW_SERVER_ALLOWED_HOSTS)."
            )
        if len(self._known_hosts) < 100:  # noqa: PLR2004 - enough for every real deployment
            self._known_hosts.add(value)

    def _check_origin(self, scope: Scope, head: _Head) -> bytes:
        """Return the origin to be named in the answer, if any."""
        if not head.origin:
            return b""
        shown = head.origin.decode("latin-1")
        if _matches(shown, self._settings.origins):
            return head.origin
        host = _host_of(shown)
        if host and (host == head.host.decode("latin-1") or is_loopback_name(split_host(host))):
            return b""
        if scope["method"] in _SAFE and scope["method"] != "OPTIONS":
            return b""
        raise PermissionDenied(
            f"Cross-origin request from {shown[:100]!r} blocked. If that page is yours, start the server with "
            "--cors-allowed-origins ORIGIN (or MLFLOW_SERVER_CORS_ALLOWED_ORIGINS)."
        )

    def _check_token(self, scope: Scope, head: _Head) -> Actor:
        token = self._settings.token
        if token is None:
            return _ANYONE
        if scope["path"] in _OPEN or self._is_open(scope):
            return _ANYONE
        sent = read_token(head.authorization)
        if sent is None or not hmac.compare_digest(sent, token.encode()):
            raise Unauthenticated(
                ("This server needs a token" if sent is None else "The token is not this server's")
                + "; set MLFLOW_TRACKING_TOKEN (or HEADRACE_TOKEN) to it in the client's environment."
            )
        return _HOLDER


def _read_head(scope: Scope) -> _Head:
    """Return the headers that count here.

    Raises:
        InvalidParameter: one is given twice, so that others may read another one than this server does.
    """
    found: dict[bytes, bytes] = {}
    for name, value in scope["headers"]:
        if name in _MEANT_ONCE:
            if name in found:
                raise InvalidParameter(
                    f"The request has the header {name.decode().title()} twice; send it once."
                )
            found[name] = value
    return _Head(found.get(b"host", b""), found.get(b"origin", b""), found.get(b"authorization", b""))


def _host_of(origin: str) -> str:
    """Return host and port of an origin; empty for one that has none, such as ``null``."""
    try:
        scheme, netloc, *_ = urlsplit(origin)
    except ValueError:
        return ""
    return netloc if scheme in {"http", "https"} and _HOST.fullmatch(netloc) else ""


def cors_headers(origin: bytes) -> Headers:
    """Return the headers that let a page of another origin read the answer; none without an origin."""
    if not origin:
        return []
    return [
        (b"access-control-allow-origin", origin),
        (b"access-control-allow-credentials", b"true"),
        (b"access-control-allow-methods", b"GET, HEAD, POST, PUT, PATCH, DELETE"),
        (b"access-control-allow-headers", b"authorization, content-type"),
        (b"access-control-expose-headers", request_ids.HEADER),
        (b"vary", b"Origin"),
    ]


def read_token(authorization: bytes) -> bytes | None:
    """Return the token of an Authorization header: a bearer token, or the password of basic authentication."""
    scheme, _, value = authorization.partition(b" ")
    if scheme.lower() == b"bearer":
        return value.strip()
    if scheme.lower() == b"basic":
        try:
            return base64.b64decode(value.strip(), validate=True).partition(b":")[2]
        except binascii.Error:
            return None
    return None


def split_host(netloc: str) -> str:
    """Return the host of ``host:port``, in lower case, without the brackets of an IPv6 address."""
    if netloc.startswith("["):
        return netloc[1:].partition("]")[0].lower()
    return netloc.rpartition(":")[0].lower() if netloc.count(":") == 1 else netloc.lower()


def is_loopback_name(host: str) -> bool:
    """Tell whether a host is this machine by name or address."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_allowed_host(netloc: str, allowed: Sequence[str]) -> bool:
    """Tell whether requests may be addressed to a host.

    Args:
        netloc: the request's Host header.
        allowed: names, perhaps with a port, ``*`` as a wildcard.
    """
    if not _HOST.fullmatch(netloc):
        return False
    host = split_host(netloc)
    if is_loopback_name(host):
        return True
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return _matches(host, allowed) or _matches(netloc.lower(), allowed)
    return True


def _matches(value: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch.fnmatchcase(value.lower(), pattern.lower()) for pattern in patterns)
