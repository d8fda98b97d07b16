"""Names of the keys that belong to no account: of the whole deployment, all in one partition, and of each partition."""

from typing import Final

from codesvc.store.key_patterns import IN_PARTITION
from codesvc.store.partitions import partition_root

DEPLOYMENT: Final = 0
"""The partition of data that belongs to no account."""

WEBHOOKS: Final = "webhooks"
"""Published when a site has a webhook to send."""
REGISTRY: Final = "registry"
"""Published when sites, accounts or keys have changed."""


def topic(prefix: str) -> str:
    """Publish/subscribe topic: ids of changed objects. It only wakes readers, which read the state again."""
    return f"{prefix}:changed"


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


def signed_out(prefix: str, session: str) -> str:
    """String: marks an operator's session that was signed out."""
    return f"{partition_root(prefix, DEPLOYMENT)}signed-out:{session}"


def login_window(prefix: str, subject: str) -> str:
    """List: times of password attempts on the operator page, by an address, a network, a browser or everybody."""
    return partition_root(prefix, DEPLOYMENT) + IN_PARTITION["window"] % ("logins", "admin", subject)


def audit(prefix: str, partition: int, log: str = "") -> str:
    """Stream: an audit log of a partition: of a site, or "" for lines without a site."""
    kind = IN_PARTITION["audit_of"] % log if log else IN_PARTITION["audit"]
    return partition_root(prefix, partition) + kind


def audits(prefix: str, partition: int) -> str:
    """Hash: how many lines each audit log of a partition got and lost; see `codesvc.domain.audit_gaps`."""
    return partition_root(prefix, partition) + IN_PARTITION["audits"]


def audit_filing(prefix: str) -> str:
    """String: the lock of the process that writes the audit log to a file."""
    return f"{partition_root(prefix, DEPLOYMENT)}audit-filing"


def binding_account(prefix: str, partition: int) -> str:
    """Hash: by site, the appid under which the site's bindings in this partition lie."""
    return partition_root(prefix, partition) + IN_PARTITION["binding_account"]


def webhook_sites(prefix: str, partition: int) -> str:
    """Sorted set: sites of a partition with webhooks to send, by when the first attempt is due."""
    return partition_root(prefix, partition) + IN_PARTITION["webhook_sites"]


def refused_callbacks(prefix: str) -> str:
    """Hash: the latest refused callback of each account, and how many there were."""
    return f"{partition_root(prefix, DEPLOYMENT)}refused-callbacks"


def offset(prefix: str) -> str:
    """String: test mode's clock offset in ms."""
    return f"{partition_root(prefix, DEPLOYMENT)}test:offset"


def probe(prefix: str, partition: int) -> str:
    """String: written to test whether the partition can be written."""
    return f"{partition_root(prefix, partition)}probe"


def never(prefix: str, partition: int) -> str:
    """A key that never exists. While a cluster moves the partition's slot, it makes the node refuse the call."""
    return f"{partition_root(prefix, partition)}never"
