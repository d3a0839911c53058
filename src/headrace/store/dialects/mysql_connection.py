"""PyMySQL's connection, which makes no TLS context before the server offers TLS.

PyMySQL makes one for each connection, with all the certificates of the system's authorities: tens of milliseconds, and locks of OpenSSL's, which a process that is forked at the
wrong moment would find taken for ever. A context that was asked for in the URL is PyMySQL's own.
"""

import socket
import ssl
from typing import Any

import pymysql


class MysqlConnection(pymysql.connections.Connection):
    """See `pymysql.connections.Connection`."""

    def _create_ssl_ctx(self, sslp: Any) -> Any:
        return super()._create_ssl_ctx(sslp) if sslp else _OfferedTls()  # type: ignore[misc]


class _OfferedTls:
    """The context for a server that may offer TLS and was not asked for it: whoever it is, as PyMySQL has it."""

    def wrap_socket(self, connection: socket.socket, *, server_hostname: str | None) -> ssl.SSLSocket:
        """Begin to speak TLS."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context.wrap_socket(connection, server_hostname=server_hostname)
