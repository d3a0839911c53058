"""The version of headrace that is installed."""

from headrace.base.installed import read_version

__version__ = read_version("headrace")
