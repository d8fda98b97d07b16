"""The partitions of the store, and which account is in which."""

from functools import cache
from hashlib import sha256
from typing import Final

PARTITIONS: Final = 16
"""Must never change: an account's partition is part of the names of its bindings' keys."""
DEPLOYMENT: Final = 0
"""The partition of data that belongs to no account."""


@cache
def partition_of(appid: str) -> int:
    """The partition of an account, 0 to 15; the same on every machine and in every version."""
    return sha256(b"partition/" + appid.encode()).digest()[0] % PARTITIONS


@cache
def partition_root(prefix: str, partition: int) -> str:
    """The beginning of all keys of a partition."""
    return f"{prefix}:{{p{partition:02d}}}:"
