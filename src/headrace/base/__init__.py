"""Leaves of the package: errors, settings, ids, clock, names, paths, JSON. They know nothing of headrace's nouns."""
