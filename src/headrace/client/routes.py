"""How a server is reached: directly or by the proxy that the environment names, encrypted or not."""

import base64
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from headrace.base.errors import InvalidParameter
from headrace.base.loading import LOADING
from headrace.base.plugins import load
from headrace.client.addresses import Address, hide_auth, parse_address
from headrace.client.connections import Answer, Broken, Connection, Unreached, describe
from headrace.client.transport import TransportSettings

_OF_THE_PROXY = 500
"""From this status on a refusal is the proxy's own trouble, which may pass."""


class Route:
    """The way to a server. The environment is asked for a proxy when it is made; nothing is sent before `connect`.

    Args:
        server: its address.
        settings: certificates.

    Raises:
        InvalidParameter: a certificate does not exist, or the proxy is of a kind that is not supported.
    """

    def __init__(self, server: Address, settings: TransportSettings) -> None:
        _check_certificates(settings)
        self._server = server
        self._settings = settings
        self._proxy = _find_proxy(server)
        self._context: Any = None
        tells_proxy = self._proxy is not None and server.scheme == "http"
        self.prefix = server.origin if tells_proxy else ""
        """Stands before the path in a request line."""
        self.headers = {"Host": server.netloc, **(_authorize(self._proxy) if tells_proxy else {})}
        """Those that each request needs."""

    def connect(self, timeout_s: float) -> Connection:
        """Open a connection.

        Args:
            timeout_s: seconds after which it is given up, for each address that the name stands for.

        Raises:
            Unreached: it cannot be opened.
        """
        next_hop = self._proxy or self._server
        try:
            # As bytes, because for text Python loads its tables of international names.
            opened = socket.create_connection((next_hop.host.encode(), next_hop.port), timeout_s)  # type: ignore[arg-type]
        except TimeoutError:
            raise Unreached(f"no connection came about within {timeout_s:g} s") from None
        except OSError as error:
            raise Unreached(describe(error)) from error
        connection = Connection(opened)
        try:
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if next_hop.scheme == "https":
                self._encrypt(connection, next_hop.host)
            if self._proxy is not None and self._server.scheme == "https":
                self._dig(connection, self._proxy, timeout_s)
                self._encrypt(connection, self._server.host)
        except OSError as error:
            connection.close()
            raise Unreached(describe(error)) from error
        except BaseException:
            connection.close()
            raise
        return connection

    def _encrypt(self, connection: Connection, host: str) -> None:
        with LOADING:  # nobody forks in the midst of it: a child would wait for OpenSSL's locks
            tls: Any = load("headrace.client.tls")
            if self._context is None:
                self._context = tls.build_context(self._settings)
            connection.wrap(lambda opened: tls.encrypt(opened, self._context, host))

    def _dig(self, connection: Connection, proxy: Address, timeout_s: float) -> None:
        """Have a proxy connect to the server."""
        host = self._server.host
        target = f"{f'[{host}]' if ':' in host else host}:{self._server.port}"
        head = build_head("CONNECT", target, {"Host": target, **_authorize(proxy)})
        answer = Answer(connection, lambda _: None, tunnel=True)
        try:
            connection.send(head, b"", timeout_s)
            answer.await_head()
        except Broken as error:
            raise Unreached(f"the proxy {proxy.netloc} gave no answer: {error}") from error
        if not answer.is_good:
            raise Unreached(
                f"the proxy {proxy.netloc} answered with status {answer.status}",
                passes=answer.status >= _OF_THE_PROXY,
            )


def build_head(method: str, target: str, headers: Mapping[str, str]) -> bytes:
    """Return the head of a request.

    Args:
        method: such as GET.
        target: as it stands in the request line.
        headers: by name.

    Raises:
        ValueError: something would end a line.
    """
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    text = "\r\n".join(lines)
    if text.count("\n") + text.count("\r") != 2 * (len(lines) - 1) or "\0" in text:
        raise ValueError(f"a line of the request {method} {target} is broken")
    return f"{text}\r\n\r\n".encode("latin-1")


def _check_certificates(settings: TransportSettings) -> None:
    for path in filter(None, (settings.server_cert_path, settings.client_cert_path)):
        if not Path(path).exists():
            raise InvalidParameter(f"The certificate {path!r} does not exist.")
    if settings.insecure_tls and settings.server_cert_path:
        raise InvalidParameter(
            "insecure_tls switches the check of the server's certificate off, server_cert_path asks for one; set one of them."
        )


def _authorize(proxy: Address | None) -> dict[str, str]:
    if proxy is None or proxy.auth is None:
        return {}
    return {"Proxy-Authorization": f"Basic {base64.b64encode(unquote(proxy.auth).encode()).decode()}"}


def _find_proxy(server: Address) -> Address | None:
    """Return the proxy that the environment names for a server; never one for this machine.

    Raises:
        InvalidParameter: it is of a kind that is not supported.
    """
    if server.is_here():
        return None
    system: Any = load("urllib.request")
    if system.proxy_bypass(server.netloc):
        return None
    proxies: dict[str, str] = system.getproxies()
    proxy = proxies.get(server.scheme) or proxies.get("all")
    if not proxy:
        return None
    remedy = f"name an HTTP proxy, or except {server.host} with NO_PROXY"
    try:
        found = parse_address(proxy if "://" in proxy else f"http://{proxy}")
    except ValueError:
        raise InvalidParameter(
            f"The proxy {hide_auth(proxy)!r} is of a kind that is not supported; {remedy}."
        ) from None
    if found.scheme == server.scheme == "https":
        raise InvalidParameter(
            f"The proxy {hide_auth(proxy)!r} is to be spoken to with TLS, and the server as well, which is not supported; {remedy} (most "
            "proxies for https are written http://)."
        )
    return found
