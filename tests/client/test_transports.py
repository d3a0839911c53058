"""Both transports keep the public contract."""

from headrace.testing.transport import TransportContract


class TestTransports(TransportContract):
    """Over HTTP and in this process: see the fixture `transport`."""
