"""Addresses of servers and proxies, taken apart and checked. Asks nobody: neither a name server nor the environment."""

from ipaddress import ip_address
from urllib.parse import quote, urlsplit

from msgspec import Struct

from headrace.base.errors import InvalidParameter

DEFAULT_PORTS = {"http": 80, "https": 443}
_IN_NAMES = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-._~")
_IN_IPV6 = _IN_NAMES | set(":%")
_KEPT = "/?%!$&'()*+,;=:@~"


class Address(Struct, frozen=True):
    """Where a server is.

    Args:
        scheme: ``http`` or ``https``.
        host: in lower case and ASCII, an IPv6 address without brackets.
        port: as it is connected to.
        netloc: host and port as they stand in a URL; without a port if none was given.
        path: percent-encoded, with its query; empty, or beginning with a slash.
        auth: what stands before the ``@``, percent-encoded; None if there is no ``@``.
    """

    scheme: str
    host: str
    port: int
    netloc: str
    path: str = ""
    auth: str | None = None

    @property
    def origin(self) -> str:
        """The address without path and credentials."""
        return f"{self.scheme}://{self.netloc}"

    def is_same_server(self, other: "Address") -> bool:
        """Tell whether two addresses are of one server."""
        return (self.scheme, self.host, self.port) == (other.scheme, other.host, other.port)

    def is_here(self) -> bool:
        """Tell whether the name says that the server is on this machine."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host.rpartition(".")[2] == "localhost"


def parse_address(text: str) -> Address:
    """Take an address apart.

    Raises:
        ValueError: it is none, or not of HTTP.
    """
    parts = urlsplit(text)
    if parts.scheme not in DEFAULT_PORTS:
        raise ValueError(f"not of HTTP: {parts.scheme!r}")
    auth, has_auth, _ = parts.netloc.rpartition("@")
    host = parts.hostname or ""
    if not host.isascii():
        host = host.encode("idna").decode()
    if not host or not (_IN_IPV6 if ":" in host else _IN_NAMES).issuperset(host):
        raise ValueError(f"not the name of a host: {host!r}")
    shown = f"[{host}]" if ":" in host else host
    return Address(
        scheme=parts.scheme,
        host=host.replace("%25", "%"),
        port=DEFAULT_PORTS[parts.scheme] if parts.port is None else parts.port,
        netloc=shown if parts.port is None else f"{shown}:{parts.port}",
        path=quote(parts.path + (f"?{parts.query}" if parts.query else ""), safe=_KEPT),
        auth=auth if has_auth else None,
    )


def parse_server(uri: str) -> Address:
    """Take the address of a tracking server apart.

    Raises:
        InvalidParameter: it is none.
    """
    try:
        found = parse_address(uri)
    except ValueError:
        raise InvalidParameter(
            f"{hide_auth(uri)!r} is no address of a server; write http://HOST:PORT."
        ) from None
    if "?" in uri.rpartition("@")[2] or "#" in uri.rpartition("@")[2]:
        raise InvalidParameter(
            f"{hide_auth(uri)!r} is no address of a server; write http://HOST:PORT, perhaps with a path, without '?' and '#'."
        )
    return found


def hide_auth(uri: str) -> str:
    """Return an address without what stands before an ``@`` in it."""
    head, slashes, rest = uri.partition("://")
    return head + slashes + rest.rpartition("@")[2]
