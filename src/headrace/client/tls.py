"""Encrypted connections. Needs `ssl`, which clients of a server on the same machine never load."""

import socket
import ssl
import warnings
from pathlib import Path

from headrace.base.errors import InvalidParameter
from headrace.client.connections import Unreached, describe
from headrace.client.transport import TransportSettings


class UncheckedCertificateWarning(Warning):
    """The server's certificate is not checked, as the settings ask for."""


def build_context(settings: TransportSettings) -> ssl.SSLContext:
    """Return which certificates are trusted and shown.

    Raises:
        InvalidParameter: a file holds no certificate, or no key.
    """
    trusted = settings.server_cert_path or None
    is_folder = trusted is not None and Path(trusted).is_dir()
    try:
        context = ssl.create_default_context(
            cafile=None if is_folder else trusted, capath=trusted if is_folder else None
        )
        if settings.client_cert_path:
            context.load_cert_chain(settings.client_cert_path)
    except OSError as error:
        named = " or ".join(filter(None, (settings.server_cert_path, settings.client_cert_path)))
        raise InvalidParameter(f"The certificate {named!r} cannot be used: {describe(error)}.") from None
    context.set_alpn_protocols(["http/1.1"])
    if settings.insecure_tls:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        warnings.warn(
            "insecure_tls is on: the server's certificate is not checked, and anybody on the way can read along.",
            UncheckedCertificateWarning,
            stacklevel=2,
        )
    return context


def encrypt(opened: socket.socket, context: ssl.SSLContext, host: str) -> socket.socket:
    """Return an encrypted connection on a connected one.

    Raises:
        Unreached: the two sides do not agree, or the server's certificate is not trusted; it will not be otherwise a moment later.
    """
    try:
        return context.wrap_socket(opened, server_hostname=host)
    except ssl.SSLError as error:
        raise Unreached(describe(error), passes=False) from error
