"""The web pages: files that the build of ``ui/`` has made, and the one page that stands for every address of theirs.

An address of the pages is answered with ``index.html``; its scripts look at the address themselves. It is given a ``<base>`` that leads from the address
back to the root, so that one build is served under any prefix, that of a proxy too of which nobody has told this server. The files are the
same for everybody and hold nothing of what is stored: they are open without a token. The module knows no call of the API.
"""

import hashlib
import logging
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import NamedTuple

from anyio import CapacityLimiter, to_thread
from starlette.types import ASGIApp, Receive, Scope, Send

from headrace.base.settings import SERVER_SETTINGS
from headrace.server.answers import Headers, send_bytes
from headrace.server.body import find_header

THREADS = 8
CONTENT_POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' blob: data:; media-src 'self' blob:; "
    "frame-src 'self' blob:; object-src 'none'; base-uri 'self'; form-action 'self'"
)
"""Nothing of another server is loaded, and no script that stands in a page or in a text runs."""

_BUILT = Path(__file__).parents[1] / "static"
_INDEX = "index.html"
_FOREVER = "assets/"
_NAME = re.compile(r"(?:[\w-][\w.-]*/)*[\w-][\w.-]*\.(\w+)", re.ASCII)
_TYPES = {
    "css": b"text/css; charset=utf-8",
    "html": b"text/html; charset=utf-8",
    "ico": b"image/x-icon",
    "js": b"text/javascript; charset=utf-8",
    "json": b"application/json",
    "md": b"text/plain; charset=utf-8",
    "png": b"image/png",
    "svg": b"image/svg+xml",
    "txt": b"text/plain; charset=utf-8",
    "wasm": b"application/wasm",
    "webmanifest": b"application/manifest+json",
    "woff2": b"font/woff2",
}
_ENCODINGS = ((b"br", ".br"), (b"gzip", ".gz"))
_PAGE_HEADERS: Headers = [
    (b"content-type", _TYPES["html"]),
    (b"content-security-policy", CONTENT_POLICY.encode()),
    (b"referrer-policy", b"same-origin"),
    (b"cache-control", b"no-cache"),
]
_NOT_BUILT = b"""\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>headrace: no web pages</title>
<style>body { font: 16px/1.5 system-ui, sans-serif; max-width: 40em; margin: 4em auto; padding: 0 1em }</style>
</head>
<body>
<h1>The web pages are not built</h1>
<p>This server runs and its API answers, but this installation of headrace holds no web pages.</p>
<p>In a checkout of the sources, run <code>scripts/ui</code>. Otherwise install a released package, which holds them, or set
<code>HEADRACE_STATIC_DIR</code> to a folder with built pages. Then load this page again; the server need not be restarted for a build.</p>
</body>
</html>
"""

log = logging.getLogger("headrace.server")


class _File(NamedTuple):
    """A file as it is sent."""

    body: bytes
    encoding: bytes
    etag: bytes


def find_folder(environ: Mapping[str, str] | None = None) -> Path:
    """Return the folder of the built pages: the package's own, unless the environment (the process's if not given) names another."""
    named = SERVER_SETTINGS["static-dir"].find(environ)
    return Path(named) if named else _BUILT


class Pages:
    """Answers what the API does not.

    Args:
        folder: what the build has written; looked at for each request, so that it may be built while the server runs.
        reserved: first segments of addresses that are never pages.
        otherwise: answers what is no page either.
    """

    def __init__(self, folder: Path, reserved: Collection[str], otherwise: ASGIApp) -> None:
        self._folder = folder
        self._reserved = frozenset(reserved)
        self._otherwise = otherwise
        self._threads = CapacityLimiter(THREADS)
        if not (folder / _INDEX).is_file():
            log.info("There are no built web pages in %s; the API alone is served.", folder)

    def is_page(self, scope: Scope) -> bool:
        """Tell whether a request is for a page or a file of the pages, whether it is there or not."""
        path: str = scope["path"]
        if scope["method"] not in {"GET", "HEAD"} or path[1:].partition("/")[0] in self._reserved:
            return False
        return path == "/" or _NAME.fullmatch(path[1:]) is not None or _wants_html(scope)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if not self.is_page(scope):
            await self._otherwise(scope, receive, send)
            return
        name = scope["path"][1:]
        found = _NAME.fullmatch(name)
        if found is not None and name != _INDEX:
            accepted = find_header(scope, b"accept-encoding")
            file = await to_thread.run_sync(self._read, name, accepted, limiter=self._threads)
            if file is not None:
                await _send_file(scope, send, name, file)
                return
            if not _wants_html(scope):
                await self._otherwise(scope, receive, send)
                return
        await self._send_page(scope, send)

    def _read(self, name: str, accepted: bytes) -> _File | None:
        """Return a file, packed if there is a packed copy that the client takes; None if it is not there."""
        names = list_encodings(accepted)
        copies = [(encoding, name + suffix) for encoding, suffix in _ENCODINGS if encoding in names]
        for encoding, copy in [*copies, (b"", name)]:
            place = self._folder / copy
            try:
                if not (self._folder / name).is_file():
                    return None
                body, state = place.read_bytes(), place.stat()
            except OSError:  # no such copy, or a build is under way
                continue
            return _File(body, encoding, b'"%x-%x"' % (state.st_mtime_ns, state.st_size))
        return None

    def _read_index(self) -> bytes | None:
        try:
            return (self._folder / _INDEX).read_bytes()
        except OSError:
            return None

    async def _send_page(self, scope: Scope, send: Send) -> None:
        raw = _raw_path(scope)
        if scope["path"] == "/" and not raw.endswith(
            b"/"
        ):  # the prefix alone, from which nothing could lead to files below it
            place = b"./" + raw.rpartition(b"/")[2] + b"/"
            if scope["query_string"]:
                place += b"?" + scope["query_string"]
            await send_bytes(send, 307, b"", [(b"location", place), (b"cache-control", b"no-cache")])
            return
        index = await to_thread.run_sync(self._read_index, limiter=self._threads)
        if index is None:
            await send_bytes(send, 503, _NOT_BUILT, [*_PAGE_HEADERS, (b"retry-after", b"30")])
            return
        page = index.replace(b"<head>", b'<head><base href="%s" />' % find_base(scope).encode(), 1)
        etag = b'"%s"' % hashlib.sha256(page).hexdigest()[:32].encode()
        headers = [*_PAGE_HEADERS, (b"etag", etag)]
        if _is_known(scope, etag):
            await _send_unchanged(send, headers)
            return
        await send_bytes(send, 200, page, headers)


def find_base(scope: Scope) -> str:
    """Return what leads from the address of a request to the root of the pages."""
    prefix: str = scope.get("headrace.prefix", "")
    below = _raw_path(scope).count(b"/") - prefix.count("/") - 1
    return "../" * below or "./"


def list_encodings(accepted: bytes) -> set[bytes]:
    """Return the encodings that a client names in ``Accept-Encoding`` and does not refuse."""
    found = set()
    for part in accepted.lower().split(b","):
        name, _, weight = part.replace(b" ", b"").partition(b";")
        if not weight.startswith(b"q=") or weight.rstrip(b"0.") != b"q=":
            found.add(name)
    return found


def _raw_path(scope: Scope) -> bytes:
    """Return the path as the client sent it, prefix and percent signs included."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    return raw


def _wants_html(scope: Scope) -> bool:
    return b"text/html" in find_header(scope, b"accept").lower()


def _is_known(scope: Scope, etag: bytes) -> bool:
    known = [each.strip().removeprefix(b"W/") for each in find_header(scope, b"if-none-match").split(b",")]
    return etag in known


async def _send_file(scope: Scope, send: Send, name: str, file: _File) -> None:
    """Send a file; one whose name tells its content never changes, others are asked for again."""
    is_fixed = name.startswith(_FOREVER)
    headers: Headers = [
        (b"content-type", _TYPES.get(name.rpartition(".")[2].lower(), b"application/octet-stream")),
        (b"cache-control", b"public, max-age=31536000, immutable" if is_fixed else b"no-cache"),
        (b"etag", file.etag),
        (b"vary", b"Accept-Encoding"),
    ]
    if name.endswith(".svg"):  # a document of its own, should somebody open it
        headers.append(
            (b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'; sandbox")
        )
    if file.encoding:
        headers.append((b"content-encoding", file.encoding))
    if _is_known(scope, file.etag):
        await _send_unchanged(send, headers)
        return
    await send_bytes(send, 200, file.body, headers)


async def _send_unchanged(send: Send, headers: Headers) -> None:
    await send({"type": "http.response.start", "status": 304, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
