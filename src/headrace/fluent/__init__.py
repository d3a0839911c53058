"""The one-liners: runs that are started, logged to and ended in a script, on top of the spool. Module state lives in `headrace.fluent.state` alone."""

from headrace.fluent import pristine as pristine
