"""headrace: track experiments, keep artifacts and models, speak MLflow's protocol.

The public names, each loaded when it is first used: ``import headrace`` costs next to nothing.
"""

from typing import TYPE_CHECKING, Any

from headrace.base.plugins import load_attribute

if TYPE_CHECKING:
    from headrace.base import errors as errors
    from headrace.client.client import Client as Client
    from headrace.client.connect import connect as connect

    __version__: str

_PUBLIC = {
    "Client": "headrace.client:Client",
    "connect": "headrace.client:connect",
    "errors": "headrace.base:errors",
}

__all__ = ["Client", "connect", "errors"]


def __getattr__(name: str) -> Any:
    """Load a public name."""
    if name == "__version__":
        return load_attribute("importlib.metadata:version")("headrace")
    if name not in _PUBLIC:
        raise AttributeError(f"module 'headrace' has no attribute {name!r}")
    value = load_attribute(_PUBLIC[name])
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_PUBLIC, "__version__"])
