"""Who may reach a server: its token, and why one beyond this machine needs a token. Knows no HTTP."""

import os
import secrets
import stat
from pathlib import Path

from headrace.base.errors import InvalidParameter

MIN_TOKEN_CHARS = 16
MAX_TOKEN_CHARS = 4096
_MIN_DISTINCT_CHARS = 6
_TOKEN_BYTES = 32
_PLACEHOLDERS = (
    "changeme",
    "change-me",
    "change_me",
    "password",
    "yourtoken",
    "your-token",
    "your_token",
    "example",
    "placeholder",
    "12345678",
    "abcdefgh",
)


def read_token_file(path: Path) -> str:
    """Return the token in a file, without the blanks around it.

    Raises:
        InvalidParameter: the file cannot be read, or what it holds is no secret.
    """
    hint = f"Write a fresh one with: headrace token {path}"
    try:
        text = path.read_text("utf-8").strip()
    except FileNotFoundError:
        raise InvalidParameter(f"The token file {str(path)!r} does not exist. {hint}") from None
    except (OSError, UnicodeError) as error:
        raise InvalidParameter(f"The token file {str(path)!r} cannot be read: {error}.") from None
    if not text:
        raise InvalidParameter(f"The token file {str(path)!r} is empty. {hint}")
    fault = find_token_fault(text)
    if fault:
        raise InvalidParameter(f"The token in {str(path)!r} {fault}. {hint} (in place of this one: --force)")
    return text


def find_token_fault(token: str) -> str | None:
    """Return what is wrong with a token, without the token itself; None if it will do."""
    if not token.isascii() or not token.isprintable() or " " in token:
        return "holds characters other than printable ASCII, or blanks"
    if not MIN_TOKEN_CHARS <= len(token) <= MAX_TOKEN_CHARS:
        return f"has {len(token)} characters; {MIN_TOKEN_CHARS} to {MAX_TOKEN_CHARS} are needed"
    if any(word in token.lower() for word in _PLACEHOLDERS):
        return "looks like a placeholder that everybody knows"
    if len(set(token)) < _MIN_DISTINCT_CHARS:
        return "is easily guessed: it repeats a few characters"
    return None


def find_exposure(path: Path) -> str | None:
    """Return a warning if others on this machine may read a token file, else None."""
    if os.name == "nt":
        return None
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077 == 0:
        return None
    return f"the token file {str(path)!r} has mode {mode:04o}, so others on this machine may read it; run: chmod 600 {path}"


def write_token_file(path: Path, *, force: bool = False) -> None:
    """Write a fresh token to a file that only its owner may read.

    Args:
        path: the file; its folder must exist.
        force: whether to replace the file if it exists.

    Raises:
        InvalidParameter: the file exists already, or cannot be written.
    """
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        if not force and path.exists():
            raise InvalidParameter(
                f"{str(path)!r} exists already and stays as it is. To replace it, add --force; servers and clients that use it "
                "need the new token then."
            )
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(secrets.token_urlsafe(_TOKEN_BYTES) + "\n")
        fresh.replace(path)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise InvalidParameter(
            f"The token file {str(path)!r} cannot be written: {error.strerror or error}."
        ) from None


def refuse_open_door(host: str) -> InvalidParameter:
    """Return the refusal to listen on an address that other machines reach, without a token."""
    return InvalidParameter(
        f"--host {host} lets other machines in, and without a token whoever reaches the port may read, change and delete everything. "
        "Write a token with 'headrace token FILE' and start with --token-file FILE (clients send it as MLFLOW_TRACKING_TOKEN or "
        "HEADRACE_TOKEN), or, on a network where everybody is trusted, say --allow-unauthenticated."
    )
