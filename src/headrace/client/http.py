"""The transport over HTTP: a pool of connections, tokens, proxies, retries, downloads that can go on where they broke.

Redirects are followed only within the server that the user named, so that neither a token nor data reaches another one. A forked
child begins with connections of its own. The module knows how calls travel, not which calls there are.
"""

import base64
import binascii
import hashlib
import os
import re
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self
from urllib.parse import unquote, urljoin, urlsplit

import urllib3
from urllib3.exceptions import HTTPError, LocationParseError, MaxRetryError
from urllib3.util import Url, make_headers, parse_url

from headrace.api.endpoint import Endpoint, Req, Res
from headrace.base import msgpack
from headrace.base.errors import DataLoss, HeadraceError, InvalidParameter, Unavailable
from headrace.base.json import Wire
from headrace.base.plugins import load
from headrace.base.version import __version__
from headrace.client.pools import make_safe
from headrace.client.retries import build_retry, may_repeat
from headrace.client.transport import TransportSettings, check_stream
from headrace.client.wire import build_target, decode_answer, encode_request, media_type, read_error

POOL_CONNECTIONS = 16
CONNECT_TIMEOUT_S = 10.0
HEALTH_TIMEOUT_S = 5.0
MAX_REDIRECTS = 5
SEND_BYTES = 1 << 18
_SHA256 = re.compile(r"(?:^|,)\s*sha-256=:([A-Za-z0-9+/]+={0,2}):\s*(?:$|,)")
_CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-\d{1,18}/(\d{1,18}|\*)")
_KEEPS_BODY = frozenset({HTTPStatus.TEMPORARY_REDIRECT, HTTPStatus.PERMANENT_REDIRECT})
_LOOPBACK = re.compile(r"localhost|.*\.localhost|127(\.\d{1,3}){3}|\[::1\]")


class HttpTransport:
    """Calls a tracking server.

    Args:
        uri: its address, with a path if it is served under a prefix; ``user:password@`` is sent as
            basic authentication and counts more than the settings' token.
        settings: token, timeout, certificates.

    Raises:
        InvalidParameter: the address or a setting is wrong.
    """

    def __init__(self, uri: str, settings: TransportSettings) -> None:
        url = _parse_uri(uri)
        self._origin = Url(scheme=url.scheme, host=url.host, port=url.port).url
        self.uri = self._origin + (url.path or "").rstrip("/")
        self._headers = {
            "User-Agent": f"headrace-python/{__version__}",
            **_authorization(url.auth, settings),
        }
        self._retries = settings.retries
        self._read_timeout_s = settings.timeout_s
        connect_s = min(CONNECT_TIMEOUT_S, settings.timeout_s)
        self._timeout = urllib3.Timeout(connect=connect_s, read=settings.timeout_s)
        self._pool_options = {"maxsize": POOL_CONNECTIONS, "blocksize": SEND_BYTES, **_tls_options(settings)}
        self._proxy = _find_proxy(url)
        self._pools: tuple[int, urllib3.PoolManager] | None = None
        self._closed = False

    def call(self, endpoint: Endpoint[Req, Res], request: Req) -> Res:
        """See `headrace.client.transport.Transport`."""
        method, target = build_target(endpoint, request)
        body, headers = None, self._headers
        kind = media_type(endpoint)
        if method not in {"GET", "HEAD"}:
            body, headers = encode_request(request, endpoint), {**headers, "Content-Type": kind}
        if endpoint.binary:
            headers = {**headers, "Accept": kind}
        options: dict[str, Any] = {"headers": headers, "body": body}
        if endpoint.waits:
            options["timeout"] = self._longer(request)
        response = self._send(method, target, endpoint, **options)
        is_binary = response.headers.get("Content-Type", "").startswith(msgpack.MEDIA_TYPES[0])
        return decode_answer(response.data, endpoint.response, self.uri, binary=is_binary)

    def download(
        self, endpoint: Endpoint[Req, Res], request: Req, *, offset: int = 0, version: str = ""
    ) -> "HttpDownload":
        """See `headrace.client.transport.Transport`."""
        check_stream(endpoint, request)
        method, target = build_target(endpoint, request)
        headers = {**self._headers, "Accept-Encoding": "identity"}
        if offset and version:
            headers |= {"Range": f"bytes={offset}-", "If-Range": version}
        response = self._send(method, target, endpoint, headers=headers, preload_content=False)
        return HttpDownload(response, self.uri)

    def upload(self, endpoint: Endpoint[Req, Res], request: Req, file: BinaryIO, size: int) -> None:
        """See `headrace.client.transport.Transport`."""
        check_stream(endpoint, request)
        method, target = build_target(endpoint, request)
        headers = {
            **self._headers,
            "Content-Type": "application/octet-stream",
            "Content-Length": str(size),
        }
        body = _Body(file, size)
        response = self._send(method, target, endpoint, headers=headers, body=body if size else b"")
        found = read_digest(response)
        if found not in {None, body.digest.hexdigest()}:
            raise DataLoss(
                f"The upload to {self.uri} was damaged on its way: the SHA-256 of what was sent is {body.digest.hexdigest()}, of what "
                f"was stored {found}. Upload it again."
            )

    def is_healthy(self) -> bool:
        """See `headrace.client.transport.Transport`."""
        try:
            timeout = urllib3.Timeout(HEALTH_TIMEOUT_S)
            self._send(
                "GET",
                "/health",
                None,
                headers=self._headers,
                retries=build_retry(0, repeat=False),
                timeout=timeout,
            )
        except HeadraceError:
            return False
        return True

    def version(self) -> str:
        """See `headrace.client.transport.Transport`."""
        response = self._send("GET", "/version", None, headers=self._headers)
        return response.data.decode("utf-8", "replace").strip()

    def close(self) -> None:
        """See `headrace.client.transport.Transport`."""
        self._closed = True
        pools, self._pools = self._pools, None
        if pools is not None and pools[0] == os.getpid():
            pools[1].clear()

    def _longer(self, request: Wire) -> urllib3.Timeout:
        """Return the timeout of a call that the server may hold."""
        held_s = getattr(request, "wait_ms", 0) / 1000
        return urllib3.Timeout(connect=self._timeout.connect_timeout, read=self._read_timeout_s + held_s)

    def _get_pools(self) -> urllib3.PoolManager:
        """Return the connections of this process."""
        if self._closed:
            raise InvalidParameter(f"The client of {self.uri} is closed; call connect() for a new one.")
        pools, process = self._pools, os.getpid()
        if (
            pools is None or pools[0] != process
        ):  # no lock: one that another thread holds would stay locked in a forked child
            pools = self._pools = (process, self._open_pools())
        return pools[1]

    def _open_pools(self) -> urllib3.PoolManager:
        if self._proxy is None:
            return make_safe(urllib3.PoolManager(**self._pool_options))
        proxy = parse_url(self._proxy)
        secret = make_headers(proxy_basic_auth=proxy.auth) if proxy.auth else None
        address = proxy._replace(auth=None).url
        return make_safe(urllib3.ProxyManager(address, proxy_headers=secret, **self._pool_options))

    def _send(
        self, method: str, target: str, endpoint: Endpoint[Any, Any] | None, **options: Any
    ) -> urllib3.BaseHTTPResponse:
        """Send a request and return its answer of status 2xx; of others, raise the error."""
        repeat = endpoint is None or may_repeat(endpoint)
        options = {
            "retries": build_retry(self._retries, repeat=repeat),
            "timeout": self._timeout,
            "redirect": False,
            "body": None,
            **options,
        }
        url = self.uri + target
        for _ in range(MAX_REDIRECTS):
            try:
                response = self._get_pools().urlopen(method, url, **options)
            except HTTPError as error:
                raise self._unreachable(error, endpoint, repeat=repeat) from error
            location = response.get_redirect_location()
            if not location:
                break
            response.drain_conn()
            url = self._follow(method, url, str(location), response.status)
        else:
            raise InvalidParameter(
                f"{self.uri} redirects in a circle ({url}); set the tracking URI to where the server is."
            )
        if not HTTPStatus.OK <= response.status < HTTPStatus.MULTIPLE_CHOICES:
            raise read_error(response.status, _read_whole(response))
        return response

    def _follow(self, method: str, url: str, location: str, status: int) -> str:
        """Return where a redirect leads to, if it stays with the server."""
        try:
            target = urljoin(url, location)
            parsed = parse_url(target)
        except (LocationParseError, ValueError):
            target, parsed = location, Url()
        is_same = Url(scheme=parsed.scheme, host=parsed.host, port=parsed.port).url == self._origin
        if is_same and (method == "GET" or status in _KEEPS_BODY):
            return target
        raise InvalidParameter(
            f"{self.uri} redirects {method} to {target[:200]!r} (status {status}), which is not followed: a login page, or "
            "the server has another address. If it is the server's, set the tracking URI to it."
        )

    def _unreachable(
        self, error: HTTPError, endpoint: Endpoint[Any, Any] | None, *, repeat: bool
    ) -> HeadraceError:
        """Return the error to show for a call without an answer."""
        reason = error.reason if isinstance(error, MaxRetryError) and error.reason else error
        text = (
            f"No answer from {self.uri}: {_describe(reason)}. Is the server running, and is this its address?"
        )
        if endpoint is not None and not repeat and not _is_unsent(reason):
            text += (
                f" The connection broke after {endpoint.name} had been sent, so that it may have been done or not; "
                "look before sending it again."
            )
        return Unavailable(text)


class HttpDownload:
    """A file on its way here over HTTP.

    Args:
        response: its body is not read yet.
        where: the server's address, for messages.
    """

    def __init__(self, response: urllib3.BaseHTTPResponse, where: str) -> None:
        self._response = response
        self._where = where
        self._is_over = False
        part = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
        if response.status == HTTPStatus.PARTIAL_CONTENT and part is not None:
            self.offset = int(part[1])
            self.size = -1 if part[2] == "*" else int(part[2])
        else:
            self.offset = 0
            self.size = int(response.headers.get("Content-Length") or -1)
        self.sha256 = read_digest(response)
        self.version = response.headers.get("ETag", "")
        if self.version.startswith("W/"):  # says nothing about bytes, and must not stand in If-Range
            self.version = ""

    def read(self, count: int) -> bytes:
        """See `headrace.client.transport.Download`."""
        try:
            data = self._response.read(count, decode_content=False)
        except (HTTPError, OSError) as error:
            raise Unavailable(f"The download from {self._where} broke off: {_describe(error)}.") from error
        self._is_over = not data
        return data

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if not self._is_over:  # else the connection has gone back to the pool
            self._response.close()


class _Body:
    """The bytes of an upload and their digest: as many as were promised, and an error if there are fewer."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file, self._size = file, size
        self._begin = file.tell()
        self.digest = hashlib.sha256()

    def tell(self) -> int:
        return self._file.tell() - self._begin

    def seek(self, offset: int) -> None:
        """Called by urllib3 before it sends the body again."""
        if offset:
            raise OSError(f"an upload is sent again from its beginning, not from byte {offset}")
        self._file.seek(self._begin)
        self.digest = hashlib.sha256()

    def read(self, count: int) -> bytes:
        left = self._size - self.tell()
        if left <= 0:
            return b""
        data = self._file.read(min(count, left))
        if not data:
            raise InvalidParameter(
                f"The file has become {left} bytes shorter while it was uploaded; upload it when nobody writes to it."
            )
        self.digest.update(data)
        return data


def read_digest(response: urllib3.BaseHTTPResponse) -> str | None:
    """Return the SHA-256 of a file in hexadecimal that an answer names in ``Repr-Digest``, or None."""
    found = _SHA256.search(response.headers.get("Repr-Digest", ""))
    if found is None:
        return None
    try:
        digest = base64.b64decode(found[1], validate=True)
    except binascii.Error:
        return None
    return digest.hex() if len(digest) == hashlib.sha256().digest_size else None


def _read_whole(response: urllib3.BaseHTTPResponse) -> bytes:
    try:
        return response.data
    except HTTPError:
        return b""


def _parse_uri(uri: str) -> Url:
    try:
        url = parse_url(uri)
    except LocationParseError:
        raise InvalidParameter(f"{_hide(uri)!r} is no address of a server; write http://HOST:PORT.") from None
    if url.scheme not in {"http", "https"} or not url.host or url.query or url.fragment:
        raise InvalidParameter(
            f"{_hide(uri)!r} is no address of a server; write http://HOST:PORT, perhaps with a path, without '?' and '#'."
        )
    return url


def _hide(uri: str) -> str:
    """Return an address without what stands before an ``@`` in it."""
    head, slashes, rest = uri.partition("://")
    return head + slashes + rest.rpartition("@")[2]


def _authorization(auth: str | None, settings: TransportSettings) -> dict[str, str]:
    if auth is None and settings.token:
        if not settings.token.isascii() or not settings.token.isprintable():
            raise InvalidParameter(
                "The token holds characters that no token has, such as a line break; check where it comes from."
            )
        return {"Authorization": f"Bearer {settings.token}"}
    if auth is not None:
        pair = unquote(auth)
    elif settings.username or settings.password:
        pair = f"{settings.username}:{settings.password}"
    else:
        return {}
    return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


def _tls_options(settings: TransportSettings) -> dict[str, Any]:
    options: dict[str, Any] = {}
    for path in filter(None, (settings.server_cert_path, settings.client_cert_path)):
        if not Path(path).exists():
            raise InvalidParameter(f"The certificate {path!r} does not exist.")
    if settings.insecure_tls:
        if settings.server_cert_path:
            raise InvalidParameter(
                "insecure_tls switches the check of the server's certificate off, server_cert_path asks for one; set one of them."
            )
        options["cert_reqs"] = "CERT_NONE"
    elif settings.server_cert_path:
        kind = "ca_cert_dir" if Path(settings.server_cert_path).is_dir() else "ca_certs"
        options[kind] = settings.server_cert_path
    if settings.client_cert_path:
        options["cert_file"] = settings.client_cert_path
    return options


def _find_proxy(url: Url) -> str | None:
    """Return the proxy that the environment names for an address; never one for this machine."""
    host = url.host or ""
    if _LOOPBACK.fullmatch(host):
        return None
    system: Any = load("urllib.request")
    if system.proxy_bypass(url.netloc or host):
        return None
    proxies: dict[str, str] = system.getproxies()
    proxy = proxies.get(url.scheme or "") or proxies.get("all")
    if not proxy:
        return None
    proxy = proxy if "://" in proxy else f"http://{proxy}"
    if urlsplit(proxy).scheme not in {"http", "https"}:
        raise InvalidParameter(
            f"The proxy {_hide(proxy)!r} is of a kind that is not supported; name an HTTP proxy, or except {host} with NO_PROXY."
        )
    return proxy


def _is_unsent(error: Exception) -> bool:
    """Tell whether a call failed before anything of it was sent."""
    return isinstance(
        error,
        urllib3.exceptions.ConnectTimeoutError
        | urllib3.exceptions.NewConnectionError
        | urllib3.exceptions.SSLError,
    )


def _describe(error: Exception) -> str:
    """Return what went wrong, without urllib3's object representations."""
    causes = [
        cause
        for cause in (error, error.__cause__, error.__context__, *error.args)
        if isinstance(cause, OSError)
    ]
    for cause in causes:
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
    text = str(error)
    return text.rpartition(">: ")[2] or type(error).__name__
