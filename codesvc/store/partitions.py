"""The partitions of the store: which account is in which, and the names of keys that belong to no account."""

from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import Final

PARTITIONS: Final = 16
"""Must never change: an account's partition is part of the names of its bindings' keys."""


@cache
def partition_of(appid: str) -> int:
    """The partition of an account, 0 to 15; the same on every machine and in every version."""
    return sha256(b"partition/" + appid.encode()).digest()[0] % PARTITIONS


@cache
def partition_root(prefix: str, partition: int) -> str:
    """The beginning of all keys of a partition."""
    return f"{prefix}:{{p{partition:02d}}}:"


def outbox(prefix: str, partition: int) -> str:
    """Stream: deliveries to be made, of all accounts of a partition."""
    return f"{partition_root(prefix, partition)}outbox"


@dataclass(frozen=True)
class PartitionKeys:
    """Key names of one partition, for data that belongs to no account."""

    prefix: str
    partition: int

    @property
    def root(self) -> str:
        """The beginning of all keys of the partition, colon included."""
        return partition_root(self.prefix, self.partition)

    @property
    def outbox(self) -> str:
        """Stream: deliveries to be made, of all accounts of the partition."""
        return outbox(self.prefix, self.partition)
