"""Keys of the deployment itself, which belong to no account; all in one partition, but those that show losses."""

from codesvc.store.keys import DEPLOYMENT
from codesvc.store.partitions import partition_root


def store_clock(prefix: str) -> str:
    """Hash: what the store's clock said last, ms, and how and when it was seen to step."""
    return f"{partition_root(prefix, DEPLOYMENT)}clock"


def uses(prefix: str) -> str:
    """Hash: when each API key was last used, ms, by the beginning of its hash; and each site (`site/NAME`) called."""
    return f"{partition_root(prefix, DEPLOYMENT)}uses"


def master_keys(prefix: str) -> str:
    """Hash: when a process last used each master key, ms, by the key's id."""
    return f"{partition_root(prefix, DEPLOYMENT)}master-keys"


def registry(prefix: str) -> str:
    """Hash: sealed sites, accounts and keys of the registry, and the registry's version."""
    return f"{partition_root(prefix, DEPLOYMENT)}registry"


def registry_log(prefix: str) -> str:
    """List: which entries of the registry changed with which version, the latest 1,000."""
    return f"{partition_root(prefix, DEPLOYMENT)}registry-log"


def mark(prefix: str, partition: int) -> str:
    """String: since when the partition has data, ms, and a random id; see `codesvc.store.marks`."""
    return f"{partition_root(prefix, partition)}mark"


def turns(prefix: str, partition: int) -> str:
    """Sorted set: when each process last looked at the partition, by its id; the latest 256 (`codesvc.store.marks`)."""
    return f"{partition_root(prefix, partition)}turns"


def lost_writes(prefix: str, partition: int) -> str:
    """String: between which turns the partition lost writes, `since-until` in ms; for a day after it was noticed."""
    return f"{partition_root(prefix, partition)}lost-writes"
