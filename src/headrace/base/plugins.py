"""The one place that loads a module by its name: what is heavy or optional is loaded when it is first needed.

The file that needs a heavy package imports it at its top; whoever may never get there loads that file through `load`.
Nothing here knows what is loaded.
"""

import importlib
from types import ModuleType
from typing import Any


def load(module: str, *, extra: str = "", purpose: str = "") -> ModuleType:
    """Load a module of headrace.

    Args:
        module: its full name.
        extra: the optional dependencies that it needs (``pip install 'headrace[extra]'``), if any.
        purpose: what the user asked for, for the message.

    Raises:
        NotImplementedByServer: a package that the extra brings is not installed; the message says how to get it.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if not extra or missing.partition(".")[0] == "headrace":
            raise
        errors: Any = load("headrace.base.errors")  # which loads by name itself
        raise errors.NotImplementedByServer(
            f"{purpose or module} needs the package {missing!r}, which is not installed. Get it with: pip install 'headrace[{extra}]'"
        ) from None


def load_attribute(address: str) -> Any:
    """Load what stands behind an address.

    Args:
        address: ``module:name``, as in an entry point.
    """
    module, _, name = address.partition(":")
    return getattr(load(module), name)
