"""The version of headrace that is installed."""

from importlib.metadata import version

__version__ = version("headrace")
