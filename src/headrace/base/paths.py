"""Artifact keys and artifact locations: what a user may name, checked once, after one percent-decoding.

A key is a relative path with ``/`` between its segments, below a store's root; ``""`` is the root. `parse_key` refuses
what any later reader could take for another place: by decoding it once more, by Unicode normalisation, as a URI, as a Windows
path. What it returns is never decoded again.

A location is where an experiment keeps its artifacts. The server opens only ``mlflow-artifacts:`` locations and folders below
its own root; all others are kept for clients, so their form is checked but not whether they exist.

The module opens nothing and knows no store.
"""

import os
import re
import unicodedata
from urllib.parse import unquote, urlsplit

from headrace.base.errors import InvalidParameter

MAX_KEY_BYTES = 4096
MAX_SEGMENT_BYTES = 255
MAX_SEGMENTS = 128
MAX_LOCATION_CHARS = 2048
LOCATION_SCHEMES = frozenset(
    [
        "mlflow-artifacts",
        "s3",
        "gs",
        "wasb",
        "wasbs",
        "abfs",
        "abfss",
        "hdfs",
        "viewfs",
        "dbfs",
        "ftp",
        "sftp",
        "http",
        "https",
        "r2",
        "b2",
        "oss",
        "file",
    ]
)

IS_WINDOWS = os.name == "nt"
_EXCERPT_CHARS = 80
_MAX_DECODINGS = 10
_HAS_HOST = LOCATION_SCHEMES - {"mlflow-artifacts", "hdfs", "viewfs", "dbfs", "file"}
_HAS_USER = frozenset(["wasb", "wasbs", "abfs", "abfss", "dbfs", "ftp", "sftp", "r2", "b2"])
_URI_SCHEMES = LOCATION_SCHEMES | {"runs", "models"}

_SCHEME = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*):")
_HOST = re.compile(r"[A-Za-z0-9._~:\[\]-]*")
_DRIVE = re.compile(r"[A-Za-z]:")
_ONLY_DOTS = re.compile(r"[. ]*\.[. ]*")
# These are compiled when they are first needed, which they hardly ever are.
_VARIABLE = r"\$\w+|\$\{\w+\}|%\w+%"
_OVERLONG = r"(?i)%c[01]%[89ab][0-9a-f]|%e0%[89][0-9a-f]|%f0%8[0-9a-f]"
_UNICODE_ESCAPE = r"(?i)%u([0-9a-f]{4})"
_REORDERING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# Not all control characters: "%10%" stands in names of images that MLflow's clients log.
_NEVER_HIDDEN = _REORDERING | frozenset("\\\0\r\n")
_CONTROL = frozenset({"Cc", "Cs", "Zl", "Zp"})
_RESERVED_BY_WINDOWS = (
    r"(?i)(con|prn|aux|nul|conin\$|conout\$|com[0-9\u00b9\u00b2\u00b3]|lpt[0-9\u00b9\u00b2\u00b3])\s*(\..*)?"
)
_FORBIDDEN_BY_WINDOWS = frozenset('<>:"|?*')


def parse_key(text: str, *, what: str, root: bool = False, windows: bool = IS_WINDOWS) -> str:
    """Check an artifact path that a user sent and return it as a key.

    Args:
        text: the path, percent-decoded once.
        what: the name of the parameter, for the message.
        root: whether the root itself (``""``, ``"."``) may be named.
        windows: whether the names that Windows cannot store are refused too.

    Returns:
        Segments joined by ``/``; ``.`` segments and one trailing slash are gone.

    Raises:
        InvalidParameter: the path is not a plain relative one; the message names the value.
    """
    if (fault := _find_fault(text, windows=windows)) is not None:
        raise _invalid(what, text, fault)
    key = "/".join(segment for segment in text.split("/") if segment not in {"", "."})
    if not key and not root:
        raise _invalid(what, text, "it must name a file or a folder")
    return key


def join_key(*keys: str) -> str:
    """Join keys that are valid already; an empty one adds nothing."""
    return "/".join(key for key in keys if key)


def parse_location(text: str, *, what: str = "artifact_location", windows: bool = IS_WINDOWS) -> str:
    """Check the artifact location of an experiment and return it unchanged.

    Args:
        text: a URI of one of `LOCATION_SCHEMES`, or an absolute path of the local machine.
        what: the name of the parameter, for the message.
        windows: whether ``C:/folder`` is an absolute path.

    Raises:
        InvalidParameter: the location has another scheme, a query, a fragment, parameters, ``..``, or a malformed host.
    """
    if len(text) > MAX_LOCATION_CHARS:
        raise _invalid(what, text, f"it has {len(text)} characters, at most {MAX_LOCATION_CHARS} are allowed")
    if text != text.strip() or not text:
        raise _invalid(what, text, "it must be a URI or an absolute path without blanks around it")
    if (found := next((char for char in "?#;" if char in text), None)) is not None:
        raise _invalid(what, text, f"{found!r} must not occur in it")
    if (
        fault := _find_fault_of_characters(text)
    ) is not None:  # before urlsplit, which drops tabs and newlines
        raise _invalid(what, text, fault)
    scheme = _SCHEME.match(text)
    if scheme is None or (windows and _DRIVE.match(text)):
        fault = _find_fault_of_local_path(text, windows=windows)
    elif scheme[1] not in LOCATION_SCHEMES:
        allowed = ", ".join(sorted(LOCATION_SCHEMES))
        fault = f"the scheme must be one of {allowed}, in lower case"
    else:
        fault = _find_fault_of_uri(text, scheme[1], windows=windows)
    if fault is not None:
        raise _invalid(what, text, fault)
    return text


def find_location_key(location: str) -> str | None:
    """Return the key that an ``mlflow-artifacts:`` location names, or None for a location of another kind.

    The location is a URI and decoded once, as a client's request for a file below it is.

    Raises:
        InvalidParameter: the location's path is no key.
    """
    parts = urlsplit(location)
    if parts.scheme != "mlflow-artifacts":
        return None
    return parse_key(unquote(parts.path.removeprefix("/")), what="artifact_location", root=True)


def _invalid(what: str, text: str, fault: str) -> InvalidParameter:
    shown = text if len(text) <= _EXCERPT_CHARS else text[:_EXCERPT_CHARS] + "…"
    return InvalidParameter(f"Invalid {what} {shown!r}: {fault}.")


def _find_fault(text: str, *, windows: bool) -> str | None:
    return (
        _find_fault_of_size(text)
        or _find_fault_of_form(text)
        or _find_hidden_fault(text)
        or (_find_fault_on_windows(text) if windows else None)
    )


def _find_fault_of_size(text: str) -> str | None:
    if len(text) > MAX_KEY_BYTES:
        return f"it has {len(text)} characters, at most {MAX_KEY_BYTES} bytes are allowed"
    try:
        size = len(text.encode())
        longest = max(len(segment.encode()) for segment in text.split("/"))
    except UnicodeEncodeError:
        return "it is not valid Unicode"
    if size > MAX_KEY_BYTES:
        return f"it has {size} bytes, at most {MAX_KEY_BYTES} are allowed"
    if text.count("/") >= MAX_SEGMENTS:
        return f"it has {text.count('/') + 1} names, at most {MAX_SEGMENTS} are allowed"
    if longest > MAX_SEGMENT_BYTES:
        return f"one of its names has {longest} bytes, at most {MAX_SEGMENT_BYTES} are allowed"
    return None


def _find_fault_of_form(text: str) -> str | None:
    """Look at the path as it stands."""
    if fault := _find_fault_of_characters(text):
        return fault
    first, slash, _ = text.partition("/")
    scheme = _SCHEME.match(first)
    rules = (
        (text.startswith("/"), "it must be relative"),
        ("//" in text, "'//' must not occur in it"),
        (_has_dots(text), "a name must not consist of dots, and '..' leads out"),
        (_DRIVE.match(text), "it starts like a path on a Windows drive"),
        (
            scheme and (scheme[1].lower() in _URI_SCHEMES or (slash and scheme[0] == first)),
            "it must be a path, not a URI",
        ),
        (first == "~" or (slash and first.startswith("~")), "'~' does not stand for a home folder here"),
        (re.fullmatch(_VARIABLE, first), "variables do not stand for folders here"),
    )
    return next((fault for broken, fault in rules if broken), None)


def _has_dots(text: str) -> bool:
    return any(segment != "." and _ONLY_DOTS.fullmatch(segment) for segment in text.split("/"))


def _find_fault_of_characters(text: str) -> str | None:
    if "\\" in text:
        return "names are separated by '/', and '\\' must not occur in it"
    if text.isascii() and text.isprintable():
        return None
    for char in text:
        if char == "\ufffd":
            return "it is not valid UTF-8"
        if char in _REORDERING or unicodedata.category(char) in _CONTROL:
            return f"the character U+{ord(char):04X} must not occur in it"
    return None


def _find_hidden_fault(text: str) -> str | None:
    """Look at what the path would become if somebody decoded or normalised it again."""
    spelling = text
    for _ in range(_MAX_DECODINGS):
        if re.search(_OVERLONG, spelling):
            return "it holds an overlong UTF-8 sequence"
        further = unicodedata.normalize("NFKC", _decode(spelling))
        if further == spelling:
            return None
        spelling = further
        if _leads_elsewhere(spelling, text):
            return "decoded or normalised once more it would name another place"
    return f"it is encoded more than {_MAX_DECODINGS} times"


def _decode(text: str) -> str:
    return unquote(re.sub(_UNICODE_ESCAPE, lambda match: chr(int(match[1], 16)), text))


def _leads_elsewhere(spelling: str, text: str) -> bool:
    return (
        spelling.count("/") != text.count("/")
        or not _NEVER_HIDDEN.isdisjoint(spelling)
        or _DRIVE.match(spelling) is not None
        or ((scheme := _SCHEME.match(spelling)) is not None and scheme[1].lower() in _URI_SCHEMES)
        or _has_dots(spelling)
        or spelling.split("/").count(".") != text.split("/").count(".")
    )


def _find_fault_on_windows(text: str) -> str | None:
    for segment in text.split("/"):
        if re.fullmatch(_RESERVED_BY_WINDOWS, segment):
            return f"Windows reserves the name {segment!r}"
        if found := _FORBIDDEN_BY_WINDOWS.intersection(segment):
            return f"on Windows {min(found)!r} must not occur in it"
        if segment != "." and segment != segment.rstrip(" ."):
            return "on Windows a name must not end in a blank or a dot"
    return None


def _find_fault_of_local_path(path: str, *, windows: bool) -> str | None:
    rest = path[2:] if windows and _DRIVE.match(path) else path
    if not rest.startswith("/") or rest.startswith("//"):
        return "it is neither a URI nor an absolute path"
    return _find_fault(rest.removeprefix("/"), windows=windows)


def _find_fault_of_uri(text: str, scheme: str, *, windows: bool) -> str | None:
    try:
        parts = urlsplit(text)
    except ValueError as error:
        return f"it is no URI: {error}"
    if (fault := _find_fault_of_host(scheme, parts.netloc)) is not None:
        return fault
    if not parts.path.startswith("/") and (parts.path or not parts.netloc):
        return f"an absolute path must follow '{scheme}:'"
    path = parts.path.removeprefix("/")
    if scheme == "mlflow-artifacts":
        path = unquote(path)
    elif windows and scheme == "file" and _DRIVE.match(path):
        path = path[3:]
    return _find_fault(path, windows=windows and scheme == "file")


def _find_fault_of_host(scheme: str, netloc: str) -> str | None:
    user, at, host = netloc.rpartition("@")
    if at and (scheme not in _HAS_USER or not _HOST.fullmatch(user)):
        return "its host must not have a user before an '@'"
    if not _HOST.fullmatch(host):
        return f"{host!r} is no host"
    if scheme in _HAS_HOST and not host:
        return f"a host or bucket must follow '{scheme}://'"
    if scheme == "file" and host:
        return "a file URI must not name a host"
    return None
