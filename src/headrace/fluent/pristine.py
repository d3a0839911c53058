"""The generator of ``random`` as it was before anybody could have seeded it. Loaded before all else of this package, some of which loads ``random``."""

import sys

from headrace.base.plugins import load

PRISTINE: tuple[int, ...] | None = None if "random" in sys.modules else load("random").getstate()[1]
"""Its words, drawn from the system's entropy; None if the program had it loaded already, and may have seeded it."""
