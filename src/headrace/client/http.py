"""The transport over HTTP: tokens, repeats, redirects, downloads that can go on where they broke.

Redirects are followed only within the server that the user named, so that neither a token nor data reaches another one. The module knows how
calls travel, not which calls there are; connections have modules of their own (`routes`, `connections`, `pools`).
"""

import base64
import binascii
import hashlib
import re
import time
from types import TracebackType
from typing import Any, BinaryIO, Self
from urllib.parse import unquote, urljoin

from headrace.api.endpoint import Endpoint, Req, Res
from headrace.base import msgpack
from headrace.base.errors import DataLoss, HeadraceError, InvalidParameter, Unavailable
from headrace.base.version import __version__
from headrace.client.addresses import parse_address, parse_server
from headrace.client.connections import Answer, Body, Broken, Connection, ExchangeFailed, Unreached
from headrace.client.pools import Pool
from headrace.client.retries import Attempts, may_repeat
from headrace.client.routes import Route, build_head
from headrace.client.transport import TransportSettings, check_stream
from headrace.client.wire import build_target, decode_answer, encode_request, media_type, read_error

CONNECT_TIMEOUT_S = 10.0
HEALTH_TIMEOUT_S = 5.0
MAX_REDIRECTS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_KEEPS_BODY = frozenset({307, 308})
_PARTIAL_CONTENT = 206
_CONTENT_RANGE = r"bytes (\d{1,18})-\d{1,18}/(\d{1,18}|\*)"
_BODILESS = frozenset({"GET", "HEAD"})


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
        self._server = parse_server(uri)
        self._path = self._server.path.rstrip("/")
        self.uri = self._server.origin + self._path
        self._route = Route(self._server, settings)
        self._pool = Pool()
        self._headers = {
            **self._route.headers,
            "User-Agent": f"headrace-python/{__version__}",
            "Accept-Encoding": "identity",
            **_authorization(self._server.auth, settings),
        }
        self._retries = settings.retries
        self._timeout_s = settings.timeout_s

    def call(self, endpoint: Endpoint[Req, Res], request: Req) -> Res:
        """See `headrace.client.transport.Transport`."""
        method, target = build_target(endpoint, request)
        body, headers = b"", {}
        kind = media_type(endpoint)
        if method not in _BODILESS:
            body = encode_request(request, endpoint)
            headers = {"Content-Type": kind, "Content-Length": str(len(body))}
        if endpoint.binary:
            headers["Accept"] = kind
        held_s = getattr(request, "wait_ms", 0) / 1000 if endpoint.waits else 0.0
        data, answer = self._ask(
            method, target, endpoint, headers=headers, body=body, timeout_s=self._timeout_s + held_s
        )
        is_binary = answer.headers.get("content-type", "").startswith(msgpack.MEDIA_TYPES[0])
        return decode_answer(data, endpoint.response, self.uri, binary=is_binary)

    def download(
        self, endpoint: Endpoint[Req, Res], request: Req, *, offset: int = 0, version: str = ""
    ) -> "HttpDownload":
        """See `headrace.client.transport.Transport`."""
        check_stream(endpoint, request)
        method, target = build_target(endpoint, request)
        headers = {"Range": f"bytes={offset}-", "If-Range": version} if offset and version else {}
        _, answer = self._ask(method, target, endpoint, headers=headers, stream=True)
        return HttpDownload(answer, self.uri)

    def upload(self, endpoint: Endpoint[Req, Res], request: Req, file: BinaryIO, size: int) -> None:
        """See `headrace.client.transport.Transport`."""
        check_stream(endpoint, request)
        method, target = build_target(endpoint, request)
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(size)}
        body = _FileBody(file, size)
        _, answer = self._ask(method, target, endpoint, headers=headers, body=body)
        found = read_digest(answer)
        if found not in {None, body.digest.hexdigest()}:
            raise DataLoss(
                f"The upload to {self.uri} was damaged on its way: the SHA-256 of what was sent is {body.digest.hexdigest()}, of what "
                f"was stored {found}. Upload it again."
            )

    def is_healthy(self) -> bool:
        """See `headrace.client.transport.Transport`."""
        try:
            self._ask("GET", "/health", None, timeout_s=HEALTH_TIMEOUT_S, retries=0)
        except HeadraceError:
            return False
        return True

    def version(self) -> str:
        """See `headrace.client.transport.Transport`."""
        data, _ = self._ask("GET", "/version", None)
        return data.decode("utf-8", "replace").strip()

    def close(self) -> None:
        """See `headrace.client.transport.Transport`."""
        self._pool.close()

    def _ask(
        self,
        method: str,
        target: str,
        endpoint: Endpoint[Any, Any] | None,
        *,
        headers: dict[str, str] | None = None,
        body: bytes | Body = b"",
        timeout_s: float | None = None,
        retries: int | None = None,
        stream: bool = False,
    ) -> tuple[bytes, Answer]:
        """Send a request, again if need be, and return the body and the rest of its answer of status 2xx; of others, raise the error.

        Args:
            method: such as GET.
            target: path and query below the server's own path.
            endpoint: what is called; None for what belongs to no table.
            headers: beside those that every request has.
            body: of the request.
            timeout_s: seconds without a byte from the server; the settings' if None.
            retries: how often it is sent again; the settings' if None.
            stream: whether to leave the body of the answer to the caller, who then has to close the answer.
        """
        if self._pool.is_closed:
            raise InvalidParameter(f"The client of {self.uri} is closed; call connect() for a new one.")
        timeout_s = self._timeout_s if timeout_s is None else timeout_s
        repeat = endpoint is None or may_repeat(endpoint)
        attempts = Attempts(self._retries if retries is None else retries, repeat=repeat)
        path, redirects = self._path + target, 0
        while True:
            head = build_head(method, self._route.prefix + path, {**self._headers, **(headers or {})})
            try:
                answer = self._exchange(head, body, timeout_s)
                data = b"" if stream and answer.is_good else answer.read_all()
            except ExchangeFailed as error:
                pause = _find_pause(attempts, error)
                if pause is None:
                    raise self._unreachable(error, endpoint, repeat=repeat) from error
            else:
                if answer.is_good:
                    return data, answer
                location = answer.headers.get("location")
                if location and answer.status in _REDIRECTS:
                    path = self._follow(method, path, location, answer.status)
                    redirects += 1
                    if redirects == MAX_REDIRECTS:
                        raise InvalidParameter(
                            f"{self.uri} redirects in a circle ({path}); set the tracking URI to where the server is."
                        )
                    continue
                pause = attempts.pause_refused(answer.status, answer.headers.get("retry-after"))
                if pause is None:
                    raise read_error(answer.status, data)
            time.sleep(pause)

    def _exchange(self, head: bytes, body: bytes | Body, timeout_s: float) -> Answer:
        """Send a request once and wait for the head of its answer.

        Raises:
            ExchangeFailed: it does not come.
        """
        connection = self._pool.take() or self._route.connect(min(CONNECT_TIMEOUT_S, timeout_s))
        try:
            refusal = connection.send(head, body, timeout_s)
        except BaseException:
            connection.close()
            raise
        answer = Answer(connection, Connection.close if refusal else self._pool.give)
        try:
            answer.await_head()
        except Broken as error:
            raise refusal or error from None
        return answer

    def _follow(self, method: str, path: str, location: str, status: int) -> str:
        """Return the path that a redirect leads to, if it stays with the server."""
        try:
            target = urljoin(self._server.origin + path, location)
            found = parse_address(target)
            is_same = found.is_same_server(self._server)
        except ValueError:
            target, is_same = location, False
        if is_same and (method == "GET" or status in _KEEPS_BODY):
            return found.path or "/"
        raise InvalidParameter(
            f"{self.uri} redirects {method} to {target[:200]!r} (status {status}), which is not followed: a login page, or "
            "the server has another address. If it is the server's, set the tracking URI to it."
        )

    def _unreachable(
        self, error: ExchangeFailed, endpoint: Endpoint[Any, Any] | None, *, repeat: bool
    ) -> HeadraceError:
        """Return the error to show for a call without an answer."""
        text = f"No answer from {self.uri}: {error}. Is the server running, and is this its address?"
        if endpoint is not None and not repeat and isinstance(error, Broken):
            text += (
                f" The connection broke after {endpoint.name} had been sent, so that it may have been done or not; "
                "look before sending it again."
            )
        return Unavailable(text)


class HttpDownload:
    """A file on its way here over HTTP.

    Args:
        answer: its body is not read yet.
        where: the server's address, for messages.
    """

    def __init__(self, answer: Answer, where: str) -> None:
        self._answer = answer
        self._where = where
        part = None
        if answer.status == _PARTIAL_CONTENT:
            part = re.fullmatch(_CONTENT_RANGE, answer.headers.get("content-range", ""))
        if part is not None:
            self.offset = int(part[1])
            self.size = -1 if part[2] == "*" else int(part[2])
        else:
            self.offset = 0
            self.size = int(answer.headers.get("content-length") or -1)
        self.sha256 = read_digest(answer)
        self.version = answer.headers.get("etag", "")
        if self.version.startswith("W/"):  # says nothing about bytes, and must not stand in If-Range
            self.version = ""

    def read(self, count: int) -> bytes:
        """See `headrace.client.transport.Download`."""
        try:
            return self._answer.read(count)
        except Broken as error:
            raise Unavailable(f"The download from {self._where} broke off: {error}.") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._answer.close()  # if it is complete, the connection has gone back to the pool


class _FileBody:
    """The bytes of an upload and their digest: as many as were promised, and an error if there are fewer."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file, self._size = file, size
        self._begin = file.tell()
        self.digest = hashlib.sha256()

    def rewind(self) -> None:
        """See `headrace.client.connections.Body`."""
        self._file.seek(self._begin)
        self.digest = hashlib.sha256()

    def read(self, count: int) -> bytes:
        """See `headrace.client.connections.Body`."""
        left = self._size - (self._file.tell() - self._begin)
        if left <= 0:
            return b""
        data = self._file.read(min(count, left))
        if not data:
            raise InvalidParameter(
                f"The file has become {left} bytes shorter while it was uploaded; upload it when nobody writes to it."
            )
        self.digest.update(data)
        return data


def read_digest(answer: Answer) -> str | None:
    """Return the SHA-256 of a file in hexadecimal that an answer names in ``Repr-Digest`` (RFC 9530), or None."""
    for part in answer.headers.get("repr-digest", "").split(","):
        name, _, value = part.strip().partition("=")
        if name == "sha-256" and value.startswith(":") and value.endswith(":"):
            try:
                digest = base64.b64decode(value[1:-1], validate=True)
            except binascii.Error:
                return None
            return digest.hex() if len(digest) == hashlib.sha256().digest_size else None
    return None


def _find_pause(attempts: Attempts, error: ExchangeFailed) -> float | None:
    """Return the seconds to wait before the next attempt; None if there is none."""
    if isinstance(error, Unreached):
        return attempts.pause_unreached() if error.passes else None
    return attempts.pause_broken()


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
