"""Settings of Python's cycle collector for a long-running server, in which most objects are permanent."""

import gc
from typing import Final

_YOUNG: Final = 20_000
"""The collector runs after this many more allocations than deallocations. The default of 700 is exceeded by a few
requests that wait for the store at the same time. Each run visits all young objects, and every hundredth visits the
whole heap.
"""


def begin() -> None:
    """Run the collector less often. Called before large imports, this saves a tenth of their time."""
    gc.set_threshold(_YOUNG, 20, 20)


def keep() -> None:
    """Exclude all present objects from later collections. No collection runs before: modules are hardly garbage."""
    gc.freeze()


def settle() -> None:
    """Collect the garbage made since `keep`, and exclude the remaining objects too."""
    gc.collect()
    gc.freeze()
    begin()


def clear_away() -> None:
    """Collect excluded objects that are no longer needed, such as an application that was replaced."""
    gc.unfreeze()
    settle()
