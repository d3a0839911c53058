"""What a transport offers: one call for every endpoint of the table, and byte streams for those whose body is a file.

A transport is made from an address and settings, and found by the address's scheme (entry points of the group
`headrace.transports`). It does no work before its first call, may be used by many threads at once, and by a forked child. The
module knows no transport; `headrace.testing.transport` holds the tests that each of them passes.
"""

from types import TracebackType
from typing import BinaryIO, Protocol, Self

from msgspec import Struct

from headrace.api.endpoint import Endpoint, Req, Res
from headrace.base.json import Wire

DEFAULT_TIMEOUT_S = 120.0
DEFAULT_RETRIES = 5


class TransportSettings(Struct, frozen=True):
    """How to reach a place. A transport takes what concerns it.

    Args:
        token: sent as a bearer token.
        username: for basic authentication, if there is no token.
        password: likewise.
        timeout_s: seconds without a byte from the server after which a call is given up.
        retries: how often a call is sent again that failed for a reason that may pass.
        insecure_tls: do not check the server's certificate.
        server_cert_path: file or folder with the certificates that may vouch for the server's; empty for the system's.
        client_cert_path: file with the client's own certificate and key.
        artifacts_destination: where artifacts lie if the address is a database; empty for ``headrace-artifacts`` beside its file.
    """

    token: str = ""
    username: str = ""
    password: str = ""
    timeout_s: float = DEFAULT_TIMEOUT_S
    retries: int = DEFAULT_RETRIES
    insecure_tls: bool = False
    server_cert_path: str = ""
    client_cert_path: str = ""
    artifacts_destination: str = ""


class Download(Protocol):
    """A file on its way here. Used by one thread, within a `with` block."""

    @property
    def offset(self) -> int:
        """The place in the file, in bytes, that the first `read` begins at."""

    @property
    def size(self) -> int:
        """Bytes in the whole file, whatever the offset; -1 if the sender does not say."""

    @property
    def sha256(self) -> str | None:
        """SHA-256 of the whole file in hexadecimal, if the sender knows it."""

    @property
    def version(self) -> str:
        """Changes with the file's content; empty if the sender does not say."""

    def read(self, count: int) -> bytes:
        """Return at most `count` bytes; none at the end of the file.

        Raises:
            Unavailable: the connection broke; `Transport.download` with an offset goes on.
        """

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...


class Transport(Protocol):
    """Carries calls to where they are served."""

    @property
    def uri(self) -> str:
        """The address, without credentials."""

    def call(self, endpoint: Endpoint[Req, Res], request: Req) -> Res:
        """Make a call and wait for its answer.

        Raises:
            HeadraceError: the call was refused, or no answer came (`Unavailable`).
        """

    def download(
        self, endpoint: Endpoint[Req, Res], request: Req, *, offset: int = 0, version: str = ""
    ) -> Download:
        """Begin to read a file.

        Args:
            endpoint: a row that carries a file to the client.
            request: which file.
            offset: where to begin, in bytes.
            version: of the file that the bytes before the offset came from. If the file has another one now, or the sender cannot
                begin in the middle, the download begins at 0, which its `offset` tells.

        Raises:
            NotFound: there is no such file.
            HeadraceError: whatever else the call is refused with.
        """

    def upload(self, endpoint: Endpoint[Req, Res], request: Req, file: BinaryIO, size: int) -> None:
        """Send a file; it appears at the other end when all of it is there.

        Args:
            endpoint: a row that carries a file to the server.
            request: where to.
            file: where the bytes come from; it can seek.
            size: how many bytes, from the place in `file` on.

        Raises:
            DataLoss: what arrived is not what was sent.
            HeadraceError: whatever the call is refused with; `InvalidParameter` if `file` holds less than `size` bytes.
        """

    def is_healthy(self) -> bool:
        """Tell whether calls are served at this moment. Neither waits long nor tries again."""

    def version(self) -> str:
        """Return the version of what serves the calls."""

    def close(self) -> None:
        """Give connections back. Calls after it are refused; closing twice does nothing."""


class TransportFactory(Protocol):
    """What an entry point of the group `headrace.transports` names."""

    def __call__(self, uri: str, settings: TransportSettings) -> Transport:
        """Return the transport for an address.

        Raises:
            InvalidParameter: the address or a setting is wrong.
        """


def check_stream(endpoint: Endpoint[Req, Res], request: Wire) -> None:
    """Refuse a row that carries no bytes.

    Raises:
        TypeError: the row is no stream, or the request is another's; a mistake in the program.
    """
    if not endpoint.stream or not isinstance(request, endpoint.request):
        raise TypeError(
            f"{endpoint.name} with {type(request).__name__} is no stream; use call() for calls that carry JSON"
        )
