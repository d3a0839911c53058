"""Secrets in what is about to be recorded: found by the name that they go by or by how they look, and masked.

What has no telling name and no known look (a password given as ``-p xyz``) is not found: names and shapes are all that the module knows.
"""

import itertools
import re
from collections.abc import Iterable
from fnmatch import fnmatch
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

MASK = "***"

# Patterns are compiled when they are first needed, which most of them never are.
_WORDS = r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+"
_SECRET_WORDS = frozenset(
    {"token", "pwd", "secrets", "credential", "credentials", "auth", "bearer", "jwt", "sas"}
)
_SECRET_ENDINGS = (
    "password",
    "passwd",
    "passphrase",
    "passwort",
    "secret",
    "apikey",
    "accesskey",
    "privatekey",
)
_SECRET_PAIRS = frozenset(
    {
        "api key",
        "access key",
        "private key",
        "account key",
        "connection string",
        "signing key",
        "encryption key",
    }
)

_SHAPES = (
    r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"
    r"|\bgh[pousr]_[A-Za-z0-9]{20,}"
    r"|\bgithub_pat_\w{20,}"
    r"|\bglpat-[\w-]{20,}"
    r"|\bhf_[A-Za-z0-9]{30,}"
    r"|(?<![\w-])sk-(?=[\w-]*\d)[\w-]{20,}"
    r"|\bxox[abeprs]-[\w-]{10,}"
    r"|\bAIza[\w-]{35}"
    r"|\bnpm_[A-Za-z0-9]{36}"
    r"|\bpypi-[\w-]{50,}"
    r"|\bdapi[0-9a-f]{32}"
    r"|\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*"
)
# One of these stands in each of the shapes: a text without them, as nearly all are, need not be searched.
_SHAPE_MARKS = (
    *("AKIA", "ASIA", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "hf_", "sk-", "xox"),
    *("AIza", "npm_", "pypi-", "dapi", "eyJ"),
)
_USERINFO = r"://[^/\s@'\"<>]+@"
_BEARERS = ("bearer", "basic")
_BEARER = r"(?i)(\b(?:bearer|basic)\s+)[A-Za-z0-9+/_.~=-]{8,}"
# The look behind it changes nothing, and spares a search from within each word.
_QUOTED = r"""(?i)(?<![\w.-])([\w.-]+)(["']?\]?\s*[:=]\s*[rbfu]{0,2})(["'])([^"'\s]{4,})\3"""
_BARE = r"""([\w.-]+)(["']?\s*[:=]\s*["']?)([^\s,"'}\]&;]+)"""
_PRIVATE_KEY = (
    r"(-----BEGIN [A-Z ]*PRIVATE KEY-----[^\n]*\n)((?:[ +-]?(?!-----)[^\n]*\n)*?)(?=[ +-]?-----END|\Z)"
)
_OPTION = r"(?s)-{0,2}([A-Za-z_][\w.+/-]*)=(.*)"

SECRET_FILES = (
    ".env",
    ".env.*",
    "*.env",
    ".netrc",
    ".pypirc",
    ".npmrc",
    ".pgpass",
    ".htpasswd",
    "*.pem",
    "*.key",
    "*.p12",
    "*.pfx",
    "*.jks",
    "*.keystore",
    "*.kdbx",
    "*.tfstate",
    "id_rsa*",
    "id_dsa*",
    "id_ecdsa*",
    "id_ed25519*",
    "secrets.*",
    "*credentials*",
    "kubeconfig*",
)
"""Names of files whose contents are never recorded."""


def is_secret_name(name: str) -> bool:
    """Tell whether what goes by this name (an option, a variable, a key) is a secret: ``--hub-token``, ``DB_PASSWORD``, ``apiKey``."""
    words = [word.lower() for word in re.findall(_WORDS, name)]
    return any(word in _SECRET_WORDS or word.endswith(_SECRET_ENDINGS) for word in words) or any(
        f"{first} {second}" in _SECRET_PAIRS for first, second in itertools.pairwise(words)
    )


def is_secret_file(path: str) -> bool:
    """Tell whether a file is one whose contents are never recorded.

    Args:
        path: with ``/`` between folders.
    """
    name = path.rpartition("/")[2].lower()
    return any(fnmatch(name, pattern) for pattern in SECRET_FILES)


def strip_credentials(url: str) -> str:
    """Return an address without user, password, and values of parameters that are secrets.

    Args:
        url: of any scheme, or in the form ``git@host:path``, whose user is kept as long as it has no password.
    """
    if "://" not in url:
        user, at, rest = url.rpartition("@")
        return rest if at and ":" in user else url
    try:
        parts = urlsplit(url)
    except ValueError:
        return re.sub(_USERINFO, "://", url)
    query = parts.query
    if any(is_secret_name(key) for key, _ in parse_qsl(query, keep_blank_values=True)):
        pairs = parse_qsl(query, keep_blank_values=True)
        query = urlencode([(key, MASK if is_secret_name(key) else value) for key, value in pairs], safe="*")
    return mask_shapes(
        urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, query, parts.fragment))
    )


def mask_shapes(text: str) -> str:
    """Return a text without what looks like a secret wherever it stands: keys of known services, credentials in addresses."""
    if any(mark in text for mark in _SHAPE_MARKS):
        text = re.sub(_SHAPES, MASK, text)
    if "://" in text and "@" in text:
        text = re.sub(_USERINFO, f"://{MASK}@", text)
    folded = text.casefold()
    return re.sub(_BEARER, rf"\1{MASK}", text) if any(word in folded for word in _BEARERS) else text


def mask_code(text: str) -> str:
    """Return source code, or a diff of it, without secrets: known shapes, private keys, and literals that are given to a name like ``password``.

    The number of lines stays the same, so that a diff can still be applied.
    """
    text = re.sub(_PRIVATE_KEY, _mask_key, text) if "PRIVATE KEY" in text else text
    return mask_shapes(re.sub(_QUOTED, _mask_quoted, text))


def mask_arguments(arguments: Iterable[str]) -> list[str]:
    """Return the arguments of a program without secrets: ``--token x``, ``--token=x``, ``db.password=x``, ``{"password": "x"}``, known shapes."""
    masked: list[str] = []
    is_value = False
    for argument in arguments:
        if is_value and not argument.startswith("--"):
            masked.append(MASK)
            is_value = False
            continue
        option = re.fullmatch(_OPTION, argument) if "=" in argument else None
        if option is not None and is_secret_name(option[1]):
            masked.append(argument[: option.start(2)] + MASK)
            is_value = False
            continue
        is_value = argument.startswith("-") and "=" not in argument and is_secret_name(argument)
        masked.append(mask_shapes(re.sub(_BARE, _mask_bare, argument)))
    return masked


def _mask_quoted(found: re.Match[str]) -> str:
    if not is_secret_name(found[1]):
        return found[0]
    return f"{found[1]}{found[2]}{found[3]}{MASK}{found[3]}"


def _mask_bare(found: re.Match[str]) -> str:
    return f"{found[1]}{found[2]}{MASK}" if is_secret_name(found[1]) else found[0]


def _mask_key(found: re.Match[str]) -> str:
    lines = found[2].splitlines(keepends=True)
    return found[1] + "".join(f"{line[0] if line[0] in '+- ' else ''}{MASK}\n" for line in lines)
