"""Python's cycle collector, told what a long-running server knows: most objects are here to stay."""

from __future__ import annotations

import gc
from typing import Final

_YOUNG: Final = 20_000
"""So many more objects made than freed before the collector looks. The default of 700 is passed by a few requests that
wait for the store at once; each look goes through them all, and every hundredth through the whole heap."""


def settle() -> None:
    """Leave all that lives now out of every later collection; call it once everything has been put together."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, 20, 20)
