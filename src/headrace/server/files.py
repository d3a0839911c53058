"""The headers of file downloads and uploads: type, name, validators, digests, ranges. Knows neither stores nor connections."""

import base64
import binascii
import mimetypes
import re
import unicodedata
from email.utils import formatdate
from urllib.parse import quote

from msgspec import Struct
from starlette.types import Scope

from headrace.base.errors import InvalidParameter
from headrace.server.answers import Headers
from headrace.server.body import find_header

# What MLflow serves as plain text, so that its UI shows it.
_TEXT_EXTENSIONS = frozenset(
    [
        *("txt", "log", "err", "cfg", "conf", "cnf", "cf", "ini", "properties", "prop", "hocon", "toml", "yaml", "yml"),
        *("xml", "json", "js", "py", "py3", "csv", "tsv", "md", "rst", "ipynb", "MLmodel", "MLproject"),
    ]
)  # fmt: skip
_BINARY = "application/octet-stream"
_TYPES = mimetypes.MimeTypes()  # Python's own table: the same on every machine
_INERT = ("application/pdf", "audio/", "image/", "video/")
_SANDBOX = b"; sandbox allow-scripts; default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; base-uri 'self'; form-action 'none'; object-src 'none'"
_RANGE = re.compile(rb"bytes=(\d{0,18})-(\d{0,18})")
_SHA256 = re.compile(rb"(?:^|,)\s*sha-256=:([A-Za-z0-9+/=]*):\s*(?:$|,)")


class FileState(Struct, frozen=True):
    """One state of one file.

    Args:
        name: the last segment of its key.
        size: in bytes.
        mtime_ms: time of its last change in Unix milliseconds.
        sha256: in hexadecimal, None if unknown.
    """

    name: str
    size: int
    mtime_ms: int
    sha256: str | None

    @property
    def etag(self) -> bytes:
        """The validator of this state."""
        return b'"%s"' % (self.sha256 or f"{self.size:x}-{self.mtime_ms:x}").encode()

    @property
    def last_modified(self) -> bytes:
        """The time of the last change as HTTP writes it."""
        return formatdate(self.mtime_ms // 1000, usegmt=True).encode()


def guess_type(name: str) -> str:
    """Return the media type for a file's name, as MLflow gives it; packed files are plain bytes."""
    extension = name.rpartition(".")[2]
    if extension in _TEXT_EXTENSIONS:
        return "text/plain"
    kind, encoding = _TYPES.guess_type(name)
    return _BINARY if kind is None or encoding else kind


def file_headers(state: FileState) -> Headers:
    """Return the headers that every download carries, whole or in part.

    A file is always saved, never shown, and if a browser shows it all the same it runs in a sandbox: HTML, SVG, PDF and XML
    are programs that would act with the rights of whoever opens them.
    """
    headers: Headers = [
        (b"content-type", guess_type(state.name).encode()),
        (b"content-disposition", _disposition(state.name)),
        (b"content-security-policy", b"sandbox; default-src 'none'"),
        (b"accept-ranges", b"bytes"),
        (b"cache-control", b"private, no-cache"),
        (b"last-modified", state.last_modified),
    ]
    return headers + digest_headers(state)


def shown_headers(state: FileState) -> Headers:
    """Return the headers of a file that a frame of the pages shows, itself and what it refers to.

    What may hold a program runs in a sandbox: it belongs to no site, so that it reads nothing of this one but files that anybody with its address may read.
    """
    kind = _guess_shown_type(state.name)
    policy = b"frame-ancestors 'self'"
    if not kind.startswith(_INERT) or kind.startswith("image/svg"):
        policy += _SANDBOX
    return [
        (b"content-type", kind.encode()),
        (b"content-security-policy", policy),
        (b"access-control-allow-origin", b"*"),  # pages in a sandbox have no origin that could be named
        (b"referrer-policy", b"no-referrer"),
        (b"accept-ranges", b"bytes"),
        (b"cache-control", b"private, no-cache"),
        (b"last-modified", state.last_modified),
        *digest_headers(state),
    ]


def _guess_shown_type(name: str) -> str:
    kind, encoding = _TYPES.guess_type(name)
    if encoding:
        return _BINARY
    if kind is None:
        return "text/plain; charset=utf-8" if guess_type(name) == "text/plain" else _BINARY
    if kind.endswith("/javascript"):  # application/ or text/, by the version of Python
        kind = "text/javascript"
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind


def digest_headers(state: FileState) -> Headers:
    """Return the validator and, if it is known, the digest of a file."""
    headers: Headers = [(b"etag", state.etag)]
    if state.sha256:
        headers.append((b"repr-digest", b"sha-256=:%s:" % base64.b64encode(bytes.fromhex(state.sha256))))
    return headers


def _disposition(name: str) -> bytes:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    if not plain or (plain.startswith(".") and plain != name):  # nothing but an extension is left
        plain = f"download{plain}"
    escaped = plain.replace("\\", "\\\\").replace('"', '\\"')
    value = f'attachment; filename="{escaped}"'
    if plain != name or escaped != name or "%" in name:
        value += f"; filename*=UTF-8''{quote(name, safe='')}"
    return value.encode()


def is_unchanged(scope: Scope, state: FileState) -> bool:
    """Tell whether a client has this state already (``If-None-Match``)."""
    known = find_header(scope, b"if-none-match")
    tags = [tag.strip().removeprefix(b"W/") for tag in known.split(b",")]
    return bool(known) and (b"*" in tags or state.etag in tags)


def find_range(scope: Scope, state: FileState) -> tuple[int, int] | None:
    """Return the part of a file that a client asks for.

    Several ranges, other units and malformed ones count as "all", as RFC 9110 allows; so does a range of another state of the
    file (``If-Range``).

    Returns:
        First byte and the one after the last; None for the whole file. If no byte of the range exists, first is the size.
    """
    found = _RANGE.fullmatch(find_header(scope, b"range").replace(b" ", b""))
    if found is None or not (found[1] or found[2]):
        return None
    condition = find_header(scope, b"if-range")
    if condition and condition not in {state.etag, state.last_modified}:
        return None
    if not found[1]:
        count = min(int(found[2]), state.size)
        return state.size - count, state.size
    first = int(found[1])
    if found[2] and int(found[2]) < first:
        return None
    end = min(int(found[2]) + 1, state.size) if found[2] else state.size
    return (first, end) if first < state.size else (state.size, state.size)


def read_digest(scope: Scope) -> bytes | None:
    """Return the SHA-256 that a client promises of what it uploads (``Repr-Digest`` or ``Content-Digest``), or None.

    Raises:
        InvalidParameter: it is malformed.
    """
    for name in (b"repr-digest", b"content-digest"):
        found = _SHA256.search(find_header(scope, name))
        if found:
            try:
                return base64.b64decode(found[1], validate=True)
            except binascii.Error:
                shown = find_header(scope, name)[:100].decode("latin-1")
                raise InvalidParameter(
                    f"Invalid header {name.decode()} {shown!r}: write it as sha-256=:BASE64:."
                ) from None
    return None


def read_length(scope: Scope) -> int | None:
    """Return how many bytes a client says that it uploads, or None if it does not say.

    Raises:
        InvalidParameter: the body is not the file itself.
    """
    encoding = find_header(scope, b"content-encoding").lower()
    if encoding not in {b"", b"identity"}:
        raise InvalidParameter(
            f"Content-Encoding {encoding[:40].decode('latin-1')!r} is not supported for artifacts: send the file's bytes as they are."
        )
    if find_header(scope, b"content-range"):
        raise InvalidParameter("Content-Range is not supported for uploads: send the whole file.")
    length = find_header(scope, b"content-length")
    return int(length) if length.isdigit() else None
